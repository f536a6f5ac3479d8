"""Differences of recalls of every class and pair of subgroups (FACET), and gaps with another attribute held equal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.counts import count_cells
from audit.resampling import bootstrap, percentile_interval, resampling_units
from audit.significance import adjust_p_values, permutation_p_value, score_test
from audit.statistics import divide, newcombe_interval
from audit.subgroups.gaps import recall_differences, subgroup_accuracies
from audit.subgroups.group_rows import MOST_ROWS
from audit.subgroups.inputs import Attribute
from audit.subgroups.overall import LEVEL, effective_by
from audit.subgroups.standardisation import standardised_difference
from audit.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.significance import Correction
    from audit.subgroups.group_rows import Rows
    from audit.subgroups.inputs import Inputs

FEWEST_SAMPLES = 10
"""A subgroup with fewer samples is never called the best or the worst of a comparison."""


def recall_rows(inputs: Inputs, correction: Correction, *, draws: int, seed: int) -> tuple[Rows, list[str]]:
    """Difference of recalls of every class and pair of the main attribute's subgroups (FACET)."""
    main = inputs.main
    if main is None:
        return [], []
    cells = inputs.cells()
    groups = cells.subgroups
    pairs = len(groups) * (len(groups) - 1) // 2
    if pairs * len(cells.classes) > MOST_ROWS:
        note = (
            f"{plural(pairs, 'pair')} of subgroups times {plural(len(cells.classes), 'class')} are too many "
            "differences of recalls to list; the rows of kind 'cell' compare each subgroup with the rest of its class"
        )
        return [], [note]
    if inputs.family is not None:
        found = _overlapping_differences(inputs, draws=draws, seed=seed)
    else:
        d = recall_differences(cells.correct, cells.n, LEVEL)
        low, high, p_value = d.interval.low, d.interval.high, d.p_value
        if inputs.group_id is not None:
            place = np.where(main.coded.codes < 0, -1, inputs.label.codes * len(groups) + main.coded.codes)
            k, n = effective_by(inputs, place, cells.n.size)
            one, other = d.class_index * len(groups) + d.first, d.class_index * len(groups) + d.second
            low, high = newcombe_interval(k[one], n[one], k[other], n[other], LEVEL)
            p_value = score_test(k[one], n[one], k[other], n[other])
        found = list(
            zip(d.class_index, d.first, d.second, d.difference, low, high, p_value, d.n_first, d.n_second, strict=True)
        )
    q_value = adjust_p_values([row[6] for row in found], correction)
    return [
        {
            "kind": "recall_difference",
            "subgroup": f"class {cells.classes[c]}: {groups[a]} - {groups[b]}",
            "class": cells.classes[c],
            "group": f"{groups[a]} - {groups[b]}",
            "attribute": main.name,
            "score": "recall_difference",
            "unit": "points",
            "value": difference,
            "low": low,
            "high": high,
            "n": int(n_a + n_b),
            "support": int(min(n_a, n_b)),
            "null": 0.0,
            "p_value": p,
            "q_value": q,
            "where": _pair_where(inputs, main, cells.classes[c], (groups[a], groups[b])),
        }
        for (c, a, b, difference, low, high, p, n_a, n_b), q in zip(found, q_value, strict=True)
    ], []


def _pair_where(inputs: Inputs, main: Attribute, name: str, pair: Sequence[str]) -> str:
    conditions: dict[str, Any] = {inputs.label_column: name}
    if inputs.family is None:
        conditions[main.column] = list(pair)
    return json.dumps(conditions, ensure_ascii=False)


def _overlapping_differences(inputs: Inputs, *, draws: int, seed: int) -> list[tuple[Any, ...]]:
    """Differences between subgroups that share samples: from one paired bootstrap, not a two-sample test."""
    cells = inputs.cells()
    assert inputs.family is not None
    classes, patterns = cells.n.shape
    place = inputs.label.codes * patterns + inputs.family[0].codes
    units = resampling_units(
        [place, np.where(inputs.correct, place + cells.n.size, -1)], 2 * cells.n.size, inputs.group_id
    )
    first, second = np.triu_indices(len(cells.subgroups), 1)

    def differences(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        n, k = (cells.of_subgroups(part.reshape(-1, classes, patterns)) for part in np.split(counts, 2, axis=1))
        recall = divide(k, n)
        return recall[..., first] - recall[..., second]

    drawn = bootstrap(units, differences, draws=draws, seed=seed)
    value = divide(cells.cell_correct, cells.cell_n)
    interval = percentile_interval(drawn, LEVEL)
    # The share of draws on the far side of 0, twice: the bootstrap's counterpart of a two-sided p.
    p_value = permutation_p_value(np.zeros(drawn.shape[1:]), drawn, alternative="two-sided")
    return [
        (
            c,
            a,
            b,
            value[c, a] - value[c, b],
            interval.low[c, i],
            interval.high[c, i],
            p_value[c, i],
            cells.cell_n[c, a],
            cells.cell_n[c, b],
        )
        for c in range(classes)
        for i, (a, b) in enumerate(zip(first, second, strict=True))
        if cells.cell_n[c, a] > 0 and cells.cell_n[c, b] > 0
    ]


def standardised_rows(inputs: Inputs, *, draws: int, seed: int) -> tuple[Rows, list[str]]:
    """The gap between the best and the worst subgroup with the label's, then each other attribute's mix held equal.

    The pair is chosen by its gap, so that no p-value is given: the gap's own permutation p is among the scores.

    Parameters
    ----------
    inputs
        Coded columns.
    draws, seed
        Of the bootstrap.

    Returns
    -------
    rows : list of dict
        ``value`` is the standardised difference, ``raw`` the plain one over the same strata, ``explained`` what lies
        between them, ``stratified`` the one with Mantel-Haenszel weights, ``coverage`` the share of samples compared.
    notes : list of str
        Which attributes could not be held equal, and why.
    """
    main = inputs.main
    if main is None or inputs.family is not None:
        return [], []
    cells = inputs.cells()
    accuracies = subgroup_accuracies(cells.correct, cells.n)
    # A handful of samples must not choose the pair that everything is about.
    enough = cells.n.sum(axis=0) >= FEWEST_SAMPLES
    if enough.sum() < 2:
        return [], [f"fewer than two subgroups have {FEWEST_SAMPLES} samples: no gap to standardise"]
    best = int(np.where(enough, accuracies, -np.inf).argmax())
    worst = int(np.where(enough, accuracies, np.inf).argmin())
    if best == worst:
        return [], []
    others = [Attribute("the label", inputs.label_column, inputs.label), *inputs.attributes[1:]]
    rows: Rows = []
    notes: list[str] = []
    for other in others:
        counts = count_cells(inputs.correct, main.coded, other.coded)
        found = standardised_difference(counts.correct, counts.n, best, worst)
        if not np.isfinite(found.standardised):
            notes.append(f"'{other.name}' cannot be held equal: the two subgroups share none of its values")
            continue
        drawn = _standardised_draws(inputs, main, other, (best, worst), draws=draws, seed=seed)
        interval = percentile_interval(drawn, LEVEL)
        rows.append(
            {
                "kind": "standardised",
                "subgroup": f"{main.coded.levels[best]} - {main.coded.levels[worst]}, {other.name} held equal",
                "group": f"{main.coded.levels[best]} - {main.coded.levels[worst]}",
                "attribute": other.name,
                "score": "standardised_difference",
                "unit": "points",
                "value": float(found.standardised),
                "low": float(interval.low[0]),
                "high": float(interval.high[0]),
                "n": int(counts.n[[best, worst]].sum()),
                "support": int((counts.n[[best, worst]] > 0).all(axis=0).sum()),
                "null": 0.0,
                "raw": float(found.raw),
                "raw_low": float(interval.low[1]),
                "raw_high": float(interval.high[1]),
                "explained": float(found.explained),
                "stratified": float(found.stratified),
                "coverage": float(found.coverage),
                "where": json.dumps(
                    {main.column: [main.coded.levels[best], main.coded.levels[worst]]}, ensure_ascii=False
                ),
            }
        )
    return rows, notes


def _standardised_draws(
    inputs: Inputs, main: Attribute, other: Attribute, pair: tuple[int, int], *, draws: int, seed: int
) -> NDArray[np.float64]:
    """Bootstrap of (standardised, raw), shape (draws, 2); all other subgroups count together, for the mix."""
    strata = len(other.coded.levels)
    row = np.full(len(main.coded.levels), 2, dtype=np.int64)
    row[list(pair)] = (0, 1)
    missing = (main.coded.codes < 0) | (other.coded.codes < 0)
    place = np.where(missing, -1, row[main.coded.codes] * strata + other.coded.codes)
    right = np.where(~missing & inputs.correct, place + 3 * strata, -1)
    units = resampling_units([place, right], 6 * strata, inputs.group_id)

    def statistic(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        n, k = (part.reshape(-1, 3, strata) for part in np.split(counts, 2, axis=1))
        found = standardised_difference(k, n, 0, 1)
        return np.stack([found.standardised, found.raw], axis=-1)

    return bootstrap(units, statistic, draws=draws, seed=seed)
