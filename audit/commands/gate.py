"""``--fail-if "score<value"``: an audit as a gate."""

from __future__ import annotations

import dataclasses
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from audit.errors import InputError, near
from audit.result import Result
from audit.wording import format_value

if TYPE_CHECKING:
    from audit.base import Audit

_SHAPE = re.compile(r"^\s*(?P<score>.+?)\s*(?P<sign><=|>=|<|>)\s*(?P<value>\S+)\s*$")
_BESIDE = ("_low", "_high", "_p", "_q", "_null")
"""Ends of names that go without a meaning of their own."""
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gate:
    """A condition under which the command fails.

    Parameters
    ----------
    score
        Name of a row of ``overall``.
    sign
        One of ``<``, ``<=``, ``>``, ``>=``.
    value
        What the score is compared with.
    """

    score: str
    sign: str
    value: float

    def knows(self, result: Result) -> bool:
        """Whether a result has the score."""
        return self.score in result.overall.index

    def reason(self, result: Result) -> str:
        """Return why the command fails; empty when it passes. A score that is not defined fails: it shows nothing."""
        found = float(result.score(self.score)["value"])
        if math.isnan(found):
            return f"{self.score} is not defined, so it cannot be held against {self.sign} {self.value:g}"
        if _SIGNS[self.sign](found, self.value):
            return f"{self.score} is {format_value(found)}, {self.sign} {self.value:g}"
        return ""


def gate(text: str) -> Gate:
    """Return the condition that a text says.

    Raises
    ------
    InputError
        If it is not written as a score, a sign and a number.
    """
    match = _SHAPE.match(text)
    try:
        value = float(match["value"]) if match else math.nan
    except ValueError:
        value = math.nan
    if match is None or math.isnan(value):
        raise InputError(f"`--fail-if` must be written score<number (or <=, >, >=); got '{text}'.")
    return Gate(score=match["score"], sign=match["sign"], value=value)


def check_names(gates: Sequence[Gate], audits: Sequence[type[Audit] | Audit]) -> None:
    """Refuse conditions on scores that none of the audits has, before anything is computed.

    What an audit's scores are called is known from its ``meanings``; where one has none, the run has to tell.

    Parameters
    ----------
    gates
        The conditions.
    audits
        What is going to be run.

    Raises
    ------
    InputError
        If a name is misspelt; says which are near.
    """
    if not audits or not all(audit.meanings for audit in audits):
        return
    known = list(dict.fromkeys(name for audit in audits for name in audit.meanings))
    for condition in gates:
        if condition.score in known:
            continue
        hint = near(condition.score, known, n=3) or " `audit list AUDIT` tells what there is."
        raise InputError(f"`--fail-if` must name a score of the audit; got '{condition.score}'.{hint}")
