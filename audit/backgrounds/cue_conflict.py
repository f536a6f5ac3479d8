r"""Cue conflict without retraining: what is answered where label and background point to different classes.

Each background implies the class that is clearly the most frequent on it. Among samples on a background that implies
another class than their own, the answer follows the label, the background, or neither (after *Which Shortcut Cues
Will DNNs Choose?*, arXiv 2110.03095). Reliance on the background, audit-defined, compares with how often the implied
class is answered without the background's push:

    reliance_k = (f_k - e_k) / (1 - e_k)

f_k: share of answer k among samples of other classes on a background that implies k; e_k: the same on all other
backgrounds. 1 for a model that reads only the background, 0 for one that is blind to it. The mean weighs the k by
their conflicts.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from audit.counts import Coded, sum_by
from audit.statistics import divide, newcombe_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL, BACKGROUND, OTHER = 0, 1, 2
"""What an answer follows."""


def implied_classes(label: Coded, background: Coded, *, level: float = 0.05) -> NDArray[np.int64]:
    """Return the class that each background implies: int64 (backgrounds,), -1 where none is clearly ahead.

    Parameters
    ----------
    label, background
        Coded columns of the samples that the model may have learned from, or of the data itself.
    level
        A class is clearly ahead of the next one when the exact binomial test of their two counts is below this.
    """
    shape = (len(background.levels), len(label.levels))
    known = (label.codes >= 0) & (background.codes >= 0)
    place = background.codes[known] * shape[1] + label.codes[known]
    counts = sum_by(place, np.ones(len(place)), shape[0] * shape[1]).reshape(shape)
    if shape[1] < 2:
        return np.full(shape[0], -1, dtype=np.int64)
    order = np.sort(counts, axis=1)
    first, second = order[:, -1], order[:, -2]
    p = np.minimum(1.0, 2 * special.bdtr(second, (first + second).astype(np.int64), 0.5))
    return np.where((first > second) & (p < level), counts.argmax(axis=1), -1).astype(np.int64)


def follows(prediction: NDArray[np.int64], label: NDArray[np.int64], implied: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what each answer follows: 0 label, 1 background, 2 neither, -1 where the cues do not disagree.

    Parameters
    ----------
    prediction, label
        Class codes (n,).
    implied
        Class that the sample's background implies, -1 for none.
    """
    conflict = (implied >= 0) & (label >= 0) & (implied != label)
    what = np.where(prediction == label, LABEL, np.where(prediction == implied, BACKGROUND, OTHER))
    return np.where(conflict, what, -1).astype(np.int64)


@dataclasses.dataclass(frozen=True)
class Reliance:
    """Reliance on the background.

    Parameters
    ----------
    value, low, high
        In [-1, 1]; NaN without a conflict. The interval follows from Newcombe's of f - e.
    followed, expected
        f and e, both weighted by conflicts.
    p_value
        Two-sided score test of f = e.
    n
        Conflicts.
    """

    value: float
    low: float
    high: float
    followed: float
    expected: float
    p_value: float
    n: int


def reliance(prediction: NDArray[np.int64], label: NDArray[np.int64], implied: NDArray[np.int64]) -> Reliance:
    """Return how far answers follow the class that the background implies.

    Parameters
    ----------
    prediction, label, implied
        As in :func:`follows`.
    """
    from audit.significance import score_test

    known = label >= 0
    found = [
        (k, here, away)
        for k in np.unique(implied[implied >= 0]).tolist()
        if (here := known & (label != k) & (implied == k)).any()
        for away in (known & (label != k) & (implied != k),)
    ]
    n = np.asarray([here.sum() for _, here, _ in found], dtype=np.float64)
    if not n.sum():
        nothing = float("nan")
        return Reliance(nothing, nothing, nothing, nothing, nothing, nothing, 0)
    free = np.asarray([away.sum() for _, _, away in found], dtype=np.float64)
    f = np.asarray([(prediction[here] == k).mean() for k, here, _ in found])
    e = np.nan_to_num(divide([(prediction[away] == k).sum() for k, _, away in found], free))
    room = np.maximum(1 - e, 1e-9)
    value = float((n * (f - e) / room).sum() / n.sum())
    followed, expected = float((n * f).sum() / n.sum()), float((n * e).sum() / n.sum())
    outside = max(float(free.sum()), 1.0)
    bounds = newcombe_interval(followed * n.sum(), n.sum(), expected * outside, outside)
    difference = followed - expected
    # A sample in conflict about one class is free about the others: f and e are not independent.
    influence = np.zeros(len(label))
    for place, (k, here, away) in enumerate(found):
        influence[here] += ((prediction[here] == k) - followed) / n.sum()
        if free[place]:
            influence[away] -= n[place] / n.sum() * ((prediction[away] == k) - e[place]) / free[place]
    alone = followed * (1 - followed) / n.sum() + expected * (1 - expected) / outside
    wider = max(1.0, float(np.sqrt((influence**2).sum() / alone))) if alone > 0 else 1.0
    scale = max(1 - expected, 1e-9) / wider
    z = special.ndtri(float(score_test(followed * n.sum(), n.sum(), expected * outside, outside)) / 2) / wider
    p_value = float(2 * special.ndtr(z))
    return Reliance(
        value=value,
        low=max(-1.0, value - (difference - float(bounds.low)) / scale),
        high=min(1.0, value + (float(bounds.high) - difference) / scale),
        followed=followed,
        expected=expected,
        p_value=p_value,
        n=int(n.sum()),
    )
