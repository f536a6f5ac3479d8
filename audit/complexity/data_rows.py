"""Rows about the data and the weights: intrinsic dimension, sharp pairs, merging of channels, feature diversity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.complexity.intrinsic_dimension import Dimension, maximum_likelihood, neighbour_distances, two_nearest
from audit.complexity.sharpness import Sharpness, label_sharpness
from audit.counts import code

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.complexity.case import Case

KS = (5, 10, 20, 40)
SHARES = (0.25, 0.5, 1.0)
K = 20
BETAS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
MOST_POINTS = 5000


def dimension_rows(
    points: NDArray[np.floating], space: str, *, seed: int
) -> tuple[list[dict[str, Any]], dict[str, Dimension]]:
    """Return intrinsic dimension over neighbours and over sample size, and the estimates with k = 20 and TwoNN."""
    rng = np.random.default_rng(seed)
    distinct = np.unique(np.asarray(points, dtype=np.float64), axis=0)
    order = rng.permutation(len(distinct))[:MOST_POINTS]
    rows: list[dict[str, Any]] = []
    found: dict[str, Dimension] = {}
    for part in SHARES:
        n = int(part * len(order))
        usable = [k for k in KS if k < n]
        if not usable:
            continue
        distances = neighbour_distances(distinct[order[:n]], usable[-1])
        estimates = [(f"k={k}", k, maximum_likelihood(distances, k)) for k in usable]
        estimates.append(("TwoNN", 2, two_nearest(distances)))
        for method, k, one in estimates:
            if part == 1.0 and (k in {K, 2} or usable[-1] < K):
                found["twonn" if method == "TwoNN" else "mle"] = one
            rows.append(
                {
                    "row": f"{space}, {method}, n={n}",
                    "kind": "dimension",
                    "value": one.value,
                    "low": one.low,
                    "high": one.high,
                    "n": float(one.n),
                    "space": space,
                    "method": "TwoNN" if method == "TwoNN" else "maximum likelihood",
                    "k": float(k),
                }
            )
    return rows, found


def sharp_spaces(
    case: Case, points: NDArray[np.floating], pixels: NDArray[np.floating] | None, *, seed: int
) -> dict[str, Sharpness]:
    """Return label sharpness of the looked-at samples among embeddings, and among pixels where there are images."""
    label = case.dataset.roles.label
    if label is None:
        return {}
    codes = code(case.dataset.metadata[label].iloc[case.rows]).codes
    spaces = {"embeddings": points, **({"pixels": pixels} if pixels is not None else {})}
    return {space: label_sharpness(some, codes, owner=case.owner, seed=seed) for space, some in spaces.items()}


def pair_rows(case: Case, rows: NDArray[np.int64], found: Mapping[str, Sharpness]) -> list[dict[str, Any]]:
    """Return the sharpest pairs of each space; ``where`` selects both samples."""
    index = case.dataset.index
    label = case.dataset.roles.label
    table = []
    for space, sharpness in found.items():
        for place, (pair, distance) in enumerate(zip(sharpness.pairs, sharpness.distances, strict=True), start=1):
            ids = [str(index[rows[pair[0]]]), str(index[rows[pair[1]]])]
            classes = [str(case.dataset.metadata[label].iloc[rows[i]]) for i in pair] if label else ["", ""]
            table.append(
                {
                    "row": f"pair {place} in {space}",
                    "kind": "sharp_pair",
                    "value": 1 / distance if distance > 0 else np.nan,
                    "n": 2.0,
                    "distance": distance,
                    "space": space,
                    "first": ids[0],
                    "second": ids[1],
                    "first_class": classes[0],
                    "second_class": classes[1],
                    "where": json.dumps({"sample_id": ids}),
                }
            )
    return table


def merging_rows(
    curves: Mapping[str, NDArray[Any]], agreement: Mapping[float, tuple[float, float]]
) -> list[dict[str, Any]]:
    """Return the share of channels that survive by layer and threshold, and the accuracy kept where it was measured.

    Parameters
    ----------
    curves
        As :class:`audit.complexity.merging_outputs.MergingCurves` leaves them.
    agreement
        By threshold: accuracy of the merged model and agreement with the unmerged one.
    """
    rows: list[dict[str, Any]] = []
    ends = np.cumsum(curves["width"] - 1)
    total = float(curves["width"].sum())
    for beta in sorted({*BETAS, *agreement}):
        left = 0
        for i, name in enumerate(curves["name"].tolist()):
            width = int(curves["width"][i])
            threshold = curves["threshold"][ends[i] - (width - 1) : ends[i]]
            surviving = width - int((threshold <= beta).sum())
            left += surviving
            rows.append(_merging_row(str(name), beta, surviving, width))
        if total:
            whole = _merging_row("all layers", beta, left, int(total))
            if beta in agreement:
                whole |= {"accuracy": agreement[beta][0], "agreement": agreement[beta][1]}
            rows.append(whole)
    return rows


def _merging_row(name: str, beta: float, surviving: int, width: int) -> dict[str, Any]:
    return {
        "row": f"{name}, beta={beta:g}",
        "kind": "merging",
        "value": surviving / width,
        "support": float(width),
        "null": 1.0,
        "layer": name,
        "beta": beta,
        "surviving": float(surviving),
        "unit": "share",
    }
