"""Which scores and columns of a result nobody explains."""

from __future__ import annotations

from audit.base import Audit
from audit.result import SCORE_COLUMNS, Result
from audit.wording import in_words

PLAIN = {"class", "kind", "unit", "where", "box", "first", "second", "first_class", "second_class", "center", "lr"}
"""Columns that say what they are, or that the page does not show."""

ENDS = ("_low", "_high", "_p", "_q", "_null")
"""Ends of names of what belongs to another column."""


def unexplained(audit: type[Audit], result: Result) -> set[str]:
    """Return scores, and columns of the tables, without a meaning."""
    names = {*result.overall.index, *result.overall.columns, *result.by_group.columns}
    own = {str(name) for name in names} - {*SCORE_COLUMNS, *PLAIN, *audit.meanings}
    return {name for name in own if not name.endswith(ENDS)}


def idle(audit: type[Audit]) -> set[str]:
    """Return meanings that are empty, only repeat the name or do not end as sentences do."""
    return {
        name for name, text in audit.meanings.items() if not text.endswith(".") or text.rstrip(".") == in_words(name)
    }
