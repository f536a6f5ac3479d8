"""Availability and predictivity of every attribute, against how far answers follow it [audit-defined].

After *On the Foundations of Shortcut Learning* (arXiv 2310.16228), without training anything but a probe:
*predictivity* is the balanced accuracy of telling the label from the attribute alone, *availability* that of telling
the attribute from the embedding, both on the half of the samples that was not learned from, averaged over both
halves; *reliance* is that of :mod:`audit.backgrounds.cue_conflict` with the attribute in the background's place.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from audit.backgrounds.cue_conflict import Reliance, implied_classes, reliance
from audit.backgrounds.discovery import split_halves
from audit.counts import Coded, sum_by
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SAMPLES = 4000
"""The probe looks at no more samples than this."""


@dataclasses.dataclass(frozen=True)
class Availability:
    """One attribute.

    Parameters
    ----------
    predictivity
        Balanced accuracy of the label from the attribute, in [0, 1]; chance is 1 / classes.
    availability
        Balanced accuracy of the attribute from embeddings, in [0, 1]; NaN without embeddings.
    chance
        Balanced accuracies of guessing: (label, attribute).
    reliance
        How far answers follow the class that the attribute implies.
    """

    predictivity: float
    availability: float
    chance: tuple[float, float]
    reliance: Reliance


def attribute_availability(
    label: Coded,
    attribute: Coded,
    prediction: NDArray[np.int64],
    embeddings: NDArray[np.floating] | None,
    *,
    group_id: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Availability:
    """Measure one attribute.

    Parameters
    ----------
    label, attribute
        Coded columns.
    prediction
        Class codes.
    embeddings
        (n, d), or ``None``.
    group_id
        Groups stay in one half.
    seed
        Of halves and of the choice of samples.
    """
    known = (label.codes >= 0) & (attribute.codes >= 0)
    first = split_halves(label.codes, attribute.codes, group_id=group_id, seed=seed)
    halves = ((first & known, ~first & known), (~first & known, first & known))
    predictivity = [_told(label, attribute, learn, test) for learn, test in halves]
    implied = np.where(known, implied_classes(label, attribute)[attribute.codes], -1)
    available = float("nan")
    if embeddings is not None and len(np.unique(attribute.codes[known])) > 1:
        rows = np.flatnonzero(known)
        if len(rows) > MOST_SAMPLES:
            rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_SAMPLES, replace=False))
        available = probe_accuracy(np.asarray(embeddings)[rows], attribute.codes[rows], first[rows])
    return Availability(
        predictivity=float(np.mean(predictivity)),
        availability=available,
        chance=(1 / max(len(np.unique(label.codes[known])), 1), 1 / max(len(np.unique(attribute.codes[known])), 1)),
        reliance=reliance(prediction, label.codes, implied),
    )


def balanced_accuracy(truth: NDArray[np.int64], answer: NDArray[np.int64]) -> float:
    """Return the mean over the classes that occur of the share of their samples answered right."""
    if not len(truth):
        return float("nan")
    size = int(truth.max()) + 1
    n = sum_by(truth, np.ones(len(truth)), size)
    rates = divide(sum_by(truth, truth == answer, size), n)
    return float(rates[n > 0].mean())


def probe_accuracy(embeddings: NDArray[np.floating], target: NDArray[np.int64], first: NDArray[np.bool_]) -> float:
    """Return the balanced accuracy of a ridge classifier, learned on one half and tested on the other, both ways."""
    from sklearn.linear_model import RidgeClassifier

    values = np.asarray(embeddings, dtype=np.float64)
    values = values - values.mean(axis=0)
    values /= np.maximum(values.std(axis=0), 1e-9)
    found = []
    for learn, test in ((first, ~first), (~first, first)):
        if len(np.unique(target[learn])) < 2 or not test.any():
            continue
        probe = RidgeClassifier(alpha=float(values.shape[1]), class_weight="balanced")
        probe.fit(values[learn], target[learn])
        found.append(balanced_accuracy(target[test], probe.predict(values[test])))
    return float(np.mean(found)) if found else float("nan")


def _told(label: Coded, attribute: Coded, learn: NDArray[np.bool_], test: NDArray[np.bool_]) -> float:
    """Balanced accuracy of answering, for each value, the class that is relatively the most frequent there."""
    shape = (len(attribute.levels), len(label.levels))
    place = attribute.codes[learn] * shape[1] + label.codes[learn]
    counts = sum_by(place, np.ones(len(place)), shape[0] * shape[1]).reshape(shape)
    share = np.nan_to_num(divide(counts, counts.sum(axis=0, keepdims=True)))
    return balanced_accuracy(label.codes[test], share.argmax(axis=1)[attribute.codes[test]])
