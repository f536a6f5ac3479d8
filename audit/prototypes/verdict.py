"""The answer in one sentence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.result import State, Verdict
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from audit.prototypes.case import Case
    from audit.prototypes.chosen import Prototypes
    from audit.prototypes.reasons import Reasons

WANTED = 3
"""Prototypes below which a class shows itself rather than what stands for it."""

FEWEST = 10
"""Samples below which nothing is said about fidelity."""


def verdict(case: Case, prototypes: Prototypes, rows: Sequence[Mapping[str, Any]], reasons: Reasons | None) -> Verdict:
    """Say how well prototypes stand for the model's answers, and because of what things look like them.

    Returns
    -------
    Verdict
        ``above_chance`` when the prototypes tell the model's answers better than chance.
    """
    row = next(row for row in rows if row["score"] == "fidelity")
    classes = len(set(prototypes.place.tolist()))
    each = len(prototypes.row) / max(classes, 1)
    count = f"{each:.0f}" if float(each).is_integer() else f"{each:.1f}"
    told = "the model's answer" if case.answers else "the class"
    if not math.isfinite(row["value"]):
        sentence = "No sample has a prototype it may be compared with: every one is of its own group or a copy of it."
        return Verdict(state="not_computed", sentence=sentence, score="fidelity")
    share = format_value(row["value"], "share")
    interval = format_interval(row["low"], row["high"], "share")
    chance = format_value(row["null"], "share")
    start = f"{count} typical picture{'' if count == '1' else 's'} a class tell {told} for {share} of samples"
    start += f" (95 % interval {interval}; {chance} by chance)"
    if float(np.median(np.bincount(prototypes.place)[np.unique(prototypes.place)])) < WANTED:
        start += ", most classes having only one or two samples to show"
    state: State = "above_chance" if row["low"] > row["null"] else "no_difference"
    if row["n"] < FEWEST:
        state = "too_few"
    return Verdict(state=state, sentence=f"{start}{_because(reasons)}{_heat(rows)}.", score="fidelity")


def _heat(rows: Sequence[Mapping[str, Any]]) -> str:
    """Warn where taking away what the heat marks costs no more of the answer than taking away anything."""
    row = next((row for row in rows if row["score"] == "deletion_auc"), None)
    if row is None or not math.isfinite(row["high"]) or row["high"] < row["null"]:
        return ""
    value, random = format_value(row["value"]), format_value(row["null"])
    return (
        f"; heat maps do no better than chance at what answers rest on (area under deletion {value}, random {random})"
    )


def _because(reasons: Reasons | None) -> str:
    if reasons is None:
        return ""
    total = len(reasons.leading)
    counted = Counter(names[0] for names in reasons.leading if names)
    if not counted:
        return f"; for none of {total} parts can it be said because of which characteristic things look like it"
    name, most = counted.most_common(1)[0]
    said = f"; {most} of {total} parts look alike mostly because of {name}"
    further = [f"{count} because of {other}" for other, count in counted.most_common(3)[1:]]
    said += f", {', '.join(further)}" if further else ""
    open_ = total - sum(counted.values())
    said += f", {open_} undecided" if open_ else ""
    misleading = int(reasons.misleading.sum())
    if misleading:
        said += f"; {misleading} would mislead a person"
    return said
