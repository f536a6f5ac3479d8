"""Groups of look-alike samples with many errors, found without any attribute.

After Domino (Eyuboglu et al., ICLR 2022): a mixture whose parts s are at once a region of the (PCA-reduced)
embedding, a distribution of labels and a distribution of predictions,

    log r_is = log pi_s + log N(z_i; mu_s, diag sigma_s²) + gamma (log P(y_i | s) + log P(yhat_i | s)) + const

ranked by  max_c P(yhat = c | s) - P(y = c | s).  New samples are assigned by embedding and label only, so that the
error rate they show was not used to choose them (audit-defined).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from audit.errors import InputError
from audit.statistics import divide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VARIANCE_FLOOR = 1e-3
"""Added to every variance, relative to the whole data's: a part of few samples must not collapse to a point."""


@dataclasses.dataclass(frozen=True, eq=False)
class ErrorSlices:
    """A fitted mixture.

    Parameters
    ----------
    centre, axes
        Mean (d,) and directions (components, d) of the embedding's projection, scaled to unit overall variance.
    weight
        Share of each slice, (slices,).
    mean, variance
        Of each slice in the projection, (slices, components).
    label, prediction
        Distributions over classes, (slices, classes).
    gamma
        Weight of label and prediction against the embedding.
    """

    centre: NDArray[np.float64]
    axes: NDArray[np.float64]
    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    label: NDArray[np.float64]
    prediction: NDArray[np.float64]
    gamma: float

    @property
    def confusion(self) -> NDArray[np.float64]:
        """max_c P(yhat = c | s) - P(y = c | s), in [0, 1]; higher = more systematic errors."""
        return np.asarray((self.prediction - self.label).max(axis=1))

    @property
    def confused_classes(self) -> list[tuple[int, int]]:
        """For each slice (the class predicted too often, the class missed most)."""
        excess = self.prediction - self.label
        return list(zip(excess.argmax(axis=1).tolist(), excess.argmin(axis=1).tolist(), strict=True))

    def project(self, embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the embedding in the mixture's coordinates, shape (n, components)."""
        return np.asarray((np.asarray(embeddings, dtype=np.float64) - self.centre) @ self.axes.T)

    def assign(self, embeddings: NDArray[np.floating], label: NDArray[np.int64]) -> NDArray[np.int64]:
        """Assign samples by embedding and label alone.

        Parameters
        ----------
        embeddings
            Shape (n, d).
        label
            Class of each sample.

        Returns
        -------
        ndarray of int, shape (n,)
            The likeliest slice.
        """
        log = _log_density(self.project(embeddings), self.weight, self.mean, self.variance)
        return np.asarray((log + self.gamma * np.log(self.label[:, label].T)).argmax(axis=1))


def find_error_slices(
    embeddings: NDArray[np.floating],
    label: NDArray[np.int64],
    prediction: NDArray[np.int64],
    classes: int,
    *,
    slices: int = 25,
    components: int = 32,
    gamma: float = 10.0,
    iterations: int = 60,
    seed: int = 0,
) -> ErrorSlices:
    """Fit the mixture by expectation maximisation.

    Parameters
    ----------
    embeddings
        Finite, shape (n, d).
    label, prediction
        Class codes in 0 .. classes - 1, shape (n,).
    classes
        Number of classes.
    slices
        Number of parts.
    components
        Principal components kept.
    gamma
        Weight of label and prediction (the paper's is 10).
    iterations
        Most steps; stops when the likelihood no longer rises.
    seed
        Seed of the start.

    Returns
    -------
    ErrorSlices
        The mixture.

    Raises
    ------
    InputError
        With fewer samples than twice the slices, lengths that differ, or codes outside the classes.
    """
    x = np.asarray(embeddings, dtype=np.float64)
    if not len(x) == len(label) == len(prediction):
        raise InputError(f"`label` and `prediction` must have {len(x)} rows like `embeddings`.")
    if len(x) < 2 * slices:
        raise InputError(f"`slices` must be at most half the number of samples ({len(x)}); got {slices}.")
    if min(label.min(), prediction.min()) < 0 or max(label.max(), prediction.max()) >= classes:
        raise InputError(f"`label` and `prediction` must lie in 0 .. {classes - 1}; some code does not.")
    centre, axes = _principal_axes(x, components)
    z = (x - centre) @ axes.T
    responsibility = _start(z, label, prediction, classes=classes, slices=slices, generator=np.random.default_rng(seed))
    before = -np.inf
    for _ in range(iterations):
        weight, mean, variance, y, yhat = _maximise(responsibility, z, label, prediction, classes)
        log = _log_density(z, weight, mean, variance)
        log += gamma * (np.log(y[:, label]) + np.log(yhat[:, prediction])).T
        evidence = special.logsumexp(log, axis=1, keepdims=True)
        responsibility = np.exp(log - evidence)
        likelihood = float(evidence.mean())
        if likelihood - before < 1e-5:
            break
        before = likelihood
    return ErrorSlices(centre, axes, weight, mean, variance, y, yhat, gamma)


def _principal_axes(x: NDArray[np.float64], components: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centre = x.mean(axis=0)
    covariance = np.cov(x, rowvar=False, bias=True).reshape(x.shape[1], x.shape[1])
    variance, vectors = np.linalg.eigh(covariance)
    order = np.argsort(variance)[::-1][: min(components, x.shape[1], len(x) - 1)]
    total = float(variance[order].sum())
    scale = np.sqrt(total / len(order)) if total > 0 else 1.0
    return centre, vectors[:, order].T / scale


def _start(
    z: NDArray[np.float64],
    label: NDArray[np.int64],
    prediction: NDArray[np.int64],
    *,
    classes: int,
    slices: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Give the commonest confusions a slice each, and random samples of the rest the others."""
    cell = label * classes + prediction
    cells, counts = np.unique(cell, return_counts=True)
    wrong = cells // classes != cells % classes
    confusions = cells[wrong][np.argsort(-counts[wrong], kind="stable")][: slices // 2]
    centres = [z[cell == confusion].mean(axis=0) for confusion in confusions]
    others = generator.choice(len(z), size=slices - len(centres), replace=False)
    centre = np.vstack([*centres, z[others]])
    distance = (z**2).sum(axis=1)[:, None] - 2 * z @ centre.T + (centre**2).sum(axis=1)
    nearest = distance.argmin(axis=1)
    for place, confusion in enumerate(confusions):
        nearest[cell == confusion] = place
    start = np.full((len(z), slices), 0.1 / slices)
    start[np.arange(len(z)), nearest] += 0.9
    return start


def _maximise(
    responsibility: NDArray[np.float64],
    z: NDArray[np.float64],
    label: NDArray[np.int64],
    prediction: NDArray[np.int64],
    classes: int,
) -> tuple[NDArray[np.float64], ...]:
    mass = responsibility.sum(axis=0) + 1e-9
    mean = responsibility.T @ z / mass[:, None]
    variance = np.maximum(responsibility.T @ z**2 / mass[:, None] - mean**2, 0) + VARIANCE_FLOOR

    def distribution(codes: NDArray[np.int64]) -> NDArray[np.float64]:
        order = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[order], return_index=True)
        summed = np.zeros((classes, responsibility.shape[1]))
        summed[present] = np.add.reduceat(responsibility[order], starts, axis=0)
        # A thousandth of a sample of every class keeps the logarithm finite.
        return np.asarray(((summed + 1e-3) / (mass + 1e-3 * classes)).T)

    return mass / mass.sum(), mean, variance, distribution(label), distribution(prediction)


def _log_density(
    z: NDArray[np.float64],
    weight: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> NDArray[np.float64]:
    precision = 1 / variance
    constant = np.log(weight) - 0.5 * (np.log(2 * np.pi * variance).sum(axis=1) + (mean**2 * precision).sum(axis=1))
    return np.asarray(constant - 0.5 * (z**2) @ precision.T + z @ (mean * precision).T)


def name_slices(
    assignment: NDArray[np.int64],
    label: NDArray[np.int64],
    embeddings: NDArray[np.floating],
    phrase_embeddings: NDArray[np.floating],
    phrases: Sequence[str],
    *,
    slices: int,
    top: int = 3,
) -> list[tuple[str, ...]]:
    """Name each slice by the phrases that fit its samples better than other samples of the same classes.

    Parameters
    ----------
    assignment, label
        Slice and class of each sample, shape (n,).
    embeddings
        Image embeddings of the model whose text encoder gave ``phrase_embeddings``, unit rows (n, d).
    phrase_embeddings
        Unit rows (phrases, d).
    phrases
        The phrases.
    slices
        Number of slices.
    top
        Phrases a slice.

    Returns
    -------
    list of tuple of str
        Best phrase first; empty for a slice without samples, or that is all there is of its classes.
    """
    similarity = np.asarray(embeddings, dtype=np.float64) @ np.asarray(phrase_embeddings, dtype=np.float64).T
    classes = int(label.max(initial=0)) + 1
    names: list[tuple[str, ...]] = []
    for place in range(slices):
        inside = assignment == place
        share = np.bincount(label[inside], minlength=classes).astype(np.float64)
        # The rest of the same classes, mixed as in the slice.
        weight = np.where(inside, 0.0, divide(share, np.bincount(label[~inside], minlength=classes))[label])
        weight = np.nan_to_num(weight)
        if not inside.any() or weight.sum() == 0:
            names.append(())
            continue
        contrast = similarity[inside].mean(axis=0) - weight @ similarity / weight.sum()
        names.append(tuple(phrases[i] for i in np.argsort(-contrast, kind="stable")[:top]))
    return names
