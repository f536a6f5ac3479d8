"""An audit's panels: rows of pictures that open their samples, and the plots that belong to them."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.errors import InputError
from audit.images import ImageProblem, open_bytes
from audit.locations import assets_folder
from audit.wording import unbroken
from pages.charts import show_figure
from pages.gallery import picture_of, thumbnail_folder
from pages.job_panel import escape_markdown, show_problem
from pages.selection import page_of
from pages.session import attempt, chosen_model, enlarged, model_of, panels_of

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from audit.base import Audit
    from audit.dataset import Dataset
    from audit.panels import Panel, Picture, PictureRow
    from audit.result import Result
    from pages.state import PageState

ROWS = 6
"""Rows of pictures on one page of a panel."""

_SIDE = 160
_LARGEST_UPLOAD = 20


def show_panels(audit: Audit, dataset: Dataset, state: PageState, *, key: str) -> None:
    """Show what the audit says in pictures about its result and the selected row.

    Parameters
    ----------
    audit, dataset
        As on the page.
    state
        The page's state; holds the selected row and the opened sample.
    key
        The result's key in the store.
    """
    for panel in panels_of(key, audit, dataset, state["where"]):
        show_panel(panel, dataset, state, key=f"{key} panels {panel.title}")


def show_panel(panel: Panel, dataset: Dataset, state: PageState, *, key: str) -> None:
    """Show one panel, its figures enlarged already: heading, sentence, plots, rows a page at a time."""

    def pick(where: str) -> None:
        state.update({"where": where or None, "page": None, "sample": None})

    st.subheader(escape_markdown(panel.title), anchor=False)
    if panel.text:
        st.caption(escape_markdown(panel.text))
    for figure in panel.figures:
        # The title is the panel's own where there is one figure only.
        if len(panel.figures) > 1:
            st.markdown(f"**{escape_markdown(figure.title)}**")
        show_figure(figure.figure, key=f"{key} {figure.title}", text=figure.text, on_pick=pick)
    if not panel.rows:
        return
    turned = f"{key} rows of {len(panel.rows)}"
    page, rows, pages = page_of(len(panel.rows), int(st.session_state.get(turned, 1)), ROWS)
    shown = panel.rows[rows]
    name = f"{key} pictures {page} {_digest(shown)}"

    def open_sample() -> None:
        state.update({"sample": str(st.session_state[name]["opened"])})

    def pick_row() -> None:
        where = str(st.session_state[name]["row"])
        pick(where if where != state["where"] else "")

    _component()(
        key=name,
        data={"rows": row_data(dataset, shown), "chosen": state["sample"], "where": state["where"]},
        on_opened_change=open_sample,
        on_row_change=pick_row,
    )
    if pages > 1:
        st.pagination(pages, key=turned, max_visible_pages=5)


def show_examination(audit: Audit, result: Result, dataset: Dataset, state: PageState, *, key: str) -> None:
    """Offer what the audit can say about one sample, or about an image from elsewhere, computed when asked for.

    Parameters
    ----------
    audit, result, dataset
        As on the page.
    state
        The page's state; holds the opened sample.
    key
        Unique name.
    """
    if not audit.examines:
        return
    with st.container(key="examination"):
        st.subheader(escape_markdown(audit.examines), anchor=False)
    sample = state["sample"]
    known = sample if sample in dataset.index else ""
    uploaded = st.file_uploader(
        "An image from elsewhere",
        type=["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif"],
        key=f"{key} upload",
        max_upload_size=_LARGEST_UPLOAD,
    )
    if uploaded is None and not known:
        st.caption("Open a sample: click one of the images on this page, or give an image of your own.")
        return
    about: str | Image.Image = known
    if uploaded is not None:
        try:
            about = open_bytes(uploaded.getvalue())
        except ImageProblem as problem:
            st.error(escape_markdown(f"{uploaded.name}: {problem.reason}."), icon=":material/broken_image:")
            return
    name = chosen_model()
    model, problem_text = attempt(lambda: model_of(str(name)))
    if problem_text:
        show_problem(problem_text)
        return
    with st.spinner("Asking the model …", show_time=True):
        try:
            panels = audit.examine(result, dataset, model, about)
        except (ImageProblem, InputError) as error:
            show_problem(str(error))
            return
    for panel in panels:
        show_panel(enlarged(panel), dataset, state, key=f"{key} examined {known or 'upload'} {panel.title}")


def row_data(dataset: Dataset, rows: Sequence[PictureRow]) -> list[dict[str, Any]]:
    """Return what the component draws, pictures as data so that no original is ever served."""
    folder = thumbnail_folder()
    pictures = [picture for row in rows for group in row.groups for picture in group.pictures]
    with ThreadPoolExecutor(4) as readers:
        drawn = iter(list(readers.map(lambda picture: _picture(dataset, picture, folder), pictures)))
    return [
        {
            "title": row.title,
            "text": unbroken(row.text),
            "where": row.where,
            "groups": [
                {"title": group.title, "pictures": [next(drawn) for _ in group.pictures]} for group in row.groups
            ],
        }
        for row in rows
    ]


def _picture(dataset: Dataset, picture: Picture, folder: Path) -> dict[str, Any]:
    source, problem = "", ""
    if picture.image is not None:
        source = _data_uri(picture.image)
    else:
        path, problem = picture_of(dataset, picture.sample_id, folder, size=_SIDE)
        if path is not None:
            source = f"data:image/webp;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
    said = [picture.caption, picture.tag] if picture.caption or picture.tag else [f"sample {picture.sample_id}"]
    return {
        "id": picture.sample_id,
        "caption": unbroken(picture.caption),
        "tag": unbroken(picture.tag),
        "wrong": picture.wrong,
        "box": list(picture.box) if picture.box is not None else None,
        "source": source,
        "problem": problem,
        "alternative": ", ".join(filter(None, said)),
    }


def _data_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    small = image.convert("RGB")
    small.thumbnail((2 * _SIDE, 2 * _SIDE))
    small.save(buffer, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _digest(rows: Sequence[PictureRow]) -> str:
    """Return a name for these very rows: a click on other rows shall not be remembered for them."""
    names = "\n".join(
        f"{row.title}\t{row.where}\t{' '.join(p.sample_id for group in row.groups for p in group.pictures)}"
        for row in rows
    )
    return hashlib.sha256(names.encode()).hexdigest()[:12]


def _component() -> Any:
    return st.components.v2.component(
        "model-audit.panel", html='<div class="panel"></div>', css=_asset("panel.css"), js=_asset("panel.js")
    )


@functools.cache
def _asset(name: str) -> str:
    return (assets_folder() / name).read_text(encoding="utf-8")
