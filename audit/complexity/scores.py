"""Complexity of features, with interval and null.

    K(z) = 1 - (1/L) sum_l max(0, R2_l(z))        (V-information of a linear-Gaussian decoder in units of Var z;
                                                   Fel et al. 2024)

R2 is held out (:mod:`audit.complexity.decoding`). A layer whose pooled R2 is negative counts as 0 and is counted.
Intervals are those of repeated cross-validation with the variance corrected for training sets that overlap
(Nadeau & Bengio 2003): t quantile times sqrt((1/J + test/train) s^2) over the J fits [interval audit-defined].
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from audit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.complexity.decoding import Decoding

FEWEST_LAYERS = 3
"""With fewer layers a mean over layers says nothing about depth."""


@dataclasses.dataclass(frozen=True, eq=False)
class Complexity:
    """K of every feature.

    Parameters
    ----------
    value
        K, (features,): 0 is read from every layer, 1 from none; NaN for a constant feature.
    low, high
        95 % interval over fits.
    fits
        K of every fit, linearised, (fits, features): equal fits of two features are paired.
    r2
        Held-out R2 by layer, not clipped, (layers, features).
    negative
        Layers with a negative R2, (features,).
    curve_fits
        Deviations of R2 of every fit, (layers, fits, features).
    folds
        Folds a repeat.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    fits: NDArray[np.float64]
    r2: NDArray[np.float64]
    negative: NDArray[np.int64]
    curve_fits: NDArray[np.float64]
    folds: int


def complexity(decoding: Decoding) -> Complexity:
    """Return K of every feature with its interval.

    Raises
    ------
    InputError
        If there are fewer than three layers.
    """
    r2 = decoding.r2
    if len(r2) < FEWEST_LAYERS:
        raise InputError(f"`layers` must be at least {FEWEST_LAYERS} for a complexity; got {len(r2)}.")
    read = r2 > 0
    value = np.where(np.isnan(r2).all(axis=0), np.nan, 1 - np.where(read, r2, 0).mean(axis=0))
    deviations = decoding.deviations
    fits = value[None] - np.where(read[:, None, :], deviations, 0).mean(axis=0)
    half = corrected_half_width(fits, decoding.folds)
    negative = (r2 < 0).sum(axis=0)
    low, high = np.clip(value - half, 0, 1), np.clip(value + half, 0, 1)
    return Complexity(value, low, high, fits, r2, negative, deviations, decoding.folds)


def corrected_half_width(fits: NDArray[np.float64], folds: int, level: float = 0.95) -> NDArray[np.float64]:
    """Return half the width of the corrected interval over the first axis."""
    return np.asarray(special.stdtrit(len(fits) - 1, (1 + level) / 2) * _corrected_error(fits, folds))


def _corrected_error(fits: NDArray[np.float64], folds: int) -> NDArray[np.float64]:
    variance = fits.var(axis=0, ddof=1)
    return np.asarray(np.sqrt((1 / len(fits) + 1 / (folds - 1)) * variance))


@dataclasses.dataclass(frozen=True)
class Difference:
    """One complexity less another, fit by fit: negative where the first is read from earlier layers."""

    value: float
    low: float
    high: float
    p_value: float


def difference(first: Complexity, second: Complexity, i: int = 0, j: int = 0) -> Difference:
    """Return K of feature i of one less K of feature j of another, paired by fits, with a two-sided t-test."""
    value = float(first.value[i] - second.value[j])
    fits = first.fits[:, i] - second.fits[:, j]
    half = float(corrected_half_width(fits, first.folds))
    error = float(_corrected_error(fits, first.folds))
    p = 2 * float(special.stdtr(len(fits) - 1, -abs(value) / error)) if error > 0 else float("nan")
    return Difference(value, value - half, value + half, p)


def mean_complexity(found: Complexity, alive: NDArray[np.bool_]) -> tuple[float, float, float, int]:
    """Return the mean K over features that are not dead, its interval over fits, and their number."""
    known = np.isfinite(found.value) & alive
    if not known.any():
        return float("nan"), float("nan"), float("nan"), 0
    value = float(found.value[known].mean())
    half = float(corrected_half_width(found.fits[:, known].mean(axis=1), found.folds))
    return value, max(value - half, 0.0), min(value + half, 1.0), int(known.sum())


def shuffled(
    features: NDArray[np.floating], owner: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.floating]:
    """Return features with their rows dealt anew: whole groups in a random order take the values of another order.

    Parameters
    ----------
    features
        (n, m).
    owner
        Group of each sample, 0 and up; rows of one group keep together as far as sizes allow, so that a feature
        that is constant in a group stays nearly so.
    rng
        Randomness.
    """
    groups = int(owner.max()) + 1
    target = np.argsort(rng.permutation(groups)[owner], kind="stable")
    source = np.argsort(rng.permutation(groups)[owner], kind="stable")
    dealt = np.empty_like(features)
    dealt[target] = features[source]
    return dealt


def null_band(r2: NDArray[np.float64], level: float = 0.95) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Return what shuffled features give: R2 by layer at the upper ``level``, the mean K, and every K.

    Parameters
    ----------
    r2
        Held-out R2 of shuffled features, (layers, shuffled features).
    level
        Share of the shuffled features below the band.
    """
    known = r2[:, np.isfinite(r2).all(axis=0)]
    if known.shape[1] == 0:
        return np.full(len(r2), np.nan), float("nan"), np.zeros(0)
    k = 1 - np.maximum(known, 0).mean(axis=0)
    return np.quantile(known, level, axis=1), float(k.mean()), k


def depth(r2: NDArray[np.float64], share: float = 0.5) -> NDArray[np.float64]:
    """Return the first layer that gives at least ``share`` of a feature's best R2, as 0 (first) to 1 (last layer).

    Parameters
    ----------
    r2
        (layers, features); a feature that no layer decodes has no depth (NaN).
    share
        Of the best layer's R2.
    """
    best = np.where(np.isnan(r2), -np.inf, r2).max(axis=0)
    reached = r2 >= share * best[None]
    first = reached.argmax(axis=0) / max(len(r2) - 1, 1)
    return np.where(best > 0, first, np.nan)
