"""The drawing every page shares, as a picture without any script: dot, line, hollow diamond.

A report has to print and to open anywhere, so nothing is drawn by JavaScript in it. Text and grid take
``currentColor``: the page that holds the drawing decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from audit.plots import ACCENT, NEUTRAL
from audit.value_axis import value_axis
from audit.wording import format_interval, format_value, in_words

ROW = 30
_MOST_NAMES = 250
_LETTER = 7
_PLOT = 320
_VALUES = 190
_DIGIT = 6.2
_AXIS = 26
_LONGEST_NAME = 36
_PUBLISHED = "published models"


def interval_svg(
    rows: Sequence[Mapping[str, Any]],
    *,
    name: str,
    bound: float | None = None,
    published: Mapping[str, float] | None = None,
    text: str = "",
) -> str:
    """Draw rows as dots with intervals on one axis, their names to the left and their numbers to the right.

    Parameters
    ----------
    rows
        Each with ``value`` and, where known, ``low``, ``high``, ``null``, ``n``, ``unit``.
    name
        Key of each row's name.
    bound
        Drawn as a dashed line through all rows.
    published
        Value by model name, drawn as grey ticks below the rows, on the same axis.
    text
        What the drawing shows, for those who cannot see it.

    Returns
    -------
    str
        An ``svg`` element; empty when no row has a value.
    """
    shown = [row for row in rows if _number(row, "value") is not None]
    if not shown:
        return ""
    known = _known(published)
    low, high = _domain(shown, [*known.values()] if bound is None else [*known.values(), bound])
    names = [in_words(str(row.get(name, ""))) for row in shown] + [_PUBLISHED] * bool(known)
    # Short names leave no gap before the plot: on a phone the dot is in view without moving the drawing sideways.
    left = min(_MOST_NAMES, 24 + _LETTER * max(map(len, names)))
    right = left + _PLOT

    def across(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    room = max(_VALUES, 20 + _DIGIT * max(len(_numbers(row)) for row in shown))
    height = ROW * len(names) + _AXIS
    unit = str(shown[0].get("unit") or "")
    parts = [_grid(low, high, across, height - _AXIS, unit)]
    if bound is not None:
        parts.append(
            f'<line x1="{across(bound):.1f}" x2="{across(bound):.1f}" y1="0" y2="{height - _AXIS}" '
            'stroke="currentColor" stroke-width="2" stroke-dasharray="5 4"/>'
        )
    parts += [_row(row, name, ROW * (place + 0.5), across, left) for place, row in enumerate(shown)]
    parts += [_ticks_row(known, unit, ROW * (len(shown) + 0.5), across, left)] if known else []
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + room:.0f} {height}" role="img" '
        f'aria-label="{escape(text)}" font-family="sans-serif" font-size="14" fill="currentColor">'
        f"<title>{escape(text)}</title>{''.join(parts)}</svg>"
    )


def _row(row: Mapping[str, Any], name: str, y: float, across: Any, left: float) -> str:
    label = in_words(str(row.get(name, "")))
    shown = label if len(label) <= _LONGEST_NAME else f"{label[: _LONGEST_NAME - 1]}…"
    value, low, high, null = (_number(row, key) for key in ("value", "low", "high", "null"))
    assert value is not None
    parts = [f'<text x="{left - 14}" y="{y + 5:.1f}" text-anchor="end">{escape(shown)}</text>']
    if low is not None and high is not None:
        parts.append(
            f'<line x1="{across(low):.1f}" x2="{across(high):.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{ACCENT}" '
            'stroke-width="4" stroke-linecap="round"/>'
        )
    if null is not None:
        x = across(null)
        parts.append(
            f'<path d="M{x - 7:.1f} {y:.1f} L{x:.1f} {y - 7:.1f} L{x + 7:.1f} {y:.1f} L{x:.1f} {y + 7:.1f} Z" '
            f'fill="none" stroke="{NEUTRAL}" stroke-width="2.5"/>'
        )
    parts.append(f'<circle cx="{across(value):.1f}" cy="{y:.1f}" r="6.5" fill="{ACCENT}"/>')
    parts.append(f'<text x="{left + _PLOT + 14}" y="{y + 4:.1f}" font-size="11.5">{escape(_numbers(row))}</text>')
    return "".join(parts)


def _ticks_row(published: Mapping[str, float], unit: str, y: float, across: Any, left: float) -> str:
    """Draw published models as ticks; each says its model to whoever points at it."""
    parts = [f'<text x="{left - 14}" y="{y + 5:.1f}" text-anchor="end">{_PUBLISHED}</text>']
    parts += [
        f'<path d="M{across(value):.1f} {y - 8:.1f}V{y + 8:.1f}" stroke="{NEUTRAL}" stroke-width="2">'
        f"<title>{escape(model)}: {escape(format_value(value, unit))}</title></path>"
        for model, value in published.items()
    ]
    ends = format_interval(min(published.values()), max(published.values()), unit)
    parts.append(f'<text x="{left + _PLOT + 14}" y="{y + 4:.1f}" font-size="11.5">{escape(ends)}</text>')
    return "".join(parts)


def published_words(published: Mapping[str, float] | None, unit: str) -> str:
    """Return what the ticks of published models say: how many they are, the lowest and the highest; empty for none."""
    known = _known(published)
    if not known:
        return ""
    lowest, highest = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    return (
        f"Each grey tick is a published value, {len(known)} in all: lowest {lowest} "
        f"{format_value(known[lowest], unit)}, highest {highest} {format_value(known[highest], unit)}."
    )


def _known(published: Mapping[str, float] | None) -> dict[str, float]:
    return {model: float(value) for model, value in (published or {}).items() if math.isfinite(value)}


def _numbers(row: Mapping[str, Any]) -> str:
    """Return a row's value, interval and n in words."""
    unit = str(row.get("unit") or "")
    value, low, high, n = (_number(row, key) for key in ("value", "low", "high", "n"))
    interval = format_interval(low, high, unit) if low is not None and high is not None else ""
    words = format_value(value or 0.0, unit) + (f" ({interval})" if interval else "")
    return words + (f"  n={n:,.0f}" if n is not None else "")


def _grid(low: float, high: float, across: Any, bottom: float, unit: str) -> str:
    parts = []
    for tick, text in _tick_texts(low, high, unit):
        x = across(tick)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}" stroke="currentColor" stroke-opacity=".14"/>'
            f'<text x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle" font-size="12" opacity=".75">'
            f"{escape(text)}</text>"
        )
    return "".join(parts)


def _tick_texts(low: float, high: float, unit: str) -> list[tuple[float, str]]:
    """Return ticks with their labels; points are told as on the page."""
    axis = value_axis([unit], [low, high], title=None)
    if "tickvals" in axis:
        return list(zip(axis["tickvals"], axis["ticktext"], strict=True))
    return [(tick, tick_text(tick, unit)) for tick in ticks(low, high)]


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers between two values, evenly spaced, at most so many."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    raw = (high - low) / max(most - 1, 1)
    scale = 10 ** math.floor(math.log10(raw))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(step * place, 12) for place in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float, unit: str) -> str:
    """Return an axis label: whole percentages for shares, few digits otherwise."""
    text = f"{100 * value:.4g} %" if unit == "share" else f"{value:,.4g}"
    return text.replace("-", "−")


def _domain(rows: Sequence[Mapping[str, Any]], further: Sequence[float]) -> tuple[float, float]:
    known = [_number(row, key) for row in rows for key in ("value", "low", "high", "null")]
    values = np.array([value for value in (*known, *further) if value is not None])
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 0.05 * (abs(high) or 1)
    return low - room, high + room


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None or isinstance(value, str):
        return None
    number = float(value)
    return number if math.isfinite(number) else None
