"""Thresholds agreed beforehand, held against scores with their intervals.

A rule is passed only when the whole interval lies on the right side of its bound, and failed only when the whole
interval lies on the wrong side. In between, and without an interval, nothing is decided: more samples are needed.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from audit.errors import InputError
from audit.wording import format_interval, format_value, in_words

Direction = Literal["at least", "at most"]
Outcome = Literal["pass", "fail", "undecided", "missing"]

OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    "pass": ("✓", "pass"),
    "fail": ("✕", "fail"),
    "undecided": ("◌", "undecided"),
    "missing": ("–", "not measured"),
}
"""Icon and words of each outcome; never told by colour alone."""

RULE_TEXT = (
    "Pass: the whole 95 % interval lies on the right side of the bound. Fail: all of it lies on the wrong side. "
    "Undecided: the bound lies inside the interval, or there is no interval."
)
"""How a rule is held against a score, for whoever reads the outcome."""

EXAMPLE = """\
title = "Release thresholds"

[[rule]]
audit = "subgroup_discrepancy"
score = "worst_group_accuracy"
direction = "at least"
bound = 0.80
reason = "no subgroup is served worse than this"
"""
"""A policy file to begin with."""

_FIELDS = ("audit", "score", "direction", "bound", "reason")
_LARGEST = 100_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """A bound that a score must keep.

    Parameters
    ----------
    audit
        Name of the audit.
    score
        Name of a row of its ``overall``.
    direction
        ``at least`` or ``at most``.
    bound
        The bound itself, in the score's own scale (a share is 0.8, not 80).
    reason
        Why it was agreed.
    """

    audit: str
    score: str
    direction: Direction
    bound: float
    reason: str = ""

    def words(self, unit: str = "") -> str:
        """Return the rule in words."""
        return f"{in_words(self.score)} {self.direction} {format_value(self.bound, unit)}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Policy:
    """Rules under a title.

    Parameters
    ----------
    title
        What people call it.
    rules
        In the order of the file.
    """

    title: str
    rules: tuple[Rule, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """A rule held against a score.

    Parameters
    ----------
    rule
        The rule.
    outcome
        ``pass``, ``fail``, ``undecided`` or ``missing``.
    score
        The row of ``overall``; empty where the score was not measured.
    sentence
        The outcome with its numbers.
    """

    rule: Rule
    outcome: Outcome
    score: Mapping[str, Any]
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return the check as plain data."""
        return {
            **dataclasses.asdict(self.rule),
            "outcome": self.outcome,
            "sentence": self.sentence,
            **{key: self.score.get(key) for key in ("value", "low", "high", "n", "unit")},
        }


def read_policy(text: str) -> Policy:
    """Return the policy that a TOML file says.

    Parameters
    ----------
    text
        ``title`` and one ``[[rule]]`` a bound with ``audit``, ``score``, ``direction`` (``"at least"`` or
        ``"at most"``), ``bound`` and, if wanted, ``reason``.

    Raises
    ------
    InputError
        If it is no TOML, or a rule lacks something; the message names the rule.
    """
    if len(text) > _LARGEST:
        raise InputError(f"`policy` must have at most {_LARGEST:,} letters; got {len(text):,}.")
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"`policy` must be TOML; {error}.") from error
    rules = held.get("rule")
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        raise InputError("`policy` must hold at least one [[rule]] with audit, score, direction and bound; got none.")
    return Policy(
        title=str(held.get("title", "Policy")), rules=tuple(_rule(rule, n) for n, rule in enumerate(rules, start=1))
    )


def _rule(held: Mapping[str, Any], number: int) -> Rule:
    unknown = [name for name in held if name not in _FIELDS]
    if unknown:
        raise InputError(f"`rule` {number} must have only {', '.join(_FIELDS)}; got '{unknown[0]}'.")
    for name in ("audit", "score"):
        if not isinstance(held.get(name), str) or not held[name]:
            raise InputError(f"`{name}` of rule {number} must be a name; got {held.get(name)!r}.")
    if held.get("direction") not in ("at least", "at most"):
        raise InputError(
            f"`direction` of rule {number} must be 'at least' or 'at most'; got {held.get('direction')!r}."
        )
    bound = held.get("bound")
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not math.isfinite(bound):
        raise InputError(f"`bound` of rule {number} must be a number; got {bound!r}.")
    return Rule(
        audit=held["audit"],
        score=held["score"],
        direction=held["direction"],
        bound=float(bound),
        reason=str(held.get("reason", "")),
    )


def check(policy: Policy, measured: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> tuple[Check, ...]:
    """Hold every rule against what was measured.

    Parameters
    ----------
    policy
        The rules.
    measured
        Name of the audit and rows of its ``overall`` (``score``, ``value``, ``low``, ``high`` ...), for each finding;
        where several findings have a rule's score, the rule is held against each of them.
    """
    checks = []
    for rule in policy.rules:
        rows = [
            row for audit, scores in measured if audit == rule.audit for row in scores if row.get("score") == rule.score
        ]
        checks += [_check(rule, row) for row in rows] or [
            Check(rule=rule, outcome="missing", score={}, sentence="No finding has this score.")
        ]
    return tuple(checks)


def _check(rule: Rule, row: Mapping[str, Any]) -> Check:
    unit = str(row.get("unit") or "")
    value, low, high = (_number(row.get(key)) for key in ("value", "low", "high"))
    if math.isnan(value):
        return Check(rule=rule, outcome="missing", score=row, sentence="The score is not defined here.")
    interval = format_interval(low, high, unit)
    said = f"{format_value(value, unit)}, " + (f"95 % interval {interval}" if interval else "without an interval")
    if not interval:
        outcome: Outcome = "undecided"
    elif rule.direction == "at least":
        outcome = "pass" if low >= rule.bound else "fail" if high < rule.bound else "undecided"
    else:
        outcome = "pass" if high <= rule.bound else "fail" if low > rule.bound else "undecided"
    return Check(rule=rule, outcome=outcome, score=row, sentence=f"{said}; {rule.words(unit)} was agreed.")


def _number(value: Any) -> float:
    return math.nan if value is None or isinstance(value, str) else float(value)
