"""How much the answer rests on a feature.

    Gamma(z_i) = E_x |dy/dz_i * z_i|          y: the logit of the class that the model answers, less the mean logit
    linear head, a = sum_i z_i d_i + rest:    dy_c/dz_i = w_c . d_i

The mean logit is taken off because a softmax does not see it. The sign of E_x (dy/dz_i * z_i) says whether a feature
promotes or inhibits the answers given (Fel et al. 2024).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, eq=False)
class Importance:
    """Importance of every feature.

    Parameters
    ----------
    value
        Gamma as a share of the sum over features, (k,); NaN where all are zero.
    low, high
        95 % interval over samples.
    sign
        From -1 (always inhibits the answer given) to 1 (always promotes it), (k,).
    promoted, inhibited
        Class with the largest and the smallest w_c . d_i, (k,); -1 where gradients were given instead of a head.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    sign: NDArray[np.float64]
    promoted: NDArray[np.int64]
    inhibited: NDArray[np.int64]


def linear_importance(
    codes: NDArray[np.floating],
    directions: NDArray[np.floating],
    head: NDArray[np.floating],
    answer: NDArray[np.int64],
    owner: NDArray[np.int64],
) -> Importance:
    """Return importance under a linear head.

    Parameters
    ----------
    codes
        (n, k).
    directions
        (k, d).
    head
        Rows w_c, (classes, d).
    answer
        Index of the class that the model answers, (n,).
    owner
        Group of each sample, 0 and up.
    """
    effect = (head - head.mean(axis=0)) @ directions.T
    found = _summarise(effect[answer] * codes, owner)
    return dataclasses.replace(found, promoted=effect.argmax(axis=0), inhibited=effect.argmin(axis=0))


def gradient_importance(
    codes: NDArray[np.floating],
    directions: NDArray[np.floating],
    gradients: NDArray[np.floating],
    owner: NDArray[np.int64],
) -> Importance:
    """Return importance from gradients of the answered logit by the activations, (n, d)."""
    return _summarise((gradients @ directions.T) * codes, owner)


def _summarise(part: NDArray[np.floating], owner: NDArray[np.int64]) -> Importance:
    """Return shares of the mean absolute part of each feature; the interval is the delta method's over groups."""
    size = np.abs(part)
    mean = size.mean(axis=0)
    total = float(mean.sum())
    k = part.shape[1]
    unknown = np.full(k, -1, dtype=np.int64)
    if total <= 0:
        nothing = np.full(k, np.nan)
        return Importance(nothing, nothing, nothing, nothing, unknown, unknown)
    share = mean / total
    residual = (size - share * size.sum(axis=1, keepdims=True)) / total
    groups = int(owner.max()) + 1
    sums = np.zeros((groups, k))
    np.add.at(sums, owner, residual)
    error = np.sqrt((sums**2).sum(axis=0) * groups / max(groups - 1, 1)) / len(part)
    sign = np.divide(part.mean(axis=0), mean, out=np.zeros(k), where=mean > 0)
    return Importance(share, np.maximum(share - 1.96 * error, 0), share + 1.96 * error, sign, unknown, unknown)
