"""The answer in one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from audit.result import Verdict
from audit.wording import format_interval, format_p, format_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.robustness.case import Case

ALPHA = 0.05


def verdict(case: Case, row: Mapping[str, Any]) -> Verdict:
    """Say whether the embedding sees the center, and whether before the class.

    Parameters
    ----------
    case
        The neighbours.
    row
        The row ``robustness_index`` of ``overall``.

    Returns
    -------
    Verdict
        ``differs`` when the centers of neighbours agree more than classes explain (permutation p <= .05);
        ``too_few`` when no arrangement of the groups could reach that.
    """
    thing, center = case.class_word, case.center_word
    if not math.isfinite(row["value"]):
        sentence = (
            f"The robustness index could not be computed: no neighbour shares only the {thing} or only the {center} "
            f"of a sample, so the {center} is determined by the {thing}."
        )
        return Verdict(state="not_computed", sentence=sentence, score="robustness_index")
    interval = format_interval(row["low"], row["high"])
    numbers = f"index {format_value(row['value'])}" + (f" (95 % interval {interval})" if interval else "")
    numbers += f"; random neighbours would give {format_value(row['null'])}"
    permuted = case.permuted
    if not permuted.distinct >= 1 / ALPHA or not math.isfinite(row["p_value"]):
        sentence = (
            f"Too few groups to tell whether the {center} shapes the embedding: their {center}s can be dealt in only "
            f"{permuted.distinct:,.0f} ways; {numbers}."
        )
        return Verdict(state="too_few", sentence=sentence, score="robustness_index")
    # Nothing is taken out of the embedding: the same neighbours are counted again with their centers swapped.
    swapped = f"{center}s dealt at random within each {thing}"
    swapped = f"{swapped} about {format_value(permuted.mean)} ({format_p(row['p_value'])})"
    if row["p_value"] > ALPHA:
        sentence = f"No evidence that the {center} shapes the embedding: {numbers}, {swapped}."
        return Verdict(state="no_difference", sentence=sentence, score="robustness_index")
    if row["high"] < row["null"]:
        sentence = f"Sees the {center} before the {thing}: {numbers}, {swapped}."
    elif row["low"] > row["null"]:
        sentence = f"Sees the {thing} before the {center}, yet the {center} leaves its mark: {numbers}, {swapped}."
    else:
        sentence = f"Sees the {center} as much as the {thing}: {numbers}, {swapped}."
    return Verdict(state="differs", sentence=sentence, score="robustness_index")
