"""Everything measured on a case: what the rows, the verdict and the figures are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from audit.complexity.association import Association, associate, correlate
from audit.complexity.importance import Importance, gradient_importance, linear_importance
from audit.complexity.redundancy import redundancy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.complexity.case import Case
    from audit.complexity.features import Features
    from audit.complexity.reading import Reading

AGREEMENT = 0.98
"""Share of samples on which the linear head must give the model's own answer to be believed."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Measures:
    """What was measured.

    Parameters
    ----------
    case
        Samples.
    features
        Features.
    reading
        What layers give away; ``None`` without enough layers.
    why_not
        Why there is no reading; empty with one.
    importance
        Importance of the features; ``None`` without a head.
    importance_why_not
        Why there is none.
    associations
        Association of the features with the class and each attribute, by name.
    redundancy, redundancy_spread
        Of the features.
    noise
        Mean squared change of each code under input noise, in units of its variance; ``None`` where not computed.
    diversity
        Of every sample.
    predicted
        Answers of the model by sample, ``None`` without.
    confidence
        Largest probability of every sample; ``None`` without.
    """

    case: Case
    features: Features
    reading: Reading | None
    why_not: str
    importance: Importance | None
    importance_why_not: str
    associations: Mapping[str, Association]
    redundancy: NDArray[np.float64]
    redundancy_spread: NDArray[np.float64]
    noise: NDArray[np.float64] | None
    diversity: NDArray[np.float64]
    predicted: NDArray[np.str_] | None
    confidence: NDArray[np.float64] | None


def associations(case: Case, features: Features) -> dict[str, Association]:
    """Return the features' association with the class and each attribute."""
    codes = features.codes[case.measured]
    owner = case.measured_owner
    return {
        factor.name: associate(codes, factor.codes, owner)
        if factor.numbers is None
        else correlate(codes, factor.numbers, owner)
        for factor in case.factors
    }


def feature_redundancy(
    case: Case, features: Features, *, most: int = 2000, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the redundancy of features in the penultimate channels and its spread, on at most ``most`` samples."""
    rows = case.measured
    if len(rows) > most:
        rows = np.random.default_rng(seed).choice(rows, size=most, replace=False)
    if len(rows) < 8:
        nothing = np.full(len(features.names), np.nan)
        return nothing, nothing
    return redundancy(case.penultimate[rows], features.codes[rows], seed=seed)


def head_importance(
    case: Case,
    features: Features,
    head: Mapping[str, NDArray[np.floating]] | None,
    gradients: NDArray[np.floating] | None,
    predicted: NDArray[np.str_] | None,
) -> tuple[Importance | None, str]:
    """Return importance from a linear head or from gradients, and why there is none."""
    rows, owner = case.measured, case.measured_owner
    codes = features.codes[rows]
    if head is not None and predicted is not None:
        weight = np.asarray(head["weight"], dtype=np.float64)
        logits = case.penultimate[rows] @ weight.T + np.asarray(head["bias"], dtype=np.float64)
        answer = np.argmax(logits, axis=1)
        names = np.asarray(case.dataset.classes, dtype=np.str_)
        agree = float((names[answer] == predicted[rows]).mean())
        if agree >= AGREEMENT:
            return linear_importance(codes, features.directions, weight, answer, owner), ""
        reason = f"the linear head gives the model's answer on {100 * agree:.0f} % of the samples only"
        return None, reason
    if gradients is not None:
        return gradient_importance(codes, features.directions, np.asarray(gradients)[rows], owner), ""
    return None, "the model has no head that could be read"


def noise_change(case: Case, features: Features, noisy: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return E[(z(x + noise) - z(x))^2] / Var z of every feature: 0 unmoved, 2 as far as another sample."""
    rows = case.measured
    changed = features.encode(noisy[rows])
    before = features.codes[rows]
    variance = before.var(axis=0)
    moved = ((changed - before) ** 2).mean(axis=0)
    return np.asarray(np.divide(moved, variance, out=np.full(len(moved), np.nan), where=variance > 0))
