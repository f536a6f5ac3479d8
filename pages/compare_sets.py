"""The way from a selection to the page that says in words what sets two sets of images apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.differences.selections import save_selection
from audit.differences.sets import MODEL_COLUMNS
from audit.errors import InputError
from audit.wording import plural
from pages.job_panel import escape_markdown, show_problem
from pages.navigation import audit_path, go, page_at
from pages.session import attempt, chosen_dataset, workspace

if TYPE_CHECKING:
    import pandas as pd

    from audit.dataset import Dataset

AUDIT = "set_difference"
_KEPT = "kept set"
_FEWEST = 6


def show_compare_sets(dataset: Dataset, rows: pd.DataFrame, where: str, words: str, *, key: str) -> None:
    """Offer to compare the selected samples with the rest, or with a set that was kept before.

    Parameters
    ----------
    dataset
        The data.
    rows
        The selected samples.
    where
        Their ``where``; empty when they were drawn around on the map.
    words
        The selection in a few words.
    key
        Unique name.
    """
    if page_at(audit_path(AUDIT)) is None or not _FEWEST <= len(rows) < len(dataset):
        return
    here = f"{words} ({plural(len(rows), 'sample')})"
    kept: dict[str, Any] | None = st.session_state.get(_KEPT)
    if kept is not None and kept["dataset"] != chosen_dataset():
        kept = None
    with st.container(horizontal=True, gap="small"):
        if st.button("Compare these with the rest", icon=":material/difference:", key=f"{key} rest"):
            _open(lambda: {"set.a": set_text(dataset, rows, where, words)})
        if kept is not None and kept["words"] != here:
            if st.button("Compare these two", icon=":material/difference:", type="primary", key=f"{key} two"):
                _open(lambda: {"set.a": kept["text"], "set.b": set_text(dataset, rows, where, words)})
        elif st.button("Keep as set A", icon=":material/keep:", key=f"{key} keep"):
            text, problem = attempt(lambda: set_text(dataset, rows, where, words))
            if not problem:
                st.session_state[_KEPT] = {"dataset": chosen_dataset(), "text": text, "words": here}
                st.rerun()
    if kept is not None:
        this = "" if kept["words"] == here else f" “Compare these two” makes {here} set B."
        st.caption(
            escape_markdown(f"Set A: {kept['words']}.{this or ' Select other samples to compare them with it.'}")
        )


def set_text(dataset: Dataset, rows: pd.DataFrame, where: str, words: str) -> str:
    """Return a set as the text that a link holds: its ``where`` if the data alone can answer it, else a kept selection.

    Parameters
    ----------
    dataset
        The data.
    rows
        The samples.
    where
        Their ``where``, empty for none.
    words
        What they are.
    """
    try:
        conditions = json.loads(where or "{}")
    except json.JSONDecodeError as error:
        raise InputError(f"`where` must be a JSON object of column to value; got '{where}'.") from error
    known = {str(column) for column in dataset.metadata.columns} | set(MODEL_COLUMNS)
    if conditions and set(conditions) <= known:
        return json.dumps(conditions, sort_keys=True, ensure_ascii=False)
    return f"selection:{save_selection(list(rows.index), words, workspace().home)}"


def _open(settings: Any) -> None:
    found, problem = attempt(settings)
    if problem:
        show_problem(problem)
        return
    go(audit_path(AUDIT), found)
