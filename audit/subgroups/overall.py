"""The overall scores with interval, null and p: one bootstrap and one permutation give them all.

Interval
    accuracy: Wilson. Macro and adjusted accuracy: from the Wilson bounds of their parts. Worst group, gap and ratio:
    from exact intervals that hold for all subgroups at once. Spreads and excess gap: bootstrap, centred on the value.
Null
    subgroup labels permuted within each class (whole group_ids at a time where given). Accuracy and macro accuracy
    do not depend on subgroups; theirs is a prediction that is independent of the label.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from audit.counts import CellCounts, cross, sum_by
from audit.group_ids import effective_counts, group_counts
from audit.resampling import (
    bootstrap,
    centred_interval,
    percentile_interval,
    permute_correct,
    permute_units,
    resampling_units,
)
from audit.significance import Correction, adjust_p_values, permutation_p_value
from audit.statistics import Interval, divide, mean_interval, proportion_interval, simultaneous_interval
from audit.subgroups.gaps import binary_gaps, class_accuracies, excess_gap, spread, subgroup_accuracies
from audit.subgroups.macro_std import class_variances, mean_defined, nist_factor, sampling_noise
from audit.wording import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.statistics import IntervalMethod
    from audit.subgroups.inputs import Attribute, Inputs

LEVEL = 0.95

SUBGROUP_SCORES: tuple[tuple[str, str, Literal["greater", "less", "two-sided"]], ...] = (
    ("adjusted_accuracy", "share", "two-sided"),
    ("worst_group_accuracy", "share", "less"),
    ("gap", "points", "greater"),
    ("ratio", "index", "less"),
    ("macro_std", "index", "greater"),
    ("macro_std_nist", "index", "greater"),
    ("macro_variance_debiased", "index", "greater"),
    ("excess_gap", "points", "greater"),
    ("tpr_gap", "points", "greater"),
    ("fpr_gap", "points", "greater"),
)
"""Name, unit, and the direction that speaks against the null; the last two for binary labels only."""


@dataclasses.dataclass(frozen=True, eq=False)
class Overall:
    """Scores of the main attribute and the draws behind them.

    Parameters
    ----------
    rows
        Rows for the table ``overall``.
    null
        Permutation draws of :func:`subgroup_scores`, shape (draws, scores + classes).
    class_std, class_null, class_null_high, class_p
        Standard deviation over subgroups per class, its permutation mean and 95 % point, and p; shape (classes,).
    class_interval
        Bootstrap interval of ``class_std``.
    notes
        What is undefined, and why.
    """

    rows: list[dict[str, Any]]
    null: NDArray[np.float64]
    class_std: NDArray[np.float64]
    class_interval: Interval
    class_null: NDArray[np.float64]
    class_null_high: NDArray[np.float64]
    class_p: NDArray[np.float64]
    notes: tuple[str, ...]


def subgroup_scores(correct: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """All scores that depend on subgroups, from counts.

    Parameters
    ----------
    correct, n
        Shape (..., classes, subgroups).

    Returns
    -------
    ndarray, shape (..., scores + classes)
        In the order of :data:`SUBGROUP_SCORES` (the TPR and FPR gaps NaN unless there are two classes), then sd_c.
    """
    accuracies = subgroup_accuracies(correct, n)
    low, high, gap = spread(accuracies)
    variances = class_variances(correct, n)
    deviations = np.sqrt(variances)
    undefined = np.full(gap.shape, np.nan)
    binary = binary_gaps(correct, n) if n.shape[-2] == 2 else None
    # With a single subgroup there is nothing to compare.
    compared = np.where(np.isfinite(accuracies).sum(axis=-1) > 1, 1.0, np.nan)
    scores = [
        mean_defined(accuracies),
        low,
        gap * compared,
        divide(low, np.nan_to_num(high)) * compared,
        mean_defined(deviations) * compared,
        mean_defined(np.sqrt(variances * nist_factor(n))),
        mean_defined(variances - sampling_noise(correct, n)) * compared,
        excess_gap(correct, n) * compared,
        binary.tpr_gap * compared if binary else undefined,
        binary.fpr_gap * compared if binary else undefined,
    ]
    return np.concatenate([np.stack(scores, axis=-1), deviations], axis=-1)


def permutation_draws(inputs: Inputs, attribute: Attribute | None, *, draws: int, seed: int) -> NDArray[np.float64]:
    """Draws of :func:`subgroup_scores` with subgroup labels permuted within each class.

    Parameters
    ----------
    inputs
        Coded columns.
    attribute
        Whose labels are permuted; the main one's (or the family's patterns) when ``None``.
    draws, seed
        Number and seed of the permutations.

    Returns
    -------
    ndarray
        Shape (draws, scores + classes).
    """
    cells, main = inputs.cells(attribute), attribute or inputs.main
    if inputs.group_id is None or main is None:
        n = cells.cell_n
        return permute_correct(
            cells.correct, cells.n, lambda k: subgroup_scores(cells.of_subgroups(k), n), draws=draws, seed=seed
        )
    patterns = len(main.coded.levels)
    cell = np.where(main.coded.codes < 0, -1, inputs.label.codes * patterns + main.coded.codes)
    units = group_counts(cell, inputs.correct, inputs.group_id, cells.n.size)
    return permute_units(
        units.cell // patterns,
        units.cell % patterns,
        np.column_stack([units.correct, units.n]),
        (cells.n.shape[0], cells.n.shape[1]),
        lambda k, n: subgroup_scores(cells.of_subgroups(k), cells.of_subgroups(n)),
        draws=draws,
        seed=seed,
    )


def bootstrap_draws(inputs: Inputs, cells: CellCounts, *, draws: int, seed: int) -> NDArray[np.float64]:
    """Bootstrap draws of :func:`subgroup_scores` and, last, of macro accuracy; shape (draws, ...)."""
    main = inputs.main
    classes, patterns = cells.n.shape
    place = inputs.label.codes * patterns + (0 if main is None else main.coded.codes)
    if main is not None:
        place = np.where(main.coded.codes < 0, -1, place)
    right = np.where((place >= 0) & inputs.correct, place + cells.n.size, -1)
    units = resampling_units([place, right], 2 * cells.n.size, inputs.group_id)

    def statistic(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        n, k = (part.reshape(-1, classes, patterns) for part in np.split(counts, 2, axis=1))
        macro = mean_defined(class_accuracies(k, n))
        return np.column_stack([subgroup_scores(cells.of_subgroups(k), cells.of_subgroups(n)), macro])

    return bootstrap(units, statistic, draws=draws, seed=seed)


def effective_by(
    inputs: Inputs, place: NDArray[np.int64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts (correct, n) by place for intervals: effective ones where group_ids are the independent units."""
    if inputs.group_id is not None:
        return effective_counts(group_counts(place, inputs.correct, inputs.group_id, size), LEVEL)
    keep = place >= 0
    return sum_by(place[keep], inputs.correct[keep], size), sum_by(place[keep], np.ones(int(keep.sum())), size)


def overall_scores(inputs: Inputs, *, method: IntervalMethod, correction: Correction, draws: int, seed: int) -> Overall:
    """Compute every overall score of the main attribute.

    Parameters
    ----------
    inputs
        Coded columns.
    method
        Interval of plain proportions.
    correction
        Correction of the p-values over the scores.
    draws
        Bootstrap and permutation draws.
    seed
        Seed of both.

    Returns
    -------
    Overall
        Rows and per-class spreads.
    """
    cells = inputs.cells()
    correct, n = cells.cell_correct, cells.cell_n
    value = subgroup_scores(correct, n)
    null = permutation_draws(inputs, None, draws=draws, seed=seed)
    drawn = bootstrap_draws(inputs, cells, draws=draws, seed=seed)
    rows = _accuracy_rows(inputs, drawn[:, -1], method)
    simultaneous = _simultaneous(inputs, cells)
    samples = int(cells.n.sum())
    groups = int((n.sum(axis=0) > 0).sum())
    for place, (name, unit, direction) in enumerate(SUBGROUP_SCORES):
        if not np.isfinite(value[place]) and name in ("tpr_gap", "fpr_gap"):
            continue
        low, high = _bounds(inputs, name, value[place], drawn=drawn[:, place], groups=simultaneous, cells=cells)
        rows.append(
            {
                "score": name,
                "value": value[place],
                "low": low,
                "high": high,
                "n": samples,
                "support": groups
                if place < 4 or name == "excess_gap"
                else int(np.isfinite(value[-len(correct) :]).sum()),
                "null": _mean(null[:, place]),
                "p_value": float(permutation_p_value(value[place], null[:, place], alternative=direction)),
                "unit": unit,
            }
        )
    adjusted = adjust_p_values([row.get("p_value", np.nan) for row in rows], correction)
    for row, q in zip(rows, adjusted, strict=True):
        row["q_value"] = q
    per_class = slice(len(SUBGROUP_SCORES), len(SUBGROUP_SCORES) + len(correct))
    deviations, class_null = value[per_class], null[:, per_class]
    return Overall(
        rows,
        null,
        deviations,
        centred_interval(deviations, drawn[:, per_class], LEVEL, floor=0.0),
        np.array([_mean(column) for column in class_null.T]),
        percentile_interval(class_null, 0.9).high,
        permutation_p_value(deviations, class_null),
        _undefined(inputs, cells),
    )


def _mean(values: NDArray[np.float64]) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _accuracy_rows(inputs: Inputs, macro_draws: NDArray[np.float64], method: IntervalMethod) -> list[dict[str, Any]]:
    classes = len(inputs.label.levels)
    total = np.zeros(len(inputs.correct), dtype=np.int64)
    k, n = effective_by(inputs, total, 1)
    interval = proportion_interval(k, n, LEVEL, method)
    class_k, class_n = effective_by(inputs, inputs.label.codes, classes)
    macro, low, high = mean_interval(class_k, class_n, LEVEL)
    if inputs.group_id is not None:
        # Classes share group_ids, so their errors are not independent: the bootstrap knows.
        bounds = percentile_interval(macro_draws, LEVEL)
        low, high = float(bounds.low), float(bounds.high)
    samples = len(inputs.correct)
    share = np.bincount(inputs.label.codes, minlength=classes) / samples
    known = inputs.prediction[inputs.prediction >= 0]
    predicted = np.bincount(known, minlength=classes) / samples
    present = share > 0
    accuracy = {"score": "accuracy", "value": float(inputs.correct.mean()), "null": float(share @ predicted)}
    macro_row = {"score": "macro_accuracy", "value": macro, "null": float(predicted[present].mean())}
    return [
        {**accuracy, "low": float(interval.low[0]), "high": float(interval.high[0])}
        | {"n": samples, "support": samples, "unit": "share"},
        {**macro_row, "low": low, "high": high, "n": samples, "support": int(present.sum()), "unit": "share"},
    ]


def _simultaneous(inputs: Inputs, cells: CellCounts) -> Interval:
    """Intervals of all subgroups' accuracies at once."""
    k, n = cells.cell_correct.sum(axis=0), cells.cell_n.sum(axis=0)
    main = inputs.main
    if inputs.group_id is not None and main is not None:
        if inputs.family is None:
            k, n = effective_by(inputs, main.coded.codes, len(cells.subgroups))
        else:
            inside = inputs.family[1][main.coded.codes]
            parts = [effective_by(inputs, np.where(column, 0, -1), 1) for column in inside.T]
            k, n = np.array([part[0][0] for part in parts]), np.array([part[1][0] for part in parts])
    return simultaneous_interval(k, n, LEVEL)


def _bounds(
    inputs: Inputs, name: str, value: float, *, drawn: NDArray[np.float64], groups: Interval, cells: CellCounts
) -> tuple[float, float]:
    nothing = (float("nan"), float("nan"))
    known = np.isfinite(groups.low)
    if not np.isfinite(value) or not known.any():
        return nothing
    low, high = groups.low[known], groups.high[known]
    if name == "worst_group_accuracy":
        return float(low.min()), float(high.min())
    if name == "gap":
        return max(0.0, float(low.max() - high.min())), float(high.max() - low.min())
    if name == "ratio":
        return float(low.min() / high.max()), min(1.0, float(high.min() / max(float(low.max()), 1e-12)))
    if name == "adjusted_accuracy":
        if inputs.group_id is None and inputs.family is None:
            return mean_interval(cells.cell_correct.sum(axis=0), cells.cell_n.sum(axis=0), LEVEL)[1:]
        bounds = percentile_interval(drawn, LEVEL)
        return float(bounds.low), float(bounds.high)
    floor = -np.inf if name in ("macro_variance_debiased", "excess_gap") else 0.0
    bounds = centred_interval(value, drawn, LEVEL, floor=floor)
    return float(bounds.low), float(bounds.high)


def _undefined(inputs: Inputs, cells: CellCounts) -> tuple[str, ...]:
    """Say which classes and subgroups take no part, and why."""
    n = cells.cell_n
    filled = (n > 0).sum(axis=1)
    notes = []
    absent = [name for name, count in zip(cells.classes, filled, strict=True) if count == 0]
    if absent:
        notes.append(f"{plural(len(absent), 'class')} without a sample left out: {', '.join(absent[:5])}")
    alone = [name for name, count in zip(cells.classes, filled, strict=True) if count == 1]
    if alone and len(cells.subgroups) > 1:
        notes.append(
            f"{plural(len(alone), 'class')} in one subgroup only ({', '.join(alone[:5])}): a spread of 0 in macro_std "
            f"and undefined in macro_std_nist, which rests on the remaining {int((filled > 1).sum())} classes"
        )
    if inputs.main is None:
        notes.append("no attribute is set, so that scores of subgroups are undefined")
    elif len(cells.subgroups) < 2:
        notes.append(f"'{inputs.main.name}' has one value only, so that there are no subgroups to compare")
    small = [name for name, size in zip(cells.subgroups, n.sum(axis=0), strict=True) if 0 < size < 10]
    if small:
        notes.append(
            f"subgroups with fewer than 10 samples ({', '.join(small[:5])}) are listed but say little by themselves"
        )
    return tuple(notes)


def cross_codes(inputs: Inputs, first: int, second: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cross two attributes: code of each row and the two values' codes of each crossing that occurs."""
    crossing, parts = cross([inputs.attributes[first].coded, inputs.attributes[second].coded])
    return crossing.codes, parts
