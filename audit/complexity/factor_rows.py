"""Rows of ``by_group`` about the class, attributes and layers: complexity, curves, shortcuts, representation shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.complexity.association import associate, correlate
from audit.complexity.decoding import fold_codes
from audit.complexity.representation import explained, one_hot, share
from audit.complexity.scores import Complexity, corrected_half_width, depth, difference
from audit.significance import Correction, adjust_p_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.complexity.case import Case, Factor
    from audit.complexity.reading import Reading


def complexity_rows(case: Case, reading: Reading) -> list[dict[str, Any]]:
    """Return one row for the class, for each attribute, and for each of their values."""
    rows = []
    for factor in case.factors:
        found = reading.factors[factor.name]
        extra = {"small": reading.small_factors[factor.name], "null": reading.factor_null[factor.name]}
        kind = f"{factor.kind} as a whole"
        rows.append(_complexity_row(factor.name, kind, found, 0, reading=reading, extra=extra, where=""))
    for factor in case.factors:
        found = reading.levels[factor.name]
        for i, level in enumerate(factor.levels):
            where = json.dumps({factor.name: level})
            kind = "class" if factor.kind == "class" else "attribute_value"
            name = level if kind == "class" else f"{factor.name} {level}"
            n = float((factor.codes == i).sum())
            row = _complexity_row(name, kind, found, i, reading=reading, extra={"null": reading.null}, where=where)
            rows.append({**row, "support": n, "attribute": factor.name})
    for row in rows:
        row["n"] = float(len(case.measured))
    return rows


def _complexity_row(
    name: str, kind: str, found: Complexity, i: int, *, reading: Reading, extra: Mapping[str, float], where: str
) -> dict[str, Any]:
    first = float(depth(found.r2)[i])
    layers = reading.layers
    return {
        "row": name,
        "kind": kind,
        "value": found.value[i],
        "low": found.low[i],
        "high": found.high[i],
        "null": extra["null"],
        "best_r2": float(np.nanmax(found.r2[:, i])) if np.isfinite(found.r2[:, i]).any() else np.nan,
        "first_layer": layers[round(first * (len(layers) - 1))] if np.isfinite(first) else "",
        "complexity_small": extra.get("small", np.nan),
        "negative_layers": float(found.negative[i]),
        "where": where,
    }


def curve_rows(case: Case, reading: Reading, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return R2 of the class, of every attribute and of every feature at each layer, with interval and null band."""
    rows = []
    for factor in case.factors:
        rows += _curve(factor.name, factor.kind, reading.factors[factor.name], 0, reading)
    for i, name in enumerate(names):
        rows += _curve(name, "feature", reading.features, i, reading)
    for row in rows:
        row["n"] = float(len(case.measured))
    return rows


def _curve(name: str, of: str, found: Complexity, i: int, reading: Reading) -> list[dict[str, Any]]:
    half = corrected_half_width(found.curve_fits[:, :, i].T, found.folds)
    return [
        {
            "row": f"{name} at {layer}",
            "kind": "decoding",
            "value": found.r2[place, i],
            "low": found.r2[place, i] - half[place],
            "high": min(found.r2[place, i] + half[place], 1.0),
            "null": reading.band[place],
            "feature": name,
            "of": of,
            "layer": layer,
        }
        for place, layer in enumerate(reading.layers)
    ]


def shortcut_rows(case: Case, reading: Reading, correction: Correction) -> list[dict[str, Any]]:
    """Return how much simpler each attribute is than the class, with availability and predictivity."""
    label = case.label
    if label is None or not case.attributes:
        return []
    own = reading.factors[label.name]
    rows = []
    for factor in case.attributes:
        found = reading.factors[factor.name]
        gap = difference(found, own)
        classes = one_hot(label.codes)
        predictive = (
            associate(classes, factor.codes, case.measured_owner)
            if factor.numbers is None
            else correlate(classes, factor.numbers, case.measured_owner)
        ).strength
        first, second = float(depth(found.r2)[0]), float(depth(own.r2)[0])
        rows.append(
            {
                "row": f"{factor.name} less {label.name}",
                "kind": "shortcut",
                "value": gap.value,
                "low": gap.low,
                "high": gap.high,
                "n": float(len(case.measured)),
                "null": 0.0,
                "p_value": gap.p_value,
                "attribute": factor.name,
                "complexity": found.value[0],
                "class_complexity": own.value[0],
                "availability": 1 - found.value[0],
                "predictivity": float(np.nanmean(predictive)) if np.isfinite(predictive).any() else np.nan,
                "layers_earlier": (second - first) * (len(reading.layers) - 1),
                "where": "",
            }
        )
    for row, q in zip(rows, adjust_p_values([row["p_value"] for row in rows], correction), strict=True):
        row["q_value"] = float(q)
    return rows


def pair_rows(case: Case, found: Mapping[tuple[int, int], tuple[Complexity, int]]) -> list[dict[str, Any]]:
    """Return how complex it is to tell two classes apart that lie close, from the samples of both."""
    label = case.label
    assert label is not None
    rows = []
    for (first, second), (k, n) in found.items():
        names = [label.levels[first], label.levels[second]]
        rows.append(
            {
                "row": " or ".join(names),
                "kind": "class_pair",
                "value": k.value[0],
                "low": k.low[0],
                "high": k.high[0],
                "n": float(n),
                "null": 1.0,
                "best_r2": float(np.nanmax(k.r2[:, 0])),
                "negative_layers": float(k.negative[0]),
                "where": json.dumps({label.name: names}),
            }
        )
    return rows


def representation_rows(
    case: Case, layers: Mapping[str, NDArray[np.float32]], *, folds: int, seed: int
) -> list[dict[str, Any]]:
    """Return the share of each layer that goes with the class and with each attribute, unique and shared parts."""
    owner = case.measured_owner
    fold = fold_codes(len(owner), folds=folds, repeats=1, seed=seed, group_id=owner)[0]
    rows = []
    for layer, values in layers.items():
        alone = {factor.name: explained(values, factor.columns(), fold) for factor in case.factors}
        for factor in case.factors:
            parts = _unique_and_shared(case, factor, values, alone, fold)
            found = share(alone[factor.name], owner)
            rows.append(
                {
                    "row": f"{factor.name} in {layer}",
                    "kind": "representation",
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "n": float(len(owner)),
                    "null": 0.0,
                    "feature": factor.name,
                    "of": factor.kind,
                    "layer": layer,
                    **parts,
                    "unit": "share",
                }
            )
    return rows


def _unique_and_shared(
    case: Case,
    factor: Factor,
    values: NDArray[np.float32],
    alone: Mapping[str, NDArray[np.float64]],
    fold: NDArray[np.int64],
) -> dict[str, float]:
    """Return the parts of an attribute's share that the class does not, and does, hold as well."""
    if case.label is None or factor.kind == "class":
        return {"unique": np.nan, "shared": np.nan}
    both = explained(values, np.column_stack([factor.columns(), case.label.columns()]), fold)
    together = float(np.nanmean(both))
    of_class, own = float(np.nanmean(alone[case.label.name])), float(np.nanmean(alone[factor.name]))
    return {"unique": together - of_class, "shared": own + of_class - together}
