"""The drawings of the prototypes page, from the result's tables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.base import Figure
from audit.plots import ACCENT, DIVERGING, NEUTRAL, OKABE_ITO, interval_figure
from audit.prototypes.modifications import CHARACTERISTICS
from audit.wording import format_value

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from audit.result import Result

FEW_PARTS = 30
"""Parts whose map is seen at a glance; the map of more of them stands behind that of their classes."""

MOST_PARTS = 60

FEWEST = 5
"""Samples below which a class's own share is not drawn."""

ORDER_COLOURS = {"hottest first": OKABE_ITO[5], "in random order": NEUTRAL, "coldest first": OKABE_ITO[0]}


def page_figures(result: Result) -> tuple[Figure, ...]:
    """Return the page's figures, those without rows left out; of many classes the map of classes leads."""
    rows = result.by_group
    because, told_apart = rows[rows["kind"] == "because"], rows[rows["kind"] == "told_apart"]
    maps = [characteristic_map(because), answer_map(told_apart)]
    if because["part"].nunique() > FEW_PARTS:
        maps.reverse()
    drawn = [
        *maps,
        _fidelity(rows[rows["kind"] == "class"]),
        _doses(rows[rows["kind"] == "dose"]),
        _deletion(rows[rows["kind"] == "deletion"]),
    ]
    return tuple(figure for figure in drawn if figure is not None)


def characteristic_map(rows: pd.DataFrame) -> Figure | None:
    """Draw how much of each part's likeness is lost with each characteristic, a star where it holds."""
    if rows.empty:
        return None
    parts = list(dict.fromkeys(rows["part"]))
    figure = _shares(rows, "part", "relative_drop", "likeness")
    strongest = rows.loc[rows["matters"] == "yes"].groupby("characteristic").size()
    told = ", ".join(f"{name} for {int(strongest.get(name, 0))}" for name in CHARACTERISTICS)
    more = f" {len(parts) - MOST_PARTS} further parts are in the table." if len(parts) > MOST_PARTS else ""
    said = (
        f"Share of the likeness to each part that is lost when one characteristic is changed; a star where it holds "
        f"after correction: {told} of {len(parts)} parts.{more}"
    )
    return Figure(title="Why things look like each part", figure=figure, text=said)


def answer_map(rows: pd.DataFrame) -> Figure | None:
    """Draw how many answers each class loses with each characteristic, a star where its lead falls."""
    if rows.empty:
        return None
    figure = _shares(rows, "class", "value", "answers")
    most = rows.loc[rows.groupby("class", sort=False)["value"].idxmax()]
    told = "; ".join(
        f"{name} by {because}" for name, because in zip(most["class"], most["because"], strict=True) if because
    )
    said = (
        "Share of each class's answers that are lost when one characteristic is changed: what tells it from the "
        f"others. A star where its lead falls after correction. Told mostly: {told or 'none'}."
    )
    return Figure(title="What tells each class from the others", figure=figure, text=said)


def _shares(rows: pd.DataFrame, name: str, column: str, lost: str) -> go.Figure:
    """Draw a share lost by row and characteristic, signed, with its words in each cell."""
    import plotly.graph_objects as go

    shown = list(dict.fromkeys(rows[name]))[:MOST_PARTS]
    table = rows[rows[name].isin(shown)]

    def values(column: str) -> pd.DataFrame:
        wide = table.pivot_table(index=name, columns="characteristic", values=column, aggfunc="first", dropna=False)
        return wide.reindex(index=shown, columns=list(CHARACTERISTICS))

    drop, matters = values(column).astype("float64"), values("matters")
    widest = float(np.nanmax(np.abs(drop.to_numpy()))) if drop.notna().to_numpy().any() else 0.0
    text = [
        [
            "" if not np.isfinite(value) else f"{100 * value:z.0f} %{' ★' if holds == 'yes' else ''}"
            for value, holds in zip(row, held, strict=True)
        ]
        for row, held in zip(drop.to_numpy(), matters.to_numpy(), strict=True)
    ]
    where = values("where").to_numpy()
    figure = go.Figure(
        go.Heatmap(
            z=drop.to_numpy(),
            x=list(CHARACTERISTICS),
            y=shown,
            text=text,
            texttemplate="%{text}",
            textfont={"size": 12, "color": "#000000"},
            customdata=where,
            zmin=-(widest or 1),
            zmax=widest or 1,
            # The lighter blue, so that black words can be read on either end.
            colorscale=[[0.0, OKABE_ITO[4]], *(list(stop) for stop in DIVERGING[1:])],
            hovertemplate=f"%{{y}}, %{{x}}: %{{text}} of the {lost} lost<extra></extra>",
            colorbar={"title": {"text": f"{lost} lost"}, "tickformat": ".0%", "thickness": 12},
            xgap=2,
            ygap=2,
        ),
    )
    figure.update_layout(
        height=140 + 26 * len(shown),
        yaxis={"autorange": "reversed", "showgrid": False},
        xaxis={"side": "top", "showgrid": False, "title": {"text": "★ holds after correction"}},
    )
    return figure


def _fidelity(rows: pd.DataFrame) -> Figure | None:
    kept = rows[rows["value"].notna() & (rows["n"] >= FEWEST)]
    if kept.empty:
        return None
    shown = kept.sort_values("value", kind="stable").head(40)
    title = "told by the nearest typical picture"
    figure = interval_figure(shown, null=None, axis_title=title)
    worst, value = str(shown.index[0]), format_value(float(shown["value"].iloc[0]), "share")
    more = f" The {len(kept) - len(shown)} best classes are in the table." if len(kept) > len(shown) else ""
    among = f"of {len(kept)} classes with at least {FEWEST} samples"
    text = f"Prototypes tell the model's answer worst for {worst} ({value}), {among}.{more}"
    return Figure(title="Which classes their prototypes stand for", figure=figure, text=text)


def _doses(rows: pd.DataFrame) -> Figure | None:
    """Draw the mean drop over prototypes against how much the pixels change."""
    import plotly.graph_objects as go

    if rows.empty or rows["strength"].nunique() < 2:
        return None
    figure = go.Figure()
    for place, characteristic in enumerate(CHARACTERISTICS):
        own = rows[rows["characteristic"] == characteristic].sort_values("strength")
        value = own["value"].to_numpy(dtype=float)
        figure.add_scatter(
            x=[0.0, *own["pixel_change"].tolist()],
            y=[0.0, *value.tolist()],
            mode="lines+markers",
            line={"color": OKABE_ITO[place], "width": 2.5},
            marker={"size": 9, "symbol": ["circle", "square", "diamond", "triangle-up", "x"][place]},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [0.0, *np.clip(own["high"].to_numpy(dtype=float) - value, 0, None).tolist()],
                "arrayminus": [0.0, *np.clip(value - own["low"].to_numpy(dtype=float), 0, None).tolist()],
                "thickness": 1.5,
                "width": 0,
            },
            name=characteristic,
            text=["unchanged", *(f"{strength:.2g} times the reference" for strength in own["strength"])],
            hovertemplate=f"{characteristic}, %{{text}}: %{{y:.3f}} lost<extra></extra>",
        )
    figure.update_layout(
        height=430,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": {"text": "how much pixels change (root mean square, grey levels)"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "likeness lost"}},
    )
    steepest = rows.assign(slope=rows["value"] / rows["pixel_change"]).groupby("characteristic")["slope"].max()
    text = f"Likeness lost against the size of the change; steepest for {steepest.idxmax()}."
    return Figure(title="Stronger changes", figure=figure, text=text)


def _deletion(rows: pd.DataFrame) -> Figure | None:
    """Draw the class's probability while places are removed in three orders."""
    import plotly.graph_objects as go

    if rows.empty:
        return None
    figure = go.Figure()
    for order, colour in ORDER_COLOURS.items():
        own = rows[rows["order"] == order].sort_values("gone")
        value = own["value"].to_numpy(dtype=float)
        figure.add_scatter(
            x=own["gone"],
            y=value,
            mode="lines+markers",
            line={"color": colour, "width": 2.5, "dash": "dot" if order == "in random order" else "solid"},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": np.clip(own["high"].to_numpy(dtype=float) - value, 0, None),
                "arrayminus": np.clip(value - own["low"].to_numpy(dtype=float), 0, None),
                "thickness": 1,
                "width": 0,
            },
            name=order,
            hovertemplate="%{x:.0%} gone: %{y:.1%}<extra>" + order + "</extra>",
        )
    figure.update_layout(
        height=430,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": {"text": "share of the places removed"}, "tickformat": ".0%"},
        yaxis={"title": {"text": "probability of the class"}, "tickformat": ".0%", "rangemode": "tozero"},
    )
    text = "Probability of the class while places go: a heat map that tells the truth falls fastest, hottest first."
    return Figure(title="Does the heat matter to the answer?", figure=figure, text=text)


def bars(rows: Sequence[Mapping[str, Any]], title: str, axis: str) -> Figure:
    """Draw five signed bars with intervals.

    Parameters
    ----------
    rows
        With ``characteristic``, ``value`` and, where they exist, ``low`` and ``high``.
    title, axis
        Heading and name of the axis.
    """
    import plotly.graph_objects as go

    names = [str(row["characteristic"]) for row in rows]
    value = np.asarray([float(row["value"]) for row in rows])
    low, high = (np.asarray([float(row.get(end, np.nan)) for row in rows]) for end in ("low", "high"))
    figure = go.Figure(
        go.Bar(
            x=value,
            y=names,
            orientation="h",
            marker={"color": [DIVERGING[2][1] if each > 0 else DIVERGING[0][1] for each in value]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(np.clip(high - value, 0, None)),
                "arrayminus": np.nan_to_num(np.clip(value - low, 0, None)),
                "color": NEUTRAL,
                "thickness": 2,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": ACCENT, "width": 1.5})
    figure.update_layout(height=250, showlegend=False, yaxis={"autorange": "reversed"}, xaxis={"title": {"text": axis}})
    said = ", ".join(f"{name} {format_value(float(each))}" for name, each in zip(names, value, strict=True))
    return Figure(title=title, figure=figure, text=f"{axis}: {said}. To the right: the likeness needs it.")


def comparison_figures(results: Mapping[str, Result]) -> tuple[Figure, ...]:
    """Draw the mean relative drop by characteristic of several models."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for place, (name, result) in enumerate(results.items()):
        rows = result.by_group
        rows = rows[rows["kind"] == "because"]
        if rows.empty:
            continue
        mean = rows.groupby("characteristic")["relative_drop"].mean().reindex(list(CHARACTERISTICS))
        figure.add_bar(x=list(CHARACTERISTICS), y=mean, name=name, marker={"color": OKABE_ITO[place % 8]})
    if not figure.data:
        return ()
    figure.update_layout(
        height=400,
        barmode="group",
        yaxis={"title": {"text": "mean share of the likeness lost"}, "tickformat": ".0%"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    text = "Mean share of the likeness to each model's own parts that is lost with each characteristic."
    return (Figure(title="What likeness rests on, by model", figure=figure, text=text),)
