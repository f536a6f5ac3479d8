"""The drawings of the background page, from the result's tables alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.backgrounds.battery_rows import FEWEST
from audit.backgrounds.cue_figures import attributes, ternary
from audit.backgrounds.effective_robustness import Axes, fit_line
from audit.backgrounds.published import CLIP_MODELS, IMAGENET_MODELS
from audit.base import Figure
from audit.plots import ACCENT, NEUTRAL, OKABE_ITO, interval_figure
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from audit.result import Result

MOST_CLASSES = 40
MOST_MISTAKES = 25
STAR = "; ★ holds after correction"
"""Said beside what an axis measures, so that whoever sees a star sees what it stands for."""

COMMON_COLOUR, COUNTER_COLOUR = OKABE_ITO[0], OKABE_ITO[5]


def page_figures(result: Result, axes: Axes) -> tuple[Figure, ...]:
    """Return the page's figures, those without rows left out."""
    rows = result.by_group
    if "kind" not in rows.columns:  # a table without rows
        rows = rows.assign(kind="")
    region = str(result.settings.get("region") or "")
    drawn = [
        scatter({"this model": result}, axes),
        _dumbbells(rows[rows["kind"] == "class"]),
        _mistakes(rows[rows["kind"] == "mistake"]),
        _changes(rows[rows["kind"] == "intervention"], region),
        _true_class(rows[rows["kind"] == "intervention"], region),
        ternary(rows[rows["kind"] == "cue_conflict"]),
        attributes(rows[rows["kind"] == "attribute"]),
    ]
    return tuple(figure for figure in drawn if figure is not None)


def scatter(results: dict[str, Result], axes: Axes) -> Figure | None:
    """Draw counter against common accuracy: models with intervals, the published ones and their line behind."""
    import plotly.graph_objects as go

    points: dict[str, list[pd.Series[Any]]] = {}
    for name, result in results.items():
        if {"common_accuracy", "counter_accuracy"} <= set(result.overall.index):
            points[name] = [result.score(f"{side}_accuracy") for side in ("common", "counter")]
    if not points:
        return None
    figure = go.Figure()
    line = fit_line(axes=axes)
    x = np.linspace(0.02, 0.98, 97)
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": NEUTRAL, "dash": "dot"}, name="no drop", hoverinfo="skip"
    )
    figure.add_scatter(
        x=x,
        y=line.expected(x),
        mode="lines",
        line={"color": NEUTRAL, "width": 2},
        name="expected from ImageNet models",
        hoverinfo="skip",
    )
    for symbol, name, models in (
        ("circle", "ImageNet models", IMAGENET_MODELS),
        ("square", "CLIP models", CLIP_MODELS),
    ):
        common, counter = np.asarray(list(models.values())).T / 100
        figure.add_scatter(
            x=common,
            y=counter,
            mode="markers",
            marker={"symbol": f"{symbol}-open", "size": 9, "color": NEUTRAL, "line": {"width": 1.5}},
            text=[
                f"{model}: {100 * a:.1f} / {100 * b:.1f} %" for model, a, b in zip(models, common, counter, strict=True)
            ],
            hovertemplate="%{text}<extra>published, CounterAnimal</extra>",
            name=f"published {name}",
        )
    for place, (name, (common_row, counter_row)) in enumerate(points.items()):
        figure.add_scatter(
            x=[common_row["value"]],
            y=[counter_row["value"]],
            mode="markers+text",
            text=[name],
            textposition="top left",
            marker={"size": 15, "color": OKABE_ITO[place % 8] if len(points) > 1 else ACCENT},
            error_x=_bars(common_row),
            error_y=_bars(counter_row),
            name=name,
            cliponaxis=False,
            hovertext=[_point_words(name, common_row, counter_row)],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    low = min([0.35, *(float(row["low"]) for pair in points.values() for row in pair)]) - 0.04
    figure.update_layout(
        height=520,
        showlegend=True,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
        xaxis={"title": {"text": "accuracy on common backgrounds"}, "tickformat": ".0%", "range": [low, 1.02]},
        yaxis={"title": {"text": "accuracy on counter backgrounds"}, "tickformat": ".0%", "range": [low, 1.02]},
    )
    words = "; ".join(_point_words(name, pair[0], pair[1]) for name, pair in points.items())
    text = f"{words}. Grey: {len(CLIP_MODELS) + len(IMAGENET_MODELS)} published models on CounterAnimal and their line."
    return Figure(title="Counter against common backgrounds", figure=figure, text=text)


def _bars(row: pd.Series[Any]) -> dict[str, Any]:
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(high - value, 0)],
        "arrayminus": [max(value - low, 0)],
        "thickness": 2.5,
        "width": 0,
    }


def _point_words(name: str, common: pd.Series[Any], counter: pd.Series[Any]) -> str:
    return (
        f"{name}: {format_value(float(common['value']), 'share')} on common, "
        f"{format_value(float(counter['value']), 'share')} on counter backgrounds"
    )


def _dumbbells(rows: pd.DataFrame) -> Figure | None:
    """Draw each class's two accuracies, the largest drop at the top, a star where it holds after correction."""
    import plotly.graph_objects as go

    both = rows[rows["value"].notna()].sort_values("value", ascending=False, kind="stable")
    if both.empty:
        return None
    left_out = len(both) - MOST_CLASSES
    both = both.head(MOST_CLASSES)
    places = list(range(len(both)))
    stars = both["q_value"].lt(0.05)
    names = [
        f"{'★ ' if star else ''}{name}  <span style='font-size:12px'>n={n:,.0f}</span>"
        for star, name, n in zip(stars, both["class"], both["n"], strict=True)
    ]
    figure = go.Figure()
    across: list[float | None] = []
    down: list[float | None] = []
    for place, one, other in zip(places, both["common_accuracy"], both["counter_accuracy"], strict=True):
        across += [one, other, None]
        down += [place, place, None]
    figure.add_scatter(
        x=across, y=down, mode="lines", line={"color": NEUTRAL, "width": 4}, hoverinfo="skip", showlegend=False
    )
    for side, colour, symbol, shift in (
        ("common", COMMON_COLOUR, "circle", -0.13),
        ("counter", COUNTER_COLOUR, "diamond", 0.13),
    ):
        value = both[f"{side}_accuracy"].to_numpy(dtype=float)
        low, high = (both[f"{side}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        figure.add_scatter(
            x=value,
            y=[place + shift for place in places],
            mode="markers",
            marker={"size": 12, "color": colour, "symbol": symbol},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": (high - value).clip(min=0),
                "arrayminus": (value - low).clip(min=0),
                "thickness": 1.5,
                "width": 0,
            },
            customdata=both["where"].tolist(),
            text=[
                f"{row['class']} on {row[side] or side}: {format_value(row[f'{side}_accuracy'], 'share')}, "
                f"n = {row[f'{side}_n']:,.0f}<br>drop {format_value(row['value'], 'points')} "
                f"({format_interval(row['low'], row['high'], 'points')}), q = {row['q_value']:.3f}"
                for _, row in both.iterrows()
            ],
            hovertemplate="%{text}<extra></extra>",
            name=f"{side} background",
        )
    figure.update_layout(
        height=120 + 36 * len(both),
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        xaxis={"title": {"text": f"accuracy{STAR}"}, "tickformat": ".0%"},
        yaxis={
            "tickmode": "array",
            "tickvals": places,
            "ticktext": names,
            "range": [len(both) - 0.5, -0.6],
            "showgrid": False,
            "zeroline": False,
        },
    )
    starred = ", ".join(both.loc[stars & both["value"].gt(0), "class"].astype("str").head(6)) or "none"
    more = f"; {left_out} more classes are in the table" if left_out > 0 else ""
    text = f"Accuracy of {len(both)} classes on common and counter backgrounds; a drop that holds: {starred}{more}."
    return Figure(title="Drop by class", figure=figure, text=text)


def _mistakes(rows: pd.DataFrame) -> Figure | None:
    if rows.empty:
        return None
    shown = rows.head(MOST_MISTAKES)
    labels = shown.index.astype("str").tolist()
    title = "share of the class's counter images"
    figure = interval_figure(shown, null=None, labels=labels, order="given", axis_title=title)
    text = f"What counter images are mistaken for: most often {labels[0]} ({shown['count'].iloc[0]:,.0f} images)."
    return Figure(title="What counter images are mistaken for", figure=figure, text=text)


def _changes(rows: pd.DataFrame, region: str) -> Figure | None:
    """Draw the accuracy before and under each change as bars with intervals, in the order of the battery."""
    if not rows["value"].notna().any():
        return None
    rows, few = _worth_drawing(rows)
    labels = [f"{name}{' ★' if q < 0.05 else ''}" for name, q in zip(rows.index, rows["q_value"], strict=True)]
    figure = interval_figure(rows, null=0.0, labels=labels, order="given", axis_title="change of accuracy")
    figure.layout.xaxis.title.text += STAR + few
    worst = str(rows["value"].astype("float64").abs().idxmax())
    told = f" The subject is told by {region}." if region else ""
    text = (
        f"Change of accuracy under {len(rows)} changes of the images, paired, with 95 % intervals: largest for "
        f"{worst} ({format_value(float(rows['value'][worst]), 'points')}).{told}"
    )
    title = "Changed images" + (f", subject by {region.removeprefix('the ')}" if region else "")
    return Figure(title=title, figure=figure, text=text)


def _worth_drawing(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the changes of enough images to be drawn, and in words how many are in the table only."""
    enough = (rows["n"].astype("float64") >= FEWEST).to_numpy()
    if enough.all() or not enough.any():
        return rows, ""
    count = int((~enough).sum())
    return rows[enough], f"; {count} with fewer than {FEWEST} images in the table only"


def _true_class(rows: pd.DataFrame, region: str) -> Figure | None:
    """Draw flip rates, and how much probability of the true class is lost, side by side."""
    import plotly.graph_objects as go

    if rows.empty or not rows["flip_rate"].notna().any():
        return None
    rows, _ = _worth_drawing(rows)
    names = rows.index.astype("str").tolist()
    figure = go.Figure()
    figure.add_bar(
        y=names,
        x=rows["flip_rate"],
        orientation="h",
        marker={"color": ACCENT},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (rows["flip_high"] - rows["flip_rate"]).clip(lower=0),
            "arrayminus": (rows["flip_rate"] - rows["flip_low"]).clip(lower=0),
            "color": NEUTRAL,
        },
        hovertemplate="%{y}: %{x:.1%} of answers change<extra></extra>",
        name="answers that change",
    )
    if rows["p_true_change"].notna().any():
        figure.add_scatter(
            y=names,
            x=-rows["p_true_change"],
            mode="markers",
            marker={"symbol": "diamond-open", "size": 12, "color": COUNTER_COLOUR, "line": {"width": 2}},
            hovertemplate="%{y}: %{x:.3f} probability of the true class lost<extra></extra>",
            name="probability of the true class lost",
        )
    figure.update_layout(
        height=130 + 38 * len(rows),
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        xaxis={"tickformat": ".0%"},
        yaxis={"autorange": "reversed"},
    )
    most = str(rows["flip_rate"].astype("float64").idxmax())
    told = f" The subject is told by {region}." if region else ""
    text = f"Share of answers that each change flips; most for {most} ({rows['flip_rate'][most]:.1%}).{told}"
    return Figure(title="Flipped answers", figure=figure, text=text)
