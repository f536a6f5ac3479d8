"""Score tables as HTML that prints: every number in the words of its unit, its interval drawn beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from audit.plots import ACCENT, NEUTRAL
from audit.wording import format_interval, format_p, format_value, in_words

_WIDTH, _HEIGHT = 150, 18


def scores_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return ``overall`` as a table; each row is drawn on an axis of its own."""
    return _table(rows, "score", own_axis=True)


def groups_table(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return rows of ``by_group`` as a table on one axis a unit."""
    return _table(rows, name, own_axis=False)


def _table(rows: Sequence[Mapping[str, Any]], name: str, *, own_axis: bool) -> str:
    columns = ["value", "interval", "n", "null", "p_value", "q_value"]
    cells = [_cells(row) for row in rows]
    kept = [column for column in columns if any(cell[column] for cell in cells)]
    words = {"interval": "95 % interval", "null": "with no effect", "p_value": "p", "q_value": "q"}
    drawn = any(_finite(row.get("value")) is not None for row in rows)
    head = f"<th>{escape(in_words(name))}</th>" + ("<th></th>" if drawn else "")
    head += "".join(f'<th class="n">{words.get(column, column)}</th>' for column in kept)
    body = []
    for row, cell in zip(rows, cells, strict=True):
        same = [row] if own_axis else [other for other in rows if other.get("unit") == row.get("unit")]
        picture = f"<td>{row_svg(row, same)}</td>" if drawn else ""
        numbers = "".join(f'<td class="n">{escape(cell[column])}</td>' for column in kept)
        body.append(f"<tr><td>{escape(row_name(row, name))}</td>{picture}{numbers}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def row_name(row: Mapping[str, Any], name: str) -> str:
    """Return what a row is called: a score by its name in words, a value from the data as it is there."""
    held = str(row.get(name, ""))
    return in_words(held) if name == "score" else held.replace("_", " ")


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    unit = str(row.get("unit") or "")
    value, low, high, n, null = (_finite(row.get(key)) for key in ("value", "low", "high", "n", "null"))
    p_value, q_value = _finite(row.get("p_value")), _finite(row.get("q_value"))
    return {
        "value": format_value(math.nan if value is None else value, unit),
        "interval": "" if low is None or high is None else format_interval(low, high, unit),
        "n": "" if n is None else f"{n:,.0f}",
        "null": "" if null is None else format_value(null, unit),
        "p_value": "" if p_value is None else _p(p_value),
        "q_value": "" if q_value is None else _p(q_value),
    }


def _p(value: float) -> str:
    return format_p(value).removeprefix("p ").removeprefix("= ")


def changes_table(change: Mapping[str, Any]) -> str:
    """Return the scores of two versions side by side, with the intervals of the differences."""
    body = []
    for row in change["rows"]:
        unit = str(row.get("unit") or "")
        apart = {True: "▲ changed", False: "● no evidence of a change", None: "◌ cannot be told"}[row["changed"]]
        difference = {"share": "points"}.get(unit, unit)
        cells = (
            row["audit"],
            in_words(row["score"]),
            _with_interval(row, "before", unit),
            _with_interval(row, "after", unit),
            _with_interval(row, "difference", difference),
            apart,
            row["how"],
        )
        body.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
    heads = ("Audit", "Score", change["first"], change["second"], "Difference", "", "Interval of the difference")
    head = "".join(f"<th>{escape(str(cell))}</th>" for cell in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _with_interval(row: Mapping[str, Any], key: str, unit: str) -> str:
    value, low, high = (_finite(row.get(name)) for name in (key, f"{key}_low", f"{key}_high"))
    interval = "" if low is None or high is None else format_interval(low, high, unit)
    shown = format_value(math.nan if value is None else value, unit)
    return f"{shown} ({interval})" if interval else shown


def row_svg(row: Mapping[str, Any], same: Sequence[Mapping[str, Any]]) -> str:
    """Draw one row as dot, line and hollow diamond on the axis of the rows that share it."""
    keys = ("value", "low", "high", "null")
    known = [number for other in same for key in keys if (number := _finite(other.get(key))) is not None]
    value, low, high, null = (_finite(row.get(key)) for key in keys)
    if value is None or not known:
        return ""
    start, room = min(known), (max(known) - min(known)) or 1.0

    def across(number: float) -> str:
        return f"{8 + (_WIDTH - 16) * (number - start) / room:.1f}"

    middle = _HEIGHT / 2
    parts = []
    if low is not None and high is not None:
        parts.append(
            f'<path d="M{across(low)} {middle}H{across(high)}" stroke="{ACCENT}" stroke-width="3" '
            'stroke-linecap="round"/>'
        )
    parts.append(f'<circle cx="{across(value)}" cy="{middle}" r="4.5" fill="{ACCENT}"/>')
    if null is not None:
        parts.append(
            f'<path d="M{across(null)} {middle - 5}l5 5l-5 5l-5 -5Z" fill="none" stroke="{NEUTRAL}" stroke-width="2"/>'
        )
    return f'<svg class="row" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true">{"".join(parts)}</svg>'


def _finite(value: Any) -> float | None:
    if value is None or isinstance(value, str | bool):
        return None
    number = float(value)
    return number if math.isfinite(number) else None
