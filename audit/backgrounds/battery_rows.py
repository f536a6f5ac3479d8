"""Rows about changed images: paired change of accuracy, flips, change of the true class's probability."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.backgrounds.imagenet_nine import Challenge, Gap, paired_gap
from audit.backgrounds.interventions import words
from audit.backgrounds.relative_foreground_sensitivity import Sensitivity, sensitivity
from audit.comparison import paired_interval
from audit.counts import sum_by
from audit.significance import adjust_p_values, mcnemar_exact
from audit.statistics import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.backgrounds.answers import Answers
    from audit.backgrounds.inputs import Inputs
    from audit.significance import Correction

SMALLEST, LARGEST = 0.005, 0.95
"""A subject that takes less or more of the image than this leaves nothing to compare."""

FEWEST = 10
"""Classes with fewer samples have no row of flips."""


@dataclasses.dataclass(frozen=True, eq=False)
class Battery:
    """The answers to changed images.

    Parameters
    ----------
    answers
        By intervention.
    usable
        Samples whose change means something, by intervention: bool (n,).
    predicted
        Answers in the labels' words, by intervention.
    notes
        What was left out.
    """

    answers: Mapping[str, Answers]
    usable: Mapping[str, NDArray[np.bool_]]
    predicted: Mapping[str, NDArray[np.str_]]
    notes: tuple[str, ...]


def usable_samples(
    names: list[str], inputs: Inputs, shares: Mapping[str, NDArray[np.floating]] | None
) -> tuple[dict[str, NDArray[np.bool_]], list[str]]:
    """Return the samples that each intervention says something about, and notes on the others.

    Parameters
    ----------
    names
        Of interventions.
    inputs
        Labels.
    shares
        Of subject and box, (n,) each; ``None`` when only whole images are changed.
    """
    known = inputs.known
    notes = []
    whole = known.copy()
    if shares is not None:
        whole = known & (shares["subject"] > SMALLEST) & (shares["box"] < LARGEST)
        lost = int((known & ~whole).sum())
        if lost:
            notes.append(
                f"{lost} samples whose subject takes nearly nothing or nearly all of the image were left out of the "
                "changes of subject and background"
            )
    sizes = sum_by(inputs.label.codes[known], np.ones(int(known.sum())), len(inputs.label.levels))
    alone = known & (sizes[np.maximum(inputs.label.codes, 0)] < 2)
    usable = {}
    for name in names:
        usable[name] = known if name.startswith("image_") else whole
        if name.endswith("swap_same"):
            usable[name] = usable[name] & ~alone
    if alone.any() and any(name.endswith("swap_same") for name in names):
        notes.append(
            f"{int(alone.sum())} samples are the only ones of their class and could not get a background from within it"
        )
    return usable, notes


def intervention_rows(inputs: Inputs, battery: Battery, correction: Correction) -> list[dict[str, Any]]:
    """Return a row an intervention: change of accuracy with its paired interval, flips, change of p(true)."""
    rows = []
    for name, changed in battery.answers.items():
        used = battery.usable[name]
        n = int(used.sum())
        before, after = inputs.answers.correct[used], changed.correct[used]
        flipped = inputs.predicted[used] != battery.predicted[name][used]
        p_change = (changed.p_true - inputs.answers.p_true)[used]
        p_change = p_change[np.isfinite(p_change)]
        low, high = paired_interval(before.astype(np.float64), after.astype(np.float64))
        flips = wilson_interval(int(flipped.sum()), n)
        rows.append(
            {
                "row": words(name),
                "kind": "intervention",
                "intervention": name,
                "value": after.mean() - before.mean() if n else np.nan,
                "low": low,
                "high": high,
                "n": n,
                "null": 0.0,
                "p_value": float(mcnemar_exact((after & ~before).sum(), (before & ~after).sum())) if n else np.nan,
                "accuracy": after.mean() if n else np.nan,
                "accuracy_before": before.mean() if n else np.nan,
                "flip_rate": flipped.mean() if n else np.nan,
                "flip_low": float(flips.low),
                "flip_high": float(flips.high),
                "p_true_change": p_change.mean() if len(p_change) else np.nan,
                "unit": "points",
                "where": "{}",
            }
        )
    q = adjust_p_values([row["p_value"] for row in rows], correction)
    return [row | {"q_value": value} for row, value in zip(rows, q, strict=True)]


def flip_rows(inputs: Inputs, battery: Battery) -> list[dict[str, Any]]:
    """Return a row a class and intervention: the share of answers that change."""
    rows = []
    for name in battery.answers:
        used = battery.usable[name]
        codes = inputs.label.codes[used]
        size = len(inputs.label.levels)
        n = sum_by(codes, np.ones(len(codes)), size)
        flipped = sum_by(codes, inputs.predicted[used] != battery.predicted[name][used], size)
        interval = wilson_interval(flipped, n)
        rows += [
            {
                "row": f"{label}, {words(name)}",
                "kind": "class_flip",
                "class": label,
                "intervention": name,
                "value": flipped[place] / n[place],
                "low": interval.low[place],
                "high": interval.high[place],
                "n": n[place],
                "flip_rate": flipped[place] / n[place],
                "unit": "share",
                "where": json.dumps({inputs.label_column: label}),
            }
            for place, label in enumerate(inputs.label.levels)
            if n[place] >= FEWEST
        ]
    return rows


def noise_sensitivity(inputs: Inputs, battery: Battery, *, draws: int, seed: int) -> Sensitivity | None:
    """Return RFS, ``None`` unless both noises are in the battery."""
    if not {"foreground_noise", "background_noise"} <= set(battery.answers):
        return None
    used = battery.usable["foreground_noise"]
    return sensitivity(
        battery.answers["foreground_noise"].correct[used],
        battery.answers["background_noise"].correct[used],
        group_id=None if inputs.group_id is None else inputs.group_id[used],
        draws=draws,
        seed=seed,
    )


def swap_gap(battery: Battery) -> Gap | None:
    """Return BG-Gap of the data's own images with exchanged backgrounds, ``None`` without both exchanges."""
    names = ("background_swap_same", "background_swap_random")
    if not set(names) <= set(battery.answers):
        return None
    used = battery.usable[names[0]] & battery.usable[names[1]]
    return paired_gap(battery.answers[names[0]].correct[used], battery.answers[names[1]].correct[used])


def swap_challenge(inputs: Inputs, battery: Battery) -> Challenge | None:
    """Return the share of samples that are right as they are and on every exchanged background."""
    names = [name for name in battery.answers if name.startswith("background_swap")]
    if not names:
        return None
    used = np.logical_and.reduce([battery.usable[name] for name in names])
    right = np.logical_and.reduce([inputs.answers.correct, *(battery.answers[name].correct for name in names)])[used]
    n = len(right)
    bounds = wilson_interval(int(right.sum()), n)
    return Challenge(float(right.mean()) if n else float("nan"), float(bounds.low), float(bounds.high), n)


def background_only(
    battery: Battery, implied: NDArray[np.int64], prediction: NDArray[np.int64]
) -> tuple[float, float, float, int] | None:
    """Return P(answer = the background's class | subject removed), with its interval and n.

    Parameters
    ----------
    battery
        With ``foreground_grey``, or ``None`` comes back.
    implied
        Class that each sample's background implies, -1 for none.
    prediction
        Class codes of the answers to images without their subject.
    """
    if "foreground_grey" not in battery.answers:
        return None
    used = battery.usable["foreground_grey"] & (implied >= 0)
    n = int(used.sum())
    if not n:
        return None
    same = int((prediction[used] == implied[used]).sum())
    bounds = wilson_interval(same, n)
    return same / n, float(bounds.low), float(bounds.high), n
