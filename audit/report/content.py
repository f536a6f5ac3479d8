"""What a report says, as plain data: the one source of its page, its Markdown and its JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.locations import assets_folder
from audit.provenance import library_versions, now
from audit.report.model_card import model_card
from audit.result import STATES, plain
from audit.review.policy import OUTCOMES, RULE_TEXT

if TYPE_CHECKING:
    from audit.events import Event
    from audit.review.findings import Finding
    from audit.review.minutes import Minutes

FORMAT = "model-audit-report/1"
"""Value of ``format``; raised with every change that a reader of the JSON would notice."""

SCHEMA = "report.schema.json"
"""Name of the published schema among the assets."""


def schema() -> dict[str, Any]:
    """Return the JSON schema that every report keeps to."""
    held: dict[str, Any] = json.loads((assets_folder() / SCHEMA).read_text(encoding="utf-8"))
    return held


def run_report(finding: Finding, *, title: str = "") -> dict[str, Any]:
    """Return the report of one run.

    Parameters
    ----------
    finding
        The run's result, frozen.
    title
        Heading; built from audit, model and dataset when left out.
    """
    facts = finding.provenance
    heading = title or f"{finding.title}: {facts.get('model', '?')} on {facts.get('dataset', '?')}"
    report = _frame("run", heading)
    return plain({**report, "findings": [_finding(finding)], "model_card": model_card([finding])})  # type: ignore[no-any-return]


def review_report(minutes: Minutes, events: Sequence[Event]) -> dict[str, Any]:
    """Return the report of a review.

    Parameters
    ----------
    minutes
        The review as it stands.
    events
        Its trail.
    """
    report, names = _frame("review", minutes.name), finding_names(events)
    policy = None
    if minutes.policy is not None:
        policy = {
            "title": minutes.policy.title,
            "set_by": minutes.policy_by,
            "set": minutes.policy_at,
            "before_findings": minutes.policy_first,
            "rule": RULE_TEXT,
            "checks": [
                {**check.to_json(), "outcome_words": " ".join(OUTCOMES[check.outcome])} for check in minutes.checks()
            ],
        }
    report |= {
        "review": {"id": minutes.id, "created_by": minutes.created_by, "created": minutes.created},
        "findings": [
            {
                **_finding(item.finding),
                "sentence": item.sentence,
                "discussion": [dataclasses.asdict(remark) for remark in item.remarks],
                "decision": item.decision,
                "reason": item.reason,
                "decided_by": item.decided_by,
                "decided": item.decided,
                "owner": item.owner,
                "due": item.due,
                "added_by": item.added_by,
                "added": item.added,
            }
            for item in minutes.items
        ],
        "policy": policy,
        "changes": [dict(change) for change in minutes.changes],
        "signatures": [
            {
                "author": s.author,
                "role": s.role,
                "created": s.created,
                "current": s.current,
                **({"undecided": s.undecided} if s.undecided else {}),
            }
            for s in minutes.signatures
        ],
        "trail": [
            {"number": number, "created": event.created, "author": event.author, "act": act_words(event, names)}
            for number, event in enumerate(events, start=1)
        ],
        "model_card": model_card([item.finding for item in minutes.items], minutes),
    }
    return plain(report)  # type: ignore[no-any-return]


def _frame(kind: str, title: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": kind,
        "title": title,
        "created": now(),
        "version": library_versions().get("model-audit", ""),
        "review": None,
        "findings": [],
        "policy": None,
        "changes": [],
        "signatures": [],
        "trail": [],
        "model_card": [],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    icon, words = STATES.get(finding.state, ("", finding.state))  # type: ignore[call-overload]
    nothing: dict[str, Any] = {
        "discussion": [],
        "decision": "",
        "reason": "",
        "decided_by": "",
        "decided": "",
        "owner": "",
        "due": "",
        "added_by": "",
        "added": "",
    }
    return {**finding.to_json(), "state_words": f"{icon} {words}".strip(), "digest": finding.digest(), **nothing}


def finding_names(events: Sequence[Event]) -> dict[str, str]:
    """Return what to call every finding of a trail, by the id of the act that put it on the table.

    It is the audit's title; where several findings have the same, model and dataset tell them apart, then a number.
    """
    findings = {event.id: event.payload["finding"] for event in events if event.kind == "finding"}
    names = {key: str(held["title"]) for key, held in findings.items()}
    for key in _repeated(names):
        facts = findings[key]["provenance"]
        names[key] += f", {facts.get('model', '?')} on {facts.get('dataset', '?')}"
    for number, key in enumerate(_repeated(names), start=1):
        names[key] += f" ({number})"
    return {key: f"“{name}”" for key, name in names.items()}


def _repeated(names: Mapping[str, str]) -> list[str]:
    held = list(names.values())
    return [key for key, name in names.items() if held.count(name) > 1]


def act_words(event: Event, names: Mapping[str, str]) -> str:
    """Return an act of a review's trail in a few words.

    Parameters
    ----------
    event
        The act.
    names
        Of the findings, as :func:`finding_names` makes them.
    """
    held: Mapping[str, Any] = event.payload
    name = names.get(str(held.get("finding", "")), "a finding") if isinstance(held.get("finding"), str) else ""
    words: dict[str, Callable[[], str]] = {
        "created": lambda: f"began the review “{held['name']}”",
        "finding": lambda: f"put {names.get(event.id, 'a finding')} on the table: {held['finding']['sentence']}",
        "withdraw": lambda: f"took {name} off the table",
        "order": lambda: "changed the order",
        "sentence": lambda: f"worded {name}: {held['text']}",
        "remark": lambda: f"said about {name}: {held['text']}",
        "decision": lambda: f"decided {name}: {held['decision']}" + (f" ({held['reason']})" if held["reason"] else ""),
        "owner": lambda: (
            f"gave {name} to {held['owner'] or 'nobody'}" + (f", due {held['due']}" if held["due"] else "")
        ),
        "policy": lambda: "set the thresholds",
        "card": lambda: f"wrote the model card's {str(held['field']).replace('_', ' ')}",
        "changes": lambda: f"kept what changed from {held['first']} to {held['second']}",
        "signature": lambda: (held.get("undecided") or "signed") + (f" as {held['role']}" if held["role"] else ""),
    }
    return words[event.kind]() if event.kind in words else event.kind
