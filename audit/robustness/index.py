r"""Neighbour types and the indices made of them.

A neighbour's first letter says whether it has the query's class (S same, O other), the second whether it comes from
the query's center. Counts run over all queries and all ranks up to k:

    robustness index      RI_k = SO / (SO + OS)                       0 center only ... 1 class only (2507.17845)
    older index           (SS + SO) / (SS + OS)                       above 1: class dominates (2501.18055)
    confounder insensitivity   (SO + OO) / (SS + OS)
    generalization index  (SS SO + SO OS) / (SS SO + SS OO), on fractions
    ID, OOD               SS / (SS + OS),  SO / (SO + OO)
    lift                  logit(RI) - logit(null)                     0: as if neighbours were drawn at random
    reweighted index      (SO/A) / (SO/A + OS/B) = 1 / (1 + exp(-lift)),  neutral at 1/2 for any design

A and B are the numbers of eligible candidates of types SO and OS. The null, lift and reweighting are audit-defined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.errors import InputError
from audit.statistics import divide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from audit.robustness.design import Design, Eligible

SS, SO, OS, OO = 0, 1, 2, 3
"""Codes of the neighbour types, and their columns in every table of counts."""


def k_grid(k_max: int) -> tuple[int, ...]:
    """Return the values of k that are looked at: 1, 3, 5, 7, 9, 11, 21, 31 ... up to ``k_max``.

    Raises
    ------
    InputError
        If ``k_max`` is below 1.
    """
    if k_max < 1:
        raise InputError(f"`k_max` must be at least 1; got {k_max}.")
    return tuple(k for k in (1, 3, 5, 7, 9, *range(11, k_max + 1, 10)) if k <= k_max)


def neighbor_types(index: NDArray[np.int64], rows: NDArray[np.int64], design: Design) -> NDArray[np.int8]:
    """Return the type of each neighbour, int8 of the shape of ``index``; -1 where there is none."""
    same_class = design.label[index] == design.label[rows][:, None]
    same_center = design.center[index] == design.center[rows][:, None]
    types = np.where(same_class, np.where(same_center, SS, SO), np.where(same_center, OS, OO))
    return np.where(index >= 0, types, -1).astype(np.int8)


def count_types(types: NDArray[np.int8], ks: Sequence[int]) -> NDArray[np.int64]:
    """Count each type over all queries and the ranks up to each k.

    Parameters
    ----------
    types
        (occurrences, ranks).
    ks
        Values of k; one beyond the ranks counts all of them.

    Returns
    -------
    ndarray
        int64 (len(ks), 4), columns SS, SO, OS, OO.
    """
    per_rank = np.stack([(types == kind).sum(axis=0) for kind in (SS, SO, OS, OO)], axis=1)
    running = np.cumsum(per_rank, axis=0)
    return np.stack([running[min(k, types.shape[1]) - 1] for k in ks])


def robustness_index(counts: ArrayLike) -> NDArray[np.float64]:
    """Return SO / (SO + OS) of counts (..., 4); in [0, 1], NaN where no neighbour is SO or OS."""
    c = np.asarray(counts, dtype=np.float64)
    return divide(c[..., SO], c[..., SO] + c[..., OS])


def older_index(counts: ArrayLike) -> NDArray[np.float64]:
    """Return (SS + SO) / (SS + OS) of counts (..., 4) (arXiv 2501.18055); above 1 the class dominates."""
    c = np.asarray(counts, dtype=np.float64)
    return divide(c[..., SS] + c[..., SO], c[..., SS] + c[..., OS])


def confounder_insensitivity(counts: ArrayLike) -> NDArray[np.float64]:
    """Return (SO + OO) / (SS + OS) of counts (..., 4); other centers' neighbours over the own center's."""
    c = np.asarray(counts, dtype=np.float64)
    return divide(c[..., SO] + c[..., OO], c[..., SS] + c[..., OS])


def generalization_index(counts: ArrayLike) -> NDArray[np.float64]:
    """Return (SS SO + SO OS) / (SS SO + SS OO) of counts (..., 4): OOD over ID performance."""
    c = np.asarray(counts, dtype=np.float64)
    numerator = c[..., SS] * c[..., SO] + c[..., SO] * c[..., OS]
    return divide(numerator, c[..., SS] * c[..., SO] + c[..., SS] * c[..., OO])


def in_center_share(counts: ArrayLike) -> NDArray[np.float64]:
    """Return ID = SS / (SS + OS): same-class share of the neighbours from the own center."""
    c = np.asarray(counts, dtype=np.float64)
    return divide(c[..., SS], c[..., SS] + c[..., OS])


def out_of_center_share(counts: ArrayLike) -> NDArray[np.float64]:
    """Return OOD = SO / (SO + OO): same-class share of the neighbours from other centers."""
    c = np.asarray(counts, dtype=np.float64)
    return divide(c[..., SO], c[..., SO] + c[..., OO])


def chance_level(candidates: Eligible, k: int, chosen: NDArray[np.bool_] | None = None) -> float:
    """Return the robustness index that random neighbours would give.

    Each query draws its neighbours from its own eligible candidates, so SO is expected k A_i / E_i times; with
    equal numbers everywhere this is A / (A + B), and for C balanced classes in M centers (M - 1) / (M + C - 2).

    Parameters
    ----------
    candidates
        Eligible candidates by type.
    k
        Neighbours a query has (fewer where fewer are eligible).
    chosen
        Mask of the queries that count; all when left out.
    """
    expected = candidates.shares() * np.minimum(candidates.total, k)[:, None]
    return float(robustness_index(expected[slice(None) if chosen is None else chosen].sum(axis=0)))


def lift(index: ArrayLike, null: ArrayLike) -> NDArray[np.float64]:
    """Return logit(index) - logit(null); 0 at the null, NaN where either is 0 or 1 (infinite) or undefined."""
    value, reference = np.asarray(index, dtype=np.float64), np.asarray(null, dtype=np.float64)
    inside = (value > 0) & (value < 1) & (reference > 0) & (reference < 1)
    v, r = np.where(inside, value, 0.5), np.where(inside, reference, 0.5)
    return np.where(inside, np.log(v / (1 - v)) - np.log(r / (1 - r)), np.nan)


def reweighted_index(index: ArrayLike, null: ArrayLike) -> NDArray[np.float64]:
    """Return (SO/A) / (SO/A + OS/B), the index as if SO and OS candidates were equally many; neutral at 1/2."""
    value, reference = np.asarray(index, dtype=np.float64), np.asarray(null, dtype=np.float64)
    so, os = divide(value, reference), divide(1 - value, 1 - reference)
    return divide(so, so + os)


def vote(index: NDArray[np.int64], codes: NDArray[np.int64], classes: int, ks: Sequence[int]) -> NDArray[np.int64]:
    """Return the most frequent code among the first k neighbours, for each k.

    Parameters
    ----------
    index
        Neighbours (occurrences, ranks); -1 where there is none.
    codes
        Code of each row, below ``classes``.
    classes
        Number of codes.
    ks
        Values of k, ascending.

    Returns
    -------
    ndarray
        int64 (len(ks), occurrences); ties go to the lowest code, -1 without any neighbour.
    """
    n, ranks = index.shape
    tally = np.zeros((n, classes), dtype=np.int32)
    out = np.full((len(ks), n), -1, dtype=np.int64)
    everyone = np.arange(n)
    done = 0
    for place, k in enumerate(ks):
        for rank in range(done, min(k, ranks)):
            there = index[:, rank] >= 0
            tally[everyone[there], codes[index[there, rank]]] += 1
        done = max(done, min(k, ranks))
        out[place] = np.where(tally.any(axis=1), tally.argmax(axis=1), -1)
    return out


def balanced_accuracy(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Return the mean over classes of the share predicted right; rows predicted -1 are left out."""
    used = predicted >= 0
    if not used.any():
        return float("nan")
    n = np.bincount(truth[used])
    right = np.bincount(truth[used], weights=predicted[used] == truth[used], minlength=len(n))
    return float(np.mean(right[n > 0] / n[n > 0]))


def accuracy_curve(
    index: NDArray[np.int64], design: Design, codes: NDArray[np.int64], ks: Sequence[int]
) -> NDArray[np.float64]:
    """Return the balanced accuracy of the leave-group-out neighbours' vote for each k: mean over the blocks.

    Returns
    -------
    ndarray
        float64 (len(ks),), in [0, 1]; a block counts only where it has more rows than k.
    """
    classes = int(codes.max()) + 1
    predicted = vote(index, codes, classes, ks)
    truth, block = codes[design.rows], design.block
    out = np.full(len(ks), np.nan)
    for place, k in enumerate(ks):
        members = [block == b for b, rows in enumerate(design.blocks) if len(rows) > k]
        found = [balanced_accuracy(truth[chosen], predicted[place][chosen]) for chosen in members]
        found = [value for value in found if np.isfinite(value)]
        out[place] = np.mean(found) if found else np.nan
    return out


def choose_k(ks: Sequence[int], accuracy: ArrayLike) -> int:
    """Return the k of highest balanced accuracy, the smallest of several.

    Raises
    ------
    InputError
        If no accuracy is defined: no sample has an eligible neighbour.
    """
    values = np.asarray(accuracy, dtype=np.float64)
    if not np.isfinite(values).any():
        raise InputError("`k` must leave at least one sample with an eligible neighbour; none has any.")
    return int(ks[int(np.nanargmax(values))])
