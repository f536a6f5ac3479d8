"""A table in which values can be corrected: what a model named is checked by a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from audit.corrections import Corrections
from audit.wording import plural
from pages.job_panel import show_problem
from pages.session import attempt, chosen_dataset, forget_loaded, workspace

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.dataset import Dataset

MOST_ROWS = 200
"""Samples offered at once, those that the model is least sure of first."""


def show_corrections(audit: Audit, dataset: Dataset, shown: pd.DataFrame, *, key: str) -> None:
    """Show a table of the samples shown whose values can be corrected, for audits that say what may be.

    Parameters
    ----------
    audit
        Its ``corrects`` names the columns.
    dataset
        The data.
    shown
        Rows of the gallery.
    key
        Unique name.
    """
    name = chosen_dataset()
    columns = {column: made for column, made in audit.corrects.items() if column in shown.columns}
    if not columns or name is None or shown.empty:
        return
    for column, made in columns.items():
        words = column.removesuffix("_used").replace("_", " ")
        with st.expander(f"Correct the {words}s of these samples", icon=":material/edit_note:"):
            st.caption(
                "Write another value where it is wrong and save; then run the audit again with your values. "
                "Every version is kept."
            )
            edited = _editor(shown, column, key=f"{key} {column}")
            changed = changes(shown[column], edited)
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                if st.button(
                    f"Save {plural(len(changed), 'correction')}" if changed else "Save corrections",
                    disabled=not changed,
                    type="primary",
                    icon=":material/save:",
                    key=f"{key} {column} save",
                ):
                    _save(dataset, name, made, changed)
                st.download_button(
                    "All corrections as CSV",
                    data=lambda: Corrections(workspace().home).export(name),
                    file_name=f"{name}-corrections.csv",
                    mime="text/csv",
                    icon=":material/download:",
                    key=f"{key} {column} export",
                    on_click="ignore",
                )


def changes(before: pd.Series[str], after: pd.Series[str]) -> dict[str, str]:
    """Return the new value of every sample whose value was changed."""
    kept = before.loc[after.index].fillna("").astype("str")
    new = after.fillna("").astype("str")
    return {str(sample): value for sample, value in new[(new != kept) & (new != "")].items()}


def _editor(shown: pd.DataFrame, column: str, *, key: str) -> pd.Series[str]:
    confidence = f"{column.removesuffix('_used')}_confidence"
    rows = shown.sort_values(confidence, kind="stable") if confidence in shown.columns else shown
    held = [name for name in (confidence, "p_true", "predicted") if name in rows.columns]
    table = rows[[column, *held]].head(MOST_ROWS)
    words = column.removesuffix("_used").replace("_", " ")
    known = ", ".join(sorted(value for value in shown[column].dropna().astype("str").unique() if value)[:20])
    found = st.data_editor(
        table,
        key=key,
        disabled=["_index", *held],
        column_config={
            column: st.column_config.TextColumn(words, help=f"Values so far: {known}"),
            **{name: st.column_config.Column(name.replace("_", " ")) for name in held},
        },
        height=min(420, 38 * (len(table) + 1) + 3),
    )
    return found[column]


def _save(dataset: Dataset, name: str, column: str, values: Mapping[str, str]) -> None:
    _, problem = attempt(lambda: Corrections(workspace().home).add(dataset, name, column, dict(values)))
    if problem:
        show_problem(problem)
        return
    forget_loaded()
    st.rerun()
