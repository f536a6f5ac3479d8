"""Rows of ``by_group``: drops by class, what counter images are mistaken for, cue conflict by class, attributes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.backgrounds.availability import attribute_availability
from audit.backgrounds.drop import class_drops
from audit.backgrounds.overall_rows import conflict_codes
from audit.backgrounds.sides import NAMES
from audit.counts import code, sum_by
from audit.statistics import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.backgrounds.inputs import Inputs
    from audit.backgrounds.overall_rows import Overall
    from audit.significance import Correction

MOST_MISTAKES = 60
MOST_LEVELS = 50
"""Attributes with more values than this are not probed."""


def class_rows(inputs: Inputs, overall: Overall, correction: Correction) -> list[dict[str, Any]]:
    """Return a row a class: its drop, tested; classes with one side only are listed without a value."""
    if not inputs.sides.how:
        return []
    counts = overall.counts
    alternative = "greater" if inputs.sides.how == "discover" else "two-sided"
    drops = class_drops(counts, alternative=alternative, correction=correction)  # type: ignore[arg-type]
    why = [_why(n, inputs.sides.how) for n in counts.n]
    rows: list[dict[str, Any]] = []
    for place, name in enumerate(counts.classes):
        (common_k, counter_k), (common_n, counter_n) = counts.correct[place], counts.n[place]
        bounds = wilson_interval(counts.correct[place], counts.n[place])
        rows.append(
            {
                "row": name,
                "kind": "class",
                "class": name,
                # Where every class has both sides there is nothing to say, and no column of nothing.
                **({"why": why[place]} if any(why) else {}),
                "value": drops.value[place],
                "low": drops.low[place],
                "high": drops.high[place],
                "n": common_n + counter_n,
                "null": 0.0,
                "p_value": drops.p_value[place],
                "q_value": drops.q_value[place],
                "common": inputs.sides.common[place],
                "counter": inputs.sides.counter[place],
                "common_accuracy": common_k / common_n if common_n else np.nan,
                "common_low": bounds.low[0],
                "common_high": bounds.high[0],
                "counter_accuracy": counter_k / counter_n if counter_n else np.nan,
                "counter_low": bounds.low[1],
                "counter_high": bounds.high[1],
                "common_n": common_n,
                "counter_n": counter_n,
                "unit": "points",
                "where": json.dumps({inputs.label_column: name, "tested_side": ["common", "counter"]}),
            }
        )
    return sorted(rows, key=lambda row: (np.isnan(row["value"]), -np.nan_to_num(row["value"])))


def _why(n: NDArray[np.float64], how: str) -> str:
    """Return why a class has no drop; empty where it has one."""
    if how == "discover" and not n.any():
        return "no pair of backgrounds with enough samples"
    lacking = [f"no {side}" for side, count in zip(NAMES, n, strict=True) if not count]
    return f"{' and '.join(lacking)} background" if lacking else ""


def mistake_rows(inputs: Inputs) -> list[dict[str, Any]]:
    """Return what counter images are mistaken for: share of a class's counter images with each wrong answer."""
    used = (inputs.sides.codes == 1) & inputs.sides.tested & inputs.known
    table = pd.DataFrame({"class": inputs.label.codes[used], "answer": inputs.predicted[used]})
    table["right"] = inputs.answers.correct[used]
    n = table.groupby("class").size()
    wrong = table[~table["right"]].groupby(["class", "answer"]).size().reset_index(name="count")
    rows: list[dict[str, Any]] = []
    for place, answer, count in wrong.itertuples(index=False, name=None):
        total = int(n[place])
        bounds = wilson_interval(int(count), total)
        name = inputs.label.levels[int(place)]
        rows.append(
            {
                "row": f"{name} taken for {answer}",
                "kind": "mistake",
                "class": name,
                "answer": str(answer),
                "count": int(count),
                "value": int(count) / total,
                "low": float(bounds.low),
                "high": float(bounds.high),
                "n": total,
                "unit": "share",
                "where": json.dumps({inputs.label_column: name, "predicted": str(answer), "tested_side": "counter"}),
            }
        )
    return sorted(rows, key=lambda row: -row["count"])[:MOST_MISTAKES]


def conflict_rows(inputs: Inputs, overall: Overall) -> list[dict[str, Any]]:
    """Return what answers follow where label and background disagree, by class of the label."""
    follows = conflict_codes(inputs, overall.implied)
    used = follows >= 0
    if not used.any():
        return []
    size = len(inputs.label.levels)
    codes = inputs.label.codes[used]
    n = sum_by(codes, np.ones(len(codes)), size)
    parts = [sum_by(codes, follows[used] == what, size) for what in range(3)]
    interval = wilson_interval(parts[1], n)
    return [
        {
            "row": name,
            "kind": "cue_conflict",
            "class": name,
            "value": parts[1][place] / n[place],
            "low": interval.low[place],
            "high": interval.high[place],
            "n": n[place],
            "follows_label": parts[0][place] / n[place],
            "follows_background": parts[1][place] / n[place],
            "follows_neither": parts[2][place] / n[place],
            "unit": "share",
            "where": json.dumps(
                {inputs.label_column: name, "conflict_follows": ["label", "background", "neither"]},
            ),
        }
        for place, name in enumerate(inputs.label.levels)
        if n[place]
    ]


def attribute_rows(
    inputs: Inputs, embeddings: NDArray[np.floating] | None, *, seed: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return reliance, availability and predictivity of the background and every attribute, and notes."""
    columns: dict[str, Any] = {}
    if inputs.background is not None:
        columns[inputs.background.name] = inputs.background.coded
    notes = []
    for name in inputs.dataset.roles.attributes:
        if name in columns:
            continue
        values = inputs.dataset.metadata[name]
        coded = code(values.astype("str").where(values.notna()))
        if 2 <= len(coded.levels) <= MOST_LEVELS:
            columns[name] = coded
        else:
            notes.append(f"'{name}' has {len(coded.levels)} values and was not compared with the background")
    rows = []
    for name, coded in columns.items():
        found = attribute_availability(
            inputs.label, coded, inputs.prediction, embeddings, group_id=inputs.group_id, seed=seed
        )
        rows.append(
            {
                "row": name,
                "kind": "attribute",
                "value": found.reliance.value,
                "low": found.reliance.low,
                "high": found.reliance.high,
                "n": found.reliance.n,
                "null": 0.0,
                "p_value": found.reliance.p_value,
                "predictivity": found.predictivity,
                "availability": found.availability,
                "predictivity_chance": found.chance[0],
                "availability_chance": found.chance[1],
                "where": "{}",
            }
        )
    return rows, notes
