"""A model card from findings (Mitchell et al. 2019, arXiv 1810.03993): what was measured, and what people wrote.

Only what is known stands in it. What nobody has written yet says so, in place of a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.report.tables import row_name
from audit.review.findings import ranked
from audit.wording import format_interval, format_value, in_words

if TYPE_CHECKING:
    from audit.review.findings import Finding
    from audit.review.minutes import Minutes

UNWRITTEN = "Nobody has written this yet."
"""Stands where only people can know."""

UNRECOMMENDED = "Nobody has written a recommendation yet."
"""Stands below the caveats that follow from the findings."""

MOST_GROUPS = 8
"""Rows that a card lists of one finding."""


def model_card(findings: Sequence[Finding], minutes: Minutes | None = None) -> list[dict[str, Any]]:
    """Return the card's sections: ``heading`` and ``lines``, in the order of the paper.

    Parameters
    ----------
    findings
        What was measured.
    minutes
        The review that they belong to, for what people wrote and decided.
    """
    card = {} if minutes is None else minutes.card
    return [
        {"heading": "Model details", "lines": _model_lines(findings)},
        {"heading": "Intended use", "lines": _written(card, "intended_use", "out_of_scope")},
        {"heading": "Factors", "lines": _factor_lines(findings)},
        {"heading": "Metrics", "lines": _metric_lines(findings)},
        {"heading": "Evaluation data", "lines": _data_lines(findings)},
        {"heading": "Training data", "lines": _written(card, "training_data")},
        {"heading": "Quantitative analyses", "lines": _score_lines(findings)},
        {"heading": "Ethical considerations", "lines": _written(card, "ethical_considerations")},
        {"heading": "Caveats and recommendations", "lines": _caveat_lines(card, findings, minutes)},
    ]


def _written(card: Mapping[str, str], *fields: str) -> list[str]:
    found = []
    for field in fields:
        words = card.get(field, "").strip()
        if words:
            found += [f"Out of scope: {words}"] if field == "out_of_scope" else words.splitlines()
    return found or [UNWRITTEN]


def _model_lines(findings: Sequence[Finding]) -> list[str]:
    lines: dict[str, None] = {}
    for finding in findings:
        facts = finding.provenance
        print_ = str(facts.get("model_fingerprint", ""))
        lines[f"{facts.get('model', 'unknown')}, fingerprint {print_ or 'unknown'}"] = None
        for name, value in dict(facts.get("model_facts") or {}).items():
            if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
                lines[f"{str(name).replace('_', ' ')}: {value}"] = None
    return list(lines) or [UNWRITTEN]


def _factor_lines(findings: Sequence[Finding]) -> list[str]:
    lines: dict[str, None] = {}
    for finding in findings:
        roles = dict(finding.provenance.get("roles") or {})
        attributes = list(roles.pop("attributes", ()) or ())
        if attributes:
            lines[f"Attributes: {', '.join(map(str, attributes))}"] = None
        for role in ("center", "background", "group_id", "split"):
            if roles.get(role):
                lines[f"{role.replace('_', ' ').capitalize()}: {roles[role]}"] = None
    return list(lines) or ["No attribute of the samples was given."]


def _metric_lines(findings: Sequence[Finding]) -> list[str]:
    lines: dict[str, None] = {}
    for finding in findings:
        score = in_words(str(finding.score.get("score", "")))
        if score:
            lines[f"{score} ({finding.title}): {finding.reading}"] = None
    return list(lines) or ["No score was computed."]


def _data_lines(findings: Sequence[Finding]) -> list[str]:
    lines: dict[str, None] = {}
    for finding in findings:
        facts = finding.provenance
        n = facts.get("samples")
        size = f"{int(n):,} samples" if isinstance(n, int | float) else "unknown size"
        lines[f"{facts.get('dataset', 'unknown')}: {size}, fingerprint {facts.get('dataset_fingerprint', '?')}"] = None
    return list(lines) or [UNWRITTEN]


def _score_lines(findings: Sequence[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        lines.append(f"{finding.title}: {finding.sentence}")
        told = [words for row in ranked(finding.groups) if (words := row_words(row, finding.groups_name))]
        lines += told[:MOST_GROUPS]
        further = len(told[MOST_GROUPS:]) + finding.groups_left_out
        if further:
            rows = "row is" if further == 1 else "rows are"
            lines.append(f"{finding.title}: {further:,} further {rows} in the result's table.")
    return lines or ["Nothing was measured."]


def row_words(row: Mapping[str, Any], name: str) -> str:
    """Return a row of a score table in words; empty where it has no value."""
    value = row.get("value")
    if value is None:
        return ""
    unit = str(row.get("unit") or "")
    low, high, n = row.get("low"), row.get("high"), row.get("n")
    interval = "" if low is None or high is None else format_interval(float(low), float(high), unit)
    words = f"{row_name(row, name)}: {format_value(float(value), unit)}"
    words += f" (95 % interval {interval})" if interval else ""
    return words + (f", n = {float(n):,.0f}" if n is not None else "")


def _caveat_lines(card: Mapping[str, str], findings: Sequence[Finding], minutes: Minutes | None) -> list[str]:
    """Return what people recommend, then what limits the findings; what nobody has written is said where it lacks."""
    caveats = _caveats(findings, minutes)
    written = _written(card, "recommendations")
    return [*caveats, UNRECOMMENDED] if caveats and written == [UNWRITTEN] else [*written, *caveats]


def _caveats(findings: Sequence[Finding], minutes: Minutes | None) -> list[str]:
    lines: dict[str, None] = {}
    for finding in findings:
        if finding.limits:
            lines[finding.limits] = None
        for note in finding.notes:
            lines[note] = None
    for item in () if minutes is None else minutes.items:
        if item.decision:
            reason = f": {item.reason}" if item.reason else ""
            lines[f"Decided on {item.finding.title}, {item.decision}{reason}"] = None
    return list(lines)
