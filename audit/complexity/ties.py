"""How clearly a feature goes with an attribute, in words: an attribute is never named without its strength."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audit.wording import format_value

if TYPE_CHECKING:
    import pandas as pd

CLEAR = 0.25
"""Share of a feature's variance from which the feature is called after an attribute.

A quarter is a correlation of .5, large in Cohen's words; it is a convention. Chance is no measure here: every tie is
tested before (corrected p below .05), and with a thousand samples chance gives next to nothing, so that a tie of .06
holds while 94 % of what moves the feature is something else.
"""


def is_clear(row: Mapping[str, Any] | pd.Series[Any]) -> bool:
    """Return whether a feature is tied to an attribute so clearly that it may be called after it."""
    return bool(row["tied_to"]) and float(row["association"]) >= CLEAR


def tie_words(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Return what a feature goes with and how strongly, empty where no tie holds."""
    if not row["tied_to"]:
        return ""
    said = f"{row['tied_to']}, strength {format_value(float(row['association']))}"
    return said if is_clear(row) else f"no clear tie, most with {said}"
