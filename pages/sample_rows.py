"""Tables of samples, sent as they are scrolled, and guarded downloads of any table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from audit.export import to_csv, to_parquet
from audit.wording import plural


def show_rows(rows: pd.DataFrame, *, name: str, key: str, expanded: bool) -> None:
    """Show all rows of samples under a heading that opens; nothing is sent before it is open, and then what is seen.

    Parameters
    ----------
    rows
        The samples.
    name
        Beginning of the downloads' names.
    key
        Unique name.
    expanded
        Whether it is open at first.
    """
    heading = f"Table of {plural(len(rows), 'row')}"
    box = st.expander(heading, icon=":material/table:", expanded=expanded, key=f"{key} table", on_change="rerun")
    if box.open:
        with box:
            st.dataframe(rows, key=f"{key} rows", lazy=True)
            download_table(rows, f"{name}-selection", key=f"{key} rows", label="Selection")


def download_table(table: pd.DataFrame, name: str, *, key: str, label: str = "") -> None:
    """Offer a table as CSV (cells that a spreadsheet would run are guarded) and as Parquet."""
    above = f"{label} " if label else ""
    with st.container(horizontal=True, gap="small"):
        for kind, write, mime in (
            ("CSV", to_csv, "text/csv"),
            ("Parquet", to_parquet, "application/vnd.apache.parquet"),
        ):
            st.download_button(
                f"{above}{kind}",
                data=_deferred(write, table),
                file_name=f"{name}.{kind.lower()}",
                mime=mime,
                key=f"{key} {kind}",
                icon=":material/download:",
                on_click="ignore",
            )


def _deferred(write: Any, table: pd.DataFrame) -> Any:
    """Return a function that writes the file only when somebody asks for it."""
    return lambda: write(table)
