"""Each row's value and interval as a small picture for a table's cell."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import pandas as pd

UNIT_COLUMNS = ("value", "low", "high", "null")
"""Columns in the unit of their row."""

_WIDTH, _HEIGHT = 190, 30


def row_unit_names(table: pd.DataFrame) -> pd.Series[str]:
    """Return each row's unit, empty where none is given."""
    return table["unit"].fillna("").astype("str") if "unit" in table.columns else pd.Series("", index=table.index)


def interval_pictures(table: pd.DataFrame, *, own_axis: bool = False) -> list[str]:
    """Return each row's drawing as a picture: dot, line and hollow diamond, on one axis a unit or one a row."""
    numbers = table.reindex(columns=list(UNIT_COLUMNS)).astype("float64")
    units = row_unit_names(table)
    pictures = []
    for position, unit in enumerate(units):
        same = (numbers.iloc[[position]] if own_axis else numbers[(units == unit).to_numpy()]).to_numpy()
        same = same[np.isfinite(same)]
        if own_axis and same.size < 2:
            # A dot alone on a scale of its own says nothing.
            pictures.append(_drawing([]))
            continue
        domain = (float(same.min()), float(same.max())) if same.size else (0.0, 1.0)
        pictures.append(_picture(numbers.iloc[position], domain))
    return pictures


def _picture(row: pd.Series[float], domain: tuple[float, float]) -> str:
    """Draw one row in tones that are visible on the light and on the dark theme."""
    room = (domain[1] - domain[0]) or 1.0

    def across(value: float) -> float:
        return 11 + (_WIDTH - 22) * (value - domain[0]) / room

    middle = _HEIGHT / 2
    parts = []
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        parts.append(
            f"<line x1='{across(row['low']):.1f}' x2='{across(row['high']):.1f}' y1='{middle}' y2='{middle}' "
            "stroke='#1B87B8' stroke-width='3.5' stroke-linecap='round'/>",
        )
    if np.isfinite(row["value"]):
        parts.append(f"<circle cx='{across(row['value']):.1f}' cy='{middle}' r='6' fill='#1B87B8'/>")
    if np.isfinite(row["null"]) and np.isfinite(row["value"]):
        x = across(row["null"])
        parts.append(
            f"<path d='M{x - 7:.1f} {middle} L{x:.1f} {middle - 7} L{x + 7:.1f} {middle} L{x:.1f} {middle + 7} Z' "
            "fill='none' stroke='#8A96A1' stroke-width='2.5'/>",
        )
    return _drawing(parts)


def _drawing(parts: Sequence[str]) -> str:
    size = f"width='{_WIDTH}' height='{_HEIGHT}' viewBox='0 0 {_WIDTH} {_HEIGHT}'"
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{''.join(parts)}</svg>"
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode("ascii")
