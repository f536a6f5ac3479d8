"""Calibration per subgroup: whether a confidence of 80 % means 80 % right, for everybody.

    ECE = sum_b (n_b / n) |accuracy_b - confidence_b|,  15 bins of equal width on the confidence (Guo et al. 2017)
    temperature: softmax(log p / T), T > 0 minimising the negative log-likelihood on held-out samples

Few samples alone make an ECE large; its null draws the answers of every bin with the bin's mean confidence
(consistency resampling, Bröcker & Smith 2007). All resampling is on the bins' counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from audit.errors import InputError
from audit.resampling import Units, bootstrap, centred_interval, resampling_units
from audit.significance import permutation_p_value
from audit.statistics import Interval, divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_PROBABILITY = 1e-8
"""Probabilities stored in half precision may be 0; their logarithm is taken of this."""


class Bins(NamedTuple):
    """Samples, right answers and summed confidence, each of shape (..., subgroups, bins)."""

    n: NDArray[np.float64]
    correct: NDArray[np.float64]
    confidence: NDArray[np.float64]


class Calibration(NamedTuple):
    """Calibration error per subgroup with interval, null and p, arrays of shape (subgroups,)."""

    error: NDArray[np.float64]
    interval: Interval
    null: NDArray[np.float64]
    p_value: NDArray[np.float64]
    n: NDArray[np.float64]


def bin_of(confidence: NDArray[np.floating], bins: int = 15) -> NDArray[np.int64]:
    """Bin of each confidence: (0, 1/bins], (1/bins, 2/bins], ..., as whole numbers from 0."""
    values = np.asarray(confidence, dtype=np.float64)
    if values.size and (not np.isfinite(values).all() or values.min() < 0 or values.max() > 1 + 1e-6):
        raise InputError("`confidence` must lie in [0, 1]; some value does not.")
    return np.asarray(np.clip(np.ceil(values * bins) - 1, 0, bins - 1), dtype=np.int64)


def reliability_bins(
    confidence: NDArray[np.floating],
    correct: NDArray[np.bool_],
    subgroup: NDArray[np.int64],
    subgroups: int,
    bins: int = 15,
) -> Bins:
    """Reduce rows to the counts of a reliability diagram per subgroup.

    Parameters
    ----------
    confidence
        Probability given to the predicted class, shape (n,).
    correct
        Whether the prediction is right.
    subgroup
        Code of each row's subgroup; negative rows are left out.
    subgroups, bins
        Numbers of subgroups and of bins.

    Returns
    -------
    Bins
        Counts of shape (subgroups, bins).
    """
    keep = subgroup >= 0
    place = subgroup[keep] * bins + bin_of(confidence, bins)[keep]
    sums = [
        np.bincount(place, weights=weights, minlength=subgroups * bins).reshape(subgroups, bins).astype(np.float64)
        for weights in (
            None,
            correct[keep].astype(np.float64),
            np.asarray(confidence, dtype=np.float64)[keep],
        )
    ]
    return Bins(sums[0], sums[1], sums[2])


def expected_calibration_error(bins: Bins) -> NDArray[np.float64]:
    """Weighted mean distance of accuracy and confidence over bins.

    Parameters
    ----------
    bins
        Counts of shape (..., bins).

    Returns
    -------
    ndarray, shape (...)
        In [0, 1], lower = better; NaN without samples.
    """
    return divide(np.abs(bins.correct - bins.confidence).sum(axis=-1), bins.n.sum(axis=-1))


def calibration_errors(
    confidence: NDArray[np.floating],
    correct: NDArray[np.bool_],
    subgroup: NDArray[np.int64],
    subgroups: int,
    *,
    bins: int = 15,
    group_id: NDArray[np.int64] | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Calibration:
    """Calibration error of every subgroup, with a bootstrap interval, its null and p.

    Parameters
    ----------
    confidence, correct, subgroup, subgroups, bins
        See :func:`reliability_bins`.
    group_id
        Code of each row's group_id, resampled whole.
    draws, level, seed
        Of the bootstrap and the null.

    Returns
    -------
    Calibration
        ``null`` is the mean error of a perfectly calibrated model with these confidences.
    """
    observed = reliability_bins(confidence, correct, subgroup, subgroups, bins)
    error = expected_calibration_error(observed)
    cells = subgroups * bins
    place = np.where(subgroup < 0, -1, subgroup * bins + bin_of(confidence, bins))
    right = np.where((place >= 0) & correct, place + cells, -1)
    units: Units = resampling_units([place, right], 2 * cells, group_id)
    typical = np.nan_to_num(divide(observed.confidence, observed.n))

    def statistic(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        n, right_n = (
            counts[:, :cells].reshape(-1, subgroups, bins),
            counts[:, cells:].reshape(-1, subgroups, bins),
        )
        return expected_calibration_error(Bins(n, right_n, n * typical))

    resampled = bootstrap(units, statistic, draws=draws, seed=seed)
    generator = np.random.default_rng(seed + 1)
    sampled = generator.binomial(observed.n.astype(np.int64), np.clip(typical, 0, 1), size=(draws, subgroups, bins))
    null = expected_calibration_error(Bins(observed.n, sampled.astype(np.float64), observed.confidence))
    p_value = permutation_p_value(error, null)
    mean = np.where(np.isfinite(error), np.nan_to_num(null).mean(axis=0), np.nan)
    return Calibration(
        error, centred_interval(error, resampled, level, floor=0.0), mean, p_value, observed.n.sum(axis=1)
    )


def fit_temperature(
    probabilities: NDArray[np.floating], label: NDArray[np.int64], *, rows: int = 20_000, seed: int = 0
) -> float:
    """Fit one temperature by maximum likelihood on held-out samples.

    Parameters
    ----------
    probabilities
        Shape (n, classes), n at least 1.
    label
        Class code of each row; negative rows are left out.
    rows
        At most so many rows, drawn at random, are used.
    seed
        Seed of that draw.

    Returns
    -------
    float
        T in [.05, 20]; above 1 = the model was overconfident.

    Raises
    ------
    InputError
        When no row has a label.
    """
    from scipy import optimize

    usable = np.flatnonzero(label >= 0)
    if not len(usable):
        raise InputError("`label` must name the class of at least one row to fit a temperature; none does.")
    if len(usable) > rows:
        usable = np.sort(np.random.default_rng(seed).choice(usable, size=rows, replace=False))
    logits = np.log(np.maximum(np.asarray(probabilities[usable], dtype=np.float64), SMALLEST_PROBABILITY))
    true = logits[np.arange(len(usable)), label[usable]]

    def loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return float((special.logsumexp(logits / temperature, axis=1) - true / temperature).mean())

    found = optimize.minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def apply_temperature(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return softmax(log p / T), shape (n, classes)."""
    if temperature <= 0:
        raise InputError(f"`temperature` must be above 0; got {temperature}.")
    logits = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST_PROBABILITY)) / temperature
    return np.asarray(special.softmax(logits, axis=1))
