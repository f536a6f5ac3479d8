"""A report as Markdown: the same content as text, for repositories and model hubs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.report.page import moment
from audit.report.tables import row_name
from audit.wording import format_interval, format_p, format_value, in_words

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def report_markdown(report: Mapping[str, Any]) -> str:
    """Return a report as Markdown; text from data is escaped, so that none of it becomes markup.

    Parameters
    ----------
    report
        As :mod:`audit.report.content` makes it.
    """
    lines = [f"# {safe(report['title'])}", "", f"Written {moment(report['created'])}."]
    lines += _policy(report["policy"])
    for number, finding in enumerate(report["findings"], start=1):
        lines += _finding(finding, number)
    for change in report["changes"]:
        lines += _changes(change)
    if report["signatures"]:
        lines += ["", "## Signatures", ""]
        lines += [_signature(signature) for signature in report["signatures"]]
    lines += ["", "## Model card"]
    for section in report["model_card"]:
        lines += ["", f"### {safe(section['heading'])}", "", *(f"- {safe(line)}" for line in section["lines"])]
    if report["trail"]:
        lines += ["", "## Trail", ""]
        lines += [f"- {moment(e['created'])}, {safe(e['author'])}: {safe(e['act'])}" for e in report["trail"]]
    return "\n".join(lines) + "\n"


def safe(text: Any) -> str:
    """Return text on one line whose characters mean nothing to Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _signature(signature: Mapping[str, Any]) -> str:
    role = f" ({safe(signature['role'])})" if signature["role"] else ""
    stands = "stands as signed" if signature["current"] else "something has changed since"
    undecided = f", {signature['undecided']}" if signature.get("undecided") else ""
    return f"- {safe(signature['author'])}{role}, {moment(signature['created'])}{undecided}: {stands}"


def _policy(policy: Mapping[str, Any] | None) -> list[str]:
    if policy is None:
        return []
    rows = [
        (c["outcome_words"], c["audit"].replace("_", " "), in_words(c["score"]), c["sentence"], c["reason"])
        for c in policy["checks"]
    ]
    head = ("outcome", "audit", "score", "measured", "why")
    return ["", f"## Thresholds: {safe(policy['title'])}", "", safe(policy["rule"]), "", *table(head, rows)]


def _finding(finding: Mapping[str, Any], number: int) -> list[str]:
    facts = finding["provenance"]
    lines = ["", f"## {number}. {safe(finding['title'])}", ""]
    lines += [safe(f"{facts.get('model', '?')} on {facts.get('dataset', '?')}. {finding['question']}"), ""]
    lines += [f"**{safe(finding['state_words'])}.** {safe(finding['sentence'])}", ""]
    lines += score_table(finding["scores"], "score")
    if finding["groups"]:
        lines += ["", f"### By {safe(in_words(finding['groups_name']))}", ""]
        lines += score_table(finding["groups"], finding["groups_name"])
    if finding["decision"] or finding["owner"]:
        said = [f"Decision: {finding['decision'] or 'open'}", finding["reason"]]
        said += [
            f"owner {finding['owner']}" if finding["owner"] else "",
            f"due {finding['due']}" if finding["due"] else "",
        ]
        lines += ["", "### Decision", "", safe("; ".join(part for part in said if part))]
    if finding["discussion"]:
        lines += ["", "### Discussion", ""]
        lines += [f"- {safe(r['text'])} ({safe(r['author'])}, {moment(r['created'])})" for r in finding["discussion"]]
    lines += ["", "### How to read this", "", safe(finding["reading"]), "", safe(finding["reference"])]
    lines += ["", "### Limits", "", *(f"- {safe(note)}" for note in (finding["limits"], *finding["notes"]) if note)]
    lines += ["", f"Result {safe(facts.get('key', '?'))}, computed {moment(str(facts.get('created', '')))}."]
    return lines


def _changes(change: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            row["audit"],
            in_words(row["score"]),
            value_words(row, "before"),
            value_words(row, "after"),
            value_words(row, "difference"),
            row["how"],
        )
        for row in change["rows"]
    ]
    head = ("audit", "score", change["first"], change["second"], "difference", "interval of the difference")
    return ["", f"## What changed: {safe(change['first'])} → {safe(change['second'])}", "", *table(head, rows)]


def value_words(row: Mapping[str, Any], key: str) -> str:
    """Return one of a comparison's values with its interval."""
    unit = str(row.get("unit") or "")
    unit = {"share": "points"}.get(unit, unit) if key == "difference" else unit
    value, low, high = (row.get(name) for name in (key, f"{key}_low", f"{key}_high"))
    interval = "" if low is None or high is None else format_interval(float(low), float(high), unit)
    shown = format_value(math.nan if value is None else float(value), unit)
    return f"{shown} ({interval})" if interval else shown


def score_table(rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """Return a score table as the lines of a Markdown table."""
    cells = []
    for row in rows:
        unit = str(row.get("unit") or "")
        value, low, high, n, null, p = (row.get(key) for key in ("value", "low", "high", "n", "null", "p_value"))
        interval = "" if low is None or high is None else format_interval(float(low), float(high), unit)
        cells.append(
            (
                row_name(row, name),
                format_value(math.nan if value is None else float(value), unit),
                interval,
                "" if n is None else f"{float(n):,.0f}",
                "" if null is None else format_value(float(null), unit),
                "" if p is None else format_p(float(p)).removeprefix("p ").removeprefix("= "),
            )
        )
    return table((in_words(name), "value", "95 % interval", "n", "with no effect", "p"), cells)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table; columns without content are left out."""
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)] or [0]
    lines = ["| " + " | ".join(safe(head[place]) for place in kept) + " |", "|" + " --- |" * len(kept)]
    return lines + ["| " + " | ".join(safe(row[place]) or " " for place in kept) + " |" for row in rows]
