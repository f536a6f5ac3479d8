"""Two models on the same samples, and the moon shape over many models.

change of a class        acc_B - acc_A on the same samples (Newcombe's paired interval, McNemar's exact p)
AD (AT-on-AD)            acc_0 - acc_1, the disparity of two groups; delta AD = AD_B - AD_A, paired bootstrap
common drop              mean over classes of the change; deviation_c = change_c - common drop
moon shape               probit(minority) = b0 + b1 x + b2 x², x = probit(majority)      (arXiv 2305.02995)
                         delta AIC = AIC(line) - AIC(quadratic), AIC = m log(RSS / m) + 2 parameters
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from audit.errors import InputError
from audit.resampling import bootstrap, percentile_interval, resampling_units
from audit.significance import mcnemar_exact
from audit.statistics import Interval, divide, wilson_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST_MODELS = 6
"""Below this number of models a curve is drawn but not tested."""


class PairedChange(NamedTuple):
    """Change from model A to model B per cell, arrays of shape (cells,)."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    change: NDArray[np.float64]
    interval: Interval
    p_value: NDArray[np.float64]
    n: NDArray[np.float64]


class Disparity(NamedTuple):
    """Accuracy disparity of two groups under two models, each (value, low, high)."""

    first: tuple[float, float, float]
    second: tuple[float, float, float]
    delta: tuple[float, float, float]


class CommonDrop(NamedTuple):
    """The part of a change that all classes share, and how the rest goes with class frequency."""

    common: tuple[float, float, float]
    deviation: NDArray[np.float64]
    deviation_interval: Interval
    log_frequency: NDArray[np.float64]
    slope: tuple[float, float, float]


class MoonShape(NamedTuple):
    """Minority against majority accuracy over models; fits are NaN below :data:`FEWEST_MODELS` models."""

    majority: NDArray[np.float64]
    minority: NDArray[np.float64]
    line: NDArray[np.float64]
    quadratic: NDArray[np.float64]
    delta_aic: float
    curvature: tuple[float, float, float]
    reason: str


def paired_change(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    cell: NDArray[np.int64],
    cells: int,
    level: float = 0.95,
) -> PairedChange:
    """Change in accuracy per cell between two models that saw the same samples.

    Parameters
    ----------
    first, second
        Whether model A and model B are right, shape (n,).
    cell
        Class or subgroup of each row; negative rows are left out.
    cells
        Number of cells.
    level
        Coverage.

    Returns
    -------
    PairedChange
        Changes in [-1, 1], positive = B is better; NaN for an empty cell.
    """
    keep = cell >= 0
    outcome = 4 * cell[keep] + 2 * first[keep].astype(np.int64) + second[keep]
    neither, only_b, only_a, both = np.bincount(outcome, minlength=4 * cells).reshape(cells, 4).T.astype(np.float64)
    n = neither + only_a + only_b + both
    p_a, p_b = divide(both + only_a, n), divide(both + only_b, n)
    a, b = wilson_interval(both + only_a, n, level), wilson_interval(both + only_b, n, level)
    product = np.sqrt((both + only_a) * (both + only_b) * (neither + only_a) * (neither + only_b))
    phi = np.nan_to_num(divide(both * neither - only_a * only_b, product))
    change = p_b - p_a

    def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sqrt(np.clip(one**2 - 2 * phi * one * other + other**2, 0, None))

    interval = Interval(change - distance(p_b - b.low, a.high - p_a), change + distance(b.high - p_b, p_a - a.low))
    p_value = np.where(n > 0, mcnemar_exact(only_a, only_b), np.nan)
    return PairedChange(p_a, p_b, change, interval, p_value, n)


def _paired_accuracies(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    cell: NDArray[np.int64],
    cells: int,
    *,
    group_id: NDArray[np.int64] | None,
    draws: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Accuracies of both models, observed (2, cells) and bootstrapped from the same draws (draws, 2, cells)."""
    units = resampling_units(
        [
            np.where(cell < 0, -1, cell),
            np.where((cell >= 0) & first, cell + cells, -1),
            np.where((cell >= 0) & second, cell + 2 * cells, -1),
        ],
        3 * cells,
        group_id,
    )

    def accuracies(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        shaped = counts.reshape(-1, 3, cells)
        return divide(shaped[:, 1:], shaped[:, :1])

    return accuracies(units.sums()[None])[0], bootstrap(units, accuracies, draws=draws, seed=seed)


def _with_bounds(value: ArrayLike, draws: NDArray[np.float64], level: float) -> tuple[float, float, float]:
    interval = percentile_interval(draws, level)
    return float(np.asarray(value)), float(interval.low), float(interval.high)


def accuracy_disparity(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    cell: NDArray[np.int64],
    groups: tuple[int, int],
    cells: int,
    *,
    group_id: NDArray[np.int64] | None = None,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Disparity:
    """Disparity acc_0 - acc_1 of two groups under two models and its change, from one paired bootstrap.

    Parameters
    ----------
    first, second, cell, cells
        As in :func:`paired_change`.
    groups
        Places (0, 1) of the two groups, chosen without looking at the accuracies.
    group_id
        Code of each row's group_id, resampled whole.
    draws, level, seed
        Of the bootstrap.

    Returns
    -------
    Disparity
        Each in [-1, 1] (the delta in [-2, 2]); 0 = even.
    """
    value, drawn = _paired_accuracies(first, second, cell, cells, group_id=group_id, draws=draws, seed=seed)
    gap, gaps = value[:, groups[0]] - value[:, groups[1]], drawn[..., groups[0]] - drawn[..., groups[1]]
    return Disparity(
        _with_bounds(gap[0], gaps[:, 0], level),
        _with_bounds(gap[1], gaps[:, 1], level),
        _with_bounds(gap[1] - gap[0], gaps[:, 1] - gaps[:, 0], level),
    )


def common_drop(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    label: NDArray[np.int64],
    classes: int,
    *,
    frequency: NDArray[np.float64] | None = None,
    group_id: NDArray[np.int64] | None = None,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> CommonDrop:
    """Split the change of every class into a part common to all and its own, and set that against class frequency.

    Parameters
    ----------
    first, second
        Whether model A and model B are right, shape (n,).
    label
        Class of each row.
    classes
        Number of classes.
    frequency
        Samples of each class where it matters (the training set's), shape (classes,); those seen here by default.
    group_id, draws, level, seed
        Of the paired bootstrap.

    Returns
    -------
    CommonDrop
        ``common`` is the mean change over classes (negative = B is worse), ``slope`` the least-squares slope of the
        deviation on log frequency with bootstrap interval; NaN when all classes are equally frequent.
    """
    value, drawn = _paired_accuracies(first, second, label, classes, group_id=group_id, draws=draws, seed=seed)
    seen = np.bincount(label[label >= 0], minlength=classes).astype(np.float64)
    counts = seen if frequency is None else np.asarray(frequency, dtype=np.float64)
    present = (seen > 0) & (counts > 0)
    if not present.any():
        raise InputError("`label` must name the class of at least one row; none does.")
    change, changes = value[1] - value[0], drawn[:, 1] - drawn[:, 0]
    common = change[present].mean()
    commons = np.nanmean(changes[:, present], axis=1)
    deviation = np.where(present, change - common, np.nan)
    interval = percentile_interval(changes - commons[:, None], level)
    log_frequency = np.log(np.where(present, counts, 1.0))
    centred = np.where(present, log_frequency - log_frequency[present].mean(), 0.0)
    square = float((centred**2).sum())
    slope, slopes = np.nan_to_num(deviation) @ centred, np.nan_to_num(changes - commons[:, None]) @ centred
    nothing = (float("nan"),) * 3
    bounds = nothing if square < 1e-12 else _with_bounds(slope / square, slopes / square, level)
    return CommonDrop(
        _with_bounds(common, commons, level),
        deviation,
        interval,
        np.where(present, log_frequency, np.nan),
        bounds,
    )


def moon_shape(
    majority_correct: ArrayLike,
    majority_n: ArrayLike,
    minority_correct: ArrayLike,
    minority_n: ArrayLike,
    level: float = 0.95,
) -> MoonShape:
    """Minority against majority accuracy of many models on probit axes, line against quadratic.

    Parameters
    ----------
    majority_correct, majority_n, minority_correct, minority_n
        Counts, one entry a model.
    level
        Coverage of the curvature's interval (t distribution over models).

    Returns
    -------
    MoonShape
        Probit accuracies, coefficients from the constant up, delta AIC (above 2: the curve is preferred) and the
        curvature b2 (positive = minority accuracy lags most for models in the middle). Models trained on the same
        data are not independent, so the interval is optimistic.
    """
    x = special.ndtri(divide(np.asarray(majority_correct) + 0.5, np.asarray(majority_n) + 1.0))
    y = special.ndtri(divide(np.asarray(minority_correct) + 0.5, np.asarray(minority_n) + 1.0))
    nothing, undefined = np.full(3, np.nan), (float("nan"),) * 3
    models = len(x)
    reason = ""
    if models < FEWEST_MODELS:
        reason = f"{models} models: at least {FEWEST_MODELS} are needed to tell a curve from a line"
    elif len(np.unique(np.round(x, 12))) < 4:
        reason = "the models' majority accuracies take fewer than 4 values: a curve cannot be told from a line"
    if reason:
        return MoonShape(x, y, nothing[:2], nothing, float("nan"), undefined, reason)
    fits = []
    for degree in (1, 2):
        design = np.vander(x, degree + 1, increasing=True)
        coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
        squares = float(((y - design @ coefficients) ** 2).sum())
        # An exact fit has no residuals; the smallest number stands in, so that the AIC stays finite.
        fits.append((coefficients, models * np.log(max(squares, 1e-300) / models) + 2 * (degree + 2), squares, design))
    coefficients, _, squares, design = fits[1]
    freedom = models - 3
    error = np.sqrt(squares / freedom * np.linalg.inv(design.T @ design)[2, 2])
    half = float(special.stdtrit(freedom, (1 + level) / 2) * error)
    curvature = float(coefficients[2])
    return MoonShape(
        x,
        y,
        np.asarray(fits[0][0], dtype=np.float64),
        np.asarray(coefficients, dtype=np.float64),
        float(fits[0][1] - fits[1][1]),
        (curvature, curvature - half, curvature + half),
        "",
    )
