"""A frozen finding on the page: the same drawings and images that its report has."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.result import STATES
from audit.wording import unbroken
from pages.session import is_dark

if TYPE_CHECKING:
    from audit.review.findings import Finding
    from audit.review.policy import Check, Outcome

_INK = {True: "#E8EDF2", False: "#16202A"}


def picture_html(svg: str, text: str, *, css: str = "finding-plot") -> str:
    """Return a drawing as a picture in the ink of the theme."""
    # As a picture, so that nothing in it can act on the page.
    data = base64.b64encode(svg.replace("currentColor", _INK[is_dark()]).encode()).decode("ascii")
    return f'<img class="{css}" alt="{escape(text)}" src="data:image/svg+xml;base64,{data}">'


def sentence_html(state: str, sentence: str, *, large: bool = False) -> str:
    """Return a finding's state and sentence."""
    icon, words = STATES[state]  # type: ignore[index]
    size = "large" if large else "small"
    return (
        f'<section class="verdict {escape(state)} {size}"><p class="state"><span aria-hidden="true">{icon}</span>'
        f'{escape(words)}</p><p class="sentence">{escape(unbroken(sentence))}</p></section>'
    )


def images_html(images: Sequence[Mapping[str, Any]]) -> str:
    """Return frozen thumbnails with label, struck wrong prediction and tag."""
    cards = []
    for image in images:
        said = str(image.get("prediction") or "")
        struck = f" <s>{escape(said)}</s>" if image.get("wrong") else ""
        tag = f' <span class="tag">{escape(str(image["tag"]))}</span>' if image.get("tag") else ""
        caption = str(image["caption"])
        words = f"{caption}, wrongly predicted {said}" if image.get("wrong") else caption
        cards.append(
            f'<li><img alt="{escape(words)}" src="{escape(str(image["source"]))}">'
            f"<span><b>{escape(caption)}</b>{struck}{tag}</span></li>"
        )
    return f'<ul class="frozen-images">{"".join(cards)}</ul>'


def show_plots(finding: Finding, *, key: str) -> None:
    """Show a finding's pictures, the number first, the others behind their titles."""
    number = [plot for plot in finding.plots if plot["title"] == "The number"]
    others = [plot for plot in finding.plots if plot["title"] != "The number"]
    for plot in number:
        st.html(picture_html(plot["svg"], plot["text"]))
    if not others:
        return
    places = st.tabs([plot["title"] for plot in others], key=f"{key} plots")
    for place, plot in zip(places, others, strict=True):
        with place:
            st.html(picture_html(plot["svg"], plot["text"]))
            st.caption(plot["text"])


def checks_html(checks: Sequence[Check], marks: Mapping[Outcome, tuple[str, str]]) -> str:
    """Return the outcomes of a policy as a table."""
    rows = "".join(
        f'<tr class="{escape(check.outcome)}"><td class="outcome">{" ".join(marks[check.outcome])}</td>'
        f"<td>{escape(check.rule.audit.replace('_', ' '))}</td><td>{escape(unbroken(check.sentence))}</td>"
        f"<td>{escape(check.rule.reason)}</td></tr>"
        for check in checks
    )
    head = "<thead><tr><th>Outcome</th><th>Audit</th><th>Measured and agreed</th><th>Why</th></tr></thead>"
    return f'<div class="table-frame"><table class="plain">{head}<tbody>{rows}</tbody></table></div>'
