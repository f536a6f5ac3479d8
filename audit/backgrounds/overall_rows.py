"""Rows of ``overall``: one a score, each with interval, n, support and null."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.backgrounds.battery_rows import Battery, background_only, noise_sensitivity, swap_challenge, swap_gap
from audit.backgrounds.cue_conflict import BACKGROUND, LABEL, implied_classes, reliance
from audit.backgrounds.discovery import count_sides
from audit.backgrounds.drop import MeanDrop, SideCounts, mean_drop, side_accuracy
from audit.backgrounds.effective_robustness import Line, effective_robustness
from audit.backgrounds.imagenet_nine import background_gap, challenge_accuracy
from audit.group_ids import effective_counts, group_counts
from audit.resampling import resampling_units
from audit.statistics import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.backgrounds.inputs import Inputs
    from audit.counts import Coded


@dataclasses.dataclass(frozen=True, eq=False)
class Overall:
    """The scores and what further rows rest on.

    Parameters
    ----------
    rows
        Of ``overall``.
    counts
        Common and counter samples of each class.
    drop
        The mean drop.
    implied
        Class that each sample's background implies, -1 for none: (n,).
    notes
        What was left out.
    """

    rows: list[dict[str, Any]]
    counts: SideCounts
    drop: MeanDrop
    implied: NDArray[np.int64]
    notes: tuple[str, ...]


def overall_scores(inputs: Inputs, battery: Battery | None, line: Line, *, draws: int, seed: int) -> Overall:
    """Return every score that the data allows.

    Parameters
    ----------
    inputs
        Labels, answers, backgrounds, sides.
    battery
        Answers to changed images, where there are any.
    line
        Of the published reference models.
    draws, seed
        Of bootstraps.
    """
    counts = count_sides(inputs.answers.correct, inputs.label, inputs.sides.codes, inputs.sides.tested)
    units = None
    if inputs.group_id is not None and counts.both.any():
        units = _units(inputs)
    drop = mean_drop(counts, units=units, draws=draws, seed=seed)
    rows = _accuracy_rows(inputs)
    notes: list[str] = []
    if drop.classes:
        rows += _drop_rows(counts, drop, line)
        one_sided = [name for name, both in zip(counts.classes, counts.both, strict=True) if not both]
        if one_sided:
            shown = ", ".join(one_sided[:5]) + (" ..." if len(one_sided) > 5 else "")
            notes.append(f"{len(one_sided)} classes lack samples on one side and are not averaged: {shown}")
        if drop.classes == 1:
            notes.append("One class cannot tell how much classes differ: there is no interval over classes")
    implied = implied_of(inputs)
    rows += _reliance_rows(inputs, implied)
    rows += _folder_rows(inputs)
    if battery is not None:
        rows += _battery_rows(inputs, battery, implied, draws=draws, seed=seed, folder={row["score"] for row in rows})
    return Overall(rows, counts, drop, implied, tuple(notes))


def implied_of(inputs: Inputs) -> NDArray[np.int64]:
    """Return the class that each sample's background implies; -1 where it implies none."""
    if inputs.background is None:
        return np.full(len(inputs.dataset), -1, dtype=np.int64)
    coded = inputs.background.coded
    implied = implied_classes(inputs.label, coded)
    return np.where(coded.codes >= 0, implied[coded.codes], -1).astype(np.int64)


def _units(inputs: Inputs) -> Any:
    label: Coded = inputs.label
    used = (inputs.sides.codes >= 0) & inputs.sides.tested & (label.codes >= 0)
    cell = np.where(used, label.codes * 2 + inputs.sides.codes, -1)
    size = 2 * len(label.levels)
    right = np.where(used & inputs.answers.correct, cell, -1)
    return resampling_units([right, np.where(used, size + cell, -1)], 2 * size, inputs.group_id)


def _accuracy_rows(inputs: Inputs) -> list[dict[str, Any]]:
    known = inputs.known
    correct = inputs.answers.correct
    k, n = int(correct[known].sum()), int(known.sum())
    right, effective = float(k), float(n)
    if inputs.group_id is not None:
        # Samples of one group are no independent ones: the interval is that of the subgroup audit.
        counted = effective_counts(group_counts(np.where(known, 0, -1), correct, inputs.group_id, 1))
        right, effective = float(counted[0][0]), float(counted[1][0])
    bounds = wilson_interval(right, effective)
    return [
        {
            "score": "accuracy",
            "value": k / n,
            "low": float(bounds.low),
            "high": float(bounds.high),
            "n": n,
            "unit": "share",
        }
    ]


def _drop_rows(counts: SideCounts, drop: MeanDrop, line: Line) -> list[dict[str, Any]]:
    sides = [side_accuracy(counts, side) for side in (0, 1)]
    common, counter = ((value, float(bounds.low), float(bounds.high)) for value, bounds in sides)
    robust = effective_robustness(common, counter, line)
    shared = {"n": drop.n, "support": drop.classes}
    low, high = drop.over_classes
    if not np.isfinite(low):
        low, high = drop.over_images
    # Student's interval over few classes reaches past what a difference of two shares can be.
    low, high = max(low, -1.0), min(high, 1.0)
    n = counts.n[counts.both].sum(axis=0)
    return [
        {
            "score": "drop",
            "value": drop.value,
            "low": low,
            "high": high,
            **shared,
            "null": 0.0,
            "p_value": drop.p_value,
            "low_over_images": drop.over_images[0],
            "high_over_images": drop.over_images[1],
            "unit": "points",
        },
        {"score": "drop_micro", "value": drop.micro, **shared, "null": 0.0, "unit": "points"},
        *(
            {
                "score": f"{name}_accuracy",
                "value": value,
                "low": low,
                "high": high,
                "n": n[side],
                "support": drop.classes,
                "unit": "share",
            }
            for side, (name, (value, low, high)) in enumerate((("common", common), ("counter", counter)))
        ),
        {
            "score": "effective_robustness",
            "value": robust.value,
            "low": robust.low,
            "high": robust.high,
            **shared,
            "null": 0.0,
            "unit": "points",
        },
    ]


def _reliance_rows(inputs: Inputs, implied: NDArray[np.int64]) -> list[dict[str, Any]]:
    found = reliance(inputs.prediction, inputs.label.codes, implied)
    if not found.n:
        return []
    rows: list[dict[str, Any]] = [
        {
            "score": "background_reliance",
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "n": found.n,
            "support": len(np.unique(implied[implied >= 0])),
            "null": 0.0,
            "p_value": found.p_value,
        }
    ]
    conflict = (implied >= 0) & (inputs.label.codes >= 0) & (implied != inputs.label.codes)
    label = inputs.prediction[conflict] == inputs.label.codes[conflict]
    background = inputs.prediction[conflict] == implied[conflict]
    for name, follows in (("label", label), ("background", background), ("neither", ~label & ~background)):
        k, n = int(follows.sum()), int(conflict.sum())
        bounds = wilson_interval(k, n)
        rows.append(
            {
                "score": f"conflict_follows_{name}",
                "value": k / n,
                "low": float(bounds.low),
                "high": float(bounds.high),
                "n": n,
                "unit": "share",
            }
        )
    return rows


def _folder_rows(inputs: Inputs) -> list[dict[str, Any]]:
    """Return the scores of a folder of ImageNet-9 variants; none for other data."""
    columns = inputs.dataset.metadata
    if not {"variant", "foreground"} <= set(columns.columns):
        return []
    foreground = columns["foreground"].astype("str").fillna("").to_numpy(dtype=np.str_)
    variant = columns["variant"].astype("str").fillna("").to_numpy(dtype=np.str_)
    known = inputs.known
    right = inputs.answers.correct
    gap = background_gap(right[known], variant[known], foreground[known])
    mixed = known & np.char.startswith(variant, "mixed")
    challenge = challenge_accuracy(right[mixed], foreground[mixed])
    rows = []
    if gap.n:
        rows.append(_gap_row(gap))
    if challenge.n:
        rows.append(_challenge_row(challenge))
    return rows


def _gap_row(gap: Any) -> dict[str, Any]:
    return {
        "score": "bg_gap",
        "value": gap.value,
        "low": gap.low,
        "high": gap.high,
        "n": gap.n,
        "null": 0.0,
        "p_value": gap.p_value,
        "same": gap.same,
        "random": gap.random,
        "unit": "points",
    }


def _challenge_row(challenge: Any) -> dict[str, Any]:
    return {
        "score": "challenge_accuracy",
        "value": challenge.value,
        "low": challenge.low,
        "high": challenge.high,
        "n": challenge.n,
        "unit": "share",
    }


def _battery_rows(
    inputs: Inputs, battery: Battery, implied: NDArray[np.int64], *, draws: int, seed: int, folder: set[str]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    noise = noise_sensitivity(inputs, battery, draws=draws, seed=seed)
    if noise is not None and noise.n:
        rows.append(
            {
                "score": "relative_foreground_sensitivity",
                "value": noise.value,
                "low": noise.low,
                "high": noise.high,
                "n": noise.n,
                "null": 0.0,
                "p_value": noise.p_value,
                "foreground": noise.foreground,
                "background": noise.background,
            }
        )
    gap = swap_gap(battery)
    if gap is not None and gap.n and "bg_gap" not in folder:
        rows.append(_gap_row(gap))
    challenge = swap_challenge(inputs, battery)
    if challenge is not None and challenge.n and "challenge_accuracy" not in folder:
        rows.append(_challenge_row(challenge))
    if "foreground_grey" in battery.answers:
        codes = _codes(battery.predicted["foreground_grey"], inputs)
        only = background_only(battery, implied, codes)
        if only is not None:
            value, low, high, n = only
            rows.append(
                {
                    "score": "background_alone",
                    "value": value,
                    "low": low,
                    "high": high,
                    "n": n,
                    "null": 1 / len(inputs.label.levels),
                    "unit": "share",
                }
            )
    return rows


def _codes(predicted: NDArray[np.str_], inputs: Inputs) -> NDArray[np.int64]:
    place = {name: position for position, name in enumerate(inputs.label.levels)}
    return np.asarray([place.get(word, -1) for word in predicted.tolist()], dtype=np.int64)


def conflict_codes(inputs: Inputs, implied: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what the answers of samples in conflict follow; see :func:`audit.backgrounds.cue_conflict.follows`."""
    from audit.backgrounds.cue_conflict import follows

    return follows(inputs.prediction, inputs.label.codes, implied)


FOLLOWS = {LABEL: "label", BACKGROUND: "background"}
"""Words of what an answer follows; anything else is neither."""
