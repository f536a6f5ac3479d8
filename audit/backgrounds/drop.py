r"""Common/counter drop: accuracy on a class's usual background minus that on its unusual one.

    drop_c = a_c(common) - a_c(counter),      drop = (1 / C) sum_c drop_c

(Wang et al., arXiv 2403.11497). The mean over classes is unweighted. Two intervals: over images, the classes being
those of the data, from the classes' Newcombe bounds (Zou and Donner 2008),

    drop - sqrt(sum_c (d_c - l_c)^2) / C   ...   drop + sqrt(sum_c (u_c - d_c)^2) / C,

and over classes, for "this model on classes like these": Student's interval of the C drops.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from audit.errors import InputError
from audit.resampling import bootstrap, percentile_interval
from audit.significance import Alternative, Correction, adjust_p_values, fisher_exact
from audit.statistics import Interval, divide, mean_interval, newcombe_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.resampling import Units

COMMON, COUNTER = 0, 1
"""Columns of the counts."""


@dataclasses.dataclass(frozen=True, eq=False)
class SideCounts:
    """Right answers and samples of every class on its common and its counter background.

    Parameters
    ----------
    classes
        Names.
    correct, n
        Shape (classes, 2): common, counter.
    """

    classes: tuple[str, ...]
    correct: NDArray[np.float64]
    n: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.correct.shape != (len(self.classes), 2) or self.n.shape != self.correct.shape:
            raise InputError(
                f"`correct` and `n` must have shape ({len(self.classes)}, 2); "
                f"got {self.correct.shape} and {self.n.shape}."
            )

    @property
    def both(self) -> NDArray[np.bool_]:
        """Classes with samples on both sides: the others are listed, not averaged."""
        return np.asarray((self.n > 0).all(axis=1))


@dataclasses.dataclass(frozen=True, eq=False)
class ClassDrops:
    """Drop of every class; NaN where a side is empty.

    Parameters
    ----------
    value, low, high
        Drop with its 95 % Newcombe interval, in [-1, 1]; above 0: worse on the counter background.
    p_value, q_value
        Fisher's exact test, and corrected for the number of classes.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    q_value: NDArray[np.float64]


def class_drops(
    counts: SideCounts,
    *,
    alternative: Alternative = "two-sided",
    correction: Correction = "benjamini_hochberg",
    level: float = 0.95,
) -> ClassDrops:
    """Return each class's drop.

    Parameters
    ----------
    counts
        Of independent samples.
    alternative
        ``"greater"`` where the direction was fixed on other data (pair discovery).
    correction
        For the number of classes.
    level
        Coverage of the intervals.
    """
    (k1, k2), (n1, n2) = counts.correct.T, counts.n.T
    interval = newcombe_interval(k1, n1, k2, n2, level)
    p = fisher_exact(k1, n1, k2, n2, alternative=alternative)
    value = divide(k1, n1) - divide(k2, n2)
    return ClassDrops(value, interval.low, interval.high, p, adjust_p_values(p, correction))


@dataclasses.dataclass(frozen=True)
class MeanDrop:
    """The unweighted mean over classes.

    Parameters
    ----------
    value
        In [-1, 1]; NaN without a class that has both sides.
    over_images, over_classes
        (low, high): the classes fixed, and the classes drawn; the second is NaN for a single class.
    p_value
        Two-sided, of no drop on average: the classes fixed, each side's accuracy pooled within its class.
    micro
        Drop of the pooled samples: classes weigh by their size.
    classes, n
        Classes averaged, and their samples.
    """

    value: float
    over_images: tuple[float, float]
    over_classes: tuple[float, float]
    p_value: float
    micro: float
    classes: int
    n: int


def mean_drop(counts: SideCounts, *, units: Units | None = None, draws: int = 2000, seed: int = 0) -> MeanDrop:
    """Return the mean drop over the classes that have both sides.

    Parameters
    ----------
    counts
        All classes.
    units
        Resampling units with the quantities correct (classes x 2) then n (classes x 2), where samples come in
        groups; the interval over images is then their bootstrap's.
    draws, seed
        Of that bootstrap.
    """
    used = counts.both
    correct, n = counts.correct[used], counts.n[used]
    if not used.any():
        nothing = (float("nan"), float("nan"))
        return MeanDrop(float("nan"), nothing, nothing, float("nan"), float("nan"), 0, 0)
    drops = divide(correct[:, 0], n[:, 0]) - divide(correct[:, 1], n[:, 1])
    value = float(drops.mean())
    bounds = newcombe_interval(correct[:, 0], n[:, 0], correct[:, 1], n[:, 1])
    over_images = (
        value - float(np.sqrt(((drops - bounds.low) ** 2).sum())) / len(drops),
        value + float(np.sqrt(((bounds.high - drops) ** 2).sum())) / len(drops),
    )
    p_value = _p_value(drops, correct, n)
    if units is not None:
        sampled = bootstrap(units, lambda draw: macro_drops(draw, used), draws=draws, seed=seed)
        low, high = percentile_interval(sampled)
        over_images = (float(low), float(high))
        spread = float(np.nanstd(sampled))
        p_value = float(2 * special.ndtr(-abs(value) / spread)) if spread > 0 else p_value
    pooled = correct.sum(axis=0) / n.sum(axis=0)
    return MeanDrop(
        value=value,
        over_images=over_images,
        over_classes=student_interval(drops),
        p_value=p_value,
        micro=float(pooled[0] - pooled[1]),
        classes=len(drops),
        n=int(n.sum()),
    )


def macro_drops(draws: NDArray[np.float64], used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean drop of bootstrap draws (draws, 4 classes): correct (classes x 2), then n (classes x 2)."""
    classes = len(used)
    correct = draws[:, : 2 * classes].reshape(-1, classes, 2)[:, used]
    n = draws[:, 2 * classes :].reshape(-1, classes, 2)[:, used]
    rates = divide(correct, n)
    return np.asarray((rates[..., 0] - rates[..., 1]).mean(axis=1))


def student_interval(values: NDArray[np.float64], level: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of the mean of values; NaN for fewer than two."""
    if len(values) < 2:
        return float("nan"), float("nan")
    half = float(special.stdtrit(len(values) - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()) - half, float(values.mean()) + half


def _p_value(drops: NDArray[np.float64], correct: NDArray[np.float64], n: NDArray[np.float64]) -> float:
    pooled = correct.sum(axis=1) / n.sum(axis=1)
    variance = float((pooled * (1 - pooled) * (1 / n).sum(axis=1)).sum())
    if variance == 0:
        return 1.0
    return float(2 * special.ndtr(-abs(float(drops.sum())) / np.sqrt(variance)))


def side_accuracy(counts: SideCounts, side: int) -> tuple[float, Interval]:
    """Return the unweighted mean accuracy of a side over the classes with both sides, and its interval."""
    used = counts.both
    value, low, high = mean_interval(counts.correct[used, side], counts.n[used, side])
    return value, Interval(np.asarray(low), np.asarray(high))
