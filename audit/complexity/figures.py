"""The drawings of the complexity page, from the result's tables alone."""

from __future__ import annotations

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

    from audit.result import Result

FEATURES = ("atom", "channel", "direction")
LEGEND = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0}
MOST_NAMES = 6


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
        mode="markers+text",
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
        text=[_short(str(name), str(tie)) if name in named else "" for name, tie in shown["tied_to"].items()],
        textposition=_sides(shown, set(named)),
        textfont={"size": 13},
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
    figure.update_layout(
        height=520,
        margin={"t": 36},
        legend={**LEGEND, "y": -0.24},
        xaxis={"title": {"text": "complexity (0 early, 1 late or never)"}},
        yaxis={
            "title": {"text": "importance, share" if measured else "association with an attribute"},
            "tickformat": ".1%" if measured else ".2f",
            "range": [-0.08 * top, 1.15 * top],
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


def _sides(shown: pd.DataFrame, named: set[Any]) -> list[str]:
    """Return where each name goes: above and below in turn, from left to right, so that neighbours stay apart."""
    order = [name for name in shown.sort_values("value").index if name in named]
    side = {name: "top center" if i % 2 == 0 else "bottom center" for i, name in enumerate(order)}
    return [side.get(name, "top center") for name in shown.index]


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
