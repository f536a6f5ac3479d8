"""A review as it stands, read off its trail: findings in order, what was said and decided, thresholds, signatures."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from audit.errors import InputError
from audit.events import Event
from audit.review.findings import Finding
from audit.review.policy import Check, Policy, check, read_policy

PREFIX = "review:"
"""Beginning of the names of the streams of reviews."""

Decision = Literal["accept", "mitigate", "block", "needs data"]

DECISIONS: Mapping[Decision, tuple[str, str]] = {
    "accept": ("✓", "accept"),
    "mitigate": ("◐", "mitigate"),
    "block": ("✕", "block"),
    "needs data": ("◌", "needs data"),
}
"""Icon and words of each decision; never told by colour alone."""

CARD_FIELDS: Mapping[str, str] = {
    "intended_use": "Intended use",
    "out_of_scope": "Out-of-scope uses",
    "training_data": "Training data",
    "ethical_considerations": "Ethical considerations",
    "recommendations": "Caveats and recommendations",
}
"""What only people can write of the model card."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remark:
    """Something said about a finding: ``author``, ``created`` and ``text``."""

    author: str
    created: str
    text: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Item:
    """A finding on the table, with what was said and decided about it.

    Parameters
    ----------
    id
        Of the event that put it there.
    finding
        Frozen.
    sentence
        In the words of the review; the verdict's own until somebody writes another one.
    added_by, added
        Who put it there, and when.
    remarks
        The discussion, the oldest first.
    decision, reason, decided_by, decided
        The last decision, empty before there is one.
    owner, due
        Who sees to it, and until when (ISO date); empty before it is said.
    """

    id: str
    finding: Finding
    sentence: str
    added_by: str
    added: str
    remarks: tuple[Remark, ...] = ()
    decision: str = ""
    reason: str = ""
    decided_by: str = ""
    decided: str = ""
    owner: str = ""
    due: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Signature:
    """A name under the review as it stood.

    Parameters
    ----------
    author, role, created
        Who signed, as what and when.
    digest
        Hash of what was signed.
    current
        False once anything that was signed has changed.
    undecided
        Says so where findings were undecided then; empty where all were decided.
    """

    author: str
    role: str
    created: str
    digest: str
    current: bool
    undecided: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Minutes:
    """A review as it stands.

    Parameters
    ----------
    id, name
        Its id, and what people call it.
    created_by, created
        Who began it, and when.
    items
        In the order of the agenda.
    policy, policy_by, policy_at
        The thresholds, who set them and when; ``None`` without any.
    policy_first
        Whether they were set before the first finding was on the table.
    card
        Texts of the model card by field of :data:`CARD_FIELDS`.
    changes
        Frozen comparisons of two model versions, the oldest first.
    signatures
        In order.
    digest
        Hash of all that a signature stands under.
    """

    id: str
    name: str
    created_by: str
    created: str
    items: tuple[Item, ...]
    policy: Policy | None
    policy_by: str
    policy_at: str
    policy_first: bool
    card: Mapping[str, str]
    changes: tuple[Mapping[str, Any], ...]
    signatures: tuple[Signature, ...]
    digest: str

    def checks(self) -> tuple[Check, ...]:
        """Return every rule of the policy, held against the findings."""
        if self.policy is None:
            return ()
        measured = [(str(i.finding.provenance.get("audit", "")), i.finding.scores) for i in self.items]
        return check(self.policy, measured)

    def item(self, name: str) -> Item:
        """Return a finding on the table.

        Raises
        ------
        InputError
            If there is none with this id.
        """
        for item in self.items:
            if item.id == name:
                return item
        raise InputError(f"`finding` must be on the table of '{self.name}'; got '{name}'.")


def minutes_of(events: Sequence[Event]) -> Minutes:
    """Return what a trail amounts to.

    Parameters
    ----------
    events
        The whole trail, the oldest first, begun by ``created``.
    """
    begun = events[0]
    items: dict[str, Item] = {}
    card: dict[str, str] = {}
    policy: Event | None = None
    first_finding = 0
    for event in events:
        held, name = event.payload, str(event.payload.get("finding", ""))
        if event.kind == "finding":
            first_finding = first_finding or event.number
            finding = Finding.from_json(held["finding"])
            items[event.id] = Item(
                id=event.id, finding=finding, sentence=finding.sentence, added_by=event.author, added=event.created
            )
        elif event.kind == "withdraw":
            items.pop(name, None)
        elif event.kind == "order":
            first = [key for key in held["findings"] if key in items]
            items = {key: items[key] for key in (*first, *(key for key in items if key not in first))}
        elif event.kind == "policy":
            policy = event
        elif event.kind == "card":
            card[str(held["field"])] = str(held["text"])
        elif name in items:
            items[name] = _told(items[name], event)
    changes = tuple(event.payload for event in events if event.kind == "changes")
    digest = _digest(tuple(items.values()), policy, card, changes)
    signatures = tuple(
        Signature(
            author=event.author,
            role=str(event.payload["role"]),
            created=event.created,
            digest=str(event.payload["digest"]),
            current=event.payload["digest"] == digest,
            undecided=str(event.payload.get("undecided", "")),
        )
        for event in events
        if event.kind == "signature"
    )
    return Minutes(
        id=begun.stream.removeprefix(PREFIX),
        name=str(begun.payload["name"]),
        created_by=begun.author,
        created=begun.created,
        items=tuple(items.values()),
        policy=None if policy is None else read_policy(str(policy.payload["text"])),
        policy_by="" if policy is None else policy.author,
        policy_at="" if policy is None else policy.created,
        policy_first=policy is not None and (not first_finding or policy.number < first_finding),
        card=card,
        changes=changes,
        signatures=signatures,
        digest=digest,
    )


def signer_words(author: str, undecided: str) -> str:
    """Return who signed, and what was undecided then."""
    return f"{author} ({undecided.removeprefix('signed ')})" if undecided else author


def undecided_words(minutes: Minutes) -> str:
    """Return what a signature says of findings that nobody has decided on; empty where all are decided."""
    count, n = sum(not item.decision for item in minutes.items), len(minutes.items)
    return f"signed with {count} of {n} finding{'' if n == 1 else 's'} undecided" if count else ""


def _told(item: Item, event: Event) -> Item:
    """Return a finding with one more thing said about it."""
    held = event.payload
    if event.kind == "sentence":
        return dataclasses.replace(item, sentence=str(held["text"]))
    if event.kind == "remark":
        said = Remark(author=event.author, created=event.created, text=str(held["text"]))
        return dataclasses.replace(item, remarks=(*item.remarks, said))
    if event.kind == "decision":
        return dataclasses.replace(
            item,
            decision=str(held["decision"]),
            reason=str(held["reason"]),
            decided_by=event.author,
            decided=event.created,
        )
    if event.kind == "owner":
        return dataclasses.replace(item, owner=str(held["owner"]), due=str(held["due"]))
    return item


def _digest(
    items: Sequence[Item], policy: Event | None, card: Mapping[str, str], changes: Sequence[Mapping[str, Any]]
) -> str:
    """Return the hash of what a signature stands under: findings, words, decisions, thresholds; not later remarks."""
    signed = {
        "items": [[i.finding.digest(), i.sentence, i.decision, i.reason, i.owner, i.due] for i in items],
        "policy": "" if policy is None else policy.payload["text"],
        "card": dict(card),
        "changes": list(changes),
    }
    return hashlib.blake2b(json.dumps(signed, sort_keys=True).encode(), digest_size=16).hexdigest()
