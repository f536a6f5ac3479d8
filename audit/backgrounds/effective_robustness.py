r"""Effective robustness: accuracy on counter backgrounds beyond what accuracy on common ones leads to expect.

    rho = a_counter - beta(a_common),     f(beta(x)) = slope f(x) + intercept,    f = logit or probit

(Taori et al., arXiv 2007.00644). The line is fitted by least squares to published reference models; on CounterAnimal
and logit axes slope 1.145, intercept -.945, R^2 .993.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from audit.backgrounds.published import IMAGENET_MODELS
from audit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

Axes = Literal["logit", "probit"]


@dataclasses.dataclass(frozen=True)
class Line:
    """A straight line on transformed axes.

    Parameters
    ----------
    slope, intercept
        Of the transformed accuracies.
    r_squared
        Share of the variance explained.
    axes
        The transformation.
    """

    slope: float
    intercept: float
    r_squared: float
    axes: Axes

    def expected(self, common: ArrayLike) -> NDArray[np.float64]:
        """Return the counter accuracy that the line leads to expect, in [0, 1]; NaN outside (0, 1)."""
        return _back(self.slope * _transformed(common, self.axes) + self.intercept, self.axes)


def fit_line(models: Mapping[str, tuple[float, float]] = IMAGENET_MODELS, axes: Axes = "logit") -> Line:
    """Fit the line to (common, counter) accuracies in percent.

    Raises
    ------
    InputError
        If there are fewer than three models, or the axes are unknown.
    """
    if len(models) < 3:
        raise InputError(f"`models` must be at least three to fit a line; got {len(models)}.")
    x, y = (_transformed(np.asarray(side) / 100, axes) for side in zip(*models.values(), strict=True))
    slope, intercept = np.polyfit(x, y, 1)
    return Line(float(slope), float(intercept), float(np.corrcoef(x, y)[0, 1] ** 2), axes)


@dataclasses.dataclass(frozen=True)
class EffectiveRobustness:
    """rho with its interval.

    Parameters
    ----------
    value, low, high
        In [-1, 1]; above 0: more accurate on counter backgrounds than expected. NaN where the common accuracy is
        0 or 1, for which the line says nothing.
    expected
        Counter accuracy that the line leads to expect.
    """

    value: float
    low: float
    high: float
    expected: float


def effective_robustness(
    common: tuple[float, float, float], counter: tuple[float, float, float], line: Line
) -> EffectiveRobustness:
    """Return rho; its interval follows from those of both accuracies (Zou and Donner 2008).

    Parameters
    ----------
    common, counter
        (value, low, high), in [0, 1].
    line
        Of the reference models.
    """
    expected = float(line.expected(common[0]))
    # At the ends the bounds may be 0 or 1, where the line goes to 0 or 1 too.
    low, high = (float(np.nan_to_num(line.expected(bound), nan=round(bound))) for bound in common[1:])
    value = counter[0] - expected
    below = np.hypot(counter[0] - counter[1], high - expected)
    above = np.hypot(counter[2] - counter[0], expected - low)
    return EffectiveRobustness(float(value), float(value - below), float(value + above), expected)


def _transformed(share: ArrayLike, axes: Axes) -> NDArray[np.float64]:
    value = np.asarray(share, dtype=np.float64)
    value = np.where((value > 0) & (value < 1), value, np.nan)
    if axes == "logit":
        return np.asarray(special.logit(value))
    if axes == "probit":
        return np.asarray(special.ndtri(value))
    raise InputError(f"`axes` must be 'logit' or 'probit'; got {axes!r}.")


def _back(value: NDArray[np.float64], axes: Axes) -> NDArray[np.float64]:
    return np.asarray(special.expit(value) if axes == "logit" else special.ndtr(value))
