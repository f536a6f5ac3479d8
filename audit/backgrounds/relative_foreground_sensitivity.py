r"""Relative foreground sensitivity: whether noise hurts more on the subject or on its background.

    RFS = (a_bg - a_fg) / (2 min(abar, 1 - abar)),    abar = (a_fg + a_bg) / 2

with a_fg and a_bg the accuracy under Gaussian noise of one L2 norm on the subject and on the background, and RFS = 0
where abar is 0 or 1 (Moayeri et al., arXiv 2201.10766). The denominator is the largest gap that abar allows.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from audit.resampling import bootstrap, percentile_interval, resampling_units
from audit.significance import mcnemar_exact

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def relative_foreground_sensitivity(foreground: ArrayLike, background: ArrayLike) -> NDArray[np.float64]:
    """Return RFS.

    Parameters
    ----------
    foreground, background
        Accuracies under noise on the subject and on the background, in [0, 1], any one shape.

    Returns
    -------
    ndarray
        In [-1, 1]; above 0: the model rests on the subject.
    """
    a_fg, a_bg = np.asarray(foreground, dtype=np.float64), np.asarray(background, dtype=np.float64)
    mean = (a_fg + a_bg) / 2
    room = 2 * np.minimum(mean, 1 - mean)
    result: NDArray[np.float64] = np.zeros(np.broadcast(a_fg, a_bg).shape)
    np.divide(a_bg - a_fg, room, out=result, where=room > 1e-12)
    return result


@dataclasses.dataclass(frozen=True)
class Sensitivity:
    """RFS of a model with its interval.

    Parameters
    ----------
    value, low, high
        In [-1, 1], percentile bootstrap over samples or group_ids.
    p_value
        McNemar's exact test of a_fg = a_bg.
    foreground, background
        Accuracies under noise.
    n
        Samples.
    """

    value: float
    low: float
    high: float
    p_value: float
    foreground: float
    background: float
    n: int


def sensitivity(
    foreground: NDArray[np.bool_],
    background: NDArray[np.bool_],
    *,
    group_id: NDArray[np.int64] | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Sensitivity:
    """Return RFS of paired answers.

    Parameters
    ----------
    foreground, background
        Whether each sample is right under noise on its subject, on its background: bool (n,).
    group_id
        Samples of one group are drawn together.
    draws, seed
        Of the bootstrap.
    """
    fg, bg = np.asarray(foreground, dtype=bool), np.asarray(background, dtype=bool)
    n = len(fg)
    if n == 0:
        nothing = float("nan")
        return Sensitivity(nothing, nothing, nothing, nothing, nothing, nothing, 0)
    pattern = (2 * fg + bg).astype(np.int64)
    units = resampling_units([pattern], 4, group_id)

    def statistic(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        total = counts.sum(axis=1)
        return relative_foreground_sensitivity(counts[:, 2:].sum(axis=1) / total, counts[:, 1::2].sum(axis=1) / total)

    low, high = percentile_interval(bootstrap(units, statistic, draws=draws, seed=seed))
    value = float(relative_foreground_sensitivity(fg.mean(), bg.mean()))
    p_value = float(mcnemar_exact((bg & ~fg).sum(), (fg & ~bg).sum()))
    return Sensitivity(value, float(low), float(high), p_value, float(fg.mean()), float(bg.mean()), n)
