"""A Plotly figure as a picture, without a browser and without Plotly's own exporter, which needs one.

Drawn are points with intervals, lines, bands, bars and grids of cells on linear, logarithmic and named axes, side by
side where the figure has several. What is beyond that (ternary plots, stacked areas, very many points) gives no
picture; the tables that belong to it say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from audit.plots import NEUTRAL, OKABE_ITO
from audit.report import marks
from audit.report.axes import Axis, is_number, make_axis, plain_text, spread

WIDTH = 760
_KINDS = frozenset({"scatter", "scattergl", "bar", "heatmap"})
_MOST_POINTS = 4_000
_LETTER = 6.8
_LONGEST_NAME = 42
_NAMES_ABOVE = 18
_TITLE_ABOVE = 20
_BESIDE = 16
_LEGEND_LEFT = 12.0
_POINT = 14
_LINE = 30


def figure_svg(figure: Any, *, text: str) -> str:
    """Return a figure as an ``svg`` element whose text takes ``currentColor``; empty when it cannot be drawn.

    Parameters
    ----------
    figure
        A Plotly figure.
    text
        What it shows, for those who cannot see it.
    """
    traces = [trace for trace in figure.data if trace.visible is not False]
    drawn = [trace for trace in traces if _points(trace)]
    if not drawn or any(trace.type not in _KINDS for trace in traces):
        return ""
    if any(trace.type == "scatter" and trace.stackgroup for trace in drawn):
        return ""
    if sum(_points(trace) for trace in drawn) > _MOST_POINTS:
        return ""
    colours = _trace_colours(traces)
    legend, top = _legend(traces, colours, figure.layout)
    top += _room_above(figure, drawn)
    height = min(max(int(figure.layout.height or 420), 140), 1_600) + top
    panels = {(str(t.xaxis or "x"), str(t.yaxis or "y")): None for t in drawn}
    axes = _axes(figure, drawn, list(panels), top, height)
    parts = [legend]
    for x_name, y_name in panels:
        x, y = axes[x_name], axes[y_name]
        parts.append(_frame(x, y))
        inside = [(place, t) for place, t in enumerate(traces) if (t.xaxis or "x", t.yaxis or "y") == (x_name, y_name)]
        parts.append(_marks(inside, traces, x, y, colours, stacked=figure.layout.barmode in ("overlay", "stack")))
    parts += [_shape(shape, axes, top, height) for shape in figure.layout.shapes]
    parts += [_annotation(note, axes, top, height) for note in figure.layout.annotations]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(text)}" font-family="sans-serif" font-size="13" fill="currentColor">'
        f"<title>{escape(text)}</title>{''.join(parts)}</svg>"
    )


def _points(trace: Any) -> int:
    if trace.type == "heatmap":
        return sum(len(row) for row in trace.z) if trace.z is not None else 0
    return sum(value is not None for value in spread(trace.x)) if trace.type in _KINDS else 1


def _trace_colours(traces: Sequence[Any]) -> list[str]:
    colours = []
    for place, trace in enumerate(traces):
        own = None
        if trace.type in ("scatter", "scattergl", "bar"):
            named = trace.marker.color if isinstance(trace.marker.color, str) else None
            own = named or (trace.line.color if trace.type != "bar" else None)
        colours.append(escape(str(own or OKABE_ITO[place % len(OKABE_ITO)])))
    return colours


def _axes(
    figure: Any, traces: Sequence[Any], panels: Sequence[tuple[str, str]], top: int, height: int
) -> dict[str, Axis]:
    """Return every axis with its place; those that match share their values."""
    made: dict[str, Axis] = {}
    left = _left_margin(figure, traces, [y for _, y in panels])
    for names, letter, begin, finish in (
        ([x for x, _ in panels], "x", left, WIDTH - 14.0),
        ([y for _, y in panels], "y", height - 52.0, top + 14.0),
    ):
        for name in dict.fromkeys(names):
            layout = _layout(figure, name)
            domain = layout.domain or (0, 1)
            root = layout.matches or name
            group = [t for t in traces if _root(figure, str(getattr(t, f"{letter}axis") or letter)) == root]
            own = [t for t in traces if str(getattr(t, f"{letter}axis") or letter) == name]
            values = [value for trace in group or own for value in _values(trace, letter)]
            values += _shape_values(figure, name) if any(map(is_number, values)) else []
            zero = any(t.type == "bar" and (t.orientation == "h") == (letter == "x") for t in own)
            grid = any(t.type == "heatmap" for t in own)
            start = begin + (finish - begin) * float(domain[0])
            end = begin + (finish - begin) * float(domain[1])
            made[name] = make_axis(layout, values, start=start, end=end, zero=zero, cells=grid)
    return made


def _shape_values(figure: Any, name: str) -> list[Any]:
    """Return where the figure's own lines and areas lie on an axis, which has to reach them as in the browser."""
    return [
        value
        for shape in figure.layout.shapes
        if getattr(shape, f"{name[0]}ref") == name
        for value in (shape[f"{name[0]}0"], shape[f"{name[0]}1"])
        if is_number(value)
    ]


def _root(figure: Any, name: str) -> str:
    return str(_layout(figure, name).matches or name)


def _layout(figure: Any, name: str) -> Any:
    return figure.layout[f"{name[0]}axis{name[1:]}"]


def _room_above(figure: Any, traces: Sequence[Any]) -> int:
    """Return the pixels that names and titles of axes above the plot need."""
    layouts = [_layout(figure, name) for name in dict.fromkeys(str(trace.xaxis or "x") for trace in traces)]
    above = [layout for layout in layouts if layout.side == "top" and layout.visible is not False]
    return max((_NAMES_ABOVE + (_TITLE_ABOVE if layout.title.text else 0) for layout in above), default=0)


def _values(trace: Any, letter: str) -> list[Any]:
    values = spread(getattr(trace, letter))
    if trace.type == "heatmap":
        return values or list(range(len(trace.z) if letter == "y" else len(trace.z[0])))
    error = getattr(trace, f"error_{letter}")
    above = spread(error.array)
    if not above:
        return values
    below = above if error.arrayminus is None else spread(error.arrayminus)
    ends = [v - float(b or 0) for v, b in zip(values, below, strict=False) if isinstance(v, int | float)]
    return [
        *values,
        *ends,
        *(v + float(a or 0) for v, a in zip(values, above, strict=False) if isinstance(v, int | float)),
    ]


def _left_margin(figure: Any, traces: Sequence[Any], names: Sequence[str]) -> float:
    longest = 4
    for name in dict.fromkeys(names):
        layout = _layout(figure, name)
        if layout.visible is False:
            continue
        texts = spread(layout.ticktext)
        texts += [v for t in traces if str(t.yaxis or "y") == name for v in spread(t.y) if isinstance(v, str)]
        longest = max(longest, *(min(len(plain_text(text)), _LONGEST_NAME) for text in texts), 4)
    return _LETTER * longest + 34


def _frame(x: Axis, y: Axis) -> str:
    parts = []
    left, right, bottom, top = x.start, x.end, y.start, y.end
    names, title = (top - 9, top - 9 - _TITLE_ABOVE) if x.side == "top" else (bottom + 17, bottom + 38)
    for value, text in x.labels if x.visible else ():
        place = x.at(value)
        line = f'<path d="M{place:.1f} {bottom:.1f}V{top:.1f}" stroke="currentColor" stroke-opacity=".13"/>'
        parts.append((line if x.grid else "") + _label(place, names, text, "middle", size=12))
    for value, text in y.labels if y.visible else ():
        place = y.at(value)
        line = f'<path d="M{left:.1f} {place:.1f}H{right:.1f}" stroke="currentColor" stroke-opacity=".13"/>'
        short = text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
        parts.append((line if y.grid else "") + _label(left - 8, place + 4, short, "end", size=12))
    if x.visible and x.title:
        parts.append(_label((left + right) / 2, title, x.title, "middle"))
    if y.visible and y.title:
        middle = (bottom + top) / 2
        parts.append(
            f'<text transform="translate(14 {middle:.1f}) rotate(-90)" text-anchor="middle">{escape(y.title)}</text>'
        )
    return "".join(parts)


def _label(x: float, y: float, text: str, anchor: str, *, size: int = 13) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def _marks(
    inside: Sequence[tuple[int, Any]], traces: Sequence[Any], x: Axis, y: Axis, colours: Sequence[str], *, stacked: bool
) -> str:
    parts = []
    bars = [place for place, trace in inside if trace.type == "bar"]
    # Cells and bars lie below points and lines, as in the browser.
    for place, trace in sorted(inside, key=lambda pair: pair[1].type not in ("heatmap", "bar")):
        if trace.type == "heatmap":
            parts.append(marks.cells(trace, x, y))
        elif trace.type == "bar":
            number, position = (1, 0) if stacked else (len(bars), bars.index(place))
            parts.append(marks.bars(trace, x, y, colours[place], place=position, number=number))
        else:
            if trace.fill in ("tonexty", "tonextx") and place:
                parts.append(marks.band(trace, traces[place - 1], x, y, colours[place]))
            parts.append(marks.scatter(trace, x, y, colours[place]))
    return "".join(parts)


def _legend(traces: Sequence[Any], colours: Sequence[str], layout: Any) -> tuple[str, int]:
    """Return the legend above the plot, and its height; none when the figure has none."""
    named = [(t, c) for t, c in zip(traces, colours, strict=True) if t.name and t.showlegend is not False]
    if layout.showlegend is False or len(named) < 2:
        return "", 0
    parts, x, y = [], _LEGEND_LEFT, 16.0
    for trace, colour in named:
        words = plain_text(trace.name)
        sample, wide = _sample(trace, colour, x, y)
        length = wide + _LETTER * len(words) + 22
        if x + length > WIDTH and x > _LEGEND_LEFT:
            x, y = _LEGEND_LEFT, y + 20
            sample, wide = _sample(trace, colour, x, y)
        parts += [sample, _label(x + wide + 6, y + 4.5, words, "start")]
        x += length
    return "".join(parts), int(y) + 14


def _sample(trace: Any, colour: str, x: float, y: float) -> tuple[str, int]:
    """Return a piece of a trace as the plot draws it, and its width: its line with its dashes, its point, or both."""
    if trace.type not in ("scatter", "scattergl"):
        return marks.marker_svg(x + _POINT / 2, y, 6, "square", colour), _POINT
    mode = marks.mode_of(trace)
    look = marks.stroke(trace.line, colour) if "lines" in mode else ""
    line = f'<path d="M{x:.1f} {y:.1f}h{_LINE}" fill="none" {look}/>' if look else ""
    wide = _LINE if line else _POINT
    if line and "markers" not in mode:
        return line, wide
    symbol = trace.marker.symbol if isinstance(trace.marker.symbol, str) else "circle"
    return line + marks.marker_svg(x + wide / 2, y, 6, symbol, colour), wide


def _shape(shape: Any, axes: dict[str, Axis], top: int, height: int) -> str:
    if shape.type not in ("line", "rect"):
        return ""
    left = _paper_left(axes)
    x0, x1 = (_place(shape.xref, value, axes, left, WIDTH - 14.0) for value in (shape.x0, shape.x1))
    y0, y1 = (_place(shape.yref, value, axes, height - 52.0, top + 14.0) for value in (shape.y0, shape.y1))
    if not all(map(math.isfinite, (x0, x1, y0, y1))):
        return ""
    if shape.type == "rect":
        return (
            f'<rect x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" '
            f'height="{abs(y1 - y0):.1f}" fill="{escape(str(shape.fillcolor or NEUTRAL))}" '
            f'fill-opacity="{0.15 if shape.opacity is None else shape.opacity}"/>'
        )
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" {marks.stroke(shape.line, NEUTRAL)}/>'


def _annotation(note: Any, axes: dict[str, Axis], top: int, height: int) -> str:
    words = plain_text(note.text)
    x = _place(note.xref or "paper", note.x, axes, _paper_left(axes), WIDTH - 14.0)
    y = _place(note.yref or "paper", note.y, axes, height - 52.0, top + 14.0)
    if not words or not (math.isfinite(x) and math.isfinite(y)):
        return ""
    anchor, room = {"left": ("start", 4), "right": ("end", -4)}.get(str(note.xanchor), ("middle", 0))
    ax, ay = float(note.ax or 0), float(note.ay or 0)
    # What stands further off than beside its point is led to it.
    far = note.showarrow and math.hypot(ax, ay) > _BESIDE
    line = f'<path d="M{x:.1f} {y:.1f}l{ax:.1f} {ay:.1f}" stroke="{NEUTRAL}"/>' if far else ""
    x, y = x + ax + room + float(note.xshift or 0), y + ay - float(note.yshift or 0)
    return line + _label(x, y + {"middle": 4, "top": 12}.get(str(note.yanchor), -4), words, anchor, size=12)


def _paper_left(axes: dict[str, Axis]) -> float:
    """Return the pixel where what Plotly calls paper begins: where the plots do, right of their names."""
    return min(axis.start for name, axis in axes.items() if name.startswith("x"))


def _place(reference: Any, value: Any, axes: dict[str, Axis], begin: float, finish: float) -> float:
    """Return the pixel of a shape's or a note's corner, in an axis's values, along its length, or on the paper."""
    name, _, domain = str(reference or "paper").partition(" ")
    if value is None or (name != "paper" and name not in axes):
        return math.nan
    if name == "paper":
        return begin + (finish - begin) * float(value)
    axis = axes[name]
    return axis.start + (axis.end - axis.start) * float(value) if domain else axis.place(value)
