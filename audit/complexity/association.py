"""Which attribute a feature goes with, and which of its values.

Strength: share of the feature's variance that goes with having one value rather than any other (squared point-biserial
correlation), of the value that raises the feature most. Test: that correlation's, times the number of values compared.
Where samples come in groups, the unit is the mean of a feature over the samples of one group and value, so that a
group is not counted as often as it has images.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, eq=False)
class Association:
    """Association of many features with one attribute.

    Parameters
    ----------
    strength
        Squared correlation with having the value, (features,), 0 to 1.
    p_value
        Two-sided, corrected for the number of values, (features,).
    level
        Code of the value, (features,).
    auroc
        P(a sample with that value has the larger feature than one without), (features,).
    n
        Units tested.
    """

    strength: NDArray[np.float64]
    p_value: NDArray[np.float64]
    level: NDArray[np.int64]
    auroc: NDArray[np.float64]
    n: int


def correlate(features: NDArray[np.floating], numbers: NDArray[np.float64], owner: NDArray[np.int64]) -> Association:
    """Return the association of features, (n, m), with a quantity, (n,), NaN: unknown, by rank correlation.

    Strength is its square, ``level`` 1 for a positive and 0 for a negative correlation, ``auroc`` that of telling the
    upper from the lower half. Where samples come in groups, features and quantity are averaged over each group.
    """
    known = np.isfinite(numbers)
    _, place, size = np.unique(owner[known], return_inverse=True, return_counts=True)
    table = np.column_stack([numbers[known], np.asarray(features, dtype=np.float64)[known]])
    sums = np.zeros((len(size), table.shape[1]))
    np.add.at(sums, place, table)
    ranks = stats.rankdata(sums / size[:, None], axis=0)
    n, m = len(size), features.shape[1]
    if n < 4:
        nothing = np.full(m, np.nan)
        return Association(nothing, nothing, np.full(m, -1), nothing, n)
    rho = _columns_correlation(ranks[:, :1], ranks[:, 1:])[0]
    t = rho * np.sqrt((n - 2) / np.maximum(1 - rho**2, 1e-12))
    upper = ranks[:, 0] > (n + 1) / 2
    high, count = ranks[upper, 1:].sum(axis=0), int(upper.sum())
    auroc = (high - count * (count + 1) / 2) / max(count * (n - count), 1)
    return Association(rho**2, 2 * special.stdtr(n - 2, -np.abs(t)), (rho > 0).astype(np.int64), auroc, n)


def associate(
    features: NDArray[np.floating], codes: NDArray[np.int64], owner: NDArray[np.int64], *, fewest: int = 5
) -> Association:
    """Return the association of features, (n, m), with the levels of an attribute, codes (n,), negative: unknown.

    Levels with fewer than ``fewest`` units are left out; fewer than two levels give NaN.
    """
    known = codes >= 0
    z, level, unit = np.asarray(features, dtype=np.float64)[known], codes[known], owner[known]
    m = z.shape[1]
    if len(np.unique(unit)) < len(unit):
        key = unit * (int(level.max(initial=0)) + 1) + level
        _, first, place, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        sums = np.zeros((len(first), m))
        np.add.at(sums, place, z)
        z, level = sums / size[:, None], level[first]
    often = np.bincount(level, minlength=1) >= fewest
    kept = often[level] if len(level) else np.zeros(0, dtype=bool)
    z, level = z[kept], level[kept]
    levels, place = np.unique(level, return_inverse=True)
    if len(levels) < 2:
        nothing = np.full(m, np.nan)
        return Association(nothing, nothing, np.full(m, -1), nothing, len(z))
    n = len(z)
    having = (place[:, None] == np.arange(len(levels))[None]).astype(np.float64)
    correlation = _columns_correlation(having, z)
    top = np.where(np.isnan(correlation), -np.inf, correlation).argmax(axis=0)
    columns = np.arange(m)
    r = correlation[top, columns]
    statistic = r * np.sqrt((n - 2) / np.maximum(1 - r**2, 1e-12))
    p = np.minimum(2 * special.stdtr(n - 2, -np.abs(statistic)) * (len(levels) if len(levels) > 2 else 1), 1.0)
    ranks = stats.rankdata(z, axis=0)
    count = having.sum(axis=0)[top]
    rank_sum = (having.T @ ranks)[top, columns]
    auroc = (rank_sum - count * (count + 1) / 2) / np.maximum(count * (n - count), 1)
    return Association(r**2, p, levels[top], np.where(np.isfinite(r), auroc, np.nan), n)


def _columns_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of every column of x with every column of y; NaN for constant columns."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    bottom = np.sqrt(np.outer((x**2).sum(axis=0), (y**2).sum(axis=0)))
    return np.asarray(np.divide(x.T @ y, bottom, out=np.full(bottom.shape, np.nan), where=bottom > 0))
