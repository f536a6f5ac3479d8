"""Which attribute a feature goes with.

Strength: epsilon squared of ranks, ``1 - [SS within / (n - levels)] / [SS total / (n - 1)]``: 0 in expectation without
association, 1 when the attribute decides the rank. Test: Kruskal-Wallis. Where samples come in groups, the unit is the
mean of a feature over the samples of one group and level, so that a group is not counted as often as it has images.
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
        Epsilon squared, (features,), at most 1.
    p_value
        Of the Kruskal-Wallis test, (features,).
    level
        Code of the level with the highest mean rank, (features,).
    auroc
        P(a sample of that level has the larger value than another sample), (features,).
    n
        Units tested.
    """

    strength: NDArray[np.float64]
    p_value: NDArray[np.float64]
    level: NDArray[np.int64]
    auroc: NDArray[np.float64]
    n: int


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
    ranks = stats.rankdata(z, axis=0)
    n = len(z)
    sizes = np.bincount(place)
    sums = np.zeros((len(levels), m))
    np.add.at(sums, place, ranks)
    means = sums / sizes[:, None]
    total = ((ranks - (n + 1) / 2) ** 2).sum(axis=0)
    between = (sizes[:, None] * (means - (n + 1) / 2) ** 2).sum(axis=0)
    varied = total > 0
    safe = np.where(varied, total, 1.0)
    h = (n - 1) * between / safe
    strength = np.where(varied, 1 - ((total - between) / max(n - len(levels), 1)) / (safe / (n - 1)), np.nan)
    p = np.where(varied, special.chdtrc(len(levels) - 1, h), np.nan)
    top = means.argmax(axis=0)
    columns = np.arange(m)
    rest = n - sizes[top]
    auroc = (sums[top, columns] - sizes[top] * (sizes[top] + 1) / 2) / (sizes[top] * rest)
    return Association(strength, p, levels[top], np.where(varied, auroc, np.nan), n)
