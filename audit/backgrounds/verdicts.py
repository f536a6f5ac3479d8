"""The audit's answer in one sentence."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.result import Verdict
from audit.statistics import detectable_difference
from audit.wording import format_interval, format_p, format_value

if TYPE_CHECKING:
    from audit.backgrounds.inputs import Inputs
    from audit.result import State

LEVEL = 0.05
FEWEST = 10
"""What rests on fewer samples tells nothing about the model."""

LARGE_DIFFERENCE = 0.2
"""When only a larger drop than this would be noticed, nothing found means too few samples."""


def verdict(scores: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], inputs: Inputs) -> Verdict:
    """Say in one sentence whether the model relies on backgrounds.

    Parameters
    ----------
    scores, rows
        Rows of ``overall`` and ``by_group``.
    inputs
        What they were computed from.

    Returns
    -------
    Verdict
        About the drop where there is one, else about BG-Gap of given variants, noise on subject and background, or
        cue conflict, the first of them that rests on :data:`FEWEST` samples or more. ``differs`` when p < .05; for
        the drop, when a class has q < .05, or p < .05 (over images) and the interval over classes leaves out 0. A
        model that rests on the subject more is ``above_chance`` unless a change of the background alone lowers its
        accuracy (q < .05).
    """
    by_name = {score["score"]: score for score in scores}
    drop = by_name.get("drop")
    if drop is not None and np.isfinite(drop["value"]):
        return dataclasses.replace(_about_drop(drop, by_name, rows), where=_behind_drop(rows))
    told = (
        ("bg_gap", _about_gap),
        ("relative_foreground_sensitivity", _about_noise),
        ("background_reliance", _about_reliance),
    )
    there = [(by_name[name], sentence) for name, sentence in told if _is_told(by_name.get(name))]
    # What rests on a handful of images leads only where nothing else is known.
    if there:
        score, sentence = min(there, key=lambda each: each[0]["n"] < FEWEST)
        state = _state(score)
        said = Verdict(state=state, sentence=sentence(score, state), score=score["score"])
        if said.score == "relative_foreground_sensitivity" and state == "differs" and score["value"] > 0:
            return _beside_changes(said, rows)
        return said
    accuracy = format_value(by_name["accuracy"]["value"], "share")
    return Verdict(
        state="not_computed",
        sentence=f"Backgrounds could not be compared, because {_cause(inputs)}; accuracy is {accuracy}.",
        score="accuracy",
    )


def _is_told(score: Mapping[str, Any] | None) -> bool:
    return score is not None and bool(np.isfinite(score["value"]))


def _state(score: Mapping[str, Any]) -> State:
    """Return the state of a score of -1 to 1: nothing found by a wide interval means too few samples."""
    if score["n"] < FEWEST:
        return "too_few"
    if score["p_value"] < LEVEL:
        return "differs"
    return "too_few" if score["high"] - score["low"] > 2 * LARGE_DIFFERENCE else "no_difference"


def _about_drop(drop: Mapping[str, Any], by_name: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Verdict:
    found = [row for row in rows if row["kind"] == "class" and row["q_value"] < LEVEL and row["value"] > 0]
    common, counter = (format_value(by_name[f"{side}_accuracy"]["value"], "share") for side in ("common", "counter"))
    interval, p_value = format_interval(drop["low"], drop["high"], "points"), format_p(drop["p_value"])
    # Of several classes the interval is over classes and the test over images; the table has both intervals.
    over = "over images, " + p_value
    if drop["support"] > 1:
        over = f"over {drop['support']:.0f} classes, {p_value} over images"
    numbers = f"drop {format_value(drop['value'], 'points')} (95 % interval {interval} {over})"
    if not found and drop["p_value"] < LEVEL and drop["low"] <= 0 <= drop["high"]:
        sentence = f"No evidence beyond these very classes: {numbers}: {common} on common backgrounds, {counter} on"
        return Verdict(state="no_difference", sentence=f"{sentence} counter ones.", score="drop")
    if found or (drop["p_value"] < LEVEL and drop["value"] > 0):
        named = ", ".join(f"{row['class']} ({row['common'] or 'common'})" for row in found[:4])
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        where = f", most clearly for {named}{more}" if found else ""
        sentence = f"Leans on backgrounds: {numbers}: {common} on common ones, {counter} on counter ones{where}."
        return Verdict(state="differs", sentence=sentence, score="drop")
    if drop["p_value"] < LEVEL:
        sentence = f"More accurate on counter backgrounds: {numbers}: {counter} against {common} on common ones."
        return Verdict(state="differs", sentence=sentence, score="drop")
    n = np.asarray([(row["common_n"], row["counter_n"]) for row in rows if row["kind"] == "class"])
    n = n[(n > 0).all(axis=1)].sum(axis=0)
    smallest = float(detectable_difference(float(by_name["common_accuracy"]["value"]), n[0], n[1]))
    if not smallest <= LARGE_DIFFERENCE:
        sentence = f"Too few samples to tell whether backgrounds matter: {numbers}: {common} on common, {counter} on"
        return Verdict(state="too_few", sentence=f"{sentence} counter ones.", score="drop")
    sentence = f"No evidence that backgrounds matter: {numbers}: {common} on common ones, {counter} on counter ones."
    return Verdict(state="no_difference", sentence=sentence, score="drop")


def _behind_drop(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what selects the samples of the classes that are averaged."""
    merged: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] == "class" and np.isfinite(row["value"]):
            for column, value in json.loads(row.get("where") or "{}").items():
                held = merged.setdefault(column, [])
                held += [each for each in (value if isinstance(value, list) else [value]) if each not in held]
    return json.dumps(merged, ensure_ascii=False) if merged else ""


def _about_gap(score: Mapping[str, Any], state: State) -> str:
    same, random = (format_value(score[side], "share") for side in ("same", "random"))
    interval = format_interval(score["low"], score["high"], "points")
    helps = "No evidence that a background of the own class helps"
    if state == "too_few":
        helps = "Too few samples to tell whether a background of the own class helps"
    elif state == "differs":
        helps = f"A background of the own class {'helps' if score['value'] > 0 else 'hurts'}"
    return (
        f"{helps}: {same} on backgrounds of the same class, {random} on those of other classes "
        f"(BG-Gap {format_value(score['value'], 'points')}, 95 % interval {interval}, {format_p(score['p_value'])})."
    )


def _about_noise(score: Mapping[str, Any], state: State) -> str:
    subject, background = (format_value(score[side], "share") for side in ("foreground", "background"))
    says = "Noise hurts the subject and the background alike"
    if state == "too_few":
        says = "Too few samples to tell whether the subject or its background matters more"
    elif state == "differs":
        more, less = ("subject", "its background") if score["value"] > 0 else ("background", "the subject")
        says = f"Rests on the {more} more than on {less}"
    return (
        f"{says}: accuracy {subject} with noise on the subject, {background} with as much noise on the background "
        f"(relative foreground sensitivity "
        f"{format_value(score['value'])}, 95 % interval {format_interval(score['low'], score['high'])}, no effect 0, "
        f"{format_p(score['p_value'])})."
    )


def _beside_changes(said: Verdict, rows: Sequence[Mapping[str, Any]]) -> Verdict:
    """Add to a model that rests on its subjects more what changing the background alone does."""
    changed = [row for row in rows if row["kind"] == "intervention" and row["intervention"].startswith("background_")]
    changed = [row for row in changed if np.isfinite(row["value"]) and not row["intervention"].endswith("_noise")]
    harmful = [row for row in changed if row["q_value"] < LEVEL and row["value"] < 0]
    if not harmful:
        none = " No other change of the background is seen to lower accuracy." if changed else ""
        return dataclasses.replace(said, state="above_chance", sentence=said.sentence + none)
    worst = min(harmful, key=lambda row: row["value"])
    interval, q_value = format_interval(worst["low"], worst["high"], "points"), format_p(worst["q_value"])
    sentence = (
        f"Changing the background alone still lowers accuracy, most with the {worst['row']}: "
        f"{format_value(worst['value'], 'points')} (95 % interval {interval}, corrected {q_value})."
    )
    return dataclasses.replace(said, sentence=f"{said.sentence} {sentence}")


def _about_reliance(score: Mapping[str, Any], state: State) -> str:
    follows = "No evidence that answers follow the background"
    if state == "too_few":
        follows = "Too few samples to tell whether answers follow the background"
    elif state == "differs":
        follows = "Answers follow the background"
    return (
        f"{follows} where label and background disagree: reliance {format_value(score['value'])}, 95 % interval "
        f"{format_interval(score['low'], score['high'])}, no effect 0, {format_p(score['p_value'])}."
    )


def _cause(inputs: Inputs) -> str:
    if inputs.background is None and not inputs.sides.how:
        return "nothing says what stands behind the subject and no image could be changed"
    if inputs.sides.how == "discover":
        return "no class has a pair of backgrounds with enough samples on both sides"
    return "no class has samples on both common and counter backgrounds"
