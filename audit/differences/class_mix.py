"""How the classes differ between the sets: reported first, because a style can hide behind them, or they behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.significance import adjust_p_values, fisher_exact
from audit.statistics import newcombe_interval

if TYPE_CHECKING:
    from audit.differences.halves import Division


def class_rows(labels: pd.Series[Any], column: str, division: Division) -> list[dict[str, Any]]:
    """Return one row a class: its share of A minus its share of B.

    Parameters
    ----------
    labels
        Class of every sample.
    column
        The label column's name.
    division
        The sets.
    """
    known = labels.notna().to_numpy()
    names = sorted(labels.dropna().astype("str").unique())
    text = labels.astype("str").to_numpy()
    n = [int(((division.side == side) & known).sum()) for side in (0, 1)]
    if min(n) == 0:
        return []
    inside = [(division.side == side) & known for side in (0, 1)]
    counts = [[int((side & (text == name)).sum()) for side in inside] for name in names]
    table = np.asarray(counts, dtype=np.int64).reshape(-1, 2)
    here = table.sum(axis=1) > 0
    if not (table > 0).all(axis=1).any():
        return []  # the sets are made of classes: that they differ in them is no finding
    bounds = newcombe_interval(table[:, 0], n[0], table[:, 1], n[1])
    p = np.where(here, fisher_exact(table[:, 0], n[0], table[:, 1], n[1]), np.nan)
    q = adjust_p_values(p)
    shares = table / np.asarray(n)
    return [
        {
            "hypothesis": name,
            "kind": "class_mix",
            "unit": "points",
            "value": float(shares[i, 0] - shares[i, 1]),
            "low": float(bounds.low[i]),
            "high": float(bounds.high[i]),
            "n": float(table[i].sum()),
            "null": 0.0,
            "p_value": float(p[i]),
            "q_value": float(q[i]),
            "prevalence_a": float(shares[i, 0]),
            "prevalence_b": float(shares[i, 1]),
            "where": _where(column, name),
        }
        for i, name in enumerate(names)
        if here[i]
    ]


def _where(column: str, name: str) -> str:
    return json.dumps({column: name, "set": ["A", "B"]}, ensure_ascii=False)
