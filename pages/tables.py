"""Tables: scores in the words of their unit, the interval drawn in the row."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from audit.wording import COLUMN_UNITS, format_interval, format_p, format_value, in_words
from pages.interval_pictures import UNIT_COLUMNS, interval_pictures, row_unit_names
from pages.session import workspace

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

DRAWING = "drawing"
"""Column that holds each row's interval as a picture."""

INTERVAL = "interval"
"""Column that says it in words."""

HIDDEN = ("where", "unit", "kind", "box")
"""Columns that serve the page, not the reader."""

COLUMN_WORDS = {
    "value": "value",
    "interval": "95 % interval",
    "n": "n",
    "support": "support",
    "null": "with no effect",
    "p_value": "p",
    "q_value": "q",
    "difference_low": "difference, 95 % low",
    "difference_high": "difference, 95 % high",
    "how": "how the interval came about",
    DRAWING: "value, interval, no effect",
}
"""Headings of the columns that mean the same in every audit."""

COLUMN_HELP = {
    "value": "The score itself.",
    "interval": "From where to where the value may lie, by chance alone, in 95 of 100 cases.",
    "n": "Samples behind the value.",
    "support": "What the value rests on: groups, classes or pairs.",
    "null": "The value if there were no effect.",
    "p_value": "How often chance alone gives a value as far out as this one.",
    "q_value": "p corrected for the number of rows looked at: the share of false alarms among rows at most this small.",
    DRAWING: "Dot: value; line: 95 % interval; hollow diamond: the value with no effect.",
}
"""What those columns say; shown when the pointer rests on a heading."""

_NARROW = {"n": 72, "support": 84, "p_value": 72, "q_value": 72, "value": 92, "null": 128}
"""Widths in pixels, so that the drawing, the value and q are seen without scrolling."""

SELECTION: tuple[Literal["single-row"], Literal["single-cell"]] = ("single-row", "single-cell")
"""A row is selected by its tick or by a click on any cell."""

_FIRST = ("value", INTERVAL, DRAWING, "p_value", "q_value", "n")
_LAST = ("null", "support")
"""Columns at either end; an audit's own lie between."""

_DIFFERENCE_COLUMNS = ("difference", "difference_low", "difference_high")
_DRAWN_COLUMN = 214
_WIDEST_NAME = 270
ROW_PIXELS = 38
"""Height of a row of any table."""

_ROWS_SHOWN = 14


def show_table(
    table: pd.DataFrame,
    *,
    key: str,
    select: bool = False,
    chosen: int | None = None,
    own_axis: bool = False,
    meanings: Mapping[str, str] | None = None,
    kept: bool = False,
) -> int | None:
    """Show a score table and return the position of the selected row.

    Parameters
    ----------
    table
        ``overall`` or ``by_group``.
    key
        Unique name.
    select
        Whether a row can be selected.
    chosen
        Position selected when the page opens.
    own_axis
        Whether each row is drawn on an axis of its own: rows are different scores rather than different groups.
    meanings
        What the audit's own columns say, by name; shown when the pointer rests on a heading.
    kept
        Whether the key stands for what the table holds: how it is shown is then worked out once.

    Returns
    -------
    int or None
        Position of the selected row.
    """
    if kept:
        shown, styled, configuration = _kept(str(workspace().home), key, table, meanings, own_axis=own_axis)
        # Streamlit renders it in place: two sessions must not share one.
        styled = copy.copy(styled)
    else:
        shown, styled, configuration = _presented(table, meanings, own_axis=own_axis)
    height = ROW_PIXELS * (min(len(shown), _ROWS_SHOWN) + 1) + 3
    common: dict[str, Any] = {
        "column_config": configuration,
        "height": height,
        "row_height": ROW_PIXELS,
        "key": key,
        "placeholder": "–",
    }
    if not select:
        st.dataframe(styled, **common)
        return None
    default: Any = {"selection": {"rows": [chosen]}} if chosen is not None else None
    event = st.dataframe(styled, on_select="rerun", selection_mode=SELECTION, selection_default=default, **common)
    return picked_row(event.selection)


@st.cache_resource(max_entries=48, show_spinner=False)
def _kept(
    home: str,  # noqa: ARG001 - part of the key
    key: str,  # noqa: ARG001
    _table: pd.DataFrame,
    _meanings: Mapping[str, str] | None,
    *,
    own_axis: bool,
) -> tuple[pd.DataFrame, Styler, dict[str, Any]]:
    return _presented(_table, _meanings, own_axis=own_axis)


def _presented(
    table: pd.DataFrame, meanings: Mapping[str, str] | None, *, own_axis: bool
) -> tuple[pd.DataFrame, Styler, dict[str, Any]]:
    """Return the table as it is shown, the same in words, and its columns' configuration."""
    shown = readable(table, own_axis=own_axis)
    styled = _styled(table, shown)
    help_texts = {**(meanings or {}), **COLUMN_HELP}
    configuration: dict[str, Any] = {
        column: _configuration(str(column), shown[column], help_texts) for column in shown.columns
    }
    if shown.index.name:
        configuration[str(shown.index.name)] = st.column_config.Column(
            in_words(str(shown.index.name)), width=_text_width([*shown.index, shown.index.name])
        )
    if DRAWING in shown.columns:
        words = "each on its own scale" if own_axis else COLUMN_WORDS[DRAWING]
        configuration[DRAWING] = st.column_config.ImageColumn(words, width=_DRAWN_COLUMN, help=COLUMN_HELP[DRAWING])
    return shown, styled, configuration


def picked_row(selection: Mapping[str, Any]) -> int | None:
    """Return the row that was ticked, or that a clicked cell lies in; ``None`` for neither."""
    rows, cells = selection["rows"], selection["cells"]
    if cells:
        return int(cells[0][0])
    return int(rows[0]) if rows else None


def _text_width(texts: Iterable[Any]) -> int:
    """Return the pixels that names need, within bounds."""
    longest = max((len(str(text)) for text in texts), default=0)
    return min(max(84, 7 * longest + 20), _WIDEST_NAME)


def _configuration(column: str, values: pd.Series[Any], help_texts: Mapping[str, str]) -> Any:
    number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return st.column_config.Column(
        COLUMN_WORDS.get(column, in_words(column)),
        width=_NARROW.get(column, None if number or len(values) == 0 else _text_width([*values, column])),
        help=help_texts.get(column),
        alignment="right" if number else None,
    )


def _styled(table: pd.DataFrame, shown: pd.DataFrame) -> Any:
    """Return the table with every number in the words of its row's unit."""
    styled = shown.style.format(lambda value: cell(value, ""))
    for unit, rows in row_units(table, shown.index).items():
        difference = "points" if unit == "share" else unit
        for columns, words in ((UNIT_COLUMNS, unit), (_DIFFERENCE_COLUMNS, difference)):
            present = [column for column in columns if column in shown.columns]
            styled = styled.format(formatter(words), subset=(rows, present))
    for column in shown.columns:
        if column in COLUMN_UNITS and pd.api.types.is_numeric_dtype(shown[column]):
            styled = styled.format(formatter(COLUMN_UNITS[column]), subset=[column])
        elif column in ("p_value", "q_value"):
            styled = styled.format(_p_text, subset=[column])
        elif column in ("n", "support") or is_count(column, shown[column]):
            styled = styled.format("{:,.0f}", subset=[column])
    return styled


def is_count(column: str, values: pd.Series[Any]) -> bool:
    """Return whether an audit's own column holds whole numbers only: they are counted, not measured."""
    if column in (*UNIT_COLUMNS, *_DIFFERENCE_COLUMNS) or not pd.api.types.is_numeric_dtype(values):
        return False
    if pd.api.types.is_bool_dtype(values):
        return False
    known = values.dropna().to_numpy(dtype=float)
    return bool(len(known)) and bool(np.equal(known, np.round(known)).all()) and bool(np.abs(known).max() > 1)


def _p_text(p_value: Any) -> str:
    return format_p(float(p_value)).removeprefix("p ").removeprefix("= ")


def formatter(unit: str) -> Any:
    """Return what writes a cell in the words of a unit."""
    return lambda value: cell(value, unit)


def readable(table: pd.DataFrame, *, own_axis: bool = False) -> pd.DataFrame:
    """Return the table as it is shown: interval drawn first, page columns hidden, unique row labels, ticks as "yes"."""
    shown = table.drop(columns=[column for column in HIDDEN if column in table.columns])
    shown = _without_repetition(shown.dropna(axis="columns", how="all"))
    ticked = [column for column in shown.columns if pd.api.types.infer_dtype(shown[column]) == "boolean"]
    shown = shown.assign(**{c: ["yes" if pd.notna(held) and held else "" for held in shown[c]] for c in ticked})
    if {"value", "low", "high"} <= set(shown.columns) and len(shown):
        shown = _with_intervals(table, shown, own_axis=own_axis)
    if not shown.index.is_unique:
        shown = shown.reset_index()
    elif shown.index.name == "score":
        shown.index = pd.Index([in_words(str(score)) for score in shown.index], name="score")
    return shown


def _without_repetition(shown: pd.DataFrame) -> pd.DataFrame:
    """Return the table without an audit's own columns that only repeat the row's name or its n."""
    names = list(shown.index.astype("str"))
    numbers = shown["n"] if "n" in shown.columns and pd.api.types.is_numeric_dtype(shown["n"]) else None
    repeated = []
    for column in shown.columns:
        if column in COLUMN_HELP or len(shown) < 2:
            continue
        values = shown[column]
        if pd.api.types.is_string_dtype(values):
            if list(values.astype("str")) == names:
                repeated.append(column)
        elif numbers is not None and pd.api.types.is_numeric_dtype(values) and values.equals(numbers):
            repeated.append(column)
    return shown.drop(columns=repeated)


def _with_intervals(table: pd.DataFrame, shown: pd.DataFrame, *, own_axis: bool) -> pd.DataFrame:
    """Return the table with each interval drawn and in words, what decides first and what is drawn already last."""
    units = row_unit_names(table)
    ends = zip(table["low"].astype("float64"), table["high"].astype("float64"), units, strict=True)
    added = shown.drop(columns=["low", "high"]).assign(
        **{
            DRAWING: interval_pictures(table, own_axis=own_axis),
            INTERVAL: [format_interval(low, high, unit) or "–" for low, high, unit in ends],
        }
    )
    first = [column for column in _FIRST if column in added.columns]
    last = [column for column in _LAST if column in added.columns]
    own = [column for column in added.columns if column not in (*first, *last)]
    return added[[*first, *own, *last]]


def row_units(table: pd.DataFrame, labels: pd.Index[Any]) -> dict[str, list[Any]]:
    """Return the row labels of each unit; without unique labels the positions."""
    units = row_unit_names(table)
    return {str(unit): list(labels[(units == unit).to_numpy()]) for unit in units.unique()}


def cell(value: Any, unit: str) -> str:
    """Return a cell as text: numbers in the words of their unit, everything else as it is."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.integer | np.floating):
        return format_value(float(value), unit)
    return str(value)


def show_counted(
    table: pd.DataFrame, configuration: Mapping[str, Any], *, key: str, rows: int = 11, select: bool = False
) -> int | None:
    """Show a table of counts at its own height and return the position of the selected row.

    Parameters
    ----------
    table
        One row a value.
    configuration
        Streamlit's column configuration.
    key
        Unique name.
    rows
        Rows shown before the table scrolls.
    select
        Whether a row can be selected.

    Returns
    -------
    int or None
        Position of the selected row.
    """
    height = ROW_PIXELS * (min(len(table), rows) + 1) + 3
    common: dict[str, Any] = {
        "column_config": dict(configuration),
        "height": height,
        "row_height": ROW_PIXELS,
        "key": key,
    }
    if not select:
        st.dataframe(table, **common)
        return None
    return picked_row(st.dataframe(table, on_select="rerun", selection_mode=SELECTION, width=680, **common).selection)
