"""The drawings of the page, from the result's tables alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.base import Figure
from audit.plots import ACCENT, NEUTRAL, OTHER, SEQUENTIAL, interval_figure, palette
from audit.robustness.uncertainty import RARE
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.result import Result

GROUND = "#000038"
"""Streamlit's stand-in for the ground of the light and of the dark theme; nearly black elsewhere."""

_FLAT = "where the band is flat, hardly any group counts, and it is Wilson's over all of them"

TYPE_NAMES = {
    "ss": "same class, same center",
    "so": "same class, other center",
    "os": "other class, same center",
    "oo": "other class, other center",
}


def page_figures(result: Result) -> tuple[Figure, ...]:
    """Return the page's figures, those without rows left out."""
    rows = result.by_group
    words = (str(result.settings.get("class_word", "class")), str(result.settings.get("center_word", "center")))

    def of(kind: str) -> pd.DataFrame:
        return rows[rows["kind"] == kind]

    drawn = [
        curve_figure(of("k")),
        types_figure(of("k"), words),
        _intervals(of("class"), f"Index by {words[0]}", "robustness index; diamond: chance"),
        _intervals(of("center"), f"Index by {words[1]}", "robustness index; diamond: chance"),
        _intervals(of("center_pair"), f"Two {words[1]}s at a time", "robustness index; diamond: chance"),
        confusion_figure(of("center_confusion"), words[1]),
        errors_figure(of("errors"), words[1]),
        _intervals(of("probe"), "What can be read off the embedding", "balanced accuracy; diamond: chance"),
        _intervals(
            of("mitigation"), f"Taking the {words[1]} out", "robustness index on held-out groups", order="given"
        ),
        bias_figure(of("training_bias"), words),
        _intervals(of("layer"), "Share of the variance", "share of variance", order="given"),
        leaderboard_figure(of("published"), result.score("robustness_index")),
    ]
    return tuple(figure for figure in drawn if figure is not None)


def _intervals(rows: pd.DataFrame, title: str, axis: str, *, order: str = "value") -> Figure | None:
    if not np.isfinite(rows["value"].to_numpy(dtype=float)).any():
        return None
    figure = interval_figure(rows, null=None, order="given" if order == "given" else "value", axis_title=axis)
    return Figure(title=title, figure=figure, text=f"{title}: {in_words(rows)}.")


def in_words(rows: pd.DataFrame) -> str:
    """Return up to six rows in words: name, value, interval."""
    parts = []
    for name, row in rows.head(6).iterrows():
        unit = row.get("unit")
        unit = unit if isinstance(unit, str) else ""
        interval = format_interval(float(row.get("low", np.nan)), float(row.get("high", np.nan)), unit)
        parts.append(f"{name} {format_value(float(row['value']), unit)}" + (f" ({interval})" if interval else ""))
    more = f" and {len(rows) - 6} more" if len(rows) > 6 else ""
    return "; ".join(parts) + more


def curve_figure(rows: pd.DataFrame) -> Figure | None:
    """Draw the index over k with its band, the chance level and the chosen k."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    k = rows["k"].to_numpy(dtype=float)
    value, low, high, null = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high", "null"))
    flat = _is_flat(low, high)
    figure = go.Figure()
    band: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(x=k, y=high, **band)
    figure.add_scatter(x=k, y=low, fill="tonexty", fillcolor="rgba(27,135,184,.22)", **band)
    figure.add_scatter(
        x=k, y=null, mode="lines", line={"dash": "dash", "color": NEUTRAL, "width": 2}, name="chance level"
    )
    figure.add_scatter(
        x=k,
        y=value,
        mode="lines+markers",
        line={"color": ACCENT, "width": 3},
        marker={"size": 8},
        name="index, 95 % band",
        hovertemplate="k = %{x}: %{y:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=k,
        y=rows["class_accuracy"].to_numpy(dtype=float),
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5, "dash": "dot"},
        name="accuracy of the class vote",
    )
    chosen = rows[rows["chosen"].fillna(value=False).astype(bool)]
    for at in chosen["k"]:
        figure.add_vline(x=float(at), line={"color": NEUTRAL, "width": 1.5}, annotation_text=f"k = {at:.0f}")
    figure.update_layout(
        height=430,
        xaxis={"title": {"text": "neighbours counted, k" + (f"; {_FLAT}" if flat else "")}},
        yaxis={"title": {"text": "robustness index"}, "range": [0, 1.02]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    first, last = rows.iloc[0], rows.iloc[-1]
    text = (
        f"The index goes from {format_value(float(first['value']))} at k = {first['k']:.0f} to "
        f"{format_value(float(last['value']))} at k = {last['k']:.0f}; "
        f"chance level {format_value(float(last['null']))}."
    )
    if flat:
        text += f" {_FLAT[0].upper()}{_FLAT[1:]}."
    return Figure(title="Index by number of neighbours", figure=figure, text=text)


def _is_flat(low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """Return whether the end of the band away from 0 or 1 is Wilson's bound at two neighbouring k or more."""
    near_0, near_1 = low <= RARE * high, 1 - high <= RARE * (1 - low)
    ends = np.where(near_0 & ~near_1, high, np.where(near_1 & ~near_0, low, np.nan))
    return bool(np.isclose(ends[1:], ends[:-1], rtol=0, atol=1e-9).any())


def types_figure(rows: pd.DataFrame, words: tuple[str, str]) -> Figure | None:
    """Draw the shares of the four neighbour types over k, stacked."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    figure = go.Figure()
    names = {key: text.replace("class", words[0]).replace("center", words[1]) for key, text in TYPE_NAMES.items()}
    colours = palette(4)
    # The lines between the areas take the colour of the ground, which the page puts in this one's place.
    ground = {"width": 1.5, "color": GROUND}
    for (key, name), colour in zip(names.items(), (colours[2], colours[0], colours[1], OTHER), strict=True):
        figure.add_scatter(
            x=rows["k"].to_numpy(dtype=float),
            y=rows[key].to_numpy(dtype=float),
            stackgroup="types",
            mode="lines",
            line=ground,
            fillcolor=colour,
            hoverlabel={"bgcolor": colour},
            name=f"{key.upper()}: {name}",
            hovertemplate="k = %{x}: %{y:.1%}<extra></extra>",
        )
    figure.update_layout(
        height=430,
        xaxis={"title": {"text": "neighbours counted, k"}},
        yaxis={"title": {"text": "share of neighbours"}, "tickformat": ".0%", "range": [0, 1]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    chosen = rows[rows["chosen"].fillna(value=False).astype(bool)]
    row = (chosen if len(chosen) else rows).iloc[0]
    shares = ", ".join(f"{name} {format_value(float(row[key]), 'share')}" for key, name in names.items())
    return Figure(title="Who the neighbours are", figure=figure, text=f"At k = {row['k']:.0f}: {shares}.")


def confusion_figure(rows: pd.DataFrame, center: str) -> Figure | None:
    """Draw which center the neighbours of each center's samples vote for."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    table = rows.pivot_table(index="center", columns="taken_for", values="value", observed=True)
    table = table.reindex(index=table.index, columns=table.index).fillna(0.0)
    shown = table.map(lambda value: format_value(float(value), "share"))
    figure = go.Figure(
        go.Heatmap(
            z=table.to_numpy(dtype=float),
            x=list(table.columns),
            y=list(table.index),
            colorscale=SEQUENTIAL,
            zmin=0,
            zmax=1,
            text=shown.to_numpy() if len(table) <= 12 else None,
            texttemplate="%{text}" if len(table) <= 12 else None,
            colorbar={"tickformat": ".0%", "thickness": 12},
            hovertemplate="%{y} taken for %{x}: %{z:.1%}<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    figure.update_layout(
        height=140 + 44 * len(table),
        xaxis={"title": {"text": f"{center} of the neighbours"}, "showgrid": False},
        yaxis={"title": {"text": f"{center} of the sample"}, "autorange": "reversed", "showgrid": False},
    )
    off = rows[rows["center"] != rows["taken_for"]].sort_values("value", ascending=False, kind="stable")
    text = f"Which {center}s are taken for which; most often {in_words(off.head(3))}." if len(off) else ""
    return Figure(title=f"Which {center}s are confused", figure=figure, text=text)


def errors_figure(rows: pd.DataFrame, center: str) -> Figure | None:
    """Draw the share of misleading neighbours from the own center over k, against its availability."""
    import plotly.graph_objects as go

    rows = rows[np.isfinite(rows["value"].to_numpy(dtype=float))]
    if rows.empty:
        return None
    k = rows["k"].to_numpy(dtype=float)
    figure = go.Figure()
    value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    figure.add_scatter(
        x=k,
        y=value,
        mode="lines+markers",
        error_y={"type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low, "width": 0},
        line={"color": ACCENT},
        marker={"size": 9},
        name="neighbours of the wrong class from the own center",
        customdata=rows["where"].tolist(),
    )
    figure.add_scatter(
        x=k,
        y=rows["null"].to_numpy(dtype=float),
        mode="lines",
        line={"dash": "dash", "color": NEUTRAL},
        name="available there",
    )
    figure.update_layout(
        height=380,
        xaxis={"title": {"text": "neighbours counted, k"}},
        yaxis={"tickformat": ".0%", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    middle = rows.iloc[len(rows) // 2]
    text = (
        f"Of the neighbours that mislead a sample at k = {middle['k']:.0f}, "
        f"{format_value(float(middle['value']), 'share')} come from its own {center}; "
        f"{format_value(float(middle['null']), 'share')} would by chance."
    )
    return Figure(title=f"Errors due to the {center}", figure=figure, text=text)


def bias_figure(rows: pd.DataFrame, words: tuple[str, str]) -> Figure | None:
    """Draw the accuracy of probes over the bias of their training sets."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    figure = go.Figure()
    figure.add_scatter(
        x=rows["cramers_v"].to_numpy(dtype=float),
        y=value,
        mode="lines+markers",
        error_y={"type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low, "width": 0},
        line={"color": ACCENT, "width": 3},
        marker={"size": 10},
        name="accuracy on groups not seen",
    )
    figure.add_hline(y=float(rows["null"].iloc[0]), line={"dash": "dash", "color": NEUTRAL})
    figure.update_layout(
        height=360,
        xaxis={"title": {"text": f"Cramér's V between {words[0]} and {words[1]} in training"}},
        yaxis={"tickformat": ".0%", "title": {"text": "balanced accuracy"}},
    )
    ends = [format_value(float(rows["value"].iloc[place]), "share") for place in (0, -1)]
    text = f"Accuracy falls from {ends[0]} without bias to {ends[1]} when each {words[0]} has its own {words[1]}s."
    if value[-1] >= value[0]:
        text = f"Accuracy is {ends[0]} without bias and {ends[1]} with complete bias: nothing is lost."
    return Figure(title="What biased training costs", figure=figure, text=text)


def leaderboard_figure(rows: pd.DataFrame, own: pd.Series[Any]) -> Figure | None:
    """Draw published models by their mean index over the cohorts, this model in its place."""
    import plotly.graph_objects as go

    value = float(own["value"])
    if rows.empty or not np.isfinite(value):
        return None
    mean = rows.groupby("model")["value"].mean()
    order = pd.concat([mean, pd.Series({"this model": value})]).sort_values(kind="stable", ascending=False)
    place = {name: position for position, name in enumerate(order.index)}
    figure = go.Figure()
    for (cohort, part), colour in zip(rows.groupby("cohort"), palette(3), strict=False):
        figure.add_scatter(
            x=part["value"],
            y=part["model"].map(place),
            mode="markers",
            marker={"size": 9, "color": colour, "symbol": "line-ns-open", "line": {"width": 3}},
            text=part["model"],
            hovertemplate="%{text}: %{x:.3f}<extra>" + str(cohort) + "</extra>",
            name=str(cohort),
        )
    figure.add_scatter(
        x=[value],
        y=[place["this model"]],
        mode="markers",
        marker={"size": 15, "color": ACCENT},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [float(np.nan_to_num(own["high"] - value))],
            "arrayminus": [float(np.nan_to_num(value - own["low"]))],
            "thickness": 3,
            "width": 0,
            "color": ACCENT,
        },
        name="this model, this data",
    )
    figure.update_layout(
        height=150 + 26 * len(order),
        xaxis={"title": {"text": "robustness index"}, "range": [0, 1]},
        yaxis={
            "tickmode": "array",
            "tickvals": list(place.values()),
            "ticktext": list(place),
            "autorange": "reversed",
            "showgrid": False,
        },
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    rank = place["this model"] + 1
    text = (
        f"By the mean over three cohorts of published values this model would stand {rank} of {len(order)}. They were "
        "measured on other data with other chance levels: read the scale, not the rank."
    )
    return Figure(title="Beside published models", figure=figure, text=text)
