"""The drawings of the subgroup page, from the result's tables alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.base import Figure
from audit.plots import ACCENT, NEUTRAL, OTHER, SEQUENTIAL, interval_figure
from audit.wording import format_value

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from audit.result import Result

BLACK = "#000000"
FEW = 10
"""Cells with fewer samples are hatched."""

MOST_CLASSES = 40
MOST_SUBGROUPS = 30


def page_figures(result: Result) -> tuple[Figure, ...]:
    """Return the page's figures, those without rows left out."""
    rows = result.by_group
    main = str(result.settings.get("attribute", ""))
    drawn = [
        _subgroups(rows, main),
        _heat_map(rows[rows["kind"] == "cell"], main),
        _spreads(rows[rows["kind"] == "class_std"]),
        _standardised(rows[rows["kind"] == "standardised"]),
        _searched(rows[rows["kind"] == "slice"], "Slices with many errors", "slices"),
        _searched(rows[rows["kind"] == "error_slice"], "Look-alikes with many errors", "groups of look-alike samples"),
        _calibration(rows, main),
    ]
    return tuple(figure for figure in drawn if figure is not None)


def _subgroups(rows: pd.DataFrame, main: str) -> Figure | None:
    own = rows[(rows["kind"] == "subgroup") & rows["n"].gt(0)]
    if main in set(own.get("attribute", ())):
        own = own[own["attribute"] == main]
    if own.empty:
        return None
    labels = own["group"].astype("str").tolist()
    figure = interval_figure(own, null=None, labels=labels, axis_title="accuracy; diamond: all other samples")
    worst, best = own.loc[own.index[int(own["value"].argmin())]], own.loc[own.index[int(own["value"].argmax())]]
    text = (
        f"Accuracy of {len(own)} subgroups with 95 % intervals: lowest {_named(worst)}, highest {_named(best)}. "
        "The diamond of each row is the accuracy of all other samples."
    )
    return Figure(title=f"Accuracy by {main or 'subgroup'}", figure=figure, text=text)


def _named(row: pd.Series[Any]) -> str:
    return f"{row['group']} {format_value(float(row['value']), 'share')} (n = {row['n']:,.0f})"


def _heat_map(cells: pd.DataFrame, main: str) -> Figure | None:
    """Draw class x subgroup: accuracy as colour, n printed, cells of few samples grey and hatched."""
    import plotly.graph_objects as go

    if cells.empty:
        return None
    spread = cells.groupby("class")["value"].agg(lambda values: values.max() - values.min())
    classes = sorted(spread.sort_values(ascending=False, kind="stable").index[:MOST_CLASSES])
    sizes = cells.groupby("group")["n"].sum().sort_values(ascending=False, kind="stable")
    groups = list(sizes.index[:MOST_SUBGROUPS])
    shown = cells[cells["class"].isin(classes) & cells["group"].isin(groups)]
    y = shown["class"].map({name: place for place, name in enumerate(classes)}).to_numpy(dtype=int)
    x = shown["group"].map({name: place for place, name in enumerate(groups)}).to_numpy(dtype=int)
    n, value = shown["n"].to_numpy(dtype=float), shown["value"].to_numpy(dtype=float)
    few = n < FEW
    colour, grey = np.full((2, len(classes), len(groups)), np.nan)
    colour[y[~few], x[~few]] = value[~few]
    grey[y[few], x[few]] = 1.0
    figure = go.Figure()
    figure.add_heatmap(z=grey, colorscale=[[0, OTHER], [1, OTHER]], showscale=False, hoverinfo="skip", xgap=2, ygap=2)
    figure.add_heatmap(
        z=colour,
        colorscale=SEQUENTIAL,
        colorbar={"title": {"text": "accuracy"}, "tickformat": ".0%", "thickness": 12},
        hoverinfo="skip",
        xgap=2,
        ygap=2,
    )
    _hatch(figure, x[few], y[few])
    _cell_labels(figure, shown, x, y, few)
    figure.update_layout(
        height=110 + 44 * len(classes),
        showlegend=False,
        xaxis=_axis(groups, main) | {"side": "top"},
        yaxis=_axis(classes, "") | {"autorange": "reversed"},
    )
    left_out = cells["class"].nunique() - len(classes) + cells["group"].nunique() - len(groups)
    text = (
        f"Accuracy and n of {len(classes)} classes in {len(groups)} subgroups of {main}; {int(few.sum())} cells with "
        f"fewer than {FEW} samples are hatched"
        + (f"; {left_out} classes and subgroups are in the table only" if left_out else "")
    )
    return Figure(title=f"Accuracy by class and {main}", figure=figure, text=f"{text}.")


def _axis(names: list[str], title: str) -> dict[str, Any]:
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "title": {"text": title},
        "showgrid": False,
        "zeroline": False,
    }


def ink_on(shares: list[float]) -> list[str]:
    """Return black or white for cells at these places (0 to 1) of the scale, whichever has the higher contrast."""
    from plotly.colors import sample_colorscale

    inks = []
    for colour in sample_colorscale(SEQUENTIAL, shares, colortype="tuple"):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        # Black on it has (L + .05) / .05, white 1.05 / (L + .05): equal at .179, and then 4.6 (WCAG 2).
        inks.append(BLACK if luminance > 0.179 else "#FFFFFF")
    return inks


def _hatch(figure: go.Figure, x: np.ndarray, y: np.ndarray) -> None:
    """Draw three diagonals in each cell, all in one trace."""
    lines = ((-0.45, 0.0, 0.0, -0.45), (-0.45, 0.45, 0.45, -0.45), (0.0, 0.45, 0.45, 0.0))
    across: list[float | None] = []
    down: list[float | None] = []
    for column, row in zip(x.tolist(), y.tolist(), strict=True):
        for x0, y0, x1, y1 in lines:
            across += [column + x0, column + x1, None]
            down += [row + y0, row + y1, None]
    figure.add_scatter(x=across, y=down, mode="lines", line={"color": NEUTRAL, "width": 1}, hoverinfo="skip")


def _cell_labels(figure: go.Figure, shown: pd.DataFrame, x: np.ndarray, y: np.ndarray, few: np.ndarray) -> None:
    """Print accuracy over n in each cell, on an unseen marker that can be clicked; black or white, as reads better."""
    value = shown["value"].to_numpy(dtype=float)
    ink = np.full(len(value), BLACK, dtype=object)
    if (~few).any():
        reach = value[~few]
        shares = (reach - reach.min()) / (float(np.ptp(reach)) or 1.0)
        ink[~few] = ink_on(shares.tolist())
    hover = [
        f"{name}<br>{format_value(v, 'share')}, n = {n:,.0f}"
        for name, v, n in zip(shown.index, value, shown["n"], strict=True)
    ]
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers+text",
        text=[
            f"{v:.0%}<br><span style='font-size:12px'>n {n:,.0f}</span>" for v, n in zip(value, shown["n"], strict=True)
        ],
        textfont={"color": ink.tolist(), "size": 13},
        marker={"symbol": "square", "size": 30, "opacity": 0.001},
        customdata=shown["where"].tolist(),
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _spreads(rows: pd.DataFrame) -> Figure | None:
    if rows.empty:
        return None
    ordered = rows.sort_values("value", ascending=False, kind="stable").head(MOST_CLASSES)
    labels = ordered["class"].astype("str").tolist()
    figure = interval_figure(
        ordered, null=None, labels=labels, order="given", axis_title="standard deviation over subgroups"
    )
    figure.add_bar(
        x=ordered["null_high"],
        y=list(range(len(ordered))),
        orientation="h",
        marker={"color": OTHER, "opacity": 0.4},
        hovertemplate="95 % of shuffles below %{x:.3f}<extra></extra>",
        name="chance",
    )
    above = int((ordered["p_value"] < 0.05).sum())
    text = (
        "Standard deviation of accuracy over subgroups for each class, with the band that shuffled subgroups stay in "
        f"95 % of the time (grey) and their mean (diamond): {above} of {len(ordered)} classes lie above it."
    )
    return Figure(title="Spread over subgroups by class", figure=figure, text=text)


def _standardised(rows: pd.DataFrame) -> Figure | None:
    if rows.empty:
        return None
    pairs: list[dict[str, Any]] = []
    for _, row in rows.iterrows():
        shared = {"n": row["n"], "unit": "points", "where": row["where"]}
        raw = {"value": row["raw"], "low": row["raw_low"], "high": row["raw_high"], "label": "raw"}
        equal = {"value": row["value"], "low": row["low"], "high": row["high"]}
        pairs += [shared | raw, shared | equal | {"label": f"{row['attribute']} held equal"}]
    table = pd.DataFrame(pairs)
    gap = str(rows["group"].iloc[0])
    labels = table["label"].tolist()
    figure = interval_figure(table, null=0.0, labels=labels, order="given", axis_title=f"accuracy of {gap}")
    largest = rows.loc[rows.index[int(rows["explained"].abs().argmax())]]
    text = (
        f"Gap {gap}, raw and with another attribute's mix held equal; most is accounted for by {largest['attribute']}: "
        f"{format_value(float(largest['explained']), 'points')} of {format_value(float(largest['raw']), 'points')}."
    )
    return Figure(title="Is the gap another attribute's?", figure=figure, text=text)


def _searched(rows: pd.DataFrame, title: str, what: str) -> Figure | None:
    if rows.empty:
        return None
    held = int((rows["q_value"] < 0.05).sum())
    names = [str(name) for name in rows.index]
    if "confused" in rows.columns and rows["confused"].notna().any():
        phrases = rows["phrases"].fillna("").tolist()
        words = [phrase or name for phrase, name in zip(phrases, names, strict=True)]
        names = [f"{word}: {confused}" for word, confused in zip(words, rows["confused"], strict=True)]
    figure = interval_figure(
        rows,
        null=None,
        labels=names,
        order="given",
        limit=25,
        axis_title="accuracy on held-out samples; diamond: all held-out samples",
    )
    text = f"{len(rows)} {what} found on one half of the samples; {held} hold on the other half (q < .05)."
    return Figure(title=title, figure=figure, text=text)


def _calibration(rows: pd.DataFrame, main: str) -> Figure | None:
    if "calibration_error" not in rows.columns:
        return None
    own = rows[(rows["kind"] == "subgroup") & (rows["attribute"] == main) & rows["calibration_error"].notna()]
    if own.empty:
        return None
    own = own.sort_values("calibration_error", ascending=False, kind="stable").head(MOST_SUBGROUPS)
    table = pd.DataFrame(
        {
            "value": own["calibration_error"],
            "low": own["calibration_low"],
            "high": own["calibration_high"],
            "null": own["calibration_null"],
            "n": own["calibration_n"],
            "where": own["where"],
        }
    )
    labels = own["group"].astype("str").tolist()
    figure = interval_figure(table, null=None, labels=labels, order="given", axis_title="calibration error")
    figure.add_scatter(
        x=own["calibration_after"],
        y=list(range(len(own))),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 15, "color": ACCENT, "line": {"width": 2}},
        hovertemplate="after one temperature for all: %{x:.3f}<extra></extra>",
        name="after temperature",
    )
    text = (
        "Calibration error by subgroup on held-out samples, what a perfectly calibrated model would show (diamond) "
        f"and what remains after one temperature for all (tick); highest: {labels[0]}."
    )
    return Figure(title=f"Calibration by {main}", figure=figure, text=text)
