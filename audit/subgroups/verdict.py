"""The answer in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.result import Verdict
from audit.statistics import detectable_difference
from audit.subgroups.overall import LEVEL
from audit.wording import format_interval, format_p, format_value, in_words

if TYPE_CHECKING:
    from audit.subgroups.inputs import Inputs

LARGE_DIFFERENCE = 0.2
"""When only larger differences than this would be noticed, nothing found means too few samples."""

SHOWN = 2
"""Subgroups of other attributes that are named."""


def verdict(scores: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], inputs: Inputs) -> Verdict:
    """Say in one sentence whether subgroups differ.

    Parameters
    ----------
    scores, rows
        Rows of ``overall`` and ``by_group``.
    inputs
        What they were computed from.

    Returns
    -------
    Verdict
        ``differs`` when MacroStd exceeds its permutation null (p < .05); ``too_few`` when it does not and the typical
        subgroup would have to be worse by more than 20 points to be noticed.
    """
    by_name = {score["score"]: score for score in scores}
    main, spread, accuracy = inputs.main, by_name["macro_std"], by_name["accuracy"]
    if main is None or not np.isfinite(spread["value"]):
        reason = "no attribute is set" if main is None else f"'{main.name}' has fewer than two subgroups with samples"
        sentence = f"Subgroups could not be compared, because {reason}; accuracy is {_share(accuracy)}."
        return Verdict(state="not_computed", sentence=sentence, score="accuracy")
    numbers = (
        f"spread {format_value(spread['value'])} (95 % interval {format_interval(spread['low'], spread['high'])}; "
        f"{format_value(spread['null'])} with shuffled subgroups, {format_p(spread['p_value'])})"
    )
    answers = np.unique(inputs.prediction)
    if len(answers) == 1 and len(inputs.label.levels) > 1:
        answer = [*inputs.label.levels, "none of the classes"][int(answers[0])]
        sentence = (
            f"Could not be computed, because the model gives every sample the same answer, “{answer}”: it does not "
            f"tell these classes apart. Accuracy is {_share(accuracy)}."
        )
        return Verdict(state="not_computed", sentence=sentence, score="accuracy")
    name = "the attributes" if inputs.family is not None else f"“{main.name}”"
    if spread["p_value"] < 1 - LEVEL:
        own = [row for row in rows if row["kind"] == "subgroup" and row["n"]]
        if inputs.family is None:
            own = [row for row in own if row["attribute"] == main.name]
        worst = min(own, key=lambda row: float(row["value"]))
        if worst.get("q_value", 1.0) < 1 - LEVEL:
            lowest = f"The lowest is {worst['group']} at {_share(worst)}, against {_share(accuracy)} overall."
        else:
            which = "subgroup" if inputs.family is not None else in_words(main.name)
            lowest = (
                f"No {which} is clearly lowest after correction for many tests; accuracy overall is {_share(accuracy)}."
            )
        sentence = f"Accuracy depends on {name} within classes: {numbers}. {lowest}{_elsewhere(rows, inputs)}"
        return Verdict(state="differs", sentence=sentence, score="macro_std")
    n = inputs.cells().cell_n.sum(axis=0)
    detectable = detectable_difference(float(accuracy["value"]), n[n > 0], n.sum() - n[n > 0])
    if np.median(np.nan_to_num(detectable, nan=1.0)) > LARGE_DIFFERENCE:
        sentence = f"Too few samples to tell whether accuracy depends on {name} within classes: {numbers}."
        return Verdict(state="too_few", sentence=sentence, score="macro_std")
    overall = f"Accuracy overall is {_share(accuracy)}.{_elsewhere(rows, inputs)}"
    sentence = f"No evidence that accuracy depends on {name} within classes: {numbers}. {overall}"
    return Verdict(state="no_difference", sentence=sentence, score="macro_std")


def _elsewhere(rows: Sequence[Mapping[str, Any]], inputs: Inputs) -> str:
    """Name subgroups of other attributes that are lower than all other samples after correction, the worst first."""
    if inputs.main is None or inputs.family is not None:
        return ""
    lower = [
        row
        for row in rows
        if row["kind"] == "subgroup"
        and row["attribute"] != inputs.main.name
        and row.get("q_value", 1.0) < 1 - LEVEL
        and row["value"] < row["null"]
    ]
    lower.sort(key=lambda row: float(row["value"]))
    if not lower:
        return ""
    named = [
        f"{row['attribute']} {row['group']} ({format_value(row['value'], 'share')} against "
        f"{format_value(row['null'], 'share')})"
        for row in lower[:SHOWN]
    ]
    more = f" and {len(lower) - SHOWN} more" if len(lower) > SHOWN else ""
    return f" Of other attributes, lower than the rest: {', '.join(named)}{more}."


def _share(row: Mapping[str, Any]) -> str:
    interval = format_interval(row["low"], row["high"], "share")
    return f"{format_value(row['value'], 'share')} ({interval}, n = {row['n']:,.0f})"
