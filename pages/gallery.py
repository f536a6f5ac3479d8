"""The gallery: paged thumbnails with label, struck wrong prediction and group tag; a click opens one sample."""

from __future__ import annotations

import base64
import dataclasses
import functools
import time
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
from audit.wording import plural
from pages.job_panel import escape_markdown
from pages.markup import empty_html, facts_html
from pages.people import labels_of
from pages.selection import Card, cards, cell_text, opened_sample, page_of, sample_facts
from pages.session import workspace
from pages.state import PageState

if TYPE_CHECKING:
    from audit.dataset import Dataset

PAGE_SIZE = 24
"""Thumbnails a page: fills rows of three, four, six and eight."""

_READERS = 4
_FACTS = 12
_TINY = 72
_LARGE, _FULL = 640, 1024
_PICTURE_WIDTH = 460
_OPENED = "sample opened by a click"
_SHOWN = "sample shown large"

# The page is drawn anew after the click; the sample is brought into view once, and only where it is out of sight.
# What is still being drawn can stop a scroll: it is looked at again.
_BRING_INTO_VIEW = """
export default function ({ data }) {
  if (!data.click || window.modelAuditClick === data.click) return;
  window.modelAuditClick = data.click;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const bring = (behavior) => {
    const place = document.querySelector(".st-key-" + CSS.escape(data.place));
    const top = place?.getBoundingClientRect().top;
    if (!place || (top > 0 && top < window.innerHeight / 2)) return;
    place.style.scrollMarginTop = "7.5rem";
    place.scrollIntoView({ block: "start", behavior });
  };
  requestAnimationFrame(() => bring(still ? "auto" : "smooth"));
  setTimeout(() => bring("auto"), 900);
}
"""


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
    corrected = labels_of(dataset)
    shown = cards(dataset, part, list(part.index), prediction=prediction, tags=tags, corrected=corrected)
    selection = Selection.of(key)
    name = f"{key} gallery {page}"

    def open_sample() -> None:
        st.session_state[_OPENED] = time.time_ns()
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
    """Show one sample large, beside or above everything that is known about it; in view after a click on it."""
    card = cards(dataset, table, [sample], prediction=prediction, tags=tags, corrected=labels_of(dataset))[0]
    before = st.session_state.get(_SHOWN, (key, sample))
    if before[0] == key and before[1] != sample:
        st.session_state[_OPENED] = time.time_ns()
    st.session_state[_SHOWN] = (key, sample)
    place = f"{key} sample".replace(" ", "-")
    with st.container(border=True, key=place, horizontal=True, gap="medium"):
        with st.container(width=_PICTURE_WIDTH):
            path, problem = picture_of(dataset, sample, thumbnail_folder(), size=_LARGE)
            if path:
                st.html(_picture_html(path, card.alternative))
            else:
                st.caption(problem)
            with st.container(horizontal=True, gap="small"):
                if path and st.button("Full size", key=f"{key} full size", icon=":material/open_in_full:"):
                    _show_full_size(dataset, card)
                st.button(
                    "Close",
                    key=f"{key} close sample",
                    icon=":material/close:",
                    on_click=lambda: state.update({"sample": None}),
                )
                _into_view()(key=f"{key} into view", data={"click": st.session_state.get(_OPENED), "place": place})
        with st.container(key=f"{place}-facts"):
            _show_facts(dataset, table.loc[[sample]].iloc[0], card, prediction=prediction, key=key)


def _show_facts(dataset: Dataset, row: pd.Series[Any], card: Card, *, prediction: str | None, key: str) -> None:
    known = {str(column): text for column, value in row.items() if (text := cell_text(value))}
    if card.corrected:
        known[str(dataset.roles.label)] = f"{card.label}, corrected to {card.corrected}".removeprefix(", ")
    first, last = sample_facts(dataset, known, prediction)
    shown = dict(list(first.items())[:_FACTS])
    st.html(facts_html(shown))
    st.html(f'<div class="small-facts">{facts_html({"sample": card.sample_id, **last}, column=True)}</div>')
    if len(first) > len(shown):
        with st.expander(f"All {len(known)} columns", key=f"{key} columns"):
            st.html(facts_html(known))


def _show_full_size(dataset: Dataset, card: Card) -> None:
    @st.dialog(escape_markdown(card.alternative), width="large")
    def dialog() -> None:
        path, problem = picture_of(dataset, card.sample_id, thumbnail_folder(), size=_FULL)
        if path is None:
            st.caption(problem)
            return
        st.html(_picture_html(path, card.alternative, css="sample-image full"))
        st.caption(f"At most {_FULL:,} pixels wide or high.")

    dialog()


def _into_view() -> Any:
    return st.components.v2.component("model-audit.into-view", html="<span></span>", js=_BRING_INTO_VIEW)


def _picture_html(path: Path, alternative: str, *, css: str = "sample-image") -> str:
    with Image.open(path) as image:
        width, height = image.size
    tiny = " tiny" if max(width, height) < _TINY else ""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    # With its size, so that nothing moves while it is read.
    return (
        f'<img class="{css}{tiny}" alt="{escape(alternative)}" width="{width}" height="{height}" '
        f'src="data:image/webp;base64,{data}">'
    )


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
            "corrected": card.corrected,
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
