"""Intervals and tests when samples come in group_ids (patients, slides): the unit that must not leak.

Samples of one group_id resemble each other, so n samples weigh less than n independent ones. Everything here needs
the per-group_id counts alone.

    effective n    p (1 - p) / var(p),  var(p) = G/(G-1) sum_j (k_j - p m_j)² / n²   (j: group_ids)
                   Korn & Graubard 1998, times (t_{n-1} / t_{G-1})² for few group_ids
    difference     d = p_S - p_R,  var(d) = H/(H-1) sum_j u_j²,
                   u_j = (k_Sj - p_S m_Sj)/n_S - (k_Rj - p_R m_Rj)/n_R,  d / sqrt(var) ~ t with H - 1,
                   H the number of group_ids of the smaller side
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from audit.counts import sum_by
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import NDArray


class GroupedCounts(NamedTuple):
    """Counts per (cell, group_id) pair that occurs.

    Parameters
    ----------
    cell, group_id
        Codes, shape (pairs,).
    correct, n
        Counts, shape (pairs,).
    cells
        Number of cells, empty ones included.
    """

    cell: NDArray[np.int64]
    group_id: NDArray[np.int64]
    correct: NDArray[np.float64]
    n: NDArray[np.float64]
    cells: int

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum values of pairs to cells, shape (cells,)."""
        return sum_by(self.cell, values, self.cells)


def group_counts(
    cell: NDArray[np.int64], correct: NDArray[np.bool_], group_id: NDArray[np.int64], cells: int
) -> GroupedCounts:
    """Reduce rows to counts per cell and group_id.

    Parameters
    ----------
    cell
        Cell of each row; negative rows are left out.
    correct
        Whether each row is right.
    group_id
        Code of each row's group_id; negative: a group of its own.
    cells
        Number of cells.

    Returns
    -------
    GroupedCounts
        One entry a pair that occurs.
    """
    owner = np.where(group_id < 0, group_id.max(initial=-1) + 1 + np.arange(len(group_id)), group_id)
    keep = cell >= 0
    span = int(owner.max(initial=0)) + 1
    key = cell[keep] * span + owner[keep]
    if cells * span <= 4 * max(len(key), 1024):
        occurrences = np.bincount(key, minlength=cells * span)
        pairs = np.flatnonzero(occurrences)
        n = occurrences[pairs]
        k = sum_by(key, correct[keep], cells * span)[pairs]
    else:
        pairs, place, n = np.unique(key, return_inverse=True, return_counts=True)
        k = sum_by(place, correct[keep], len(pairs))
    return GroupedCounts(pairs // span, pairs % span, k, n.astype(np.float64), cells)


def effective_counts(counts: GroupedCounts, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts of independent samples that carry as much information, for any proportion's interval.

    Parameters
    ----------
    counts
        Per (cell, group_id) counts.
    level
        Coverage of the interval they will be used for.

    Returns
    -------
    correct, n : ndarray, shape (cells,)
        n at most the true n; the number of group_ids where all samples are right or all wrong.
    """
    n, k = counts.sum(counts.n), counts.sum(counts.correct)
    groups = counts.sum(np.ones(len(counts.cell)))
    p = divide(k, n)
    residual = counts.correct - p[counts.cell] * counts.n
    variance = divide(counts.sum(residual**2), n**2) * divide(groups, groups - 1)
    effective = divide(p * (1 - p), variance)
    tail = (1 + level) / 2
    few = special.stdtrit(np.maximum(n - 1, 1), tail) / special.stdtrit(np.maximum(groups - 1, 1), tail)
    effective = np.minimum(effective * few**2, n)
    # Nothing varies between the group_ids, or there is one only: it cannot say more than the group_ids' number.
    effective = np.where(np.isfinite(effective) & (effective > 0), effective, np.minimum(groups, n))
    effective = np.where(n > 0, effective, 0.0)
    return np.where(n > 0, np.nan_to_num(p) * effective, 0.0), effective


def difference_test(
    counts: GroupedCounts, parent: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compare each cell with the rest of its parent, group_ids being the independent units.

    Parameters
    ----------
    counts
        Per (cell, group_id) counts; cells of one parent are disjoint.
    parent
        Parent of each cell (its class, or 0 for all), shape (cells,).

    Returns
    -------
    standard_error, p_value : ndarray, shape (cells,)
        Of accuracy in the cell minus accuracy in the rest; NaN where a side is empty or nothing varies.
    """
    n, k = counts.sum(counts.n), counts.sum(counts.correct)
    parents = int(parent.max(initial=0)) + 1
    parent_n = np.bincount(parent, weights=n, minlength=parents)[parent]
    parent_k = np.bincount(parent, weights=k, minlength=parents)[parent]
    rest_n, rest_k = parent_n - n, parent_k - k
    p, rest_p = divide(k, n), divide(rest_k, rest_n)
    # Totals of each (parent, group_id), which the rest's residuals are made of.
    key = parent[counts.cell] * (int(counts.group_id.max(initial=0)) + 1) + counts.group_id
    _, place = np.unique(key, return_inverse=True)
    owner_n, owner_k = (
        sum_by(place, counts.n, int(place.max(initial=-1)) + 1),
        sum_by(place, counts.correct, int(place.max(initial=-1)) + 1),
    )
    owner_parent = np.zeros(len(owner_n), dtype=np.int64)
    owner_parent[place] = parent[counts.cell]

    def of_parent(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return sum_by(owner_parent, values, parents)[parent]

    inside = counts.sum(np.ones(len(counts.cell)))
    outside = of_parent(np.ones(len(owner_n))) - counts.sum((owner_n[place] == counts.n).astype(np.float64))
    groups = np.minimum(inside, outside)
    # As if no group_id had rows in the cell ...
    squares = of_parent(owner_k**2) - 2 * rest_p * of_parent(owner_k * owner_n) + rest_p**2 * of_parent(owner_n**2)
    # ... and then those that have.
    at = counts.cell
    without = owner_k[place] - rest_p[at] * owner_n[place]
    rest_part = (owner_k[place] - counts.correct) - rest_p[at] * (owner_n[place] - counts.n)
    with_cell = divide(counts.correct - p[at] * counts.n, n[at]) - divide(rest_part, rest_n[at])
    variance = divide(squares - counts.sum(without**2), rest_n**2) + counts.sum(with_cell**2)
    variance *= divide(groups, groups - 1)
    # Rounding leaves a trace of variance where there is none.
    error = np.sqrt(np.where(variance > 1e-14, variance, np.nan))
    t = np.abs(divide(p - rest_p, np.nan_to_num(error)))
    return error, 2 * special.stdtr(np.maximum(groups - 1, 1), -t)


def split_halves(rows: int, group_id: NDArray[np.int64] | None, seed: int) -> NDArray[np.bool_]:
    """Choose a random half of the samples, whole group_ids at a time.

    Parameters
    ----------
    rows
        Number of samples.
    group_id
        Code of each row's group_id (negative: a group of its own), or ``None``.
    seed
        Seed.

    Returns
    -------
    ndarray of bool, shape (rows,)
        True for the first (discovery) half, which holds half of the group_ids.
    """
    if group_id is None:
        owner = np.arange(rows)
    else:
        owner = np.where(group_id < 0, group_id.max(initial=-1) + 1 + np.arange(rows), group_id)
        _, owner = np.unique(owner, return_inverse=True)
    count = int(owner.max(initial=-1)) + 1
    first = np.zeros(count, dtype=bool)
    first[np.random.default_rng(seed).permutation(count)[: count // 2]] = True
    return np.asarray(first[owner])
