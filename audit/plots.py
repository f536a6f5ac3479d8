"""The drawings every page shares: a dot for the value, a line for its interval, a hollow diamond for its null."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from audit.nulls import nulls_of
from audit.value_axis import value_axis
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    import plotly.graph_objects as go

OKABE_ITO: tuple[str, ...] = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#B5A642",
    "#8A6BBE",
)
"""Categorical colours that stay apart under the usual colour blindnesses (after Okabe and Ito; the yellow darkened,
black replaced, so that each is visible on white and on dark)."""

ACCENT = "#1B87B8"
NEUTRAL = "#8A96A1"
OTHER = "#B4BCC4"
SEQUENTIAL = "Cividis"
DIVERGING: tuple[tuple[float, str], ...] = ((0.0, "#0072B2"), (0.5, "#D5DADF"), (1.0, "#D55E00"))
"""Signed values, blue to orange over a neutral middle."""

_ROW_PIXELS = 30
_MARGIN_PIXELS = 60


def palette(n: int) -> tuple[str, ...]:
    """Return n colours; past eight every further one is the grey of "other"."""
    return tuple(OKABE_ITO[i] if i < len(OKABE_ITO) else OTHER for i in range(n))


def category_colours(values: pd.Series[Any]) -> dict[str, str]:
    """Return a colour for each distinct value, the most frequent first; past eight all share the grey of "other".

    Parameters
    ----------
    values
        Any column; compared as text, missing values left out.
    """
    counts = values.dropna().astype("str").value_counts()
    ordered = sorted(counts.index, key=lambda value: (-counts[value], value))
    kept = ordered if len(ordered) <= len(OKABE_ITO) else ordered[: len(OKABE_ITO) - 1]
    colours = dict(zip(sorted(kept), palette(len(kept)), strict=True))
    return {value: colours.get(value, OTHER) for value in (*sorted(kept), *ordered[len(kept) :])}


def template(*, dark: bool) -> go.layout.Template:
    """Return the layout template of the light or the dark theme: transparent, tabular, large enough to project."""
    import plotly.graph_objects as go

    ink, grid = ("#E8EDF2", "#34404B") if dark else ("#16202A", "#E1E6EA")
    axis = {
        "gridcolor": grid,
        "linecolor": grid,
        "zerolinecolor": grid,
        "tickfont": {"color": ink, "size": 14},
        "title": {"font": {"color": ink, "size": 15}},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": ink, "size": 15, "family": "Source Sans, Source Sans Pro, sans-serif"},
            "colorway": list(OKABE_ITO),
            "colorscale": {"sequential": SEQUENTIAL, "diverging": [list(stop) for stop in DIVERGING]},
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"font": {"size": 14}},
            "legend": {"font": {"color": ink, "size": 14}, "title": {"font": {"color": ink}}},
            "margin": {"l": 8, "r": 8, "t": 24, "b": 8},
        },
    )


def _interval_text(row: pd.Series[Any], unit: str) -> str:
    parts = [format_value(float(row["value"]), unit)]
    interval = format_interval(float(row.get("low", math.nan)), float(row.get("high", math.nan)), unit)
    if interval:
        parts.append(f"95 % interval {interval}")
    null = float(row.get("null", math.nan))
    if math.isfinite(null):
        parts.append(f"with no effect {format_value(null, unit)}")
    if math.isfinite(n := float(row.get("n", math.nan))):
        parts.append(f"n = {n:,.0f}")
    return ", ".join(parts)


def _units(table: pd.DataFrame) -> list[str]:
    return table["unit"].fillna("").astype("str").tolist() if "unit" in table.columns else [""] * len(table)


def interval_figure(
    table: pd.DataFrame,
    *,
    null: float | None,
    labels: Sequence[str] | None = None,
    order: Literal["value", "given"] = "value",
    axis_title: str = "",
    limit: int = 60,
) -> go.Figure:
    """Draw each row as a dot with its interval, worst at the top, n beside the name.

    Parameters
    ----------
    table
        Rows with ``value`` and, where they exist, ``low``, ``high``, ``null``, ``n``, ``unit``, ``where``.
    null
        A common value with no effect, drawn as a dashed line; rows' own ``null`` are hollow diamonds.
    labels
        Names of the rows; the index otherwise.
    order
        ``value``: smallest at the top; ``given``: first row at the top.
    axis_title
        What the axis measures.
    limit
        Rows drawn at most; the title of the axis says how many were left out.

    Returns
    -------
    Figure
        One trace of points (``customdata`` holds ``where``) and one of nulls.
    """
    import plotly.graph_objects as go

    rows = table.assign(_label=list(labels) if labels is not None else [str(label) for label in table.index])
    rows = rows[np.isfinite(rows["value"].astype("float64"))]
    if order == "value":
        rows = rows.sort_values("value", kind="stable")
    left_out = max(0, len(rows) - limit)
    rows = rows.head(limit)
    units = _units(rows)
    sizes = rows["n"].to_numpy(dtype=float) if "n" in rows.columns else np.full(len(rows), np.nan)
    names = [
        f"{label}  <span style='font-size:12px'>n={size:,.0f}</span>" if math.isfinite(size) else str(label)
        for label, size in zip(rows["_label"], sizes, strict=True)
    ]
    positions = list(range(len(rows)))
    texts = [_interval_text(row, unit) for (_, row), unit in zip(rows.iterrows(), units, strict=True)]
    value = rows["value"].to_numpy(dtype=float)
    figure = go.Figure()
    if "null" in rows.columns and np.isfinite(rows["null"].to_numpy(dtype=float)).any():
        figure.add_scatter(
            x=rows["null"],
            y=positions,
            mode="markers",
            marker={"symbol": "diamond-open", "size": 11, "color": NEUTRAL, "line": {"width": 2}},
            name="with no effect",
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=value,
        y=positions,
        mode="markers",
        marker={"size": 11, "color": ACCENT},
        error_x=_error_bars(rows, value),
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        customdata=rows["where"].tolist() if "where" in rows.columns else None,
        name="value with 95 % interval",
    )
    if null is not None and math.isfinite(null):
        figure.add_vline(x=null, line={"dash": "dash", "color": NEUTRAL, "width": 2})
    note = f" ({left_out} more rows in the table)" if left_out else ""
    numbers = rows.reindex(columns=["value", "low", "high", "null"]).to_numpy(dtype=float).ravel()
    figure.update_layout(
        height=_MARGIN_PIXELS + _ROW_PIXELS * max(len(rows), 1),
        showlegend=False,
        xaxis=value_axis(units, numbers if null is None else [*numbers, null], title=axis_title, note=note),
        yaxis={
            "tickmode": "array",
            "tickvals": positions,
            "ticktext": names,
            "range": [len(rows) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
    )
    return figure


def _error_bars(rows: pd.DataFrame, value: np.ndarray) -> dict[str, Any] | None:
    if not {"low", "high"} <= set(rows.columns):
        return None
    low, high = rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float)
    return {
        "type": "data",
        "symmetric": False,
        "array": np.nan_to_num(high - value).clip(min=0).tolist(),
        "arrayminus": np.nan_to_num(value - low).clip(min=0).tolist(),
        "color": ACCENT,
        "thickness": 3,
        "width": 0,
    }


def score_figure(row: pd.Series[Any], *, published: Mapping[str, float] | None = None) -> go.Figure:
    """Draw one score: value as a dot, interval as a line, null as a hollow diamond, published models as grey ticks.

    Parameters
    ----------
    row
        A row of ``overall``.
    published
        Value by model name, on the same axis.
    """
    import plotly.graph_objects as go

    unit = str(row.get("unit") or "")
    figure = go.Figure()
    if published:
        figure.add_scatter(
            x=list(published.values()),
            y=[0.0] * len(published),
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 16, "color": NEUTRAL, "line": {"width": 2}},
            text=[f"{name}: {format_value(value, unit)}" for name, value in published.items()],
            hovertemplate="%{text}<extra>published</extra>",
            name="published models",
        )
    value = float(row["value"])
    for null, symbol, words in nulls_of(row):
        figure.add_scatter(
            x=[null],
            y=[0.0],
            mode="markers",
            marker={"symbol": symbol, "size": 17, "color": NEUTRAL, "line": {"width": 3}},
            text=[f"{words}: {format_value(null, unit)}"],
            hovertemplate="%{text}<extra></extra>",
            name=words,
        )
    if math.isfinite(value):
        figure.add_scatter(
            x=[value],
            y=[0.0],
            mode="markers",
            marker={"size": 18, "color": ACCENT},
            error_x=_error_bars(row.to_frame().T, np.array([value])),
            text=[_interval_text(row, unit)],
            hovertemplate="%{text}<extra></extra>",
            name="value with 95 % interval",
        )
    reach = _score_range(row, published)
    axis = {**value_axis([unit], reach or [], title=None), "range": reach}
    legend = {"orientation": "h", "y": 1.25, "x": 0}
    figure.update_layout(height=128, legend=legend, xaxis=axis, yaxis={"visible": False, "range": [-1, 1]})
    return figure


def _score_range(row: pd.Series[Any], published: Mapping[str, float] | None) -> list[float] | None:
    shown = [float(row.get(column, math.nan)) for column in ("value", "low", "high")]
    shown += [null for null, _, _ in nulls_of(row)]
    shown = [value for value in [*shown, *(published or {}).values()] if math.isfinite(value)]
    if not shown:
        return None
    low, high = min(shown), max(shown)
    room = 0.12 * (high - low) or 0.05
    return [low - room, high + room]


def map_figure(
    points: np.ndarray,
    ids: Sequence[str],
    colour: pd.Series[Any] | None = None,
    *,
    selected: np.ndarray | None = None,
) -> go.Figure:
    """Draw an embedding map as one trace whose ``customdata`` holds the sample ids.

    Parameters
    ----------
    points
        Coordinates (n, 2).
    ids
        Sample ids, in row order.
    colour
        A column to colour by: text as categories (past eight: "other"), numbers by magnitude.
    selected
        Mask (n,) of the selection; the others turn grey and stay.
    """
    import plotly.graph_objects as go

    n = len(points)
    size = 9 if n <= 1_000 else 6 if n <= 10_000 else 4
    marker: dict[str, Any] = {"size": size, "opacity": 0.85, "line": {"width": 0}}
    legend: dict[str, str] = {}
    if colour is None:
        marker["color"] = [ACCENT] * n
        labels = [""] * n
    elif pd.api.types.is_numeric_dtype(colour) and not pd.api.types.is_bool_dtype(colour) and colour.nunique() > 8:
        marker |= {
            "color": colour.to_numpy(dtype=float),
            "colorscale": SEQUENTIAL,
            "colorbar": {"title": {"text": str(colour.name)}, "thickness": 12},
        }
        labels = [format_value(float(value)) for value in colour]
    else:
        legend = category_colours(colour)
        labels = colour.astype("str").fillna("none").tolist()
        marker["color"] = [legend.get(label, OTHER) for label in labels]
    if selected is not None and selected.any() and isinstance(marker["color"], list):
        marker["color"] = [c if s else OTHER for c, s in zip(marker["color"], selected, strict=True)]
    if selected is not None and selected.any():
        marker["opacity"] = np.where(selected, 0.95, 0.25)
    figure = go.Figure(
        go.Scattergl(
            x=np.asarray(points[:, 0], dtype=np.float32),
            y=np.asarray(points[:, 1], dtype=np.float32),
            mode="markers",
            marker=marker,
            customdata=list(ids),
            text=labels,
            hovertemplate="%{customdata}<br>%{text}<extra></extra>",
            selected={"marker": {"opacity": 0.95}},
            unselected={"marker": {"color": OTHER, "opacity": 0.25}},
            showlegend=False,
        ),
    )
    others = [value for value, shade in legend.items() if shade == OTHER]
    for value, shade in legend.items():
        if shade != OTHER:
            figure.add_scatter(x=[None], y=[None], mode="markers", marker={"color": shade, "size": 11}, name=value)
    if others:
        name = f"other ({len(others)})"
        figure.add_scatter(x=[None], y=[None], mode="markers", marker={"color": OTHER, "size": 11}, name=name)
    figure.update_layout(
        height=620,
        dragmode="lasso",
        showlegend=bool(legend),
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemclick": False, "itemdoubleclick": False},
        xaxis={"visible": False},
        yaxis={"visible": False, "scaleanchor": "x"},
    )
    return figure
