"""What a score is held against: its value with no effect, and what its p-value compares with where that is another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

OTHER_NULLS: Mapping[str, tuple[str, str]] = {"without_center": ("random neighbours", "centers dealt at random")}
"""Columns of ``overall`` with what p compares with where that is not the null: words of the null, and of the column."""


def nulls_of(row: pd.Series[Any]) -> list[tuple[float, str, str]]:
    """Return what a score is held against: value, Plotly's symbol and words; the null, then what p compares with."""
    other = next((column for column in OTHER_NULLS if math.isfinite(float(row.get(column, math.nan)))), None)
    words = OTHER_NULLS[other] if other else ("with no effect", "")
    found = [(float(row.get("null", math.nan)), "diamond-open", words[0])]
    if other:
        found.append((float(row[other]), "square-open", words[1]))
    return [held for held in found if math.isfinite(held[0])]
