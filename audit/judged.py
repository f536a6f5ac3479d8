"""Which samples are predicted wrongly, and their order: the same on a page, in a review and in a report."""

from __future__ import annotations

import numpy as np
import pandas as pd


def judged(table: pd.DataFrame, label: str, prediction: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are predicted wrongly and which rightly; without a label or a prediction a row is neither."""
    known = (table[label].notna() & table[prediction].notna()).to_numpy()
    same = (table[label].astype("str") == table[prediction].astype("str")).to_numpy(dtype=bool, na_value=False)
    return known & ~same, known & same


def wrong_first(table: pd.DataFrame, label: str | None, prediction: str | None) -> pd.DataFrame:
    """Return the rows with the wrongly predicted ones first, otherwise in their order."""
    if label is None or prediction is None:
        return table
    wrong, _ = judged(table, label, prediction)
    return table.iloc[np.argsort(~wrong, kind="stable")]
