"""The bar above a gallery: tag, note or relabel what is selected, or all that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.wording import plural
from pages.gallery import Selection
from pages.job_panel import show_problem
from pages.people import author_field, curated_of, curation_of
from pages.session import attempt, chosen_dataset

if TYPE_CHECKING:
    import pandas as pd

    from audit.curation.board import Curation
    from audit.dataset import Dataset

_ACTS = ("Tag", "Note", "Label")
_ASKED = "samples asked about"


def show_tagging(dataset: Dataset, rows: pd.DataFrame, *, key: str, source: str = "") -> None:
    """Show what can be done with the samples of a gallery.

    Parameters
    ----------
    dataset
        The samples.
    rows
        What the gallery shows, over all its pages.
    key
        Name of the gallery.
    source
        Where the rows come from, in words; kept with the act.
    """
    name = chosen_dataset()
    if name is None or rows.empty:
        return
    selection = Selection.of(key)
    chosen = selection.among(rows)
    words = f"Tag {len(chosen):,} selected" if chosen else f"Tag all {len(rows):,}"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        asked = st.button(
            words,
            key=f"{key} tag these",
            icon=":material/label:",
            help="Select single pictures by their tick, with the space bar, or with Shift and a click; "
            "the key T opens this too.",
        )
        if chosen:
            st.button(
                "Select none",
                key=f"{key} select none",
                type="tertiary",
                icon=":material/deselect:",
                on_click=selection.clear,
            )
    if asked or selection.tagging:
        # Known once: other people's new tags would give the field another identity, and empty it while one writes.
        known = list(curated_of(dataset, name).tag_counts())
        samples = chosen or [str(sample) for sample in rows.index]
        st.session_state[_ASKED] = {"gallery": (name, key), "samples": samples, "known": known, "source": source}
    open_question = st.session_state.get(_ASKED)
    if open_question and open_question["gallery"] == (name, key):
        _ask(dataset, name, open_question, key)


def forget_question() -> None:
    """Do not ask any more what is to be done with the samples that a dialog was opened for."""
    st.session_state.pop(_ASKED, None)


def _ask(dataset: Dataset, name: str, question: Mapping[str, Any], key: str) -> None:
    samples = question["samples"]

    # A run of the whole page, as when a job ends, opens the dialog again with all that was written into it.
    @st.dialog(f"Tag {plural(len(samples), 'sample')}", on_dismiss=forget_question)
    def dialog() -> None:
        author = author_field(f"{key} dialog", width="stretch")
        curation = curation_of(dataset, name)
        act = st.segmented_control("What", _ACTS, default="Tag", required=True, key=f"{key} act")
        do, label = _form(
            str(act),
            curation,
            samples,
            known=question["known"],
            key=key,
            source=question["source"],
            author=author,
        )
        # A note is known to the page only once its field is left, which the very click does.
        off = not author or (do is None and act != "Note")
        if st.button(label, type="primary", key=f"{key} save", icon=":material/save:", disabled=off):
            if do is None:
                st.caption("There is nothing in the note yet.")
                return
            _, problem = attempt(do)
            if problem:
                show_problem(problem)
                return
            forget_question()
            Selection.of(key).clear()
            st.toast(f"Kept for {plural(len(samples), 'sample')}.", icon=":material/check:")
            st.rerun()
        if not author:
            st.caption("Write your name first, so that others know whom to ask.")

    dialog()


def _form(
    act: str,
    curation: Curation,
    samples: Sequence[str],
    *,
    known: Sequence[str],
    key: str,
    source: str,
    author: str,
) -> tuple[Callable[[], str] | None, str]:
    """Show the fields of an act and return what would do it, ``None`` while something is missing."""
    if act == "Tag":
        tag = st.selectbox(
            "Tag",
            known,
            index=None,
            key=f"{key} tag",
            accept_new_options=True,
            placeholder="choose one, or write a new one",
        )
        do = partial(curation.tag, samples, str(tag), author=author, source=source) if tag else None
        return do, f"Tag {plural(len(samples), 'sample')}"
    if act == "Note":
        text = st.text_area("Note", key=f"{key} note", max_chars=4_000, placeholder="what you see, what to do")
        do = partial(curation.note, samples, text, author=author) if text.strip() else None
        return do, "Keep the note"
    label = st.selectbox(
        "The label should be",
        list(curation.dataset.classes),
        index=None,
        key=f"{key} label",
        accept_new_options=True,
        placeholder="choose a class, or write a new one",
    )
    st.caption("Your files stay as they are; the corrected set is exported on the page “Curate”.")
    do = partial(curation.correct_label, samples, str(label), author=author) if label else None
    return do, f"Correct {plural(len(samples), 'label')}"
