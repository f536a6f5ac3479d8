"""The gallery: paged thumbnails with label, struck wrong prediction and group tag; a click opens one sample."""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st
from PIL import Image

from audit.images import ImageProblem
from audit.locations import assets_folder
from audit.thumbnails import thumbnail
from pages.markup import empty_html, facts_html, plural
from pages.selection import Card, cards, cell_text, opened_sample, page_of
from pages.session import workspace
from pages.state import PageState

if TYPE_CHECKING:
    from audit.dataset import Dataset

PAGE_SIZE = 24
"""Thumbnails a page: fills rows of three, four, six and eight."""

_READERS = 4
_FACTS = 12
_TINY = 72


def show_gallery(
    dataset: Dataset,
    table: pd.DataFrame,
    state: PageState,
    *,
    prediction: str | None,
    tags: Sequence[str] = (),
    detail: bool = True,
    marks: Mapping[str, Sequence[str]] | None = None,
    key: str,
) -> None:
    """Show the samples of a table, a page at a time, and the one that was clicked.

    With ``marks``, samples can be selected: by the tick on a picture, with Shift or Ctrl and a click, or with the
    space bar; T asks for a tag. :mod:`pages.tagging` acts on what is selected.

    Parameters
    ----------
    dataset
        The samples.
    table
        Rows to show, in order, as :func:`pages.selection.sample_table` leaves them.
    state
        The page's state; holds the page number and the opened sample.
    prediction
        Column of the predictions.
    tags
        Columns whose values make the tag.
    detail
        Whether the opened sample is shown here, above the thumbnails.
    marks
        Further tags by sample id, those that people gave; ``None`` where samples cannot be selected.
    key
        Unique name of this gallery.
    """
    if table.empty:
        st.html(empty_html("No samples here", "Choose another row of the table, or draw around other points."))
        return
    opened = opened_sample(state["sample"], table)
    if opened and detail:
        show_sample(dataset, table, opened, state, prediction=prediction, tags=tags, key=key)
    page, rows, pages = page_of(len(table), state.number("page", 1), PAGE_SIZE)
    part = table.iloc[rows]
    shown = cards(dataset, part, list(part.index), prediction=prediction, tags=tags)
    selection = Selection.of(key)
    name = f"{key} gallery {page}"

    def open_sample() -> None:
        state.update({"sample": str(st.session_state[name]["opened"])})

    picked = _component()(
        key=name,
        data={
            "samples": card_data(dataset, shown, marks or {}),
            "chosen": opened,
            "description": plural(len(table), "sample"),
            "selectable": marks is not None,
            "picked": selection.among(table),
            "count": selection.count,
        },
        on_opened_change=open_sample,
        on_picked_change=lambda: None,
        on_tagging_change=lambda: None,
    )
    selection.take(picked.picked)
    selection.tagging = picked.tagging is not None
    if pages > 1:
        _pager(state, page, pages, len(table), key)


@dataclasses.dataclass
class Selection:
    """What is selected in one gallery, over all its pages.

    Parameters
    ----------
    ids
        The samples, in the order in which they were selected.
    count
        How often the browser has changed it: an answer to an older state must not undo a newer one.
    tagging
        Whether the browser asks for a tag in this very run.
    """

    ids: list[str] = dataclasses.field(default_factory=list)
    count: int = 0
    tagging: bool = False

    @classmethod
    def of(cls, key: str) -> Selection:
        """Return the selection of the gallery with this name."""
        held: Selection = st.session_state.setdefault(f"{key} selection", cls())
        return held

    def among(self, table: pd.DataFrame) -> list[str]:
        """Return the selected samples that are rows of a table."""
        return [sample for sample in self.ids if sample in table.index]

    def take(self, sent: Any) -> None:
        """Keep what the browser sent, unless it is older than what is known."""
        if sent and int(sent["count"]) > self.count:
            self.ids, self.count = [str(sample) for sample in sent["ids"]], int(sent["count"])

    def clear(self) -> None:
        """Select nothing."""
        self.ids = []


def _pager(state: PageState, page: int, pages: int, length: int, key: str) -> None:
    # The widget is new on every page: its value is the link's, whoever turned the page.
    name = f"{key} page {page} of {length}"

    def turn() -> None:
        state.update({"page": str(st.session_state[name]), "sample": None})

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="left"):
        st.pagination(pages, default=page, key=name, on_change=turn, max_visible_pages=5)
        first = (page - 1) * PAGE_SIZE
        st.caption(f"{first + 1:,}–{min(first + PAGE_SIZE, length):,} of {length:,}", width="content")


def show_sample(
    dataset: Dataset,
    table: pd.DataFrame,
    sample: str,
    state: PageState,
    *,
    prediction: str | None,
    tags: Sequence[str] = (),
    key: str,
) -> None:
    """Show one sample large, with everything that is known about it."""
    card = cards(dataset, table, [sample], prediction=prediction, tags=tags)[0]
    with st.container(border=True, key=f"{key} sample".replace(" ", "-")):
        picture, facts = st.columns([1, 3], gap="medium")
        path, problem = picture_of(dataset, sample, thumbnail_folder(), size=320)
        with picture:
            if path:
                st.html(_picture_html(path, card.alternative))
            else:
                st.caption(problem)
        with facts:
            known = {str(column): cell_text(value) for column, value in table.loc[sample].items()}
            known = {name: text for name, text in known.items() if text}
            first = [column for _, column in dataset.roles.columns()]
            first += [column for column in known if column not in dataset.metadata.columns]
            first = [column for column in dict.fromkeys([*first, *known]) if column in known][:_FACTS]
            st.html(facts_html({"sample": sample, **{column: known[column] for column in first}}))
            if len(known) > len(first):
                with st.expander(f"All {len(known)} columns", key=f"{key} columns"):
                    st.html(facts_html(known))
            st.button(
                "Close",
                key=f"{key} close sample",
                icon=":material/close:",
                on_click=lambda: state.update({"sample": None}),
            )


def _picture_html(path: Path, alternative: str) -> str:
    with Image.open(path) as image:
        tiny = " tiny" if max(image.size) < _TINY else ""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img class="sample-image{tiny}" alt="{escape(alternative)}" src="data:image/webp;base64,{data}">'


def thumbnail_folder() -> Path:
    """Return the cache of thumbnails."""
    return workspace().home / "thumbnails"


def picture_of(dataset: Dataset, sample: str, folder: Path, *, size: int) -> tuple[Path | None, str]:
    """Return the path of a sample's cached thumbnail, or ``None`` and why there is none."""
    if not dataset.has_images:
        return None, "no image"
    try:
        return thumbnail(dataset, sample, size=size, folder=folder), ""
    except ImageProblem as problem:
        return None, problem.reason


def card_data(
    dataset: Dataset, shown: Sequence[Card], marks: Mapping[str, Sequence[str]] | None = None
) -> list[dict[str, Any]]:
    """Return what the gallery component draws, pictures as data so that no original is ever served."""
    # The folder is asked for here: a thread of the pool has no session.
    folder = thumbnail_folder()
    with ThreadPoolExecutor(_READERS) as readers:
        pictures = list(readers.map(lambda card: _source(dataset, card.sample_id, folder), shown))
    return [
        {
            "id": card.sample_id,
            "label": card.label,
            "prediction": card.prediction,
            "wrong": card.wrong,
            "tag": card.tag,
            "marks": list((marks or {}).get(card.sample_id, ())),
            "alternative": card.alternative,
            "source": source,
            "problem": problem,
        }
        for card, (source, problem) in zip(shown, pictures, strict=True)
    ]


def _source(dataset: Dataset, sample: str, folder: Path) -> tuple[str, str]:
    path, problem = picture_of(dataset, sample, folder, size=160)
    if path is None:
        return "", problem
    return f"data:image/webp;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}", ""


def _component() -> Any:
    # Registered anew each time: the registry belongs to the running server and forgets nothing that is equal.
    return st.components.v2.component(
        "model-audit.gallery",
        html='<div class="gallery-frame"><ul class="gallery"></ul></div>',
        css=_asset("gallery.css"),
        js=_asset("gallery.js"),
    )


@functools.cache
def _asset(name: str) -> str:
    return (assets_folder() / name).read_text(encoding="utf-8")
