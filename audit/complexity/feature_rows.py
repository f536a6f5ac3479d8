"""Rows of ``by_group`` about features: complexity, importance, what they go with, and the quadrant they fall into."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.complexity.scores import depth
from audit.significance import Correction, adjust_p_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.complexity.measures import Measures

STRONG = 0.06
"""Share of a feature's variance from which it is said to be tied to an attribute (a medium effect in Cohen's words)."""

IMPORTANT = 0.5
"""Share of an equal part of the answers from which a feature is called important."""

SIMPLE_IMPORTANT = "simple, important"
QUADRANTS = (SIMPLE_IMPORTANT, "complex, important", "simple, minor", "complex, minor")


def feature_rows(measures: Measures, correction: Correction) -> list[dict[str, Any]]:
    """Return one row a feature; without enough layers the complexity is left undefined."""
    features, case = measures.features, measures.case
    alive = features.alive
    k = len(features.names)
    nothing = np.full(k, np.nan)
    reading, importance = measures.reading, measures.importance
    value, low, high, small, negative, first = nothing, nothing, nothing, nothing, nothing, nothing
    p = nothing
    if reading is not None:
        found = reading.features
        value, low, high = (np.where(alive, part, np.nan) for part in (found.value, found.low, found.high))
        small, negative, first = np.where(alive, reading.small, np.nan), found.negative, depth(found.r2)
        null = np.sort(reading.null_values)
        as_low = np.searchsorted(null, value, side="right")
        p = np.where(np.isfinite(value), (as_low + 1) / (len(null) + 1), np.nan)
    q = adjust_p_values(p, correction)
    shares = importance.value if importance is not None else nothing
    quadrant = quadrants(value, shares)
    ties = _ties(measures, correction)
    classes = case.dataset.classes
    rows = []
    for i, name in enumerate(features.names):
        tie = ties[i]
        row: dict[str, Any] = {
            "row": name,
            "kind": features.kinds[i],
            "value": value[i],
            "low": low[i],
            "high": high[i],
            "n": float(len(case.measured)),
            "null": reading.null if reading is not None else np.nan,
            "p_value": p[i],
            "q_value": q[i],
            "quadrant": quadrant[i] if alive[i] else "dead",
            "importance": shares[i],
        }
        if importance is not None:
            row |= {
                "importance_low": importance.low[i],
                "importance_high": importance.high[i],
                "sign": importance.sign[i],
                "promotes": classes[importance.promoted[i]] if importance.promoted[i] >= 0 else "",
                "inhibits": classes[importance.inhibited[i]] if importance.inhibited[i] >= 0 else "",
            }
        candidate = tie["tied"] and bool(alive[i]) and (quadrant[i] == SIMPLE_IMPORTANT)
        row |= {
            "shortcut_candidate": candidate,
            "tied_to": tie["words"] if tie["tied"] else "",
            "association": tie["strength"],
            "association_p": tie["p"],
            "association_q": tie["q"],
            "association_auroc": tie["auroc"],
            "class_association": tie["class"],
            "complexity_small": small[i],
            "first_layer": _first_layer(measures, first[i]),
            "negative_layers": float(negative[i]) if reading is not None else np.nan,
            "redundancy": measures.redundancy[i],
            "noise_change": measures.noise[i] if measures.noise is not None else np.nan,
            "sparsity": features.sparsity[i],
            "stability": features.stability[i],
            "where": json.dumps({"strongest_feature": name}),
        }
        rows.append(row)
    return rows


def quadrants(value: NDArray[np.float64], importance: NDArray[np.float64]) -> list[str]:
    """Return the quadrant of each feature: simple or complex, important or minor.

    Simple: at most the median complexity. Important: at least half of what it would carry if all carried the same.
    Without importance every feature counts as important; without complexity the quadrant is empty.
    """
    known = np.isfinite(value)
    if not known.any():
        return [""] * len(value)
    simple = value <= np.median(value[known])
    told = np.isfinite(importance)
    least = IMPORTANT / max(int(told.sum()), 1)
    important = importance >= least if told.any() else np.ones(len(value), dtype=bool)
    words = []
    for place in range(len(value)):
        if not known[place]:
            words.append("")
        else:
            words.append(QUADRANTS[(0 if simple[place] else 1) + (0 if important[place] else 2)])
    return words


def _first_layer(measures: Measures, place: float) -> str:
    if measures.reading is None or not np.isfinite(place):
        return ""
    names = measures.reading.layers
    return names[round(place * (len(names) - 1))]


def _ties(measures: Measures, correction: Correction) -> list[dict[str, Any]]:
    """Return what each feature goes with most, corrected over features and attributes."""
    label = measures.case.label
    names = [factor.name for factor in measures.case.attributes if factor.name in measures.associations]
    k = len(measures.features.names)
    own = measures.associations[label.name].strength if label is not None else np.full(k, np.nan)
    if not names:
        empty = {"words": "", "strength": np.nan, "p": np.nan, "q": np.nan, "auroc": np.nan, "tied": False}
        return [{**empty, "class": own[i]} for i in range(k)]
    found = [measures.associations[name] for name in names]
    p = np.stack([one.p_value for one in found])
    q = adjust_p_values(p.ravel(), correction).reshape(p.shape)
    strength = np.stack([one.strength for one in found])
    best = np.where(np.isnan(strength), -np.inf, strength).argmax(axis=0)
    rows = []
    levels = {
        factor.name: factor.levels if factor.numbers is None else ("low", "high") for factor in measures.case.attributes
    }
    for i in range(k):
        name, one = names[best[i]], found[best[i]]
        level = int(one.level[i])
        words = f"{name} {levels[name][level]}" if level >= 0 else name
        tied = bool(strength[best[i], i] >= STRONG and q[best[i], i] < 0.05)
        rows.append(
            {
                "words": words,
                "strength": strength[best[i], i],
                "p": p[best[i], i],
                "q": q[best[i], i],
                "auroc": one.auroc[i],
                "tied": tied,
                "class": own[i],
            }
        )
    return rows
