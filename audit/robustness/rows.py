"""Rows of ``by_group`` that rest on neighbours: the curve over k, classes, centers, pairs of centers, errors."""

from __future__ import annotations

import itertools
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.robustness.center_errors import center_errors, confusions
from audit.robustness.design import all_rows, eligible
from audit.robustness.index import (
    chance_level,
    count_types,
    neighbor_types,
    older_index,
    reweighted_index,
    robustness_index,
)
from audit.robustness.search import find_neighbors
from audit.robustness.uncertainty import evidence, index_draws, interval_of, ratio_draws, share_interval, strata
from audit.statistics import divide, wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.robustness.case import Case

Row = dict[str, Any]

MOST_CENTERS = 8
"""Pairs of centers are searched one by one up to this many centers."""


def where(**conditions: Any) -> str:
    """Return the JSON text that selects a row's samples."""
    return json.dumps(conditions, ensure_ascii=False)


def curve_rows(case: Case) -> list[Row]:
    """Return one row a value of k: the index with interval and null, the four types' shares, the class accuracy."""
    parts = [case.evidence_at(k) for k in case.ks]
    draws = index_draws(parts, case.design.group, case.stratum, draws=case.draws, seed=case.seed)
    interval = share_interval(draws, case.design.groups)
    rows = []
    for place, k in enumerate(case.ks):
        counts = case.counts[place]
        total = max(int(counts.sum()), 1)
        null = chance_level(case.candidates, k)
        value = float(robustness_index(counts))
        rows.append(
            {
                "group": f"k = {k}",
                "kind": "k",
                "k": float(k),
                "value": value,
                "low": float(interval.low[place]),
                "high": float(interval.high[place]),
                "n": case.n,
                "support": case.design.groups,
                "null": null,
                "chosen": k == case.k,
                **dict(zip(("ss", "so", "os", "oo"), (counts / total).tolist(), strict=True)),
                "class_accuracy": float(case.accuracy[place]),
                "older_index": float(older_index(counts)),
                "reweighted": float(reweighted_index(value, null)),
                "where": where(),
            }
        )
    return rows


def part_rows(case: Case) -> list[Row]:
    """Return one row a class and one a center: the index of its samples as queries."""
    design = case.design
    label_column, center_column = case.prepared.names[:2]
    rows = []
    for kind, codes, names, column in (
        ("class", design.label, design.labels, label_column),
        ("center", design.center, design.centers, center_column),
    ):
        of_query = codes[design.rows]
        chosen = [of_query == code for code in range(len(names))]
        parts = [case.evidence_at(case.k, mask) for mask in chosen]
        draws = index_draws(parts, design.group, case.stratum, draws=case.draws, seed=case.seed)
        groups = np.asarray([len(np.unique(design.group[design.rows][mask])) for mask in chosen])
        interval = share_interval(draws, groups)
        for place, name in enumerate(names):
            counts = parts[place].totals
            if not chosen[place].any():
                continue
            share = counts / max(counts.sum(), 1)
            rows.append(
                {
                    "group": name,
                    "kind": kind,
                    "value": float(robustness_index(counts)),
                    "low": float(interval.low[place]),
                    "high": float(interval.high[place]),
                    "n": len(np.unique(design.rows[chosen[place]])),
                    "support": len(np.unique(design.group[design.rows[chosen[place]]])),
                    "null": chance_level(case.candidates, case.k, chosen[place]),
                    **dict(zip(("ss", "so", "os", "oo"), share.tolist(), strict=True)),
                    "where": where(**{column: name}),
                }
            )
    return rows


def confusion_rows(case: Case) -> list[Row]:
    """Return one row a pair of centers: how often samples of the first are taken for the second's."""
    design = case.design
    truth, votes = design.center[design.rows], case.center_vote
    centers = len(design.centers)
    used = votes >= 0
    table = np.bincount(truth[used] * centers + votes[used], minlength=centers**2).reshape(centers, centers)
    n = table.sum(axis=1)
    interval = wilson_interval(table, np.broadcast_to(n[:, None], table.shape))
    center_column = case.prepared.names[1]
    candidates = np.bincount(design.center[design.used], minlength=centers)
    return [
        {
            "group": f"{design.centers[a]} taken for {design.centers[b]}",
            "kind": "center_confusion",
            "value": float(divide(table[a, b], n[a])),
            "low": float(interval.low[a, b]),
            "high": float(interval.high[a, b]),
            "n": int(n[a]),
            "null": float(candidates[b] / candidates.sum()),
            "unit": "share",
            "center": design.centers[a],
            "taken_for": design.centers[b],
            "where": where(**{center_column: design.centers[a], "nearest_center": design.centers[b]}),
        }
        for a, b in itertools.product(range(centers), repeat=2)
        if n[a]
    ]


def pair_rows(case: Case, rows: NDArray[np.int64]) -> list[Row]:
    """Return one row a pair of centers: the index when only these two are there.

    Parameters
    ----------
    case
        An unpaired case.
    rows
        Rows to search among.
    """
    design = case.design
    center_column = case.prepared.names[1]
    out: list[Row] = []
    if len(design.centers) > MOST_CENTERS or len(design.centers) < 3:
        return out
    for a, b in itertools.combinations(range(len(design.centers)), 2):
        chosen = rows[np.isin(design.center[rows], (a, b))]
        label, center, group = design.label[chosen], design.center[chosen], design.group[chosen]
        if len(np.unique(label)) < 2 or len(np.unique(center)) < 2 or len(np.unique(group)) < 2:
            continue
        pair = all_rows(label, center, group)
        found = find_neighbors(case.vectors[chosen], pair, k=case.k + case.k // 2, m=0)
        types = neighbor_types(found.index, pair.rows, pair)
        part = evidence(types, found.index, pair.rows, len(chosen), case.k)
        draws = index_draws([part], pair.group, strata(pair), draws=case.draws, seed=case.seed)[:, 0]
        interval = share_interval(draws, pair.groups)
        share = count_types(types, (case.k,))[0] / max(int(part.totals.sum()), 1)
        out.append(
            {
                "group": f"{design.centers[a]} and {design.centers[b]}",
                "kind": "center_pair",
                "value": float(robustness_index(part.totals)),
                "low": float(interval.low),
                "high": float(interval.high),
                "n": len(chosen),
                "support": pair.groups,
                "null": chance_level(eligible(pair), case.k),
                **dict(zip(("ss", "so", "os", "oo"), share.tolist(), strict=True)),
                "where": where(**{center_column: [design.centers[a], design.centers[b]]}),
            }
        )
    return out


def error_rows(case: Case) -> list[Row]:
    """Return the share of errors due to the center at each k of the curve, and whose neighbours mislead at k."""
    design = case.design
    group = design.group[design.rows]
    rows = []
    for k, errors in zip(case.ks, center_errors(case.near.index, design, case.ks), strict=True):
        drawn = ratio_draws(
            errors.own.astype(np.float64),
            errors.all.astype(np.float64),
            group,
            case.stratum,
            draws=case.draws,
            seed=case.seed,
        )
        defined = math.isfinite(errors.share)
        interval = interval_of(drawn)
        rows.append(
            {
                "group": f"errors at k = {k}",
                "kind": "errors",
                "k": float(k),
                "value": errors.share,
                "low": float(interval.low) if defined else math.nan,
                "high": float(interval.high) if defined else math.nan,
                "n": int(errors.wrong.sum()),
                "support": int(errors.all.sum()),
                "null": errors.availability,
                "unit": "share",
                "where": where(error=[OWN_CENTER, OTHER_ERROR]),
            }
        )
    table = confusions(case.errors, case.near.index, design, case.k)
    sizes = np.bincount(design.center[design.used], minlength=len(design.centers))
    for a, b in itertools.product(range(len(design.centers)), repeat=2):
        if table[a].sum() == 0:
            continue
        rows.append(
            {
                "group": f"{design.centers[a]} misled by {design.centers[b]}",
                "kind": "misleading_center",
                "value": float(table[a, b] / table[a].sum()),
                "n": int((case.errors.wrong & (design.center[design.rows] == a)).sum()),
                "support": int(table[a].sum()),
                "null": float(sizes[b] / sizes.sum()),
                "unit": "share",
                "center": design.centers[a],
                "taken_for": design.centers[b],
                "where": where(**{case.prepared.names[1]: design.centers[a], "error": [OWN_CENTER, OTHER_ERROR]}),
            }
        )
    return rows


RIGHT, OWN_CENTER, OTHER_ERROR = "right", "wrong, towards its own center", "wrong, otherwise"
"""Values of the column ``error`` of ``by_sample``."""
