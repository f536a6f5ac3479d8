"""What removing the center would do: the index before and after, with what it costs.

Every correction is fitted on one half of the groups (the reference) and judged on the other half, raw embeddings
beside it on the same samples:

    raw                nothing is changed
    center mean        each center's mean (classes weighing the same) is taken away
    ComBat             each center's mean and spread, shrunk by empirical Bayes
    ComBat with class  the same with class as a covariate: it is told the class of the samples it corrects, a leak
    Reinhard, Macenko  the images' colours are brought to a fixed target before they are embedded

A center that lacks a class would take the class for a part of the center; such data are refused. Audit-defined.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import InputError
from audit.group_ids import split_halves
from audit.robustness.combat import ComBat
from audit.robustness.design import Design, all_rows, eligible
from audit.robustness.index import accuracy_curve, chance_level, neighbor_types, robustness_index
from audit.robustness.performance_drop import average_performance_drop, measure_drop
from audit.robustness.search import find_neighbors
from audit.robustness.uncertainty import evidence, index_draws, interval_of, strata

if TYPE_CHECKING:
    from numpy.typing import NDArray

REPEATS = 3
"""Repeats of the performance drop beside each method."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Mitigated:
    """One method on the judged half.

    Parameters
    ----------
    method
        Its name.
    value, low, high, null
        Robustness index, its 95 % interval over groups, and its chance level.
    accuracy
        Balanced accuracy of the leave-group-out kNN class vote.
    drop
        Average performance drop; NaN where it cannot be measured.
    n
        Samples judged.
    leak
        Whether it uses the class of the samples it corrects.
    """

    method: str
    value: float
    low: float
    high: float
    null: float
    accuracy: float
    drop: float
    n: int
    leak: bool


def remove_center_means(
    vectors: NDArray[Any], center: NDArray[np.int64], label: NDArray[np.int64], reference: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return rows less their center's mean.

    Parameters
    ----------
    vectors
        (n, d).
    center, label
        Codes (n,).
    reference
        Rows that the means are taken over; a center's mean is the mean of its classes' means.
    """
    x = np.asarray(vectors, dtype=np.float64)
    means = np.stack(
        [
            np.mean([x[reference & (center == m) & (label == c)].mean(axis=0) for c in np.unique(label)], axis=0)
            for m in range(int(center.max()) + 1)
        ]
    )
    return np.asarray(x - means[center])


def check_complete(label: NDArray[np.int64], center: NDArray[np.int64], reference: NDArray[np.bool_]) -> None:
    """Refuse data where a center lacks a class among the reference groups.

    Raises
    ------
    InputError
        If it does: what the class adds would be removed with the center.
    """
    classes, centers = int(label.max()) + 1, int(center.max()) + 1
    table = np.bincount((center * classes + label)[reference], minlength=classes * centers).reshape(centers, classes)
    if table.min() < 2:
        raise InputError(
            "`center` must hold at least 2 reference samples of every class to be corrected; a center lacks a class, "
            "and removing the center would remove the class with it."
        )


def corrected(
    vectors: NDArray[Any], center: NDArray[np.int64], label: NDArray[np.int64], reference: NDArray[np.bool_]
) -> dict[str, tuple[NDArray[np.float64], bool]]:
    """Return {method: (rows, leak)} of every correction of embeddings, raw first.

    Raises
    ------
    InputError
        As :func:`check_complete`.
    """
    check_complete(label, center, reference)
    x = np.asarray(vectors, dtype=np.float64)
    plain = ComBat.fit(x[reference], center[reference])
    told = ComBat.fit(x[reference], center[reference], label[reference])
    return {
        "raw": (x, False),
        "center mean": (remove_center_means(x, center, label, reference), False),
        "ComBat": (plain.apply(x, center), False),
        "ComBat with class": (told.apply(x, center, label), True),
    }


def mitigation_table(
    vectors: NDArray[Any],
    design: Design,
    *,
    k: int,
    draws: int,
    seed: int,
    embedded_anew: Mapping[str, NDArray[Any]] | None = None,
) -> list[Mitigated]:
    """Judge every method on the groups it was not fitted on.

    Parameters
    ----------
    vectors
        (n, d), one row a sample.
    design
        Unpaired.
    k
        Ranks counted.
    draws, seed
        Of the bootstrap; the seed also divides the groups.
    embedded_anew
        Embeddings (n, d) of normalised images, by method.

    Raises
    ------
    InputError
        If a center lacks a class, or a half has fewer than two groups.
    """
    rows = design.blocks[0]
    label, center, group = (np.ascontiguousarray(codes[rows]) for codes in (design.label, design.center, design.group))
    reference = _reference(label, center, group, seed)
    judged = np.flatnonzero(~reference)
    methods = corrected(np.asarray(vectors)[rows], center, label, reference)
    methods |= {
        name: (np.asarray(array, dtype=np.float64)[rows], False) for name, array in (embedded_anew or {}).items()
    }
    half = all_rows(label[judged], center[judged], group[judged])
    null = chance_level(eligible(half), k)
    out = []
    for name, (table, leak) in methods.items():
        own = table[judged]
        usable = np.isfinite(own).all(axis=1) & (np.abs(np.nan_to_num(own)).max(axis=1) > 0)
        if not usable.all():
            continue
        found = find_neighbors(own, half, k=k + k // 2, m=0)
        types = neighbor_types(found.index, half.rows, half)
        counted = evidence(types, found.index, half.rows, len(judged), k)
        sampled = index_draws([counted], half.group, strata(half), draws=draws, seed=seed)[:, 0]
        interval = interval_of(sampled)
        out.append(
            Mitigated(
                method=name,
                value=float(robustness_index(counted.totals)),
                low=float(interval.low),
                high=float(interval.high),
                null=null,
                accuracy=float(accuracy_curve(found.index, half, half.label, (k,))[0]),
                drop=_drop(own, half, seed),
                n=len(judged),
                leak=leak,
            )
        )
    return out


def _reference(
    label: NDArray[np.int64], center: NDArray[np.int64], group: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    """Choose the reference groups: half of those of each (class, center), a group's first row standing for it."""
    groups, first, place = np.unique(group, return_index=True, return_inverse=True)
    cell = label[first] * (int(center.max()) + 1) + center[first]
    several = len(np.unique(group * (int(label.max()) + 1) + label)) > len(groups)
    stratum = center[first] if several else cell
    chosen = np.zeros(len(groups), dtype=bool)
    for number, value in enumerate(np.unique(stratum)):
        members = np.flatnonzero(stratum == value)
        chosen[members] = split_halves(len(members), None, seed + number)
    return np.asarray(chosen[place])


def _drop(vectors: NDArray[np.float64], half: Design, seed: int) -> float:
    try:
        found = measure_drop(vectors, half.label, half.center, half.group, repeats=REPEATS, seed=seed, steps=(0.0, 1.0))
    except InputError:
        return float("nan")
    return average_performance_drop(found.accuracy) if (found.accuracy[0] > 0).all() else float("nan")
