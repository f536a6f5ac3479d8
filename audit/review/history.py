"""What changed between two versions of a model: every score of every audit that both have, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.comparison import NamedResult, compare_runs
from audit.errors import InputError
from audit.result import plain


def changes_between(first: str, second: str, pairs: Sequence[tuple[str, NamedResult, NamedResult]]) -> dict[str, Any]:
    """Return the scores of two versions with their intervals, and the intervals of the differences.

    A difference is paired where both runs rest on the same samples and the score is a mean over them; otherwise its
    interval follows from the two intervals (see :mod:`audit.comparison`).

    Parameters
    ----------
    first, second
        Names of the two versions, the older one first.
    pairs
        Title of the audit, the first version's result and the second's.

    Returns
    -------
    dict
        ``first``, ``second`` and ``rows``, each with ``audit``, ``score``, ``unit``, the first version's ``before``,
        ``before_low``, ``before_high``, the second's ``after``, ``after_low``, ``after_high``, then ``difference``,
        ``difference_low``, ``difference_high``, ``how`` the interval came about and ``changed``: whether it leaves
        out 0 (``None`` without an interval).

    Raises
    ------
    InputError
        If no audit has an answer for both.
    """
    if not pairs:
        raise InputError(f"`audits` must have answers for both {first} and {second}; none has.")
    rows = [row for title, one, two in pairs for row in _rows(title, one, two)]
    settings = [f"{title}: {note}" for title, one, two in pairs for note in compare_runs([one, two]).notes]
    return {"first": first, "second": second, "rows": plain(rows), "notes": settings}


def _rows(title: str, one: NamedResult, two: NamedResult) -> list[dict[str, Any]]:
    table = compare_runs([one, two]).overall
    found = []
    for score, pair in table.groupby("score", sort=False):
        by_run: Mapping[str, Any] = {str(row["run"]): row for _, row in pair.iterrows()}
        if one.name not in by_run or two.name not in by_run:
            continue
        before, after = by_run[one.name], by_run[two.name]
        low, high = float(after["difference_low"]), float(after["difference_high"])
        known = low == low and high == high  # noqa: PLR0124 - NaN is not itself
        unit = after.get("unit")
        found.append(
            {
                "audit": title,
                "score": str(score),
                "unit": unit if isinstance(unit, str) else "",
                "before": before["value"],
                "before_low": before["low"],
                "before_high": before["high"],
                "after": after["value"],
                "after_low": after["low"],
                "after_high": after["high"],
                "difference": after["difference"],
                "difference_low": low,
                "difference_high": high,
                "how": str(after["how"]),
                "changed": (low > 0 or high < 0) if known else None,
            }
        )
    return found
