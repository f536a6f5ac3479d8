"""The answer in one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from audit.differences.ranking import trust
from audit.differences.sets import FEW
from audit.result import Verdict
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from audit.result import State


FEWEST_UNITS = 4
"""Groups a side below which no separation can pass: 3 against 3 fall apart by chance in one of 20."""

MANY = 0.5
"""Part of the passing phrases from which as many in the control make the finding worthless [audit-defined]."""


def verdict(
    overall: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    *,
    words: tuple[str, str],
    sizes: tuple[int, int],
    units: tuple[int, int],
) -> Verdict:
    """Say what the top difference is, how sure that is, and what else to know before believing it.

    Parameters
    ----------
    overall
        The scores.
    rows
        Rows of ``by_group``.
    words
        What A and B are.
    sizes
        Their samples.
    units
        Independent groups (or samples) of each on the half that tests.
    """
    top = next(row for row in overall if row["score"] == "top_auroc")
    hypotheses = [row for row in rows if row["kind"] == "hypothesis"]
    terms = [row for row in rows if row["kind"] == "caption_term"]
    mix = _mix_words(rows)
    if math.isnan(top["value"]):
        return _by_captions(terms, words, sizes, mix)
    passing = [row for row in hypotheses if row["q_value"] < 0.05]
    count = f"{format_value(overall[1]['value'], 'count')} of {top['support']:,.0f} phrases pass"
    control = next(row["value"] for row in overall if row["score"] == "control_significant_hypotheses")
    if not math.isnan(control):
        count += f" (control, a set against itself: {control:.0f})"
    if passing:
        best = passing[0]
        _, right = trust(best["value"])
        other = next((row for row in passing if row["truer_of"] != best["truer_of"]), None)
        interval = format_interval(best["low"], best["high"])
        chance = f"{format_value(top['null'])} is the best of {top['support']:,.0f} phrases between equal sets"
        sentence = f"{_claim(best, words)}: AUROC {format_value(best['value'])} (95 % interval {interval}; {chance})"
        if other is not None:
            sentence += f". {_claim(other, words, short=True)}: AUROC {format_value(other['value'])}"
        found = float(overall[1]["value"])
        if control >= MANY * found:
            sentence = (
                f"Too uncertain to tell {words[0]} (A) from {words[1]} (B): of as many phrases {control:.0f} "
                f"pass between a set and itself, so that the {found:.0f} that pass here may be chance; the best is "
                f"“{best['hypothesis']}”, AUROC {_number(best)}"
            )
            return Verdict(state="too_few", sentence=f"{sentence}.{mix}", score="top_auroc")
        known = f"Top phrases of such an AUROC were right in {100 * right:.0f} % of published pairs of sets."
        return Verdict(state="differs", sentence=f"{sentence}. {count}.{mix} {known}", score="top_auroc")
    if min(units) < FEWEST_UNITS:
        best = hypotheses[0]
        sentence = (
            f"Too few independent groups to tell {words[0]} (A) from {words[1]} (B): {units[0]} and {units[1]} on the "
            f"half that tests, so that even phrases that always fit can be chance; the best is “{best['hypothesis']}”, "
            f"AUROC {_number(best)}"
        )
        return Verdict(state="too_few", sentence=f"{sentence}.{mix}", score="top_auroc")
    if any(row["q_value"] < 0.05 for row in terms):
        best = hypotheses[0]
        alone = (
            f" The images do not show it to this model: its best of {top['support']:,.0f} phrases has AUROC "
            f"{format_value(best['value'])}, and with no difference {format_value(top['null'])} is usual."
        )
        return _by_captions(terms, words, sizes, alone + mix)
    state: State = "too_few" if min(sizes) < FEW else "no_difference"
    best = hypotheses[0]
    sentence = (
        f"Nothing that was tried tells {words[0]} (A) from {words[1]} (B): the best of {top['support']:,.0f} "
        f"phrases, “{best['hypothesis']}”, has AUROC {_number(best)}, and with no difference the best would reach "
        f"{format_value(top['null'])} on average"
    )
    return Verdict(state=state, sentence=f"{sentence}.{mix}", score="top_auroc")


def _claim(row: dict[str, Any], words: tuple[str, str], *, short: bool = False) -> str:
    own, other = words if row["truer_of"] == "A" else words[::-1]
    letter = row["truer_of"]
    against = "" if short else f" than of {other} ({'B' if letter == 'A' else 'A'})"
    return f"“{row['hypothesis']}” is truer of {own} ({letter}){against}"


def _number(row: dict[str, Any]) -> str:
    return f"{format_value(row['value'])}, 95 % interval {format_interval(row['low'], row['high'])}"


def _mix_words(rows: list[dict[str, Any]]) -> str:
    mix = [row for row in rows if row["kind"] == "class_mix" and row["q_value"] < 0.05]
    if not mix:
        return ""
    largest = max(mix, key=lambda row: abs(row["value"]))
    return (
        f" The classes differ: {largest['hypothesis']} is {format_value(largest['prevalence_a'], 'share')} of A "
        f"and {format_value(largest['prevalence_b'], 'share')} of B."
    )


def _by_captions(terms: list[dict[str, Any]], words: tuple[str, str], sizes: tuple[int, int], mix: str) -> Verdict:
    passing = [row for row in terms if row["q_value"] < 0.05]
    if passing:
        best = max(passing, key=lambda row: (abs(row["value"]), row["hypothesis"]))
        own, other = words if best["truer_of"] == "A" else words[::-1]
        shares = (best["prevalence_a"], best["prevalence_b"])
        first, second = shares if best["truer_of"] == "A" else shares[::-1]
        sentence = (
            f"Captions of {own} ({best['truer_of']}) say “{best['hypothesis']}” more often than those of {other}: "
            f"{format_value(first, 'share')} against {format_value(second, 'share')}. "
            f"{len(passing)} of {len(terms)} terms pass the corrected test.{mix}"
        )
        return Verdict(state="differs", sentence=sentence, score="significant_caption_terms")
    if terms:
        state: State = "too_few" if min(sizes) < FEW else "no_difference"
        sentence = f"None of {len(terms)} caption terms tells {words[0]} (A) from {words[1]} (B).{mix}"
        return Verdict(state=state, sentence=sentence, score="significant_hypotheses")
    sentence = f"Could not be computed, because nothing was proposed for {words[0]} (A) and {words[1]} (B).{mix}"
    return Verdict(state="not_computed", sentence=sentence)
