"""The marks of a Plotly figure as SVG: points with intervals, lines, bands, bars, cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from audit.plots import NEUTRAL
from audit.report.axes import Axis, broadcast, colour_at, is_number, plain_text, spread

_FAINT = 0.02
_DASHES = {"dash": "7 5", "dot": "2 4", "dashdot": "7 4 2 4", "longdash": "11 5", "longdashdot": "11 4 2 4"}
_EDGE = 2
_SIDES = {"left": ("end", -8), "right": ("start", 8)}
_CIVIDIS = ((0.0, "#00224e"), (0.25, "#434e6c"), (0.5, "#7d7c78"), (0.75, "#bcaf6f"), (1.0, "#fee838"))


def scatter(trace: Any, x: Axis, y: Axis, colour: str) -> str:
    """Draw a trace of points and lines."""
    across = [x.place(value) for value in spread(trace.x)]
    down = [y.place(value) for value in spread(trace.y)]
    points = list(zip(across, down, strict=False))
    mode = mode_of(trace)
    parts = []
    if trace.fill == "toself":
        corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in points if math.isfinite(a) and math.isfinite(b))
        area = f'<polygon points="{corners}" fill="{escape(trace.fillcolor or colour)}" fill-opacity=".2"/>'
        parts.append(_inside(area, x, y))
    if "lines" in mode:
        parts.append(_inside(_lines(points, trace, colour), x, y))
    parts.append(_errors(trace, points, x, y, colour))
    if "markers" in mode and not _unseen(trace):
        parts.append(_markers(trace, points, colour))
    if "text" in mode:
        parts.append(_texts(trace, points))
    return "".join(parts)


def _texts(trace: Any, points: Sequence[tuple[float, float]]) -> str:
    """Draw the texts of points in the trace's own ink: beside what is seen of a point, else in its place."""
    side = trace.textposition if isinstance(trace.textposition, str) else ""
    anchor, shift = next((look for word, look in _SIDES.items() if word in side), ("middle", 0))
    seen = "markers" in mode_of(trace) and not _unseen(trace)
    lift = -8 if seen or side.startswith("top") else 4
    inks = broadcast(trace.textfont.color, len(points), "currentColor")
    return "".join(
        f'<text x="{a + shift:.1f}" y="{b + lift:.1f}" text-anchor="{anchor}" font-size="11" '
        f'fill="{escape(str(ink or "currentColor"))}">{escape(plain_text(words))}</text>'
        for (a, b), words, ink in zip(points, broadcast(trace.text, len(points), ""), inks, strict=False)
        if math.isfinite(a) and math.isfinite(b) and words
    )


def mode_of(trace: Any) -> str:
    """Return what a trace of points is drawn as: lines, markers, text, or several of them."""
    return str(trace.mode or "lines+markers")


def _inside(drawn: str, x: Axis, y: Axis) -> str:
    """Return lines and areas without what lies beyond the plot, where ticks and titles stand."""
    if not drawn:
        return ""
    left, top = x.start - _EDGE, y.end - _EDGE
    width, height = x.end - x.start + 2 * _EDGE, y.start - y.end + 2 * _EDGE
    box = f"{left:.1f} {top:.1f} {width:.1f} {height:.1f}"
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    # A picture within the picture cuts at its own edge, without a name that would have to be unique in the page.
    return f'<svg {place} viewBox="{box}">{drawn}</svg>'


def stroke(line: Any, colour: str) -> str:
    """Return how a line is drawn, as attributes; empty for one without width.

    Parameters
    ----------
    line
        ``trace.line`` or ``shape.line``.
    colour
        Its colour where it has none of its own.
    """
    width = 2 if line.width is None else line.width
    dash = _DASHES.get(str(line.dash or ""), "")
    look = f'stroke="{escape(str(line.color or colour))}" stroke-width="{width}"'
    return (look + (f' stroke-dasharray="{dash}"' if dash else "")) if width else ""


def _unseen(trace: Any) -> bool:
    """Whether a trace is there to be clicked only."""
    return bool(trace.opacity == 0 or (trace.marker.opacity is not None and np.max(trace.marker.opacity) < _FAINT))


def band(trace: Any, before: Any, x: Axis, y: Axis, colour: str) -> str:
    """Draw the area between a trace and the one before it."""
    upper = [(x.place(a), y.place(b)) for a, b in zip(spread(trace.x), spread(trace.y), strict=False)]
    lower = [(x.place(a), y.place(b)) for a, b in zip(spread(before.x), spread(before.y), strict=False)]
    corners = [point for point in (*upper, *lower[::-1]) if all(map(math.isfinite, point))]
    text = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    area = f'<polygon points="{text}" fill="{escape(trace.fillcolor or colour)}" fill-opacity=".25" stroke="none"/>'
    return _inside(area, x, y)


def _lines(points: Sequence[tuple[float, float]], trace: Any, colour: str) -> str:
    pieces: list[list[str]] = [[]]
    for a, b in points:
        if math.isfinite(a) and math.isfinite(b):
            pieces[-1].append(f"{a:.1f},{b:.1f}")
        elif pieces[-1]:
            pieces.append([])
    look = stroke(trace.line, colour)
    if not look:
        return ""
    return "".join(f'<polyline points="{" ".join(piece)}" fill="none" {look}/>' for piece in pieces if len(piece) > 1)


def _errors(trace: Any, points: Sequence[tuple[float, float]], x: Axis, y: Axis, colour: str) -> str:
    parts = []
    for error, axis, values, horizontal in (
        (trace.error_x, x, spread(trace.x), True),
        (trace.error_y, y, spread(trace.y), False),
    ):
        above = spread(error.array)
        if not above or error.visible is False:
            continue
        below = above if error.arrayminus is None else spread(error.arrayminus)
        ink = escape(str(error.color or colour))
        for (a, b), value, less, more in zip(points, values, below, above, strict=False):
            if not (is_number(value) and math.isfinite(a) and math.isfinite(b)):
                continue
            ends = (axis.place(value - float(less or 0)), axis.place(value + float(more or 0)))
            # An interval ends where the plot ends.
            bottom, top = sorted((axis.start, axis.end))
            one, two = (min(max(end, bottom), top) for end in ends)
            if math.isfinite(one) and math.isfinite(two):
                place = (one, b, two, b) if horizontal else (a, one, a, two)
                x1, y1, x2, y2 = (f"{number:.1f}" for number in place)
                parts.append(
                    f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{ink}" stroke-width="3" '
                    'stroke-linecap="round"/>'
                )
    return "".join(parts)


def _markers(trace: Any, points: Sequence[tuple[float, float]], colour: str) -> str:
    n = len(points)
    marker = trace.marker
    colours = _colours(marker, n, colour)
    sizes, symbols = broadcast(marker.size, n, 8), broadcast(marker.symbol, n, "circle")
    parts = []
    for (a, b), size, symbol, ink in zip(points, sizes, symbols, colours, strict=False):
        if math.isfinite(a) and math.isfinite(b):
            parts.append(marker_svg(a, b, min(float(size or 8), 24) / 2, str(symbol or "circle"), ink))
    return "".join(parts)


def _colours(marker: Any, n: int, default: str) -> list[str]:
    given = broadcast(marker.color, n, default)
    if not any(is_number(value) for value in given):
        return [escape(str(value or default)) for value in given]
    numbers = np.array([float(value) if is_number(value) else math.nan for value in given])
    low = float(np.nanmin(numbers)) if marker.cmin is None else float(marker.cmin)
    high = float(np.nanmax(numbers)) if marker.cmax is None else float(marker.cmax)
    scale = marker.colorscale or _CIVIDIS
    return [colour_at((value - low) / ((high - low) or 1), scale) for value in numbers]


def marker_svg(x: float, y: float, r: float, symbol: str, ink: str) -> str:
    """Draw one point."""
    hollow = symbol.endswith("-open")
    paint = f'fill="none" stroke="{ink}" stroke-width="2.5"' if hollow else f'fill="{ink}"'
    shape = symbol.removesuffix("-open")
    if shape.startswith("diamond"):
        return f'<path d="M{x - r:.1f} {y:.1f}L{x:.1f} {y - r:.1f}L{x + r:.1f} {y:.1f}L{x:.1f} {y + r:.1f}Z" {paint}/>'
    if shape.startswith("square"):
        return f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r:.1f}" height="{2 * r:.1f}" {paint}/>'
    if shape.startswith("line-ns"):
        return f'<path d="M{x:.1f} {y - r:.1f}V{y + r:.1f}" stroke="{ink}" stroke-width="2"/>'
    if shape.startswith(("x", "cross")):
        return (
            f'<path d="M{x - r:.1f} {y - r:.1f}L{x + r:.1f} {y + r:.1f}'
            f'M{x - r:.1f} {y + r:.1f}L{x + r:.1f} {y - r:.1f}" '
            f'stroke="{ink}" stroke-width="2.5"/>'
        )
    if shape.startswith("triangle"):
        return f'<path d="M{x - r:.1f} {y + r:.1f}L{x:.1f} {y - r:.1f}L{x + r:.1f} {y + r:.1f}Z" {paint}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" {paint}/>'


def bars(trace: Any, x: Axis, y: Axis, colour: str, *, place: int, number: int) -> str:
    """Draw a trace of bars, one of several that stand side by side."""
    flat = trace.orientation == "h"
    along, across = (y, x) if flat else (x, y)
    names, values = (spread(trace.y), spread(trace.x)) if flat else (spread(trace.x), spread(trace.y))
    positions = [along.place(name) for name in names]
    steps = np.diff(sorted(set(positions)))
    width = 0.8 * (float(steps.min()) if len(steps) else abs(along.end - along.start) / 2) / number
    zero = across.place(0) if across.kind == "linear" else across.start
    inks = _colours(trace.marker, len(names), colour)
    opacity = trace.marker.opacity if isinstance(trace.marker.opacity, int | float) else 1
    parts = []
    for position, value, ink in zip(positions, values, inks, strict=False):
        end = across.place(value)
        if not (math.isfinite(position) and math.isfinite(end)):
            continue
        side = position + width * (place - number / 2)
        near, length = min(zero, end), abs(end - zero)
        box = (near, side, length, width) if flat else (side, near, width, length)
        left, top, wide, high = (f"{part:.1f}" for part in box)
        parts.append(
            f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" fill="{ink}" fill-opacity="{opacity}"/>'
        )
    centres = [position + width * (place + 0.5 - number / 2) for position in positions]
    ends = [across.place(value) for value in values]
    points = list(zip(ends, centres, strict=True)) if flat else list(zip(centres, ends, strict=True))
    return "".join(parts) + _errors(trace, points, x, y, NEUTRAL)


def cells(trace: Any, x: Axis, y: Axis) -> str:
    """Draw a grid of coloured cells, with their texts where they fit."""
    grid = np.array([[math.nan if v is None else float(v) for v in row] for row in trace.z], dtype=float)
    if not np.isfinite(grid).any():
        return ""
    low = float(np.nanmin(grid)) if trace.zmin is None else float(trace.zmin)
    high = float(np.nanmax(grid)) if trace.zmax is None else float(trace.zmax)
    rows, columns = grid.shape
    names = spread(trace.x) or list(range(columns)), spread(trace.y) or list(range(rows))
    wide, tall = abs(x.end - x.start) / max(columns, 1), abs(y.end - y.start) / max(rows, 1)
    texts = None if trace.text is None else [list(row) for row in trace.text]
    scale, parts = trace.colorscale or _CIVIDIS, []
    for row in range(rows):
        for column in range(columns):
            if not math.isfinite(grid[row, column]):
                continue
            share = (grid[row, column] - low) / ((high - low) or 1)
            a, b = x.place(names[0][column]), y.place(names[1][row])
            ink = colour_at(share, scale)
            parts.append(
                f'<rect x="{a - wide / 2:.1f}" y="{b - tall / 2:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
                f'fill="{ink}" stroke="#fff" stroke-opacity=".3"/>'
            )
            words = plain_text(texts[row][column]) if texts is not None else ""
            if words and 7 * len(words) < wide:
                red, green, blue = (int(ink[i : i + 2], 16) for i in (1, 3, 5))
                dark = 0.299 * red + 0.587 * green + 0.114 * blue < 140
                parts.append(
                    f'<text x="{a:.1f}" y="{b + 4:.1f}" text-anchor="middle" font-size="11" '
                    f'fill="{"#fff" if dark else "#111"}">{escape(words)}</text>'
                )
    return "".join(parts)
