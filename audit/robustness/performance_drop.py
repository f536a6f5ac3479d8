"""Average performance drop: what a training set whose centers go with its classes costs.

A probe is trained on the same number of samples at every step while Cramer's V between class and center rises from 0
to 1, and asked about groups it has not seen, every class from every center weighing the same:

    drop = mean over biased steps s and repeats of  acc_s / acc_0 - 1                    (arXiv 2507.17845)
    nIPD = integral over V of (acc(V) - acc(0)) / (acc(0) - chance), trapezoid           (arXiv 2607.25497)

0: nothing is lost; towards -1: the probe falls for the center. The plan of splits is audit-defined: at V each class
takes the share (1 - V) / M of its training units from every center and V from the center(s) it is dealt. Units are
whole groups, so that no step sees fewer groups than another; rows where there are too few groups.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import InputError
from audit.robustness.probes import fit_logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_TRAINING_ROWS = 2000
"""Training samples of a step; more change the accuracies little and the time a lot."""


@dataclasses.dataclass(frozen=True, eq=False)
class Drop:
    """Accuracies at every step of the bias.

    Parameters
    ----------
    accuracy
        Balanced accuracies (steps, repeats); the first row is the unbiased training set.
    cramers_v
        Cramer's V of the training sets, averaged over repeats (steps,).
    training_rows
        Samples of every training set.
    unit
        ``groups`` or ``samples``: what the training sets are made of.
    classes
        Number of classes.
    """

    accuracy: NDArray[np.float64]
    cramers_v: NDArray[np.float64]
    training_rows: int
    unit: str
    classes: int


def average_performance_drop(accuracy: ArrayLike) -> float:
    """Return the mean over repeats and biased steps of acc_s / acc_0 - 1; 0 is best.

    Raises
    ------
    InputError
        If there is no biased step, or an unbiased accuracy is 0.
    """
    values = np.asarray(accuracy, dtype=np.float64)
    if values.ndim != 2 or len(values) < 2:
        raise InputError(f"`accuracy` must be a table (steps, repeats) of at least 2 steps; got shape {values.shape}.")
    if not (values[0] > 0).all():
        raise InputError("`accuracy` must be above 0 without bias (first row); some is not, so there is no ratio.")
    return float((values[1:] / values[0]).mean() - 1)


def integrated_degradation(accuracy: ArrayLike, cramers_v: ArrayLike, chance: float) -> float:
    """Return nIPD: the area between the curve of accuracy over V and its start, in units of skill above chance.

    Returns
    -------
    float
        0: nothing is lost; -1/2: a straight fall to chance; NaN when the unbiased probe is not above chance.
    """
    mean = np.asarray(accuracy, dtype=np.float64).mean(axis=1)
    v = np.asarray(cramers_v, dtype=np.float64)
    skill = mean[0] - chance
    if skill <= 0:
        return float("nan")
    return float(np.trapezoid((mean - mean[0]) / skill, v))


def cramers_v(table: ArrayLike) -> float:
    """Return Cramer's V of a table of counts, in [0, 1]; NaN when a side has fewer than two filled lines."""
    counts = np.asarray(table, dtype=np.float64)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return float("nan")
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi_squared / counts.sum() / (min(counts.shape) - 1)))


def dealt_centers(classes: int, centers: int) -> list[list[int]]:
    """Deal centers to classes in turn: the centers each class comes from when the bias is complete."""
    if classes >= centers:
        return [[c % centers] for c in range(classes)]
    return [[m for m in range(centers) if m % classes == c] for c in range(classes)]


def measure_drop(
    vectors: NDArray[Any],
    label: NDArray[np.int64],
    center: NDArray[np.int64],
    group: NDArray[np.int64],
    *,
    repeats: int,
    seed: int,
    steps: Sequence[float] = STEPS,
) -> Drop:
    """Train and test a probe at every step of the bias.

    Parameters
    ----------
    vectors
        (n, d).
    label, center, group
        Codes (n,), 0 and up.
    repeats
        Random divisions of the groups into training and test.
    seed
        Seed.
    steps
        Values of V aimed at, ascending from 0.

    Raises
    ------
    InputError
        If a class is missing at a center, or there are too few groups to train and test.
    """
    classes, centers = int(label.max()) + 1, int(center.max()) + 1
    if np.bincount(label * centers + center, minlength=classes * centers).min() == 0:
        raise InputError("`label` must occur in every center for biased training sets; a class is missing in one.")
    accuracy, reached, sizes = np.zeros((len(steps), repeats)), np.zeros((len(steps), repeats)), []
    unit = "groups"
    children = np.random.SeedSequence(seed).spawn(repeats)
    for repeat, child in enumerate(children):
        generator = np.random.default_rng(child)
        held_out = _held_out(label, center, group, generator)
        plan = _Plan.make(label, center, group, ~held_out, (classes, centers))
        unit = plan.unit
        turn = generator.permutation(centers)
        for step, v in enumerate(steps):
            rows = plan.training_rows(v, turn, generator)
            accuracy[step, repeat] = _tested(vectors, label, center, rows, np.flatnonzero(held_out))
            table = np.bincount(label[rows] * centers + center[rows], minlength=classes * centers)
            reached[step, repeat] = cramers_v(table.reshape(classes, centers))
            sizes.append(len(rows))
    return Drop(accuracy, reached.mean(axis=1), int(np.median(sizes)), unit, classes)


def _held_out(
    label: NDArray[np.int64], center: NDArray[np.int64], group: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Hold out about half of the groups of every (set of classes, center); every cell must be on both sides."""
    cells = label * (int(center.max()) + 1) + center
    groups, place = np.unique(group, return_inverse=True)
    first = np.zeros(len(groups), dtype=np.int64)
    first[place] = cells
    if len(np.unique(cells)) < len(groups):
        # A group's smallest cell stands for its stratum; groups of many classes then share one a center.
        first = np.full(len(groups), np.iinfo(np.int64).max)
        np.minimum.at(first, place, cells)
    out = np.zeros(len(groups), dtype=bool)
    for stratum in np.unique(first):
        members = generator.permutation(np.flatnonzero(first == stratum))
        out[members[: len(members) // 2]] = True
    test = out[place]
    for cell in np.unique(cells):
        if not test[cells == cell].any() or test[cells == cell].all():
            raise InputError("`group_id` must have at least 2 groups of every class in every center to train and test.")
    return np.asarray(test)


@dataclasses.dataclass(frozen=True, eq=False)
class _Plan:
    """Rows of every unit a class has at a center, and how many units a class may take."""

    units: dict[tuple[int, int], list[NDArray[np.int64]]]
    shape: tuple[int, int]
    per_class: int
    unit: str

    @classmethod
    def make(
        cls,
        label: NDArray[np.int64],
        center: NDArray[np.int64],
        group: NDArray[np.int64],
        usable: NDArray[np.bool_],
        shape: tuple[int, int],
    ) -> _Plan:
        classes, centers = shape
        units: dict[tuple[int, int], list[NDArray[np.int64]]] = {}
        for c in range(classes):
            for m in range(centers):
                rows = np.flatnonzero(usable & (label == c) & (center == m))
                units[c, m] = [rows[group[rows] == g] for g in np.unique(group[rows])]
        fewest = min(len(found) for found in units.values())
        name = "groups"
        if fewest < 2 * centers:
            name = "samples"
            units = {cell: [np.array([row]) for row in np.concatenate(found)] for cell, found in units.items()}
            fewest = min(len(found) for found in units.values())
        # A class takes a multiple of the number of centers, so that the unbiased set is exactly balanced.
        per_class = max(1, fewest // centers) * centers if fewest >= centers else fewest
        rows_a_unit = np.median([len(unit) for found in units.values() for unit in found])
        most = max(centers, int(MOST_TRAINING_ROWS / max(rows_a_unit, 1) / classes) // centers * centers)
        return cls(units, shape, min(per_class, most), name)

    def training_rows(self, v: float, turn: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
        classes, centers = self.shape
        size = int(np.median([len(unit) for found in self.units.values() for unit in found]))
        chosen = []
        for c, dealt in enumerate(dealt_centers(classes, centers)):
            share = np.full(centers, (1 - v) / centers)
            share[turn[dealt]] += v / len(dealt)
            for m, wanted in enumerate(_whole(share * self.per_class, self.per_class)):
                found = self.units[c, m]
                for place in generator.permutation(len(found))[:wanted]:
                    rows = found[place]
                    chosen.append(generator.permutation(rows)[:size])
        return np.concatenate(chosen)


def _whole(amounts: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Round amounts to whole numbers of a given sum, the largest remainders up."""
    whole = np.floor(amounts + 1e-9).astype(np.int64)
    missing = total - int(whole.sum())
    whole[np.argsort(-(amounts - whole), kind="stable")[:missing]] += 1
    return whole


def _tested(
    vectors: NDArray[Any],
    label: NDArray[np.int64],
    center: NDArray[np.int64],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
) -> float:
    right = fit_logistic(vectors[train], label[train]).predict(vectors[test]) == label[test]
    cells = np.unique(np.stack([label[test], center[test]], axis=1), axis=0, return_inverse=True)[1].ravel()
    return float(np.mean(np.bincount(cells, weights=right) / np.bincount(cells)))
