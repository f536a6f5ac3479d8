"""Accuracy gaps between subgroups: how large, how much of it the label mix explains, per class and pair.

    adjusted accuracy = mean over subgroups of their accuracy (SubpopBench: every subgroup counts the same)
    gap = max - min, ratio = min / max
    theorem gap (Accuracy on the Curve, arXiv 2305.02995, theorem 1), binary label Y and subgroup Z:
        P(Y1) P(Y0) / (P(Z1) P(Z0)) |pi_1 - pi_0| |TPR - TNR|,  pi_y = P(Z1 | Y = y)
        equals max - min over g of  sum_c P(c | g) recall_c      (any number of classes and subgroups; audit-defined)
    excess gap = observed gap - theorem gap                                                   (audit-defined)
    difference of recalls (FACET): recall of class c in subgroup g1 - in subgroup g2

The theorem holds when the prediction is independent of the subgroup given the label: an excess gap above its
permutation null says that the model uses the subgroup itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from audit.errors import InputError
from audit.significance import fisher_exact
from audit.statistics import Interval, divide, newcombe_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class PairDifferences(NamedTuple):
    """Differences of recalls of every class and pair of subgroups, one entry a comparison."""

    class_index: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    difference: NDArray[np.float64]
    interval: Interval
    n_first: NDArray[np.float64]
    n_second: NDArray[np.float64]
    p_value: NDArray[np.float64]


class BinaryGaps(NamedTuple):
    """Rates of a binary label per subgroup and their gaps."""

    true_positive_rate: NDArray[np.float64]
    false_positive_rate: NDArray[np.float64]
    tpr_gap: NDArray[np.float64]
    fpr_gap: NDArray[np.float64]


def subgroup_accuracies(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Accuracy of each subgroup over all classes.

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (..., subgroups)
        In [0, 1], higher = better; NaN for an empty subgroup.
    """
    return divide(np.asarray(correct).sum(axis=-2), np.asarray(n).sum(axis=-2))


def class_accuracies(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Accuracy (recall) of each class over all subgroups; shape (..., classes), NaN for an absent class."""
    return divide(np.asarray(correct).sum(axis=-1), np.asarray(n).sum(axis=-1))


def spread(
    accuracies: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest accuracy over the last axis and their distance.

    Parameters
    ----------
    accuracies
        Shape (..., subgroups); NaN entries (empty subgroups) are left out.

    Returns
    -------
    lowest, highest, gap : ndarray, shape (...)
        NaN where no subgroup has samples.
    """
    defined = np.isfinite(accuracies)
    some = defined.any(axis=-1)
    low = np.where(some, np.where(defined, accuracies, np.inf).min(axis=-1), np.nan)
    high = np.where(some, np.where(defined, accuracies, -np.inf).max(axis=-1), np.nan)
    return low, high, high - low


def expected_accuracies(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Accuracy that each subgroup would have if every class were recognised equally well in all subgroups.

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (..., subgroups)
        sum_c P(c | g) recall_c; NaN for an empty subgroup.
    """
    total = np.asarray(n, dtype=np.float64)
    recall = np.nan_to_num(class_accuracies(correct, n))
    return divide(np.einsum("...cg,...c->...g", total, recall), total.sum(axis=-2))


def excess_gap(correct: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Gap beyond what the subgroups' label mix explains (arXiv 2305.02995, theorem 1; the excess is audit-defined).

    Parameters
    ----------
    correct, n
        Counts, shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (...)
        Observed gap - theorem gap, in [-1, 1]; compare with its permutation null, which noise lifts above 0.
    """
    return spread(subgroup_accuracies(correct, n))[2] - spread(expected_accuracies(correct, n))[2]


def theorem_gap(
    positive_share: float, subgroup_share: float, pi_1: float, pi_0: float, rates: tuple[float, float]
) -> float:
    """Accuracy gap of a binary subgroup when the prediction depends on it through the label alone.

    Parameters
    ----------
    positive_share, subgroup_share
        P(Y = 1) and P(Z = 1), each strictly between 0 and 1.
    pi_1, pi_0
        P(Z = 1 | Y = 1) and P(Z = 1 | Y = 0).
    rates
        True positive rate and true negative rate.

    Returns
    -------
    float
        In [0, 1] (arXiv 2305.02995, theorem 1).

    Raises
    ------
    InputError
        When a share is 0 or 1: there is no gap between two subgroups then.
    """
    if not (0 < positive_share < 1 and 0 < subgroup_share < 1):
        raise InputError(
            "`positive_share` and `subgroup_share` must lie strictly between 0 and 1; "
            f"got {positive_share} and {subgroup_share}."
        )
    mix = positive_share * (1 - positive_share) / (subgroup_share * (1 - subgroup_share))
    return mix * abs(pi_1 - pi_0) * abs(rates[0] - rates[1])


def recall_differences(correct: ArrayLike, n: ArrayLike, level: float = 0.95) -> PairDifferences:
    """Difference of recalls of every class and pair of subgroups (FACET), with Newcombe interval and Fisher p.

    Parameters
    ----------
    correct, n
        Counts, shape (classes, subgroups); the subgroups are disjoint.
    level
        Coverage of the intervals.

    Returns
    -------
    PairDifferences
        One entry for each class and pair g1 < g2 of which both have samples. Differences in [-1, 1], 0 = even.
    """
    k, total = np.asarray(correct, dtype=np.int64), np.asarray(n, dtype=np.int64)
    first, second = np.triu_indices(k.shape[1], 1)
    class_index, pair = np.nonzero((total[:, first] > 0) & (total[:, second] > 0))
    first, second = first[pair], second[pair]
    k1, n1, k2, n2 = (
        k[class_index, first],
        total[class_index, first],
        k[class_index, second],
        total[class_index, second],
    )
    return PairDifferences(
        class_index,
        first,
        second,
        divide(k1, n1) - divide(k2, n2),
        newcombe_interval(k1, n1, k2, n2, level),
        n1.astype(np.float64),
        n2.astype(np.float64),
        fisher_exact(k1, n1, k2, n2),
    )


def binary_gaps(correct: ArrayLike, n: ArrayLike, positive: int = 1) -> BinaryGaps:
    """True and false positive rates per subgroup of a binary label, and their max - min.

    Parameters
    ----------
    correct, n
        Counts, shape (..., 2, subgroups).
    positive
        Place of the positive class, 0 or 1.

    Returns
    -------
    BinaryGaps
        Rates (..., subgroups) and gaps (...). A subgroup without positives has TPR NaN (not 0), one without
        negatives FPR NaN, and takes no part in that gap.

    Raises
    ------
    InputError
        When the label is not binary.
    """
    accuracy = divide(correct, n)
    if accuracy.shape[-2] != 2:
        raise InputError(f"`correct` must have two classes for TPR and FPR; got {accuracy.shape[-2]}.")
    tpr, fpr = accuracy[..., positive, :], 1 - accuracy[..., 1 - positive, :]
    return BinaryGaps(tpr, fpr, spread(tpr)[2], spread(fpr)[2])
