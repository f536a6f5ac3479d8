"""Groups of a comparison: the difference first, with its interval, then every model's value and interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from audit.wording import format_interval, in_words, plural
from pages.job_panel import escape_markdown
from pages.navigation import EXPLORE, link
from pages.result_view import table_of_kind
from pages.sample_rows import download_table
from pages.tables import ROW_PIXELS, SELECTION, formatter, picked_row

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from audit.comparison import Comparison
    from pages.state import PageState

DIFFERENCE = "difference"
_SPAN = "95 % interval"
_ROWS = 14


def show_compared_groups(comparison: Comparison, key: str, state: PageState) -> None:
    """Show a row a group; a click on one leads to its samples.

    Parameters
    ----------
    comparison
        The runs side by side.
    key
        Unique name.
    state
        The page's state; holds the kind of groups.
    """
    if comparison.by_group.empty:
        return
    rows, kind = table_of_kind(comparison.by_group, state, key)
    shown, units, wheres = compared_groups(rows, comparison.names)
    words = in_words(kind or str(shown.columns[0]))
    st.subheader(escape_markdown(f"By {words}"), anchor=False)
    said = []
    if comparison.paired and DIFFERENCE in shown.columns:
        said.append("On the same samples the interval of a difference is wider here than a paired one would be.")
    if any(wheres):
        said.append("Click a row to get to its samples.")
    if said:
        st.caption(" ".join(said))
    configuration = {
        column: st.column_config.Column(alignment="right") for column in shown.select_dtypes("number").columns
    }
    common: dict[str, Any] = {
        "column_config": configuration,
        "height": ROW_PIXELS * (min(len(shown), _ROWS) + 1) + 3,
        "row_height": ROW_PIXELS,
        "hide_index": True,
        "key": f"{key} {kind} groups",
        "placeholder": "–",
    }
    picked = None
    if any(wheres):
        event = st.dataframe(in_units(shown, units), on_select="rerun", selection_mode=SELECTION, **common)
        picked = picked_row(event.selection)
    else:
        st.dataframe(in_units(shown, units), **common)
    if picked is not None and picked < len(wheres) and wheres[picked]:
        name = escape_markdown(str(shown.iloc[picked, 0]))
        link(EXPLORE, f"See the samples of {name}", {"where": wheres[picked]}, icon=":material/image_search:")
    download_table(
        comparison.by_group,
        f"{key.replace(' ', '-')}-groups",
        key=f"{key} groups file",
        label=f"Groups of {plural(len(comparison.names), 'model')}",
    )


def compared_groups(rows: pd.DataFrame, names: Sequence[str]) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return one row a group, with the unit and the ``where`` of each.

    Parameters
    ----------
    rows
        ``by_group`` of a comparison, of one kind.
    names
        The models, the first being what the others are compared with.

    Returns
    -------
    DataFrame
        The group; with two models their difference (second less first) and its interval; then each model's value and
        interval, and n where all models have the same.
    list of str
        Unit of each row's values; empty for none.
    list of str
        Which samples each row is about, as JSON; empty where the audit does not say.
    """
    name = str(rows.columns[0])
    # Rows of the same name are told apart by their place among them, as the comparison does.
    place = rows.groupby(["run", name], observed=True, sort=False).cumcount()
    keys = pd.MultiIndex.from_arrays([rows[name].astype("str"), place])
    groups = keys.unique()
    by_run = {run: rows[rows["run"] == run].set_axis(keys[rows["run"] == run]).reindex(groups) for run in names}
    first = in_words(name)
    shown = pd.DataFrame({first: groups.get_level_values(0)})
    units = _first_text(list(by_run.values()), "unit", len(groups))
    if len(names) == 2:
        second = by_run[names[1]]
        shown[DIFFERENCE] = second[DIFFERENCE].to_numpy(dtype=float)
        shown[f"{DIFFERENCE}, {_SPAN}"] = _spans(second, "difference_low", "difference_high", map(_apart, units))
    for run, table in by_run.items():
        # A model may be called as a column of this table is.
        column = f"model {run}" if run in (first, DIFFERENCE, "n") else run
        shown[column] = table["value"].to_numpy(dtype=float)
        if {"low", "high"} <= set(table.columns):
            shown[f"{column}, {_SPAN}"] = _spans(table, "low", "high", units)
    counts = [table["n"].to_numpy(dtype=float) for table in by_run.values() if "n" in table.columns]
    if counts and all(pd.Series(counts[0]).equals(pd.Series(other)) for other in counts[1:]):
        shown["n"] = counts[0]
    empty = [column for column in shown.columns if (shown[column].isna() | (shown[column] == "")).all()]
    return shown.drop(columns=empty), units, _first_text(list(by_run.values()), "where", len(groups))


def in_units(shown: pd.DataFrame, units: Sequence[str]) -> Styler:
    """Return the table with every number in the words of its row's unit."""
    numbers = [str(column) for column in shown.select_dtypes("number").columns if column != "n"]
    styled = shown.style
    for unit in dict.fromkeys(units):
        held = [row for row, own in enumerate(units) if own == unit]
        for columns, words in (
            ([column for column in numbers if column != DIFFERENCE], unit),
            ([column for column in numbers if column == DIFFERENCE], _apart(unit)),
        ):
            styled = styled.format(formatter(words), subset=(held, columns), na_rep="–")
    return styled.format("{:,.0f}", subset=["n"], na_rep="–") if "n" in shown.columns else styled


def _apart(unit: str) -> str:
    """Return the unit of a difference of two values."""
    return "points" if unit == "share" else unit


def _spans(table: pd.DataFrame, low: str, high: str, units: Any) -> list[str]:
    ends = zip(table[low].astype("float64"), table[high].astype("float64"), units, strict=True)
    return [format_interval(one, other, unit) for one, other, unit in ends]


def _first_text(tables: Sequence[pd.DataFrame], column: str, length: int) -> list[str]:
    """Return a text column of whichever model has it, row by row."""
    found = [""] * length
    for table in tables:
        if column in table.columns:
            held = table[column].tolist()
            found = [one or (other if isinstance(other, str) else "") for one, other in zip(found, held, strict=True)]
    return found
