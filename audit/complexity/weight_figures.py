"""Curves about weights and data: channels that survive merging, intrinsic dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.base import Figure
from audit.plots import OKABE_ITO, OTHER, palette

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

LEGEND = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0}


def merging_figure(rows: pd.DataFrame) -> Figure | None:
    """Draw the share of channels that survive merging, over the threshold, one line a layer."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    figure = go.Figure()
    layers = rows["layer"].astype("str")
    names = [name for name in dict.fromkeys(layers) if name != "all layers"]
    for name in names:
        _merging_line(figure, rows[layers == name], name, colour=OTHER, width=1.5)
    extremes = _extreme_layers(rows, names)
    for colour, name in zip(palette(len(extremes)), extremes, strict=True):
        _merging_line(figure, rows[layers == name], name, colour=colour, width=2.5, legend=True)
    whole = rows[layers == "all layers"]
    _merging_line(figure, whole, "all layers", colour=OKABE_ITO[5], width=4, legend=True)
    if "accuracy" in whole.columns and whole["accuracy"].notna().any():
        known = whole[whole["accuracy"].notna()]
        figure.add_scatter(
            x=known["beta"],
            y=known["accuracy"],
            mode="markers",
            marker={"symbol": "star", "size": 14, "color": OKABE_ITO[2]},
            name="accuracy of the merged model",
        )
    figure.update_layout(
        height=500,
        legend=LEGEND,
        xaxis={"title": {"text": "threshold (share of the largest distance)"}},
        yaxis={"title": {"text": "channels that survive"}, "tickformat": ".0%", "range": [-0.02, 1.05]},
    )
    at = whole[whole["beta"] == 0.1]
    share = f"{100 * float(at['value'].iloc[0]):.0f} % of the channels survive at .1" if len(at) else ""
    text = f"Channels left when those with nearly equal weights are merged, {len(names)} layers in grey; {share}."
    return Figure(title="Merging of channels", figure=figure, text=text)


def _extreme_layers(rows: pd.DataFrame, names: list[str]) -> list[str]:
    """Return the layers that lose most and least at the threshold where layers differ most."""
    if len(names) < 2:
        return names
    table = rows[rows["layer"].isin(names)].pivot_table(index="layer", columns="beta", values="value")
    at = table.std().idxmax()
    order = table[at].sort_values().index.tolist()
    return [str(order[0]), str(order[-1])]


def _merging_line(
    figure: go.Figure, rows: pd.DataFrame, name: str, *, colour: str, width: float, legend: bool = False
) -> None:
    figure.add_scatter(
        x=rows["beta"],
        y=rows["value"],
        mode="lines",
        line={"color": colour, "width": width},
        name=name,
        text=[
            f"{name}: {left:,.0f} of {all_:,.0f}" for left, all_ in zip(rows["surviving"], rows["support"], strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        showlegend=legend,
    )


def dimension_figure(rows: pd.DataFrame) -> Figure | None:
    """Draw intrinsic dimension over the number of neighbours, a line a sample size."""
    import plotly.graph_objects as go

    known = rows[rows["value"].notna()]
    if known.empty:
        return None
    figure = go.Figure()
    sizes = sorted(known["n"].unique())
    for colour, n in zip(palette(len(sizes)), sizes, strict=True):
        part = known[(known["n"] == n) & (known["method"] != "TwoNN")].sort_values("k")
        figure.add_scatter(
            x=part["k"],
            y=part["value"],
            mode="lines+markers",
            line={"color": colour},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (part["high"] - part["value"]).tolist(),
                "arrayminus": (part["value"] - part["low"]).tolist(),
                "width": 0,
            },
            name=f"n = {n:,.0f}",
        )
        two = known[(known["n"] == n) & (known["method"] == "TwoNN")]
        figure.add_scatter(
            x=two["k"],
            y=two["value"],
            mode="markers",
            marker={"symbol": "diamond-open", "size": 12, "color": colour},
            name=f"TwoNN, n = {n:,.0f}",
        )
    figure.update_layout(
        height=460,
        legend=LEGEND,
        xaxis={"title": {"text": "neighbours k"}},
        yaxis={"title": {"text": "intrinsic dimension"}, "rangemode": "tozero"},
    )
    text = "Estimates that move with k or n are not to be trusted as one number: compare models at the same k and n."
    return Figure(title="Intrinsic dimension", figure=figure, text=text)
