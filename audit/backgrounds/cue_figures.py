"""The drawings of what answers follow: label or background, and how available and predictive each attribute is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audit.base import Figure
from audit.plots import ACCENT, NEUTRAL
from audit.wording import format_value


def ternary(rows: pd.DataFrame) -> Figure | None:
    """Draw what answers follow where label and background disagree: label, background or neither, a point a class."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    size = 8 + 10 * np.sqrt(rows["n"].to_numpy(dtype=float) / rows["n"].max())
    figure = go.Figure(
        go.Scatterternary(
            a=rows["follows_label"],
            b=rows["follows_background"],
            c=rows["follows_neither"],
            mode="markers+text",
            cliponaxis=False,
            text=rows["class"].astype("str"),
            textposition="middle right",
            marker={"size": size, "color": ACCENT, "opacity": 0.8},
            customdata=rows["where"].tolist(),
            hovertext=[
                f"{row['class']}: label {row['follows_label']:.0%}, background {row['follows_background']:.0%}, "
                f"neither {row['follows_neither']:.0%}, n = {row['n']:,.0f}"
                for _, row in rows.iterrows()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        ),
    )
    axis = {"tickformat": ".0%", "gridcolor": NEUTRAL, "linecolor": NEUTRAL, "min": 0.0}
    corners = {
        f"{key}axis": {**axis, "title": {"text": words, "font": {"size": 15}}}
        for key, words in zip("abc", ("label", "background", "neither"), strict=True)
    }
    figure.update_layout(
        height=520,
        # Room for the words at the lower corners, on a phone too.
        margin={"t": 60, "b": 50, "l": 64, "r": 64},
        ternary={"bgcolor": "rgba(0,0,0,0)", "sum": 1, **corners},
    )
    worst = str(rows["follows_background"].astype("float64").idxmax())
    text = (
        f"What answers follow where label and background disagree, by class; the background most often for {worst} "
        f"({rows['follows_background'][worst]:.1%} of {rows['n'][worst]:,.0f} samples)."
    )
    return Figure(title="Cue conflict", figure=figure, text=text)


def attributes(rows: pd.DataFrame) -> Figure | None:
    """Draw availability against predictivity, reliance as colour; attributes without a conflict are hollow."""
    import plotly.graph_objects as go

    if rows.empty or not rows["availability"].notna().any():
        return None
    value = rows["value"].to_numpy(dtype=float)
    measured = np.isfinite(value)
    figure = go.Figure()
    for chosen, name in ((measured, "with conflicts"), (~measured, "implies no class")):
        if not chosen.any():
            continue
        part = rows[chosen]
        marker: dict[str, Any] = {"size": 18, "symbol": "circle-open", "color": NEUTRAL, "line": {"width": 2}}
        if name == "with conflicts":
            marker = {
                "size": 18,
                "color": part["value"],
                "colorscale": "Cividis",
                "cmin": 0,
                "cmax": max(0.2, float(np.nanmax(value))),
                "colorbar": {"title": {"text": "reliance"}, "thickness": 12},
            }
        figure.add_scatter(
            x=part["predictivity"],
            y=part["availability"],
            mode="markers+text",
            text=part.index.astype("str"),
            textposition="top center",
            marker=marker,
            hovertext=[
                f"{name}: predictivity {row['predictivity']:.2f} (chance {row['predictivity_chance']:.2f}), "
                f"availability {row['availability']:.2f} (chance {row['availability_chance']:.2f}), reliance "
                f"{format_value(float(row['value']))}"
                for name, row in part.iterrows()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name=name,
            showlegend=False,
        )
    figure.update_layout(
        height=460,
        xaxis={"title": {"text": "predictivity: label from attribute (balanced accuracy)"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "availability: attribute from embedding"}, "range": [0, 1.12]},
    )
    words = "; ".join(
        f"{name} {row['predictivity']:.2f} / {row['availability']:.2f} / {format_value(float(row['value']))}"
        for name, row in rows.iterrows()
    )
    text = f"Predictivity / availability / reliance of each attribute: {words}."
    return Figure(title="Availability against predictivity", figure=figure, text=text)
