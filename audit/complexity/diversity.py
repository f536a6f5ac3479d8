"""Feature diversity: how unevenly an image excites the channels, and whether that tells wrong answers.

diversity(x) = variance over channels of the activation of x         (after Abramov et al. 2021)
AUROC = P(a wrong answer has the lower value than a right one), ties one half; .5 says nothing
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Auroc(NamedTuple):
    """An AUROC with its 95 % interval, the two-sided p-value against .5, and the numbers of wrong and right."""

    value: float
    low: float
    high: float
    p_value: float
    wrong: int
    right: int


def diversity(activations: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the variance over channels of each sample's activation, (n,)."""
    return np.asarray(np.asarray(activations, dtype=np.float64).var(axis=1))


def wrong_auroc(value: NDArray[np.floating], wrong: NDArray[np.bool_], owner: NDArray[np.int64]) -> Auroc:
    """Return how well a low value tells a wrong answer.

    Parameters
    ----------
    value
        (n,), low where an answer is suspected to be wrong.
    wrong
        (n,).
    owner
        Group of each sample: placements (DeLong et al. 1988) are summed within groups (Obuchowski 1997).
    """
    count = int(wrong.sum()), int((~wrong).sum())
    if min(count) == 0:
        return Auroc(float("nan"), float("nan"), float("nan"), float("nan"), *count)
    ranks = stats.rankdata(-np.asarray(value, dtype=np.float64))
    within = np.empty(len(value))
    within[wrong] = stats.rankdata(-value[wrong])
    within[~wrong] = stats.rankdata(-value[~wrong])
    placement = np.where(wrong, (ranks - within) / count[1], 1 - (ranks - within) / count[0])
    area = float(placement[wrong].mean())
    part = np.where(wrong, (placement - area) / count[0], (placement - area) / count[1])
    groups = int(owner.max()) + 1
    sums = np.bincount(owner, weights=part, minlength=groups)
    error = float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1)))
    p = 2 * float(stats.norm.sf(abs(area - 0.5) / error)) if error > 0 else float("nan")
    return Auroc(area, max(area - 1.96 * error, 0.0), min(area + 1.96 * error, 1.0), p, *count)
