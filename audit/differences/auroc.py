"""Area under the ROC curve of many hypotheses at once, with DeLong's interval.

    AUROC     P(s_a > s_b) + P(s_a = s_b) / 2 over all pairs of an image of A and an image of B
    DeLong    var = var_a(V10) / n_a + var_b(V01) / n_b,  V10(a) = share of B below a (ties half), V01(b) = share of A
              above b
    clustered Obuchowski 1997: placements summed within a group_id, and the covariance of a group's two sums
    one-sided z of the Mann-Whitney statistic with its ties; with group_ids the clustered DeLong z

DeLong, DeLong & Clarke-Pearson 1988; Sun & Xu 2014 for the use of ranks; Obuchowski, Biometrics 1997.
One sort a hypothesis: 32-bit scores are packed with their side into one 64-bit integer, which sorts twice as fast.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from audit.errors import InputError
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

THREADS = 2

ROWS = 64
"""Hypotheses ranked at once: what the processor's cache holds."""


class Auroc(NamedTuple):
    """AUROC of each hypothesis, arrays of shape (hypotheses,).

    Parameters
    ----------
    value
        In [0, 1]; above 1/2 when A scores higher.
    low, high
        Interval on the scale of log-odds; exact (Clopper-Pearson) at the bounds, where DeLong's variance is 0.
    p_value
        One-sided: how probable so high a value is with no difference.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]


class _Moments(NamedTuple):
    """Sums over each side's placements, shape (hypotheses,); counts of pairs, not shares."""

    total: NDArray[np.float64]
    squares_a: NDArray[np.float64]
    squares_b: NDArray[np.float64]
    ties: NDArray[np.float64]
    """Sum over tie groups of t³ - t."""


def auroc(scores: NDArray[np.floating], first: NDArray[np.bool_], *, level: float = 0.95) -> Auroc:
    """AUROC of every row of scores, all samples independent.

    Parameters
    ----------
    scores
        Shape (hypotheses, samples), float32 or float64, finite.
    first
        Which samples belong to A, shape (samples,); the others belong to B.
    level
        Coverage aimed at.

    Returns
    -------
    Auroc
        Ties count half, exactly.

    Raises
    ------
    InputError
        If a side has fewer than two samples or a score is not finite.
    """
    values, n_a, n_b = _checked(scores, first)
    order = np.concatenate([np.flatnonzero(~first), np.flatnonzero(first)])
    starts = range(0, len(values), ROWS)
    # Sorting lets go of the interpreter's lock, so that two threads take little more than half the time.
    with ThreadPoolExecutor(THREADS) as threads:
        rows = list(threads.map(lambda start: _moments(values[start : start + ROWS][:, order], n_b), starts))
    moments = _Moments(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))
    pairs = float(n_a) * n_b
    value = moments.total / pairs
    variance_a = np.maximum(moments.squares_a / n_b**2 - n_a * value**2, 0) / (n_a - 1)
    variance_b = np.maximum(moments.squares_b / n_a**2 - n_b * value**2, 0) / (n_b - 1)
    error = np.sqrt(variance_a / n_a + variance_b / n_b)
    n = n_a + n_b
    spread = np.sqrt(np.maximum(n_a * n_b / 12 * (n + 1 - moments.ties / (n * (n - 1))), 0))
    z = np.where(spread > 0, divide(moments.total - pairs / 2 - 0.5, spread), 0.0)
    low, high = _interval(value, error, min(n_a, n_b), level)
    return Auroc(value, low, high, special.ndtr(-z))


def _checked(scores: NDArray[np.floating], first: NDArray[np.bool_]) -> tuple[NDArray[np.floating], int, int]:
    values = np.ascontiguousarray(scores)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    n_a = int(np.count_nonzero(first))
    n_b = len(first) - n_a
    if min(n_a, n_b) < 2:
        raise InputError(f"`first` must leave at least 2 samples on each side; got {n_a} and {n_b}.")
    if values.ndim != 2 or values.shape[1] != len(first):
        raise InputError(f"`scores` must have one column a sample ({len(first)}); got shape {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError("`scores` must be finite; some is not.")
    return values, n_a, n_b


def _moments(values: NDArray[np.floating], n_b: int) -> _Moments:
    """Return the sums of rows whose first ``n_b`` columns are B's."""
    rows, width = values.shape
    n_a = width - n_b
    if values.dtype == np.float32:
        packed = np.sort(_packed(values, n_b), axis=1)
        is_a = (packed & np.uint64(1)).astype(bool)
        # Neighbours that differ in their side alone are equal.
        same = (packed[:, 1:] ^ packed[:, :-1]) <= np.uint64(1)
    else:
        order = np.argsort(values, axis=1, kind="stable")
        is_a = order >= n_b
        ordered = np.take_along_axis(values, order, axis=1)
        same = ordered[:, 1:] == ordered[:, :-1]
    flat_a = np.flatnonzero(is_a)
    places_a = flat_a.reshape(rows, n_a) - np.arange(rows)[:, None] * width
    places_b = np.flatnonzero(~is_a).reshape(rows, n_b) - np.arange(rows)[:, None] * width
    # Of equal scores B's stand first, so every A counts them as below: half of them is taken back further down.
    below_a = (places_a - np.arange(n_a)).astype(np.float64)
    above_b = (n_a - places_b + np.arange(n_b)).astype(np.float64)
    total = below_a.sum(axis=1)
    squares_a, squares_b = np.einsum("ij,ij->i", below_a, below_a), np.einsum("ij,ij->i", above_b, above_b)
    ties = np.zeros(rows)
    if same.any():
        _halve_ties(same, flat_a, n_a, (total, squares_a, squares_b, ties))
    return _Moments(total, squares_a, squares_b, ties)


def _packed(values: NDArray[np.floating], n_b: int) -> NDArray[np.uint64]:
    """Return integers in the order of float32 values, the side in the lowest bit."""
    # Adding 0 makes -0 and 0 equal. Of negative numbers all bits are turned, of others the sign alone.
    bits = (values + np.float32(0)).view(np.uint32)
    negative = (bits >> np.uint32(31)).astype(bool)
    ordered = np.where(negative, ~bits, bits | np.uint32(0x80000000)).astype(np.uint64) << np.uint64(1)
    ordered[:, n_b:] |= np.uint64(1)
    return ordered


def _halve_ties(
    same: NDArray[np.bool_], flat_a: NDArray[np.int64], n_a: int, sums: tuple[NDArray[np.float64], ...]
) -> None:
    """Correct the sums for groups of equal scores: pairs within a group count half."""
    total, squares_a, squares_b, ties = sums
    rows, width = same.shape[0], same.shape[1] + 1
    # Groups of equal scores as runs of `same`, in one flat array; a run never crosses a row's end.
    padded = np.zeros((rows, width + 1), dtype=bool)
    padded[:, 1:-1] = same
    flat = padded.ravel()
    row, start = np.divmod(np.flatnonzero(~flat[:-1] & flat[1:]), width + 1)
    end = np.flatnonzero(flat[:-1] & ~flat[1:]) + 1 - row * (width + 1)
    a_before = np.searchsorted(flat_a, row * width + start) - row * n_a
    of_a = np.searchsorted(flat_a, row * width + end) - row * n_a - a_before
    of_b = end - start - of_a
    old_a, old_b = (start - a_before + of_b).astype(np.float64), (n_a - a_before).astype(np.float64)

    def add(sums: NDArray[np.float64], change: NDArray[np.float64]) -> None:
        sums += np.bincount(row, weights=change, minlength=rows)

    add(total, -of_a * of_b / 2)
    add(squares_a, of_a * ((old_a - of_b / 2) ** 2 - old_a**2))
    add(squares_b, of_b * ((old_b - of_a / 2) ** 2 - old_b**2))
    add(ties, (end - start).astype(np.float64) ** 3 - (end - start))


def placements(scores: NDArray[np.floating], first: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the other side that each sample beats (an A) or is beaten by (a B), ties half.

    Parameters
    ----------
    scores
        Shape (hypotheses, samples).
    first
        Which samples belong to A.

    Returns
    -------
    ndarray
        Shape (hypotheses, samples), in [0, 1]; the mean over A and the mean over B are both the AUROC.
    """
    from scipy.stats import rankdata

    values, n_a, n_b = _checked(scores, first)
    ranks = rankdata(values, axis=1)
    found = np.empty(values.shape)
    found[:, first] = (ranks[:, first] - rankdata(values[:, first], axis=1)) / n_b
    found[:, ~first] = 1 - (ranks[:, ~first] - rankdata(values[:, ~first], axis=1)) / n_a
    return found


def clustered_auroc(
    scores: NDArray[np.floating], first: NDArray[np.bool_], group: NDArray[np.int64], *, level: float = 0.95
) -> Auroc:
    """AUROC of every row of scores when samples come in group_ids, which are what is independent.

    Parameters
    ----------
    scores, first, level
        As :func:`auroc`.
    group
        Code of each sample's group_id, shape (samples,), from 0.

    Returns
    -------
    Auroc
        NaN bounds and p where a side has fewer than two group_ids.
    """
    placed = placements(scores, first)
    n_a, n_b = int(first.sum()), int((~first).sum())
    value = placed[:, first].mean(axis=1)
    groups = int(group.max()) + 1
    centred = placed - value[:, None]
    sums_a, sums_b = (_by_group(centred * side, group, groups) for side in (first, ~first))
    held_a, held_b = (np.bincount(group[side], minlength=groups) > 0 for side in (first, ~first))
    g_a, g_b, g = int(held_a.sum()), int(held_b.sum()), int((held_a | held_b).sum())
    if min(g_a, g_b) < 2:
        nothing = np.full(len(value), np.nan)
        return Auroc(value, nothing, nothing.copy(), nothing.copy())
    variance = (sums_a**2).sum(axis=1) * g_a / (g_a - 1) / n_a**2
    variance += (sums_b**2).sum(axis=1) * g_b / (g_b - 1) / n_b**2
    variance += 2 * (sums_a * sums_b).sum(axis=1) * g / (g - 1) / (n_a * n_b)
    error = np.sqrt(np.maximum(variance, 0))
    t = divide(value - 0.5, np.where(error > 1e-12, error, np.nan))
    p = special.stdtr(min(g_a, g_b) - 1, -t)
    # No p can be smaller than the chance that whole groups fall apart so by accident.
    apart = 1 / special.binom(g_a + g_b, g_a)
    p = np.where(np.isnan(t), np.where(value > 0.5, apart, np.where(value < 0.5, 1.0, 0.5)), p)
    low, high = _interval(
        value, error, min(g_a, g_b), level, float(special.stdtrit(min(g_a, g_b) - 1, (1 + level) / 2))
    )
    return Auroc(value, low, high, np.maximum(p, apart))


def group_influence(
    scores: NDArray[np.floating], first: NDArray[np.bool_], group: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what each group_id adds to the error of every AUROC, (hypotheses, groups).

    The sum of its squares is the variance, up to the correction for few group_ids.

    Parameters
    ----------
    scores, first, group
        As :func:`clustered_auroc`.
    """
    placed = placements(scores, first)
    centred = placed - placed[:, first].mean(axis=1, keepdims=True)
    groups = int(group.max()) + 1
    return sum(
        (_by_group(centred * side, group, groups) / side.sum() for side in (first, ~first)),
        start=np.zeros((len(placed), groups)),
    )


def _by_group(values: NDArray[np.float64], group: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
    """Sum the columns of each group_id, shape (hypotheses, groups)."""
    order = np.argsort(group, kind="stable")
    present, starts = np.unique(group[order], return_index=True)
    found = np.zeros((len(values), groups))
    found[:, present] = np.add.reduceat(values[:, order], starts, axis=1)
    return found


def _interval(
    value: NDArray[np.float64], error: NDArray[np.float64], n: int, level: float, quantile: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bounds on the scale of log-odds, which keeps them in [0, 1] and nearer their coverage at the ends."""
    z = quantile or special.ndtri((1 + level) / 2)
    inside = (value > 0) & (value < 1)
    safe = np.where(inside, value, 0.5)
    middle, half = special.logit(safe), z * error / (safe * (1 - safe))
    bound = ((1 - level) / 2) ** (1 / n)
    low = np.where(inside, special.expit(middle - half), np.where(value >= 1, bound, 0.0))
    high = np.where(inside, special.expit(middle + half), np.where(value <= 0, 1 - bound, 1.0))
    return low, high
