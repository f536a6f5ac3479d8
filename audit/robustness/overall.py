"""Rows of ``overall``: every score with interval, null, n and what it rests on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.robustness.index import (
    balanced_accuracy,
    chance_level,
    confounder_insensitivity,
    generalization_index,
    in_center_share,
    lift,
    older_index,
    out_of_center_share,
    reweighted_index,
    robustness_index,
)
from audit.robustness.margins import (
    fragile_share,
    lower_tail_mean,
    margin_aware_index,
    median_margin,
    temperature,
)
from audit.robustness.probes import accuracy_draws
from audit.robustness.uncertainty import (
    MarginDraws,
    count_draws,
    evidence,
    index_draws,
    interval_of,
    margin_draws,
    ratio_draws,
    share_interval,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.robustness.case import Case

Row = dict[str, Any]


def overall_rows(case: Case) -> list[Row]:
    """Return the rows that rest on neighbours alone."""
    return [*_index_rows(case), *_accuracy_rows(case), *_margin_rows(case), _error_row(case)]


def score_row(
    name: str,
    value: float,
    draws: NDArray[np.float64] | None,
    *,
    n: int,
    support: int,
    null: float = math.nan,
    unit: str = "",
) -> Row:
    """Return one row; draws that are all NaN, and a NaN value, leave no interval."""
    low = high = math.nan
    if draws is not None and math.isfinite(value) and np.isfinite(draws).any():
        interval = interval_of(draws)
        low, high = float(interval.low), float(interval.high)
    row = {"score": name, "value": float(value), "low": low, "high": high, "n": n, "support": support, "null": null}
    return row | {"p_value": math.nan, "unit": unit}


def _index_rows(case: Case) -> list[Row]:
    counts = case.evidence.totals
    null = chance_level(case.candidates, case.k)
    expected = (case.candidates.shares() * np.minimum(case.candidates.total, case.k)[:, None]).sum(axis=0)
    drawn = count_draws([case.evidence], case.design.group, case.stratum, draws=case.draws, seed=case.seed)[:, 0]
    facts: Mapping[str, Any] = {"n": case.n, "support": case.design.groups}
    index, sampled = float(robustness_index(counts)), robustness_index(drawn)
    permuted = case.permuted
    main = score_row("robustness_index", index, sampled, null=null, **facts)
    if math.isfinite(index) and np.isfinite(sampled).any():
        interval = share_interval(sampled, case.design.groups)
        main |= {"low": float(interval.low), "high": float(interval.high)}
    main |= {"p_value": permuted.p_value, "without_center": permuted.mean, "k": case.k}
    rows = [
        main,
        score_row("lift", float(lift(index, null)), lift(sampled, null), null=0.0, **facts),
        score_row(
            "reweighted_robustness_index",
            float(reweighted_index(index, null)),
            reweighted_index(sampled, null),
            null=0.5,
            **facts,
        ),
    ]
    for name, function in (
        ("robustness_index_2501", older_index),
        ("confounder_insensitivity", confounder_insensitivity),
        ("generalization_index", generalization_index),
        ("in_center_share", in_center_share),
        ("out_of_center_share", out_of_center_share),
    ):
        unit = "share" if name.endswith("share") else ""
        by_chance = float(function(expected))
        rows.append(score_row(name, float(function(counts)), function(drawn), null=by_chance, unit=unit, **facts))
    return rows


def _accuracy_rows(case: Case) -> list[Row]:
    rows = []
    design = case.design
    for name, codes, votes, names in (
        ("class_balanced_accuracy", design.label, case.class_vote, design.labels),
        ("center_balanced_accuracy", design.center, case.center_vote, design.centers),
    ):
        truth = codes[design.rows]
        draws = accuracy_draws(truth, votes, design.group[design.rows], case.stratum, draws=case.draws, seed=case.seed)
        value = balanced_accuracy(truth, votes)
        if len(design.blocks) > 1:
            block = design.block
            value = float(np.mean([balanced_accuracy(truth[block == b], votes[block == b]) for b in np.unique(block)]))
        chance = 0.5 if len(design.blocks) > 1 else 1 / len(names)
        rows.append(score_row(name, value, draws, n=case.n, support=design.groups, null=chance, unit="share"))
    return rows


def _margin_rows(case: Case) -> list[Row]:
    design, values = case.design, case.margins
    block, group = design.block, design.group[design.rows]
    by_block = [
        margin_draws(values[block == b], group[block == b], case.stratum, draws=case.draws, seed=case.seed)
        for b in np.unique(block)
        if np.isfinite(values[block == b]).any()
    ]
    n = int(np.isfinite(values).sum())
    facts: Mapping[str, Any] = {"n": n, "support": design.groups}
    empty = np.full(case.draws, np.nan)
    drawn = MarginDraws(empty, empty, empty)
    if by_block:
        drawn = (
            by_block[0]
            if len(by_block) == 1
            else margin_draws(values, group, case.stratum, draws=case.draws, seed=case.seed)
        )
        drawn = drawn._replace(median=np.median([part.median for part in by_block], axis=0))
    tau = temperature(case.types, case.near.distance, case.k)
    weight = np.exp(-np.where(np.isfinite(case.near.distance), case.near.distance, 2.0) / tau) if tau > 0 else None
    weighted = evidence(case.types, case.near.index, design.rows, len(design.label), case.k, weight=weight)
    mari = margin_aware_index(case.types, case.near.distance, case.k)
    sampled = index_draws([weighted], design.group, case.stratum, draws=case.draws, seed=case.seed)[:, 0]
    return [
        score_row("croma", median_margin(values, block), drawn.median, null=0.0, **facts),
        score_row(
            "mari",
            mari,
            sampled,
            n=case.n,
            support=design.groups,
            null=chance_level(case.candidates, case.k),
        ),
        score_row("ltm10", lower_tail_mean(values), drawn.tail, **facts),
        score_row("f0", fragile_share(values), drawn.fragile, null=0.5, unit="share", **facts),
    ]


def _error_row(case: Case) -> Row:
    errors = case.errors
    drawn = ratio_draws(
        errors.own.astype(np.float64),
        errors.all.astype(np.float64),
        case.design.group[case.design.rows],
        case.stratum,
        draws=case.draws,
        seed=case.seed,
    )
    return score_row(
        "center_error_share",
        errors.share,
        drawn,
        n=int(errors.wrong.sum()),
        support=int(errors.all.sum()),
        null=errors.availability,
        unit="share",
    )
