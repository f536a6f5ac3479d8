"""Where names stand beside the points of a plot: on no point, no line and no other name, however wide the window is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.plots import NEUTRAL

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import NDArray

PLOTS = ((236.0, 320.0), (640.0, 370.0), (1130.0, 390.0))
"""Width and height in pixels of the plots that names are placed for: on a phone, in a narrow window, in a wide one."""

LETTER, LINE, RADIUS = 7.0, 18.0, 9.0
"""Pixels: width of a letter, height of a line, half a point."""

_GAPS = (10.0, 24.0, 40.0, 60.0, 84.0, 110.0)
_SIDES = tuple(
    (x, y)
    for x, y in (
        *((0, 1), (1, 0), (0.7, 1), (0.35, 1), (1, 0.4)),
        *((0, -1), (-1, 0), (-0.7, 1), (0.7, -1), (-0.7, -1)),
        *((-0.35, 1), (0.35, -1), (-0.35, -1), (-1, 0.4), (1, -0.4), (-1, -0.4)),
    )
)
"""Directions that a name may lie in; none along the diagonal, where Plotly draws no line to the corner of the words."""

_ANCHORS = {"x": {1: "left", 0: "center", -1: "right"}, "y": {1: "bottom", 0: "middle", -1: "top"}}
_ROUNDS = 8
_FEWEST_CLEAR = 2.0

Box = tuple[float, float, float, float]
"""Left, low, right and high end in pixels."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Points:
    """Points of a plot.

    Parameters
    ----------
    x, y, low, high
        Where they lie and where their intervals end, (n,).
    ranges
        Both axes' ends.
    splits
        Where the lines between the quadrants lie.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    ranges: tuple[tuple[float, float], tuple[float, float]]
    splits: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class _Place:
    """A name's place in every plot: its words, how far it is from its point, its box and its line by plot."""

    words: str
    shift: tuple[float, float]
    boxes: tuple[Box, ...]
    starts: tuple[tuple[float, float], ...]

    def ends(self) -> list[tuple[float, float]]:
        return [(x + self.shift[0], y + self.shift[1]) for x, y in self.starts]


class _Plot:
    """One size of the plot in pixels."""

    def __init__(self, points: Points, size: tuple[float, float]) -> None:
        self.size = size
        (left, right), (low, high) = points.ranges
        width, height = size
        self.x = width * (points.x - left) / (right - left)
        self.y = height * (points.y - low) / (high - low)
        ends = [width * (end - left) / (right - left) for end in (points.low, points.high)]
        split = width * (points.splits[0] - left) / (right - left), height * (points.splits[1] - low) / (high - low)
        self.marks = [_box(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS) for x, y in zip(self.x, self.y, strict=True)]
        # Words in the two lower corners.
        self.words = [_box(0, 0, 13 * LETTER, LINE + 2), _box(width - 14 * LETTER, 0, 14 * LETTER, LINE + 2)]
        self.lines = [_box(a, y - 1, b - a, 2) for a, b, y in zip(*ends, self.y, strict=True)]
        self.lines += [_box(split[0], 0, 0, height), _box(0, split[1], width, 0)]


def add_names(figure: go.Figure, points: Points, named: Sequence[tuple[int, Sequence[str]]]) -> list[int]:
    """Write names beside their points and return those of the points that found no room.

    Parameters
    ----------
    figure
        Annotations are added to it.
    points
        All points.
    named
        Place of each point that has a name, and its names, the best first: the first that fits is written.
    """
    plots = [_Plot(points, size) for size in PLOTS]
    order = list(range(len(named)))
    rng = np.random.default_rng(0)
    best: dict[int, _Place] = {}
    for _ in range(_ROUNDS):
        placed: dict[int, _Place] = {}
        for which in order:
            found = _place(plots, *named[which], list(placed.values()))
            if found is not None:
                placed[which] = found
        if not best or _worth(placed, named) > _worth(best, named):
            best = placed
        worse = [which for which in order if which not in placed or placed[which].words != named[which][1][0]]
        if not worse:
            break
        # Whoever found no good place chooses first the next time, the others in another order.
        order = worse + [int(which) for which in rng.permutation(order) if which not in worse]
    for which in sorted(best):
        _write(figure, points, named[which][0], best[which])
    return [i for which, (i, _) in enumerate(named) if which not in best]


def _worth(placed: dict[int, _Place], named: Sequence[tuple[int, Sequence[str]]]) -> tuple[int, int]:
    """Return how many points have a name, and how good their names are."""
    return len(placed), -sum(named[which][1].index(place.words) for which, place in placed.items())


def _place(plots: Sequence[_Plot], i: int, names: Sequence[str], others: Sequence[_Place]) -> _Place | None:
    starts = tuple((float(plot.x[i]), float(plot.y[i])) for plot in plots)
    for words in names:
        lines = words.split("<br>")
        size = LETTER * max(len(line) for line in lines), LINE * len(lines)
        found: list[tuple[float, int, _Place]] = []
        for gap in _GAPS:
            for side in _SIDES:
                shift = gap * side[0], gap * side[1]
                boxes = tuple(_beside(start, shift, size) for start in starts)
                place = _Place(words, shift, boxes, starts)
                cost = _cost(plots, i, place, others)
                if cost is not None:
                    found.append((cost, len(found), place))
        if found:
            return min(found)[2]
    return None


def _cost(plots: Sequence[_Plot], i: int, place: _Place, others: Sequence[_Place]) -> float | None:
    """Return how badly a name lies in all plots together; ``None`` where it hides anything in any of them."""
    cost = 0.25 * math.hypot(*place.shift)
    ends = place.ends()
    for which, plot in enumerate(plots):
        box, start, end = place.boxes[which], place.starts[which], ends[which]
        if box[0] < 0 or box[1] < 0 or box[2] > plot.size[0] or box[3] > plot.size[1]:
            return None
        marks = [mark for j, mark in enumerate(plot.marks) if j != i]
        solid = [*marks, *plot.words, *(other.boxes[which] for other in others)]
        if any(_distance(box, other) < _FEWEST_CLEAR for other in solid):
            return None
        if any(_crosses(start, end, _wider(other)) for other in solid):
            return None
        if any(_crosses(other.starts[which], other.ends()[which], _wider(box)) for other in others):
            return None
        cost += 8 * sum(_distance(box, line) < 1 for line in plot.lines)
    return cost


def _write(figure: go.Figure, points: Points, i: int, place: _Place) -> None:
    shift: Any = place.shift
    figure.add_annotation(
        text=place.words,
        x=float(points.x[i]),
        y=float(points.y[i]),
        xref="x",
        yref="y",
        ax=shift[0],
        ay=-shift[1],
        xanchor=_ANCHORS["x"][int(np.sign(shift[0]))],
        yanchor=_ANCHORS["y"][int(np.sign(shift[1]))],
        # A line leads to the point from further off.
        showarrow=True,
        arrowhead=0,
        arrowwidth=1,
        standoff=RADIUS,
        arrowcolor=NEUTRAL if math.hypot(*shift) > 1.5 * _GAPS[0] else "rgba(0,0,0,0)",
        font={"size": 13},
    )


def _box(left: float, low: float, width: float, height: float) -> Box:
    return left, low, left + width, low + height


def _wider(box: Box) -> Box:
    return box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1


def _beside(point: tuple[float, float], shift: tuple[float, float], size: tuple[float, float]) -> Box:
    """Return the place of a name so far to the right of a point and above it; less than 0 is left and below."""
    left, low = (point[axis] + shift[axis] + (float(np.sign(shift[axis])) - 1) * size[axis] / 2 for axis in (0, 1))
    return _box(left, low, *size)


def _distance(one: Box, other: Box) -> float:
    """Return how far two boxes are apart; 0 where they overlap."""
    across = max(0.0, one[0] - other[2], other[0] - one[2])
    return math.hypot(across, max(0.0, one[1] - other[3], other[1] - one[3]))


def _crosses(start: tuple[float, float], end: tuple[float, float], box: Box) -> bool:
    """Return whether a line enters a box (Liang and Barsky)."""
    first, last = 0.0, 1.0
    for axis in (0, 1):
        step = end[axis] - start[axis]
        for edge, sign in ((box[axis], -1), (box[axis + 2], 1)):
            room = sign * (edge - start[axis])
            if step == 0:
                if room < 0:
                    return False
            elif sign * step < 0:
                first = max(first, room / (sign * step))
            else:
                last = min(last, room / (sign * step))
    return first <= last
