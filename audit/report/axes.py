"""Axes of a Plotly figure for a drawing without a browser: type, range, ticks, and where a value lies."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from audit.report.intervals import tick_text, ticks

Kind = str
"""``linear``, ``log`` or ``category``."""

_PADDING = 0.05
_TAGS = re.compile(r"<[^>]+>")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis, with its place in pixels.

    Parameters
    ----------
    kind
        ``linear``, ``log`` or ``category``.
    low, high
        Range in the axis's own units (logarithms for ``log``, positions for ``category``).
    start, end
        Pixels of ``low`` and ``high``.
    categories
        Names by position.
    labels
        ``(value, text)`` of each tick.
    title
        What it measures.
    grid
        Whether lines are drawn across at the ticks.
    visible
        Whether ticks and title are drawn.
    side
        Where its names stand, as Plotly says it: ``top`` for above the plot; empty for the usual side.
    """

    kind: Kind
    low: float
    high: float
    start: float
    end: float
    categories: tuple[str, ...]
    labels: tuple[tuple[float, str], ...]
    title: str
    grid: bool
    visible: bool
    side: str = ""

    def place(self, value: Any) -> float:
        """Return the pixel of a value; NaN where it has none."""
        return self.at(unit_value(value, self.kind, self.categories))

    def at(self, number: float) -> float:
        """Return the pixel of a number in the axis's own units."""
        return self.start + (self.end - self.start) * (number - self.low) / (self.high - self.low)


def plain_text(text: Any) -> str:
    """Return a label without the tags that Plotly allows in it."""
    return _TAGS.sub("", str(text or "").replace("<br>", " ")).replace("&nbsp;", " ").strip()


def is_number(value: Any) -> bool:
    """Return whether a value is a number rather than a name."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def unit_value(value: Any, kind: Kind, categories: Sequence[str]) -> float:
    """Return a value in an axis's own units: NaN for what cannot be placed."""
    if value is None:
        return math.nan
    if kind == "category":
        if is_number(value) and str(value) not in categories:
            return float(value)
        return float(categories.index(str(value))) if str(value) in categories else math.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    if kind == "log":
        return math.log10(number) if number > 0 else math.nan
    return number


def kind_of(layout: Any, values: Iterable[Any]) -> Kind:
    """Return the type of an axis: what the layout says, else names or numbers by the values."""
    if layout.type in ("log", "category", "linear"):
        return str(layout.type)
    return "category" if any(value is not None and not is_number(value) for value in values) else "linear"


def make_axis(layout: Any, values: Sequence[Any], *, start: float, end: float, zero: bool, cells: bool) -> Axis:
    """Return an axis of a figure.

    Parameters
    ----------
    layout
        ``figure.layout.xaxis`` or the like.
    values
        Everything that lies on it, intervals included.
    start, end
        Pixels of its lower and upper end.
    zero
        Whether 0 belongs to it, as for bars.
    cells
        Whether values stand for cells of a grid, which reach half a step beyond them.
    """
    kind = kind_of(layout, values)
    categories = tuple(dict.fromkeys(str(v) for v in values if v is not None)) if kind == "category" else ()
    low, high = _range(layout, kind, values, categories, zero=zero, cells=cells)
    if layout.autorange == "reversed" and layout.range is None:
        low, high = high, low
    labels = _labels(layout, kind, min(low, high), max(low, high), categories)
    return Axis(
        kind=kind,
        low=low,
        high=high,
        start=start,
        end=end,
        categories=categories,
        labels=labels,
        title=plain_text(layout.title.text),
        grid=layout.showgrid is not False and not cells,
        visible=layout.visible is not False,
        side=str(layout.side or ""),
    )


def _range(
    layout: Any, kind: Kind, values: Sequence[Any], categories: Sequence[str], *, zero: bool, cells: bool
) -> tuple[float, float]:
    if layout.range is not None and None not in layout.range:
        return unit_pair(layout.range)
    numbers = np.array([unit_value(value, kind, categories) for value in values], dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    if zero and kind == "linear":
        numbers = np.append(numbers, 0.0)
    if not numbers.size:
        return 0.0, 1.0
    low, high = float(numbers.min()), float(numbers.max())
    if kind == "category" or cells:
        return low - 0.5, high + 0.5
    room = _PADDING * (high - low) or 0.5 * (abs(high) or 1)
    # Bars stand on the axis.
    return (low if zero and low == 0 else low - room), high + room


def unit_pair(pair: Sequence[Any]) -> tuple[float, float]:
    """Return a range's two ends as numbers, apart from one another."""
    low, high = float(pair[0]), float(pair[1])
    return (low, high) if low != high else (low - 0.5, high + 0.5)


def _labels(
    layout: Any, kind: Kind, low: float, high: float, categories: Sequence[str]
) -> tuple[tuple[float, str], ...]:
    if layout.showticklabels is False:
        return ()
    if layout.tickvals is not None:
        texts = layout.ticktext if layout.ticktext is not None else layout.tickvals
        pairs = [(unit_value(v, kind, categories), plain_text(t)) for v, t in zip(layout.tickvals, texts, strict=False)]
        return tuple((value, text) for value, text in pairs if low <= value <= high)
    if kind == "category":
        return tuple((float(place), plain_text(name)) for place, name in enumerate(categories))
    if kind == "log":
        return tuple(
            (float(power), f"{10.0**power:g}") for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
        )
    unit = "share" if "%" in str(layout.tickformat or "") else ""
    return tuple((tick, tick_text(tick, unit)) for tick in ticks(low, high))


def spread(values: Any) -> list[Any]:
    """Return a trace's values as a list; empty where there are none."""
    return [] if values is None else list(values)


def broadcast(value: Any, n: int, default: Any) -> list[Any]:
    """Return one value a point, from a single one or a list."""
    if value is None:
        return [default] * n
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        return [value] * n
    return list(value)


def colour_at(share: float, scale: Sequence[Sequence[Any]]) -> str:
    """Return the colour of a share of 0 to 1 on a colour scale of ``(stop, "#rrggbb" or "rgb(...)")``."""
    if not math.isfinite(share):
        return "none"
    share = min(max(share, 0.0), 1.0)
    stops = [(float(stop), channels(str(colour))) for stop, colour in scale]
    for (before, one), (after, two) in itertools.pairwise(stops):
        if share <= after:
            part = 0.0 if after == before else (share - before) / (after - before)
            return "#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in zip(one, two, strict=True))
    return "#" + "".join(f"{round(part):02x}" for part in stops[-1][1])


def channels(colour: str) -> tuple[float, float, float]:
    """Return red, green and blue of ``#rrggbb`` or ``rgb(r, g, b)``."""
    if colour.startswith("#"):
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return red, green, blue
