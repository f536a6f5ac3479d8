"""Curves over layers: what can be read where, and what a layer's variance goes with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.base import Figure
from audit.plots import ACCENT, NEUTRAL, OKABE_ITO, OTHER

if TYPE_CHECKING:
    import plotly.graph_objects as go

LEGEND = {"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0}
DASHES = ("dash", "dot", "dashdot", "longdash")


def decoding_figure(rows: pd.DataFrame) -> Figure | None:
    """Draw R2 of the class and of every attribute over the layers, with intervals and the band of shuffled features."""
    import plotly.graph_objects as go

    factors = rows[rows["of"].isin(("class", "attribute"))] if "of" in rows.columns else rows.iloc[:0]
    if factors.empty:
        return None
    figure = go.Figure()
    add_band(figure, rows)
    for place, (name, part) in enumerate(factors.groupby("feature", sort=False)):
        own = part["of"].iloc[0] == "class"
        colour = OKABE_ITO[place % len(OKABE_ITO)] if place < len(OKABE_ITO) else OTHER
        add_curve(
            figure, part, str(name), colour=colour, dash="solid" if own else DASHES[place % 4], width=4 if own else 2.5
        )
    layout(figure, "R² held out")
    best = factors.groupby("feature", sort=False)["value"].max()
    words = ", ".join(f"{name} up to {value:.2f}" for name, value in best.items())
    return Figure(
        title="Read from which layer",
        figure=figure,
        text=f"How well class and attributes can be read from each layer, early to late: {words}. Grey: shuffled.",
    )


def feature_figure(rows: pd.DataFrame, name: str) -> Figure | None:
    """Draw one feature's curve over the layers, the class and attributes thin behind it."""
    import plotly.graph_objects as go

    own = rows[(rows["of"] == "feature") & (rows["feature"] == name)] if "of" in rows.columns else rows.iloc[:0]
    if own.empty:
        return None
    figure = go.Figure()
    add_band(figure, rows)
    factors = rows[rows["of"].isin(("class", "attribute"))]
    for place, (other, part) in enumerate(factors.groupby("feature", sort=False)):
        add_curve(figure, part, str(other), colour=OTHER, dash=DASHES[place % 4], width=1.5, bars=False)
    add_curve(figure, own, name, colour=ACCENT, dash="solid", width=4)
    layout(figure, "R² held out")
    values = ", ".join(f"{layer} {value:.2f}" for layer, value in zip(own["layer"], own["value"], strict=True))
    return Figure(title=f"From which layer {name} can be read", figure=figure, text=f"Held-out R²: {values}.")


def bias_figure(rows: pd.DataFrame) -> Figure | None:
    """Draw the share of each layer that goes with the class and with each attribute."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    figure = go.Figure()
    for place, (name, part) in enumerate(rows.groupby("feature", sort=False)):
        own = part["of"].iloc[0] == "class"
        colour = OKABE_ITO[place % len(OKABE_ITO)] if place < len(OKABE_ITO) else OTHER
        add_curve(
            figure, part, str(name), colour=colour, dash="solid" if own else DASHES[place % 4], width=4 if own else 2.5
        )
    layout(figure, "share of the representation")
    figure.update_yaxes(tickformat=".0%")
    return Figure(
        title="What fills the representation",
        figure=figure,
        text="Share of each layer's variance that goes with class and attributes; a large share is not a large use.",
    )


def add_band(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Draw what shuffled features reach."""
    one = rows.drop_duplicates("layer")
    figure.add_scatter(
        x=one["layer"],
        y=one["null"],
        mode="lines",
        line={"color": NEUTRAL, "dash": "dot", "width": 1.5},
        fill="tozeroy",
        fillcolor="rgba(138, 150, 161, 0.15)",
        name="shuffled (upper 95 %)",
        hoverinfo="skip",
    )


def add_curve(
    figure: go.Figure,
    part: pd.DataFrame,
    name: str,
    *,
    colour: str,
    dash: str,
    width: float,
    bars: bool = True,
) -> None:
    """Draw one line over layers."""
    bar: dict[str, Any] | None = None
    if bars:
        bar = {
            "type": "data",
            "symmetric": False,
            "array": (part["high"] - part["value"]).clip(lower=0).tolist(),
            "arrayminus": (part["value"] - part["low"]).clip(lower=0).tolist(),
            "thickness": 1.5,
            "width": 0,
        }
    figure.add_scatter(
        x=part["layer"],
        y=part["value"],
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": width},
        marker={"size": 7 if bars else 1, "color": colour},
        error_y=bar,
        name=name,
        hovertemplate=f"{name} at %{{x}}: %{{y:.3f}}<extra></extra>",
    )


def layout(figure: go.Figure, title: str) -> None:
    """Set axes: layers in their order, values from a little below 0."""
    figure.update_layout(
        height=500,
        legend=LEGEND,
        xaxis={"type": "category", "tickangle": -35},
        yaxis={"title": {"text": title}, "range": [-0.08, 1.05]},
    )
