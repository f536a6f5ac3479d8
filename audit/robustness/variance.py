"""How much of a representation's variance goes with the class and how much with the center, layer by layer.

    share(factor) = 1 - [SS within / (n - levels)] / [SS total / (n - 1)]        (epsilon squared; 0 without effect)

Sums of squares over all dimensions, so loud dimensions weigh more, as they do for distances (Lampinen et al. 2024).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from audit.resampling import centred_interval
from audit.robustness.uncertainty import group_deviations
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 200


class Share(NamedTuple):
    """A factor's share of the variance with its 95 % interval over groups."""

    value: float
    low: float
    high: float


def variance_share(
    vectors: NDArray[Any],
    codes: NDArray[np.int64],
    group: NDArray[np.int64],
    stratum: NDArray[np.int64],
    *,
    seed: int,
    draws: int = DRAWS,
) -> Share:
    """Return the share of variance between the levels of a factor; at most 1, below 0 only by chance.

    Parameters
    ----------
    vectors
        (n, d), not normalised.
    codes
        Level of each row, 0 and up.
    group
        Group of each row, 0 and up.
    stratum
        Stratum of each group.
    seed, draws
        Of the bootstrap over groups.
    """
    x = np.asarray(vectors, dtype=np.float64)
    x = x - x.mean(axis=0)
    levels, groups = int(codes.max()) + 1, len(stratum)
    cells, place = np.unique(group * levels + codes, return_inverse=True)
    owner, level = cells // levels, cells % levels
    n = np.bincount(place).astype(np.float64)
    sums = np.zeros((len(cells), x.shape[1]))
    np.add.at(sums, place, x)
    squares = np.bincount(place, weights=np.einsum("ij,ij->i", x, x))
    value = float(_share(np.ones((1, groups)), (owner, level, n, sums, squares), levels)[0])
    if len(cells) * x.shape[1] > 40_000_000:  # one cell a row and a wide layer: the draws would take hours
        return Share(value, float("nan"), float("nan"))
    found = [
        _share(np.maximum(1 + deviation[start : start + 20], 0.0), (owner, level, n, sums, squares), levels)
        for deviation in group_deviations(stratum, draws, seed)
        for start in range(0, len(deviation), 20)
    ]
    # Drawing groups twice adds noise between the levels: the draws lie too high and are moved back.
    interval = centred_interval(value, np.concatenate(found))
    return Share(value, float(interval.low), float(interval.high))


def _share(weights: NDArray[np.float64], cells: tuple[Any, ...], levels: int) -> NDArray[np.float64]:
    owner, level, n, sums, squares = cells
    w = weights[:, owner]
    total_n = w @ n
    total = w @ squares - divide(((w @ sums) ** 2).sum(axis=1), total_n)
    within, used = w @ squares, np.zeros(len(w))
    for code in range(levels):
        here = level == code
        count = w[:, here] @ n[here]
        between = divide(((w[:, here] @ sums[here]) ** 2).sum(axis=1), count)
        within = within - np.nan_to_num(between)
        used += count > 0
    return np.asarray(1 - divide(within / np.maximum(total_n - used, 1), total / np.maximum(total_n - 1, 1)))
