r"""The Backgrounds Challenge: what exchanging backgrounds does (Xiao et al., arXiv 2006.09994).

    BG-Gap = a(mixed-same) - a(mixed-rand)

with foregrounds on backgrounds of their own class and of random classes; above 0: a background of the own class
helps. Challenge accuracy is the share of foregrounds that no background makes the model get wrong.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audit.comparison import independent_interval, paired_interval
from audit.significance import fisher_exact, mcnemar_exact
from audit.statistics import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Gap:
    """BG-Gap with its interval.

    Parameters
    ----------
    value, low, high
        In [-1, 1]; paired (Bonett and Price) where the same foregrounds are on both sides.
    p_value
        McNemar's exact test where paired, Fisher's otherwise.
    same, random
        Accuracies.
    n
        Foregrounds (pairs), or samples of both sides.
    """

    value: float
    low: float
    high: float
    p_value: float
    same: float
    random: float
    n: int


_NAN = float("nan")
_NO_GAP = Gap(_NAN, _NAN, _NAN, _NAN, _NAN, _NAN, 0)


def paired_gap(same: NDArray[np.bool_], random: NDArray[np.bool_]) -> Gap:
    """Return BG-Gap of foregrounds seen on both kinds of background, bool (n,) each."""
    one, other = np.asarray(same, dtype=bool), np.asarray(random, dtype=bool)
    if not len(one):
        return _NO_GAP
    low, high = paired_interval(other.astype(np.float64), one.astype(np.float64))
    p_value = float(mcnemar_exact((one & ~other).sum(), (other & ~one).sum()))
    return Gap(float(one.mean() - other.mean()), low, high, p_value, float(one.mean()), float(other.mean()), len(one))


def background_gap(correct: NDArray[np.bool_], variant: NDArray[np.str_], foreground: NDArray[np.str_]) -> Gap:
    """Return BG-Gap of a folder of ImageNet-9 variants.

    Parameters
    ----------
    correct
        Bool (n,).
    variant
        Folder of each sample; ``mixed_same`` and ``mixed_rand`` count.
    foreground
        Which foreground each sample shows; empty where unknown.
    """
    sides = [pd.Series(correct[variant == name], index=foreground[variant == name]) for name in SIDES]
    if all(side.index.is_unique and not (side.index == "").any() for side in sides):
        both = sides[0].index.intersection(sides[1].index)
        if len(both) and len(both) >= 0.9 * min(map(len, sides)):
            return paired_gap(sides[0][both].to_numpy(dtype=bool), sides[1][both].to_numpy(dtype=bool))
    if not all(map(len, sides)):
        return _NO_GAP
    k, n = [int(side.sum()) for side in sides], [len(side) for side in sides]
    bounds = wilson_interval(k, n)
    points = [(k[i] / n[i], float(bounds.low[i]), float(bounds.high[i])) for i in (0, 1)]
    low, high = independent_interval(points[0], points[1])
    p_value = float(fisher_exact(k[0], n[0], k[1], n[1]))
    return Gap(points[0][0] - points[1][0], low, high, p_value, points[0][0], points[1][0], sum(n))


SIDES = ("mixed_same", "mixed_rand")


@dataclasses.dataclass(frozen=True)
class Challenge:
    """Share of foregrounds that are right on every background.

    Parameters
    ----------
    value, low, high
        In [0, 1], Wilson; NaN where no foreground is seen on two backgrounds.
    n
        Foregrounds seen on two backgrounds or more.
    """

    value: float
    low: float
    high: float
    n: int


def challenge_accuracy(correct: NDArray[np.bool_], foreground: NDArray[np.str_]) -> Challenge:
    """Return the share of foregrounds that no background flips.

    Parameters
    ----------
    correct
        Bool (n,).
    foreground
        Which foreground each sample shows; samples with an empty one are left out.
    """
    known = foreground != ""
    grouped = pd.Series(np.asarray(correct)[known]).groupby(np.asarray(foreground)[known])
    several = grouped.size() > 1
    robust = grouped.all()[several]
    if robust.empty:
        return Challenge(float("nan"), float("nan"), float("nan"), 0)
    bounds = wilson_interval(int(robust.sum()), len(robust))
    return Challenge(float(robust.mean()), float(bounds.low), float(bounds.high), len(robust))
