"""Rows of pictures: a sample as it is and under every change, with the probability of its true class under each."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import streamlit as st

from audit.base import Audit
from audit.errors import InputError
from audit.images import ImageProblem
from audit.wording import format_value
from pages.job_panel import escape_markdown, show_problem
from pages.session import attempt, chosen_model, model_of

if TYPE_CHECKING:
    from PIL import Image

    from audit.dataset import Dataset
    from audit.result import Result

ROWS = 4
SIDE = 116
"""Pixels of a picture's side."""


def show_changed_images(
    audit: Audit, result: Result, dataset: Dataset, shown: pd.DataFrame, opened: str, *, key: str
) -> None:
    """Show the changed images of the opened sample, or of the first ones shown; nothing for audits without any.

    Parameters
    ----------
    audit, result, dataset
        As on the page.
    shown
        Rows of the gallery, in its order.
    opened
        The opened sample, empty for none.
    key
        Unique name.
    """
    changed = [str(column) for column in result.by_sample.columns if str(column).startswith("p_true, ")]
    if type(audit).changed_images is Audit.changed_images or not changed or shown.empty or not dataset.has_images:
        return
    st.subheader("Changed images, side by side", anchor=False)
    st.caption(
        f"What the model saw, with the probability of the true class under each of {len(changed)} changes; wrong "
        "answers are struck through. Open a sample above, or pick a row of the table, to see others."
    )
    if not st.toggle("Show the changed images", key=f"{key} changed"):
        return
    name = chosen_model()
    model, problem = attempt(lambda: model_of(str(name)))
    if problem:
        show_problem(problem)
        return
    samples = [opened] if opened in shown.index else [str(sample) for sample in shown.index[:ROWS]]
    rows = []
    for sample in samples:
        try:
            pictures = audit.changed_images(result, dataset, model, sample)
        except (ImageProblem, InputError) as error:
            st.caption(escape_markdown(f"{sample}: {error}"))
            continue
        facts = cast("pd.Series[Any]", shown.loc[sample])
        rows.append(row_html(sample, facts, pictures, dataset.roles.label))
    st.html("".join(rows))


def row_html(sample: str, facts: pd.Series[Any], pictures: Mapping[str, Image.Image], label: str | None) -> str:
    """Return one sample's pictures side by side, in as many lines as the screen needs."""
    true = str(facts[label]) if label is not None else ""
    cells = []
    for name, picture in pictures.items():
        suffix = "" if name == "original" else f", {name}"
        predicted, probability = str(facts.get(f"predicted{suffix}", "")), float(facts.get(f"p_true{suffix}", math.nan))
        answer = html.escape(predicted) if predicted == true else f"<s>{html.escape(predicted)}</s>"
        said = f"p {format_value(probability)}" if math.isfinite(probability) else ""
        alternative = html.escape(f"{true}, {name}: answered {predicted} {said}", quote=True)
        cells.append(
            f"<figure style='margin:0;flex:0 0 {SIDE}px;width:{SIDE}px'>"
            f"<img src='{_data(picture)}' alt='{alternative}' width='{SIDE}' height='{SIDE}' "
            "style='border-radius:6px;display:block;object-fit:cover'>"
            f"<figcaption style='font-size:13px;line-height:1.3;padding-top:4px'>{html.escape(name)}<br>"
            f"<span style='font-variant-numeric:tabular-nums'>{said} {answer}</span></figcaption></figure>"
        )
    title = html.escape(f"{true} ({sample})" if true else sample)
    return (
        f"<div style='margin:0 0 18px'><div style='font-weight:600;padding-bottom:6px'>{title}</div>"
        "<div style='display:flex;flex-wrap:wrap;gap:10px'>"
        f"{''.join(cells)}</div></div>"
    )


def _data(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.resize((SIDE, SIDE)).save(buffer, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
