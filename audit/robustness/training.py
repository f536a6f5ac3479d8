"""Rows that need training or further searches: probes, performance drop, clusters, mitigation, layers, mixing.

They are measured on at most ``sample_limit`` samples, drawn in whole groups, and say so.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import InputError
from audit.robustness.case import drawn_groups
from audit.robustness.clustering import clustering_score
from audit.robustness.design import Design, all_rows
from audit.robustness.index import balanced_accuracy
from audit.robustness.mitigation import mitigation_table
from audit.robustness.mixing import mixing_scores
from audit.robustness.overall import score_row
from audit.robustness.performance_drop import (
    STEPS,
    average_performance_drop,
    integrated_degradation,
    measure_drop,
)
from audit.robustness.probes import accuracy_draws, bounded, logistic_predictions
from audit.robustness.rows import where
from audit.robustness.uncertainty import interval_of, strata
from audit.robustness.variance import variance_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.robustness.case import Case

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """Rows of ``overall`` and ``by_group``, and notes."""

    overall: list[Row]
    by_group: list[Row]
    notes: list[str]


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """The samples that are trained on, as an unpaired design of their own."""

    rows: NDArray[np.int64]
    design: Design
    note: str

    @classmethod
    def of(cls, case: Case, most: int) -> Sample:
        """Draw whole groups."""
        rows = drawn_groups(case.design, most, case.seed)
        design = all_rows(case.design.label[rows], case.design.center[rows], case.design.group[rows])
        note = ""
        if len(rows) < case.n:
            note = (
                f"Probes, performance drop, clusters, pairs of centers and mitigation rest on {len(rows):,} of "
                f"{case.n:,} samples, drawn in whole groups (sample_limit)."
            )
        return cls(rows, design, note)


def probe_rows(case: Case, sample: Sample) -> list[Row]:
    """Return class and center accuracy, by the neighbours' vote and by logistic regression."""
    design = sample.design
    stratum, rows = strata(design), []
    vectors = np.asarray(case.vectors)[sample.rows]
    for target, codes, names in (
        (case.class_word, design.label, case.design.labels),
        (case.center_word, design.center, case.design.centers),
    ):
        votes = logistic_predictions(vectors, codes, design.group, seed=case.seed)
        draws = accuracy_draws(codes, votes, design.group, stratum, draws=case.draws, seed=case.seed)
        value = balanced_accuracy(codes, votes)
        defined = math.isfinite(value)
        interval = bounded(interval_of(draws)) if defined else None
        rows.append(
            {
                "group": f"{target}, logistic regression",
                "kind": "probe",
                "value": value,
                "low": float(interval.low) if interval else math.nan,
                "high": float(interval.high) if interval else math.nan,
                "n": len(sample.rows),
                "support": design.groups,
                "null": 1 / len(names),
                "unit": "share",
                "where": where(),
            }
        )
    return rows


def knn_probe_rows(case: Case, overall: list[Row]) -> list[Row]:
    """Return the same accuracies by the neighbours' vote, taken over from ``overall``."""
    words = {"class_balanced_accuracy": case.class_word, "center_balanced_accuracy": case.center_word}
    return [
        {key: row[key] for key in ("value", "low", "high", "n", "support", "null", "unit")}
        | {"group": f"{words[row['score']]}, {case.k} nearest neighbours", "kind": "probe", "where": where()}
        for row in overall
        if row["score"] in words
    ]


def drop_rows(case: Case, sample: Sample, repeats: int) -> Found:
    """Return the average performance drop, nIPD, and the accuracy at each step."""
    design = sample.design
    try:
        found = measure_drop(
            np.asarray(case.vectors)[sample.rows],
            design.label,
            design.center,
            design.group,
            repeats=repeats,
            seed=case.seed,
        )
    except InputError as error:
        empty = score_row("average_performance_drop", math.nan, None, n=0, support=0, null=0.0, unit="points")
        return Found([empty], [], [f"The performance drop is undefined: {error}"])
    chance = 1 / found.classes
    each = [average_performance_drop(found.accuracy[:, [r]]) for r in range(repeats) if found.accuracy[0, r] > 0]
    nipd = [integrated_degradation(found.accuracy[:, [r]], found.cramers_v, chance) for r in range(repeats)]
    facts: Mapping[str, Any] = {"n": found.training_rows, "support": repeats}
    overall = [
        score_row("average_performance_drop", _mean(each), np.array(each), null=0.0, unit="points", **facts),
        score_row(
            "nipd",
            integrated_degradation(found.accuracy, found.cramers_v, chance),
            np.array(nipd),
            null=0.0,
            **facts,
        ),
    ]
    rows = []
    for step, aimed in enumerate(STEPS):
        low, high = np.quantile(found.accuracy[step], [0.025, 0.975])
        rows.append(
            {
                "group": f"bias {aimed:g}",
                "kind": "training_bias",
                "value": float(found.accuracy[step].mean()),
                "low": float(low),
                "high": float(high),
                "n": found.training_rows,
                "support": repeats,
                "null": chance,
                "unit": "share",
                "cramers_v": float(found.cramers_v[step]),
                "where": where(),
            }
        )
    made = "" if found.unit == "samples" else f" made of {found.unit}"
    note = (
        f"Performance drop: {repeats} divisions into training and test groups; training sets of "
        f"{found.training_rows:,} samples{made}; intervals are the range over divisions."
    )
    return Found(overall, rows, [note])


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def clustering_rows(case: Case, sample: Sample) -> Found:
    """Return the clustering score."""
    design = sample.design
    found = clustering_score(np.asarray(case.vectors)[sample.rows], design.label, design.center, seed=case.seed)
    row = score_row("clustering_score", found.value, None, n=found.n, support=found.clusters, null=0.0)
    row |= {"low": found.low, "high": found.high}
    note = (
        f"Clustering score: {found.clusters} clusters; agreement with the {case.class_word} {found.ari_class:.3f}, "
        f"with the {case.center_word} {found.ari_center:.3f}; the interval is the range over starts of k-means."
    )
    return Found([row], [], [note])


def mitigation_rows(case: Case, sample: Sample, anew: Mapping[str, NDArray[Any]]) -> Found:
    """Return one row a correction: the index on groups that it was not fitted on."""
    try:
        found = mitigation_table(
            np.asarray(case.vectors)[sample.rows],
            sample.design,
            k=case.k,
            draws=case.draws,
            seed=case.seed,
            embedded_anew={name: np.asarray(array)[sample.rows] for name, array in anew.items()},
        )
    except InputError as error:
        return Found([], [], [f"Mitigations were not tried: {error}"])
    rows: list[Row] = [
        {
            "group": method.method,
            "kind": "mitigation",
            "value": method.value,
            "low": method.low,
            "high": method.high,
            "n": method.n,
            "null": method.null,
            "class_accuracy": method.accuracy,
            "performance_drop": method.drop,
            "leak": method.leak,
            "where": where(),
        }
        for method in found
    ]
    note = (
        "Mitigations are fitted on half of the groups and judged on the others, raw beside them. "
        "ComBat with class is told the class of the samples it corrects: a leak, for comparison only."
    )
    return Found([], rows, [note])


def layer_rows(case: Case, sample: Sample, layers: Mapping[str, NDArray[Any]]) -> list[Row]:
    """Return how much of each layer's variance goes with class and with center; the embedding comes last."""
    design, stratum = sample.design, strata(sample.design)
    rows = []
    for name, array in {**layers, "embedding": case.vectors}.items():
        vectors = np.asarray(array)[sample.rows]
        if not np.isfinite(vectors).all():
            continue
        for word, codes in ((case.class_word, design.label), (case.center_word, design.center)):
            share = variance_share(vectors, codes, design.group, stratum, seed=case.seed)
            rows.append(
                {
                    "group": f"{name}, {word}",
                    "kind": "layer",
                    "value": share.value,
                    "low": share.low,
                    "high": share.high,
                    "n": len(vectors),
                    "support": design.groups,
                    "null": 0.0,
                    "unit": "share",
                    "layer": name,
                    "factor": word,
                    "where": where(),
                }
            )
    return rows


def mixing_rows(case: Case) -> list[Row]:
    """Return iLISI, cLISI and kBET; empty for a paired design or fewer than three neighbours."""
    if len(case.design.blocks) > 1:
        return []
    found = mixing_scores(case.near, case.design)
    return [
        score_row(name, value, None, n=n, support=case.design.groups, unit="share" if name == "kbet" else "")
        for name, (value, n) in found.items()
    ]
