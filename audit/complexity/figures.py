"""The drawings of the complexity page, from the result's tables alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.base import Figure
from audit.complexity.curves import bias_figure, decoding_figure
from audit.complexity.feature_rows import IMPORTANT, SIMPLE_IMPORTANT
from audit.complexity.names import Points, add_names
from audit.complexity.ties import is_clear, tie_words
from audit.complexity.weight_figures import dimension_figure, merging_figure
from audit.plots import ACCENT, DIVERGING, NEUTRAL, OKABE_ITO, OTHER, SEQUENTIAL, interval_figure
from audit.wording import format_value

if TYPE_CHECKING:
    import pandas as pd

    from audit.result import Result

FEATURES = ("atom", "channel", "direction")
LEGEND = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0}
MOST_NAMES = 12
"""Candidates named in the plot at most; how many are not, the legend says."""


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
    clear = candidate & shown.apply(is_clear, axis=1)
    kinds = (
        ("diamond", OKABE_ITO[5], "shortcut candidate", clear),
        ("diamond-open", OKABE_ITO[5], "candidate with no clear tie", candidate & ~clear),
        ("circle", ACCENT, "other feature", ~candidate),
    )
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
            "symbol": np.select([held for *_, held in kinds], [symbol for symbol, *_ in kinds], ""),
            "color": np.where(candidate, OKABE_ITO[5], ACCENT),
            "line": {"width": np.where(candidate & ~clear, 2.5, 0)},
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
    figure.add_vline(x=x_split, line={"dash": "dot", "color": NEUTRAL, "width": 1.5})
    figure.add_hline(y=y_split, line={"dash": "dot", "color": NEUTRAL, "width": 1.5})
    for x, anchor, y, words in (
        (0.0, "left", 1.0, "simple,<br>important"),
        (1.0, "right", 1.0, "complex,<br>important"),
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
            align=anchor,
            yanchor="bottom",
            yshift=2,
            showarrow=False,
            font={"size": 13},
        )
    top = float(shown["_height"].max())
    y_range = (-0.1 * top, 1.15 * top)
    ends = shown[["low", "value", "high"]].to_numpy(dtype=float)
    room = 0.06 * float(np.nanmax(ends) - np.nanmin(ends)) or 0.05
    x_range = (float(np.nanmin(ends)) - room, float(np.nanmax(ends)) + room)
    points = Points(
        x=shown["value"].to_numpy(dtype=float),
        y=shown["_height"].to_numpy(dtype=float),
        low=shown["low"].fillna(shown["value"]).to_numpy(dtype=float),
        high=shown["high"].fillna(shown["value"]).to_numpy(dtype=float),
        ranges=(x_range, y_range),
        splits=(x_split, y_split),
    )
    order = list(shown.index)
    places = [(order.index(name), _names(str(name), shown.loc[name])) for name in named]
    roomless = {order[position] for position in add_names(figure, points, places)}
    told = shown.index.isin([name for name in named if name not in roomless])
    for symbol, colour, words, held in kinds:
        if not held.any():
            continue
        unnamed = int((held & ~told).sum()) if symbol != "circle" else 0
        more = f" ({unnamed} not named here)" if unnamed else ""
        marker = {"symbol": symbol, "color": colour, "size": 12, "line": {"width": 2.5 * symbol.endswith("open")}}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=words + more)
    figure.update_layout(
        height=560,
        margin={"t": 52},
        legend={**LEGEND, "y": -0.22},
        xaxis={"title": {"text": "complexity (0 early, 1 late or never)"}, "range": list(x_range)},
        yaxis={
            "title": {"text": "importance, share" if measured else "association with an attribute"},
            "tickformat": ".1%" if measured else ".2f",
            "range": list(y_range),
        },
    )
    count = int((shown["quadrant"] == SIMPLE_IMPORTANT).sum())
    words = "; ".join(f"{name} ({tie_words(shown.loc[name])})" for name in named) or "none tied to an attribute"
    text = (
        f"Each point is a feature; {count} of {len(shown)} are simple and important. Shortcut candidates: {words}. "
        "A click shows a feature's images and from which layer on it can be read."
    )
    return Figure(title="Simple and important features", figure=figure, text=text)


def _names(name: str, row: pd.Series[Any]) -> tuple[str, ...]:
    """Return the words beside a point, the best first: "13: sand .5", in two lines, or its number alone."""
    number = name.removeprefix("atom ")
    if not is_clear(row):
        return (number,)
    words, strength = f"{number}: {row['tied_to'].rpartition(' ')[2]}", format_value(float(row["association"]))
    return f"{words} {strength}", f"{words}<br>{strength}", number


def _feature_words(name: str, row: pd.Series[Any]) -> str:
    parts = [f"<b>{name}</b>", f"complexity {format_value(float(row['value']))}"]
    if np.isfinite(row["importance"]):
        parts.append(f"importance {100 * row['importance']:.1f} %")
    if row["tied_to"]:
        parts.append(tie_words(row) if not is_clear(row) else f"tied to {tie_words(row)}")
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
            textfont={"size": 12},
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
