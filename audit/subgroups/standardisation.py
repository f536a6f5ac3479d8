"""Is a gap between subgroups another attribute's? Raw and standardised difference side by side.

Of two groups, with a_gb the accuracy in stratum b of a second attribute and P(b) its share among all samples of the
strata in which both groups occur:

    raw           sum_b P(b|1) a_1b - sum_b P(b|2) a_2b
    standardised  sum_b P(b) (a_1b - a_2b)                        direct standardisation
    stratified    sum_b m_b (a_1b - a_2b) / sum_b m_b,  m_b = n_1b n_2b / (n_1b + n_2b)      Mantel-Haenszel weights
    explained     raw - standardised                              what the other attribute's mix accounts for

All three are taken over the same (common) strata, so that they can be compared; ``coverage`` tells how many of the
two groups' samples these hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from audit.errors import InputError
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Standardised(NamedTuple):
    """Differences between two groups, each of shape (...); see :func:`standardised_difference`."""

    raw: NDArray[np.float64]
    standardised: NDArray[np.float64]
    stratified: NDArray[np.float64]
    explained: NDArray[np.float64]
    coverage: NDArray[np.float64]


def standardised_difference(
    correct: ArrayLike, n: ArrayLike, first: int, second: int, weights: ArrayLike | None = None
) -> Standardised:
    """Difference in accuracy of two groups, raw and with the mix of a second attribute held equal.

    Parameters
    ----------
    correct, n
        Counts, shape (..., groups, strata).
    first, second
        Places of the two groups.
    weights
        Shares of the strata to standardise to, shape (strata,); those of all samples by default.

    Returns
    -------
    Standardised
        Differences in [-1, 1], 0 = even; ``coverage`` in [0, 1]. NaN when the groups share no stratum.
    """
    k, total = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if not (0 <= first < k.shape[-2] and 0 <= second < k.shape[-2]) or first == second:
        raise InputError(
            f"`first` and `second` must be two different groups of {k.shape[-2]}; got {first} and {second}."
        )
    k1, k2, n1, n2 = k[..., first, :], k[..., second, :], total[..., first, :], total[..., second, :]
    common = (n1 > 0) & (n2 > 0)
    share = total.sum(axis=-2) if weights is None else np.broadcast_to(np.asarray(weights, dtype=np.float64), n1.shape)
    difference = np.where(common, np.nan_to_num(divide(k1, n1) - divide(k2, n2)), 0.0)

    def average(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        held = np.where(common, weight, 0.0)
        return divide((held * difference).sum(axis=-1), held.sum(axis=-1))

    def accuracy(right: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float64]:
        return divide(np.where(common, right, 0).sum(axis=-1), np.where(common, count, 0).sum(axis=-1))

    raw = accuracy(k1, n1) - accuracy(k2, n2)
    standardised = average(share)
    coverage = divide(np.where(common, n1 + n2, 0).sum(axis=-1), (n1 + n2).sum(axis=-1))
    return Standardised(
        raw, standardised, average(np.nan_to_num(divide(n1 * n2, n1 + n2))), raw - standardised, coverage
    )


def standardised_accuracies(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Accuracy of every group as if all groups had the overall mix of the second attribute.

    Parameters
    ----------
    correct, n
        Counts, shape (..., groups, strata).

    Returns
    -------
    ndarray, shape (..., groups)
        In [0, 1]; over the strata in which the group occurs. NaN for an empty group.
    """
    total = np.asarray(n, dtype=np.float64)
    share = np.broadcast_to(total.sum(axis=-2, keepdims=True), total.shape)
    held = np.where(total > 0, share, 0.0)
    return divide((held * np.nan_to_num(divide(correct, total))).sum(axis=-1), held.sum(axis=-1))
