"""Intrinsic dimension of a cloud of points, from distances to nearest neighbours.

MLE (Levina & Bickel 2004)      1/d(x) = (1/(k-1)) sum_{j<k} ln(T_k(x) / T_j(x)),   T_j: distance to neighbour j
pooled (MacKay & Ghahramani)    1/d = mean over points of 1/d(x)
TwoNN (Facco et al. 2017)       slope through 0 of -ln(1 - F(mu)) on ln mu,  mu = T_2 / T_1, the largest mu left out
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from audit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DISCARDED = 0.1
"""Share of the largest ratios that TwoNN leaves out."""


@dataclasses.dataclass(frozen=True)
class Dimension:
    """An estimate with its 95 % interval over points."""

    value: float
    low: float
    high: float
    n: int


def neighbour_distances(points: NDArray[np.floating], k: int) -> NDArray[np.float64]:
    """Return distances to the k nearest other points, ascending, (distinct points, k); duplicates are dropped first.

    Raises
    ------
    InputError
        If there are not more than k distinct points.
    """
    from sklearn.neighbors import NearestNeighbors

    distinct = np.unique(np.asarray(points, dtype=np.float64), axis=0)
    if not 1 <= k < len(distinct):
        raise InputError(f"`k` must lie between 1 and the number of distinct points less 1; got {k}, {len(distinct)}.")
    search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(distinct)
    return np.asarray(search.kneighbors(distinct)[0][:, 1:])


def maximum_likelihood(distances: NDArray[np.floating], k: int) -> Dimension:
    """Return the pooled maximum-likelihood dimension.

    Parameters
    ----------
    distances
        To the nearest neighbours, ascending, at least k columns.
    k
        Neighbours used, at least 2.
    """
    if not 2 <= k <= distances.shape[1]:
        raise InputError(f"`k` must lie between 2 and the neighbours given ({distances.shape[1]}); got {k}.")
    near = np.maximum(distances[:, :k], np.finfo(np.float64).tiny)
    inverse = np.log(near[:, k - 1 : k] / near[:, : k - 1]).mean(axis=1)
    mean = float(inverse.mean())
    if mean <= 0:
        return Dimension(float("nan"), float("nan"), float("nan"), len(near))
    # Points share neighbours: about k points tell what one would, so the error is that of n / k points at least.
    error = float(inverse.std(ddof=1)) * np.sqrt(k / len(near)) / mean
    value = 1 / mean
    half = 1.96 * error
    return Dimension(value, value / (1 + half), value / max(1 - half, 0.05), len(near))


def two_nearest(distances: NDArray[np.floating], discarded: float = DISCARDED) -> Dimension:
    """Return the TwoNN dimension from the two nearest distances."""
    mu = np.sort(distances[:, 1] / np.maximum(distances[:, 0], np.finfo(np.float64).tiny))
    n = len(mu)
    kept = max(int(n * (1 - discarded)), 2)
    x = np.log(mu[:kept])
    y = -np.log1p(-np.arange(1, kept + 1) / n) if kept < n else -np.log1p(-(np.arange(1, kept + 1) - 0.5) / n)
    squares = float(x @ x)
    if squares <= 0:
        return Dimension(float("nan"), float("nan"), float("nan"), n)
    value = float(x @ y) / squares
    # ln mu is exponential with rate d: the rate's error from independent pairs of neighbours.
    half = 1.96 * np.sqrt(2 / n)
    return Dimension(value, value / (1 + half), value / max(1 - half, 0.05), n)
