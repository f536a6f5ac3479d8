"""The drawings of the complexity page, from the result's tables alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.base import Figure
from audit.complexity.curves import bias_figure, decoding_figure
from audit.complexity.feature_rows import IMPORTANT, SIMPLE_IMPORTANT
from audit.complexity.weight_figures import dimension_figure, merging_figure
from audit.plots import ACCENT, DIVERGING, NEUTRAL, OKABE_ITO, OTHER, SEQUENTIAL, interval_figure
from audit.wording import format_value

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from audit.result import Result

FEATURES = ("atom", "channel", "direction")
LEGEND = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0}
MOST_NAMES = 6

_PLOT = (640.0, 370.0)
"""Pixels that names are placed for: those of a plot in a narrow window, so that they are clear in a wide one too."""

_LETTER, _LINE, _RADIUS = 7.4, 18.0, 8.0
_GAPS = (10.0, 26.0, 44.0)
_FEWEST_CLEAR, _CLEAR = 3.0, 14.0
_SIDES = ((0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0))
_ANCHORS = {"x": {1: "left", 0: "center", -1: "right"}, "y": {1: "bottom", 0: "middle", -1: "top"}}

Box = tuple[float, float, float, float]
"""Left, low, right and high end in pixels."""


def page_figures(result: Result) -> tuple[Figure, ...]:
    """Return the page's figures, those without rows left out."""
    rows = result.by_group
    drawn = [
        _quadrants(rows),
        decoding_figure(rows[rows["kind"] == "decoding"]),
        _shortcuts(rows[rows["kind"] == "shortcut"]),
        _levels(rows, ("class",), "Complexity of each class"),
        _levels(rows, ("attribute_value",), "Complexity of each attribute value"),
        _levels(rows, ("class_pair",), "Telling two close classes apart"),
        _map(result),
        bias_figure(rows[rows["kind"] == "representation"]),
        merging_figure(rows[rows["kind"] == "merging"]),
        dimension_figure(rows[rows["kind"] == "dimension"]),
    ]
    return tuple(figure for figure in drawn if figure is not None)


def _quadrants(rows: pd.DataFrame) -> Figure | None:
    """Draw importance against complexity, quadrants named, candidates marked by shape, size and name."""
    import plotly.graph_objects as go

    shown = rows[rows["kind"].isin(FEATURES) & rows["value"].notna()] if "kind" in rows.columns else rows.iloc[:0]
    if shown.empty:
        return None
    measured = bool(shown["importance"].notna().any())
    heights = shown["importance"] if measured else shown["association"]
    shown = shown[heights.notna()].assign(_height=heights)
    if shown.empty:
        return None
    candidate = shown["shortcut_candidate"].astype(bool)
    named = shown[candidate].sort_values("association", ascending=False).index[:MOST_NAMES]
    figure = go.Figure()
    x_split = float(shown["value"].median())
    y_split = IMPORTANT / int(rows["importance"].notna().sum()) if measured else float(shown["_height"].median())
    figure.add_scatter(
        x=shown["value"],
        y=shown["_height"],
        mode="markers",
        marker={
            "size": np.where(candidate, 16, 11),
            "symbol": np.where(candidate, "diamond", "circle"),
            "color": np.where(candidate, OKABE_ITO[5], ACCENT),
            "opacity": 0.9,
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (shown["high"] - shown["value"]).clip(lower=0).tolist(),
            "arrayminus": (shown["value"] - shown["low"]).clip(lower=0).tolist(),
            "thickness": 1,
            "width": 0,
            "color": OTHER,
        },
        hovertext=[_feature_words(str(name), row) for name, row in shown.iterrows()],
        hovertemplate="%{hovertext}<extra></extra>",
        customdata=shown["where"].tolist(),
        showlegend=False,
    )
    for symbol, colour, words in (("diamond", OKABE_ITO[5], "shortcut candidate"), ("circle", ACCENT, "other feature")):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", marker={"symbol": symbol, "color": colour, "size": 12}, name=words
        )
    figure.add_vline(x=x_split, line={"dash": "dot", "color": NEUTRAL, "width": 1.5})
    figure.add_hline(y=y_split, line={"dash": "dot", "color": NEUTRAL, "width": 1.5})
    for x, anchor, y, words in (
        (0.0, "left", 1.0, "simple, important"),
        (1.0, "right", 1.0, "complex, important"),
        (0.0, "left", 0.0, "simple, minor"),
        (1.0, "right", 0.0, "complex, minor"),
    ):
        figure.add_annotation(
            text=words,
            xref="paper",
            yref="paper",
            x=x,
            y=y,
            xanchor=anchor,
            yanchor="bottom",
            yshift=2,
            showarrow=False,
            font={"size": 13, "color": NEUTRAL},
        )
    top = float(shown["_height"].max())
    y_range = (-0.08 * top, 1.15 * top)
    ends = shown[["low", "value", "high"]].to_numpy(dtype=float)
    room = 0.06 * float(np.nanmax(ends) - np.nanmin(ends)) or 0.05
    x_range = (float(np.nanmin(ends)) - room, float(np.nanmax(ends)) + room)
    _add_names(figure, shown, list(named), (x_range, y_range), (x_split, y_split))
    figure.update_layout(
        height=520,
        margin={"t": 36},
        legend={**LEGEND, "y": -0.24},
        xaxis={"title": {"text": "complexity (0 early, 1 late or never)"}, "range": list(x_range)},
        yaxis={
            "title": {"text": "importance, share" if measured else "association with an attribute"},
            "tickformat": ".1%" if measured else ".2f",
            "range": list(y_range),
        },
    )
    count = int((shown["quadrant"] == SIMPLE_IMPORTANT).sum())
    words = "; ".join(f"{name} ({shown.loc[name, 'tied_to']})" for name in named) or "none tied to an attribute"
    text = (
        f"Each point is a feature; {count} of {len(shown)} are simple and important. Shortcut candidates: {words}. "
        "A click shows a feature's images and from which layer on it can be read."
    )
    return Figure(title="Simple and important features", figure=figure, text=text)


def _short(name: str, tie: str) -> str:
    """Return the words beside a point: "13: sand"."""
    return f"{name.removeprefix('atom ')}: {tie.rpartition(' ')[2]}" if tie else name


def _add_names(
    figure: go.Figure,
    shown: pd.DataFrame,
    named: list[Any],
    ranges: tuple[tuple[float, float], tuple[float, float]],
    splits: tuple[float, float],
) -> None:
    """Write names beside their points, each on its emptiest side or further off; one that fits nowhere is left out."""
    (width, height), (x_range, y_range) = _PLOT, ranges

    def across(value: Any) -> Any:
        return width * (value - x_range[0]) / (x_range[1] - x_range[0])

    def up(value: Any) -> Any:
        return height * (value - y_range[0]) / (y_range[1] - y_range[0])

    values = shown["value"].to_numpy(dtype=float)
    x, y = across(values), up(shown["_height"].to_numpy(dtype=float))
    low, high = (across(shown[end].fillna(shown["value"]).to_numpy(dtype=float)) for end in ("low", "high"))
    points = [_box(x[i] - _RADIUS, y[i] - _RADIUS, 2 * _RADIUS, 2 * _RADIUS) for i in range(len(shown))]
    # Intervals, the lines between the quadrants, and the words in the two lower corners.
    taken = [_box(low[i], y[i] - 1, high[i] - low[i], 2) for i in range(len(shown))]
    taken += [_box(across(splits[0]), 0, 0, height), _box(0, up(splits[1]), width, 0)]
    taken += [_box(0, 2, 13 * _LETTER, _LINE), _box(width - 14 * _LETTER, 2, 14 * _LETTER, _LINE)]
    for name in named:
        i = list(shown.index).index(name)
        words = _short(str(name), str(shown["tied_to"].iloc[i]))
        others = [*taken, *points[:i], *points[i + 1 :]]
        clear: list[tuple[int, float, int, tuple[float, float], Box]] = []
        for ring, gap in enumerate(_GAPS):
            for side in _SIDES:
                # Not along the diagonal: Plotly draws no line that would end in the very corner of the words.
                shift = (gap * side[0] * (0.7 if side[1] else 1.0), gap * side[1])
                box = _beside(x[i], y[i], shift, _LETTER * len(words))
                room = min(_distance(box, other) for other in others)
                if _inside(box) and room >= _FEWEST_CLEAR:
                    clear.append((ring, -min(room, _CLEAR), len(clear), shift, box))
        if not clear:
            continue
        ring, _, _, shift, box = min(clear)
        taken.append(box)
        figure.add_annotation(
            text=words,
            x=values[i],
            y=float(shown["_height"].iloc[i]),
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
            standoff=_RADIUS,
            arrowcolor=NEUTRAL if ring else "rgba(0,0,0,0)",
            font={"size": 13},
        )


def _box(left: float, low: float, width: float, height: float) -> Box:
    return left, low, left + width, low + height


def _beside(x: float, y: float, shift: tuple[float, float], width: float) -> Box:
    """Return the place of a name so far to the right of a point and above it; less than 0 is left and below."""
    right, above = np.sign(shift)
    left = x + shift[0] + (right - 1) * width / 2
    return _box(left, y + shift[1] + (above - 1) * _LINE / 2, width, _LINE)


def _inside(box: Box) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= _PLOT[0] and box[3] <= _PLOT[1]


def _distance(one: Box, other: Box) -> float:
    """Return how far two boxes are apart; 0 where they overlap."""
    across = max(0.0, one[0] - other[2], other[0] - one[2])
    return math.hypot(across, max(0.0, one[1] - other[3], other[1] - one[3]))


def _feature_words(name: str, row: pd.Series[Any]) -> str:
    parts = [f"<b>{name}</b>", f"complexity {format_value(float(row['value']))}"]
    if np.isfinite(row["importance"]):
        parts.append(f"importance {100 * row['importance']:.1f} %")
    if row["tied_to"]:
        parts.append(f"tied to {row['tied_to']} ({format_value(float(row['association']))})")
    if row.get("promotes"):
        parts.append(f"speaks for {row['promotes']}")
    return "<br>".join(parts)


def _shortcuts(rows: pd.DataFrame) -> Figure | None:
    """Draw each attribute's complexity less that of the class."""
    known = rows[rows["value"].notna()]
    if known.empty:
        return None
    figure = interval_figure(
        known,
        null=0.0,
        labels=known["attribute"].astype("str").tolist(),
        axis_title="attribute less class: simpler < 0",
    )
    figure.update_traces(customdata=None)
    simpler = known[(known["high"] < 0)]["attribute"].astype("str").tolist()
    text = "Complexity of each attribute less that of the class; left of 0 an attribute is read from earlier layers."
    return Figure(
        title="Attributes against the class",
        figure=figure,
        text=f"{text} Simpler than the class: {', '.join(simpler) or 'none'}.",
    )


def _levels(rows: pd.DataFrame, kinds: tuple[str, ...], title: str) -> Figure | None:
    known = rows[rows["kind"].isin(kinds) & rows["value"].notna()]
    if known.empty:
        return None
    figure = interval_figure(known, null=None, axis_title="complexity")
    first = known.sort_values("value").index
    text = f"{title}: {first[0]} is read earliest, {first[-1]} latest. The diamond is what shuffled features give."
    return Figure(title=title, figure=figure, text=text)


def _map(result: Result) -> Figure | None:
    """Draw the features' directions in two dimensions, coloured by complexity, importance or association."""
    import plotly.graph_objects as go

    rows = result.by_group[result.by_group["kind"].isin(FEATURES)]
    places = np.asarray(result.settings.get("map") or [], dtype=np.float64)
    if len(rows) < 3 or len(places) != len(rows):
        return None
    choices: list[tuple[str, str, Any]] = [
        ("complexity", "value", SEQUENTIAL),
        ("importance", "importance", SEQUENTIAL),
        ("association with an attribute", "association", [list(stop) for stop in DIVERGING]),
    ]
    choices = [choice for choice in choices if rows[choice[1]].notna().any()]
    if not choices:
        return None
    figure = go.Figure()
    for place, (words, column, scale) in enumerate(choices):
        values = rows[column].to_numpy(dtype=float)
        marker: dict[str, Any] = {
            "size": 13,
            "color": values.tolist(),
            "colorscale": scale,
            "colorbar": {"title": {"text": ""}, "thickness": 12},
        }
        if column == "association":
            largest = float(np.nanmax(np.abs(values)))
            marker |= {"cmin": -largest, "cmax": largest}
        figure.add_scatter(
            x=places[:, 0],
            y=places[:, 1],
            mode="markers+text",
            text=[str(name).removeprefix("atom ") for name in rows.index],
            textposition="top center",
            textfont={"size": 11, "color": NEUTRAL},
            marker=marker,
            hovertext=[_feature_words(str(name), row) for name, row in rows.iterrows()],
            hovertemplate="%{hovertext}<extra></extra>",
            customdata=rows["where"].tolist(),
            name=words,
            visible=place == 0,
            showlegend=False,
        )
    buttons = [
        {
            "label": words,
            "method": "update",
            "args": [{"visible": [other == place for other in range(len(choices))]}],
        }
        for place, (words, _, _) in enumerate(choices)
    ]
    figure.update_layout(
        height=520,
        margin={"t": 56},
        xaxis={"visible": False},
        yaxis={"visible": False},
        updatemenus=[
            {
                "buttons": buttons,
                "direction": "down",
                "x": 0,
                "xanchor": "left",
                "y": 1.12,
                "yanchor": "top",
                "font": {"size": 13, "color": "#16202A"},
                "bgcolor": "#E1E6EA",
            }
        ],
    )
    text = "Features whose directions point alike lie together; the colour is chosen above. A click shows the images."
    return Figure(title="Map of features", figure=figure, text=text)
