"""Label sharpness: how close samples of different classes come; close pairs are where labels may be wrong.

    K_F = max over pairs of 1[y_j != y_k] / ||x_j - x_k||              (Konz & Mazurowski 2024)

Beside the maximum, which one pair decides, its 99.9 % quantile over the pairs of different classes. Pairs are visited
in blocks of rows; the sharpest share is kept. Equal images of different classes have no finite sharpness: they are
listed first and counted, and the maximum is taken over the others.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAIL = 0.001
"""Share of the pairs beyond the quantile."""

KEPT = 0.01
"""Share of the pairs that is kept for the bootstrap of the quantile."""

BLOCK = 512
MOST_KEPT = 2_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Sharpness:
    """Label sharpness in one space.

    Parameters
    ----------
    value
        Largest sharpness of a pair at a positive distance; NaN without pairs of different classes.
    quantile, low, high
        99.9 % quantile over pairs of different classes and its 95 % bootstrap interval over groups.
    pairs
        Rows of the sharpest pairs, equal images first, (pairs, 2).
    distances
        Their distances.
    count
        Pairs of different classes.
    equal
        Pairs at distance 0.
    n
        Points with a known class.
    """

    value: float
    quantile: float
    low: float
    high: float
    pairs: NDArray[np.int64]
    distances: NDArray[np.float64]
    count: int
    equal: int
    n: int


def label_sharpness(
    points: NDArray[np.floating],
    codes: NDArray[np.int64],
    *,
    owner: NDArray[np.int64] | None = None,
    most: int = 20,
    draws: int = 200,
    seed: int = 0,
) -> Sharpness:
    """Return the label sharpness of labelled points.

    Parameters
    ----------
    points
        (n, d); only differences matter.
    codes
        Class of each point, negative: unknown, left out.
    owner
        Group of each point, 0 and up: pairs within one group are left out, groups are resampled.
    most
        Pairs listed.
    draws, seed
        Of the bootstrap.
    """
    n = len(points)
    groups = np.arange(n) if owner is None else owner
    x = np.asarray(points, dtype=np.float64)
    x = x - x.mean(axis=0)
    squares = np.einsum("ij,ij->i", x, x)
    count = _different_pairs(codes, groups)
    room = int(np.clip(np.ceil(KEPT * count), min(max(4 * most, 100), count), MOST_KEPT))
    if count == 0:
        nothing = float("nan")
        return Sharpness(nothing, nothing, nothing, nothing, np.zeros((0, 2), dtype=np.int64), np.zeros(0), 0, 0, 0)
    best, worst = np.zeros(0), np.inf
    where = np.zeros((0, 2), dtype=np.int64)
    for start in range(0, n, BLOCK):
        rows = np.arange(start, min(start + BLOCK, n))
        # Only columns from the block on: each pair once.
        squared = squares[rows][:, None] + squares[None, start:] - 2 * x[rows] @ x[start:].T
        usable = np.triu(codes[rows][:, None] != codes[None, start:], 1)
        usable &= (codes[rows] >= 0)[:, None] & (codes[start:] >= 0)[None]
        usable &= groups[rows][:, None] != groups[None, start:]
        if len(best) == room:
            usable &= squared < worst
        i, j = np.nonzero(usable)
        found = np.maximum(squared[i, j], 0)
        best = np.concatenate([best, found])
        where = np.concatenate([where, np.stack([rows[i], j + start], axis=1)])
        if len(best) > room:
            kept = np.argpartition(best, room - 1)[:room]
            best, where = best[kept], where[kept]
            worst = float(best.max())
    order = np.argsort(best, kind="stable")
    found = _summarise(x, best[order], where[order], groups, count, most=most, draws=draws, seed=seed)
    return dataclasses.replace(found, n=int((codes >= 0).sum()))


def _different_pairs(codes: NDArray[np.int64], groups: NDArray[np.int64]) -> int:
    """Return the number of pairs of different known classes and different groups."""
    known = codes >= 0
    cells = np.unique(np.stack([codes[known], groups[known]]), axis=1, return_counts=True)[1]
    by_class = np.bincount(codes[known])
    by_group = np.unique(groups[known], return_counts=True)[1]
    n = int(known.sum())
    same = (by_class**2).sum() + (by_group**2).sum() - (cells**2).sum()
    return int((n**2 - same) // 2)


def _summarise(
    x: NDArray[np.float64],
    squared: NDArray[np.float64],
    where: NDArray[np.int64],
    groups: NDArray[np.int64],
    count: int,
    *,
    most: int,
    draws: int,
    seed: int,
) -> Sharpness:
    # The nearest distances anew from differences: the expansion above loses digits for close pairs.
    head = where[: max(4 * most, 100)]
    exact = np.linalg.norm(x[head[:, 0]] - x[head[:, 1]], axis=1)
    exact[exact < 1e-9 * max(float(np.sqrt(np.einsum("ij,ij->i", x, x).mean())), 1e-300)] = 0.0
    order = np.argsort(exact, kind="stable")
    head, exact = head[order], exact[order]
    distances = np.concatenate([exact, np.sqrt(squared[len(head) :])])
    where = np.concatenate([head, where[len(head) :]])
    apart = distances[distances > 0]
    value = float(1 / apart[0]) if len(apart) else float("nan")
    weights = np.ones(len(distances))
    quantile = _quantile(distances, weights, float(count))
    rng = np.random.default_rng(seed)
    number = int(groups.max()) + 1
    drawn = np.empty(draws)
    for draw in range(draws):
        times = np.bincount(rng.integers(0, number, number), minlength=number).astype(np.float64)[groups]
        weights = times[where[:, 0]] * times[where[:, 1]]
        drawn[draw] = _quantile(distances, weights, float(count))
    defined = drawn[np.isfinite(drawn)]
    low, high = np.quantile(defined, [0.025, 0.975]) if len(defined) else (np.nan, np.nan)
    return Sharpness(
        value, quantile, float(low), float(high), where[:most], distances[:most], count, int((distances == 0).sum()), 0
    )


def _quantile(distances: NDArray[np.float64], weights: NDArray[np.float64], count: float) -> float:
    """Return the sharpness that a share of ``TAIL`` of the pairs reaches; the distances ascend."""
    place = int(np.searchsorted(np.cumsum(weights), TAIL * count * (1 - 1e-12)))
    if place >= len(distances):
        return float("nan")
    return float(1 / distances[place]) if distances[place] > 0 else float("nan")
