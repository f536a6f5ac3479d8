"""Intervals and shrinkage for counts, vectorised over many groups at once.

Every function takes arrays of ``correct`` (successes) and ``n`` (trials) of any one shape and
answers with arrays of that shape. A group without samples gives NaN, never 0.

    Wilson            (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    Newcombe          d - sqrt((p1-l1)² + (u2-p2)²),  d + sqrt((u1-p1)² + (p2-l2)²)
    detectable        p2 = sin²(asin sqrt(p1) ± h/2),  h = (z_{1-a/2} + z_power) sqrt(1/n1 + 1/n2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy import special

from audit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

IntervalMethod = Literal["wilson", "clopper_pearson"]


class Interval(NamedTuple):
    """Lower and upper bounds, arrays of one shape."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Shrinkage(NamedTuple):
    """Beta-binomial shrinkage of many proportions; see :func:`shrink_proportions`."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    probability_worst: NDArray[np.float64]
    prior: tuple[float, float]


def divide(numerator: ArrayLike, denominator: ArrayLike) -> NDArray[np.float64]:
    """Quotient, NaN wherever the denominator is 0.

    Parameters
    ----------
    numerator, denominator
        Arrays that broadcast together.

    Returns
    -------
    ndarray of float
        ``numerator / denominator`` or NaN.
    """
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    quotient: NDArray[np.float64] = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom != 0)
    return quotient


def _counts(correct: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    k, total = np.broadcast_arrays(np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if np.any((k < 0) | (k > total * (1 + 1e-12))):
        raise InputError("`correct` must lie between 0 and `n` in every group; some count does not.")
    return k, total


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"`level` must lie between 0 and 1 (.95 is usual); got {level}.")


def wilson_interval(correct: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson score interval of proportions (Wilson 1927).

    Parameters
    ----------
    correct, n
        Successes and trials, any one shape; need not be whole (effective sample sizes).
    level
        Coverage aimed at, in (0, 1).

    Returns
    -------
    Interval
        Bounds in [0, 1]; NaN where ``n`` is 0.
    """
    _check_level(level)
    k, total = _counts(correct, n)
    z = special.ndtri((1 + level) / 2)
    p = divide(k, total)
    denominator = 1 + divide(z**2, total)
    centre = (p + divide(z**2, 2 * total)) / denominator
    half = z * np.sqrt(np.clip(divide(p * (1 - p), total), 0, None) + divide(z**2, 4 * total**2)) / denominator
    # At 0 and n the bounds are 0 and 1 exactly; rounding would leave 1e-17.
    low = np.where(k == 0, np.where(total > 0, 0.0, np.nan), np.clip(centre - half, 0, 1))
    high = np.where(k == total, np.where(total > 0, 1.0, np.nan), np.clip(centre + half, 0, 1))
    return Interval(low, high)


def clopper_pearson_interval(correct: ArrayLike, n: ArrayLike, level: float | ArrayLike = 0.95) -> Interval:
    """Exact (Clopper-Pearson) interval of proportions: never covers less than ``level``.

    Parameters
    ----------
    correct, n
        Successes and trials, any one shape.
    level
        Coverage guaranteed, in (0, 1).

    Returns
    -------
    Interval
        Bounds in [0, 1]; NaN where ``n`` is 0.
    """
    k, total = _counts(correct, n)
    tail = (1 - np.asarray(level, dtype=np.float64)) / 2
    low = special.betaincinv(np.where(k > 0, k, 1), total - k + 1, tail)
    high = special.betaincinv(k + 1, np.where(total > k, total - k, 1), 1 - tail)
    low = np.where(k > 0, low, 0.0)
    high = np.where(total > k, high, 1.0)
    empty = total == 0
    return Interval(np.where(empty, np.nan, low), np.where(empty, np.nan, high))


def proportion_interval(
    correct: ArrayLike, n: ArrayLike, level: float = 0.95, method: IntervalMethod = "wilson"
) -> Interval:
    """Interval of proportions by the named method.

    Parameters
    ----------
    correct, n
        Successes and trials, any one shape.
    level
        Coverage.
    method
        ``"wilson"`` (coverage right on average) or ``"clopper_pearson"`` (never below ``level``).

    Returns
    -------
    Interval
        Bounds in [0, 1]; NaN where ``n`` is 0.

    Raises
    ------
    InputError
        When the method is unknown.
    """
    if method == "wilson":
        return wilson_interval(correct, n, level)
    if method == "clopper_pearson":
        return clopper_pearson_interval(correct, n, level)
    raise InputError(f"`method` must be 'wilson' or 'clopper_pearson'; got {method!r}.")


def newcombe_interval(
    correct_1: ArrayLike, n_1: ArrayLike, correct_2: ArrayLike, n_2: ArrayLike, level: float = 0.95
) -> Interval:
    """Newcombe's hybrid score interval of the difference p1 - p2 of independent proportions (1998, method 10).

    Parameters
    ----------
    correct_1, n_1, correct_2, n_2
        Successes and trials of the two sides, shapes that broadcast.
    level
        Coverage.

    Returns
    -------
    Interval
        Bounds in [-1, 1]; NaN where a side is empty.
    """
    p1, p2 = divide(correct_1, n_1), divide(correct_2, n_2)
    one, two = wilson_interval(correct_1, n_1, level), wilson_interval(correct_2, n_2, level)
    difference = p1 - p2
    return Interval(
        difference - np.sqrt((p1 - one.low) ** 2 + (two.high - p2) ** 2),
        difference + np.sqrt((one.high - p1) ** 2 + (p2 - two.low) ** 2),
    )


def simultaneous_interval(correct: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """Exact intervals that hold for all groups at once (Šidák), so that the worst group may be looked for.

    With these, ``[min low, min high]`` covers the accuracy of the truly worst group and
    ``[max low - min high, max high - min low]`` covers the true gap, at least ``level`` of the time.

    Parameters
    ----------
    correct, n
        Counts of disjoint groups, shape (groups,).
    level
        Joint coverage.

    Returns
    -------
    Interval
        Bounds in [0, 1] per group; NaN where ``n`` is 0.
    """
    _check_level(level)
    groups = max(int(np.count_nonzero(np.asarray(n))), 1)
    return clopper_pearson_interval(correct, n, level ** (1 / groups))


def mean_interval(correct: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Unweighted mean of independent proportions with an interval from their Wilson bounds (Zou & Donner 2008).

        mean ± sqrt(sum_g (p_g - bound_g)²) / groups

    Parameters
    ----------
    correct, n
        Counts per group, shape (groups,); empty groups are left out.
    level
        Coverage.

    Returns
    -------
    value, low, high : float
        In [0, 1]; NaN when every group is empty.
    """
    k, total = _counts(correct, n)
    filled = total > 0
    if not filled.any():
        return float("nan"), float("nan"), float("nan")
    p, bounds = k[filled] / total[filled], wilson_interval(k[filled], total[filled], level)
    below, above = ((p - bounds.low) ** 2).sum(), ((bounds.high - p) ** 2).sum()
    groups = int(filled.sum())
    value = float(p.mean())
    return value, max(0.0, value - float(below) ** 0.5 / groups), min(1.0, value + float(above) ** 0.5 / groups)


def shrink_proportions(
    correct: ArrayLike, n: ArrayLike, *, level: float = 0.95, draws: int = 4000, seed: int = 0
) -> Shrinkage:
    """Beta-binomial estimates of many proportions, and how likely each is the lowest.

    The groups' rates follow Beta(m M, (1 - m) M); m and M are integrated over a grid (uniform in m on the
    grid and in 1/sqrt(M), Gelman et al., *Bayesian Data Analysis*, 5.3), so that small groups are drawn
    towards the common mean as far as the spread of the large ones warrants.

    Parameters
    ----------
    correct, n
        Counts per group, shape (groups,).
    level
        Content of the credible intervals.
    draws
        Posterior draws.
    seed
        Seed of those draws.

    Returns
    -------
    Shrinkage
        Posterior mean, credible bounds, probability of being the lowest (sums to 1), and the
        prior's (m, M), averaged over the posterior on the scale of log-odds and logarithm.
        Groups without samples: NaN, probability 0.
    """
    _check_level(level)
    k, total = _counts(np.atleast_1d(np.asarray(correct)), np.atleast_1d(np.asarray(n)))
    filled = total > 0
    result = {name: np.full(k.shape, np.nan) for name in ("mean", "low", "high")}
    worst = np.zeros(k.shape)
    if not filled.any():
        return Shrinkage(result["mean"], result["low"], result["high"], worst, (np.nan, np.nan))
    generator = np.random.default_rng(seed)
    means, precisions, weight = _beta_prior_posterior(k[filled], total[filled])
    chosen = generator.choice(weight.size, size=draws, p=weight)
    m, precision = means[chosen][:, None], precisions[chosen][:, None]
    sampled = generator.beta(m * precision + k[filled], (1 - m) * precision + total[filled] - k[filled])
    result["mean"][filled] = sampled.mean(axis=0)
    result["low"][filled], result["high"][filled] = np.quantile(sampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    worst[filled] = np.bincount(sampled.argmin(axis=1), minlength=sampled.shape[1]) / draws
    prior = (float(special.expit(weight @ special.logit(means))), float(np.exp(weight @ np.log(precisions))))
    return Shrinkage(result["mean"], result["low"], result["high"], worst, prior)


def _beta_prior_posterior(
    k: NDArray[np.float64], n: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Grid points (m, M) of the prior and their posterior weights."""
    pooled = (k.sum() + 0.5) / (n.sum() + 1)
    unweighted = float(((k + pooled) / (n + 1)).mean())
    spread = special.logit((pooled, unweighted))
    means = special.expit(np.linspace(spread.min() - 1.5, spread.max() + 1.5, 31))
    # Above 1e5 the prior is a point for any group that fits in memory: no spread between groups is seen.
    precisions = np.geomspace(1, 1e5, 31)
    grid_m, grid_precision = (part.ravel() for part in np.meshgrid(means, precisions, indexing="ij"))
    a, b = (grid_m * grid_precision)[:, None], ((1 - grid_m) * grid_precision)[:, None]
    fit = (special.betaln(a + k, b + n - k) - special.betaln(a, b)).sum(axis=1)
    # Uniform in 1/sqrt(M) is M^(-1/2) per step of log M; uniform in m is m(1 - m) per step of log-odds.
    fit += -0.5 * np.log(grid_precision) + np.log(grid_m * (1 - grid_m))
    weight = np.exp(fit - fit.max())
    return grid_m, grid_precision, weight / weight.sum()


def detectable_difference(
    rate: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, *, level: float = 0.95, power: float = 0.8
) -> NDArray[np.float64]:
    """Smallest drop below ``rate`` that a two-sided test of two groups of these sizes would usually find.

    Parameters
    ----------
    rate
        Proportion of the reference side, in [0, 1].
    n_1, n_2
        Sizes of the group and of the reference.
    level
        1 - the test's error rate.
    power
        Wanted probability of finding the drop.

    Returns
    -------
    ndarray
        A positive difference of proportions (Cohen's arcsine approximation); NaN where not even a drop to 0
        would be found, or a side is empty.
    """
    _check_level(level)
    effect = (special.ndtri((1 + level) / 2) + special.ndtri(power)) * np.sqrt(divide(1, n_1) + divide(1, n_2))
    angle = np.arcsin(np.sqrt(np.asarray(rate, dtype=np.float64))) - effect / 2
    return np.where(angle >= 0, rate - np.sin(angle) ** 2, np.nan)
