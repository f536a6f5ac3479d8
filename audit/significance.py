"""Exact tests and corrections for many tests, vectorised over any number of 2 x 2 tables.

Fisher, two-sided   sum of P(X = x) over all x no likelier than the observed one, X hypergeometric
McNemar, exact      2 P(X <= min(b, c)),  X ~ Binomial(b + c, 1/2)
permutation p       (1 + number of null draws at least as extreme) / (1 + draws)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from audit.errors import InputError
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Correction = Literal["benjamini_hochberg", "holm", "none"]
Alternative = Literal["two-sided", "less", "greater"]

CHUNK = 4_000_000
"""Outcomes of the hypergeometric distribution that are held in memory at once."""


def fisher_exact(
    correct_1: ArrayLike,
    n_1: ArrayLike,
    correct_2: ArrayLike,
    n_2: ArrayLike,
    *,
    alternative: Alternative = "two-sided",
) -> NDArray[np.float64]:
    """Fisher's exact p-values of many pairs of proportions at once.

    Parameters
    ----------
    correct_1, n_1, correct_2, n_2
        Successes and trials of the two sides, whole numbers, shapes that broadcast.
    alternative
        ``"two-sided"``, ``"less"`` (side 1 has the lower proportion) or ``"greater"``.

    Returns
    -------
    ndarray
        p in (0, 1]; NaN where a side is empty.

    Raises
    ------
    InputError
        When a count is not between 0 and its ``n``, or the alternative is unknown.
    """
    given = (np.asarray(part, dtype=np.int64) for part in (correct_1, n_1, correct_2, n_2))
    k1, n1, k2, n2 = np.broadcast_arrays(*given)
    if np.any((k1 < 0) | (k1 > n1) | (k2 < 0) | (k2 > n2)):
        raise InputError("Every count must lie between 0 and its `n`; some does not.")
    p = np.full(k1.shape, np.nan)
    valid = (n1 > 0) & (n2 > 0)
    x, successes, drawn, total = k1[valid], (k1 + k2)[valid], n1[valid], (n1 + n2)[valid]
    if alternative == "two-sided":
        p[valid] = _two_sided(x, successes, drawn, total)
    elif alternative in ("less", "greater"):
        from scipy.stats import hypergeom  # half a second, and two-sided tests do without

        tail = hypergeom.cdf if alternative == "less" else hypergeom.sf
        p[valid] = tail(x if alternative == "less" else x - 1, total, successes, drawn)
    else:
        raise InputError(f"`alternative` must be 'two-sided', 'less' or 'greater'; got {alternative!r}.")
    return p


def _two_sided(
    x: NDArray[np.int64], successes: NDArray[np.int64], drawn: NDArray[np.int64], total: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Enumerate, table by table but in one ragged array, the outcomes that carry any probability."""
    mean = drawn * (successes / total)
    spread = np.sqrt(mean * (1 - successes / total) * (1 - drawn / total) * total / np.maximum(total - 1, 1))
    # Forty standard deviations and more from the mean lie below 1e-300; the observed outcome always counts.
    low = np.maximum(np.maximum(0, drawn + successes - total), np.floor(mean - 40 * spread - 10)).astype(np.int64)
    high = np.minimum(np.minimum(drawn, successes), np.ceil(mean + 40 * spread + 10)).astype(np.int64)
    low, high = np.minimum(low, x), np.maximum(high, x)
    size = high - low + 1
    p = np.empty(x.shape)
    ends = np.cumsum(size)
    start = 0
    while start < x.size:
        already = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, already + CHUNK, side="right")))
        part = slice(start, stop)
        p[part] = _enumerate(
            x[part],
            successes=successes[part],
            drawn=drawn[part],
            total=total[part],
            low=low[part],
            size=size[part],
        )
        start = stop
    return np.minimum(p, 1.0)


def _enumerate(
    x: NDArray[np.int64],
    *,
    successes: NDArray[np.int64],
    drawn: NDArray[np.int64],
    total: NDArray[np.int64],
    low: NDArray[np.int64],
    size: NDArray[np.int64],
) -> NDArray[np.float64]:
    starts = np.cumsum(size) - size
    outcome = np.arange(int(size.sum())) - np.repeat(starts - low, size)

    def log_weight(value: NDArray[np.int64], fail: NDArray[np.int64]) -> NDArray[np.float64]:
        # The hypergeometric probability up to the factor that a table's outcomes share.
        return -(
            special.gammaln(value + 1)
            + special.gammaln(left_successes - value + 1)
            + special.gammaln(left_drawn - value + 1)
            + special.gammaln(fail + 1)
        )

    left_successes, left_drawn = np.repeat(successes, size), np.repeat(drawn, size)
    weight = log_weight(outcome, np.repeat(total - successes - drawn, size) + outcome)
    weight -= np.repeat(np.maximum.reduceat(weight, starts), size)
    observed = weight[starts + (x - low)]
    probability = np.exp(weight)
    # Outcomes as likely as the observed one count although rounding may set them a hair above it.
    extreme = weight <= np.repeat(observed, size) + 1e-7
    return np.asarray(
        np.add.reduceat(probability * extreme, starts) / np.add.reduceat(probability, starts),
        dtype=np.float64,
    )


def score_test(correct_1: ArrayLike, n_1: ArrayLike, correct_2: ArrayLike, n_2: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p-values of the pooled score test of two proportions; counts need not be whole (effective n).

    Parameters
    ----------
    correct_1, n_1, correct_2, n_2
        Successes and trials of the two sides, shapes that broadcast.

    Returns
    -------
    ndarray
        p in [0, 1]; NaN where a side is empty, 1 where both proportions are 0 or both are 1.
    """
    k1, n1, k2, n2 = (np.asarray(x, dtype=np.float64) for x in (correct_1, n_1, correct_2, n_2))
    pooled = divide(k1 + k2, n1 + n2)
    error = np.sqrt(pooled * (1 - pooled) * (divide(1, n1) + divide(1, n2)))
    difference = np.abs(divide(k1, n1) - divide(k2, n2))
    z = np.where(difference == 0, 0.0, divide(difference, error))
    return np.asarray(np.where(np.isnan(error), np.nan, 2 * special.ndtr(-z)))


def mcnemar_exact(only_first: ArrayLike, only_second: ArrayLike) -> NDArray[np.float64]:
    """Exact two-sided McNemar p-values of paired answers.

    Parameters
    ----------
    only_first, only_second
        Samples that only the first, only the second model has right; any one shape.

    Returns
    -------
    ndarray
        p in (0, 1]; 1 where the two never differ.
    """
    b, c = np.asarray(only_first, dtype=np.int64), np.asarray(only_second, dtype=np.int64)
    total = b + c
    tail = special.bdtr(np.minimum(b, c).astype(np.float64), total, 0.5)
    return np.where(total == 0, 1.0, np.minimum(1.0, 2 * tail))


def adjust_p_values(p_values: ArrayLike, method: Correction = "benjamini_hochberg") -> NDArray[np.float64]:
    """Adjusted p-values of one family of tests; NaN entries are no tests and stay NaN.

    Parameters
    ----------
    p_values
        Any shape; the whole array is one family.
    method
        ``"benjamini_hochberg"`` (false discovery rate), ``"holm"`` (family-wise error) or ``"none"``.

    Returns
    -------
    ndarray
        Same shape, in [0, 1] or NaN.

    Raises
    ------
    InputError
        When a p-value lies outside [0, 1] or the method is unknown.
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    raw = p[tested]
    if np.any((raw < 0) | (raw > 1)):
        raise InputError("`p_values` must lie in [0, 1] or be NaN; some does not.")
    order = np.argsort(raw)
    ranks = np.arange(1, raw.size + 1)
    stepped = raw[order]
    if method == "benjamini_hochberg":
        # From the largest p down, none may exceed a larger one's.
        stepped = np.minimum.accumulate((stepped * raw.size / ranks)[::-1])[::-1]
    elif method == "holm":
        stepped = np.maximum.accumulate(stepped * (raw.size - ranks + 1))
    elif method != "none":
        raise InputError(f"`method` must be 'benjamini_hochberg', 'holm' or 'none'; got {method!r}.")
    unordered = np.empty_like(raw)
    unordered[order] = np.minimum(stepped, 1.0)
    adjusted[tested] = unordered
    return adjusted


def permutation_p_value(
    observed: ArrayLike, null_draws: NDArray[np.float64], *, alternative: Alternative = "greater"
) -> NDArray[np.float64]:
    """p-values of observed values against draws under the null.

    Parameters
    ----------
    observed
        Shape (...).
    null_draws
        Shape (draws, ...).
    alternative
        ``"greater"``: large values speak against the null; ``"less"``; ``"two-sided"``: twice the smaller.

    Returns
    -------
    ndarray
        p in [1 / (draws + 1), 1]; NaN where the observed value or every draw is undefined.
    """
    value = np.asarray(observed, dtype=np.float64)
    defined = np.isfinite(null_draws)
    draws = defined.sum(axis=0)
    # A draw that equals the value up to rounding is as extreme as the value.
    slack = 1e-12 * np.maximum(1.0, np.abs(value))
    above = ((null_draws >= value - slack) & defined).sum(axis=0)
    below = ((null_draws <= value + slack) & defined).sum(axis=0)
    greater, less = (above + 1) / (draws + 1), (below + 1) / (draws + 1)
    if alternative == "greater":
        p = greater
    elif alternative == "less":
        p = less
    else:
        p = np.minimum(1.0, 2 * np.minimum(greater, less))
    return np.where(np.isfinite(value) & (draws > 0), p, np.nan)
