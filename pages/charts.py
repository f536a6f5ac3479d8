"""Plotly figures as the page shows them: large type, the theme's own colours, clicks that mean samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.narrow import fit_narrow, has_cells, too_wide

if TYPE_CHECKING:
    import plotly.graph_objects as go

_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": "reset",
    "showTips": False,
}


def show_figure(figure: go.Figure, *, key: str, text: str, on_pick: Callable[[str], None] | None = None) -> None:
    """Show a figure; a click on one of its points calls ``on_pick`` with that point's ``customdata``.

    Parameters
    ----------
    figure
        As :func:`projected` leaves it, drawn once and kept: another one would lose the selection.
    key
        Unique name.
    text
        What it shows, for those who cannot see it.
    on_pick
        Called with the text that the clicked point carries, empty when the selection is lifted.
    """
    if has_cells(figure):
        # Cells bring the colour of their text along. Where they do not fit a phone, the style sheet says so and lets
        # the container scroll sideways.
        kind = "wide" if too_wide(figure) else "cells"
        with st.container(key=f"{kind}-{key}".replace(" ", "-")):
            _draw(figure, key=key, text=text, on_pick=on_pick)
        return
    _draw(figure, key=key, text=text, on_pick=on_pick)


def _draw(figure: go.Figure, *, key: str, text: str, on_pick: Callable[[str], None] | None) -> None:
    if on_pick is None or not carries_rows(figure):
        st.plotly_chart(figure, key=key, config=_CONFIG, alt=text)
        return

    def picked() -> None:
        on_pick(picked_text(st.session_state[key]["selection"]))

    st.plotly_chart(figure, key=key, config=_CONFIG, alt=text, on_select=picked, selection_mode="points")


def projected(figure: go.Figure) -> go.Figure:
    """Return a copy with type large enough to project that fits a phone too; colours are left to the theme.

    The browser follows a change of theme by itself only as long as no colour of text or grid is fixed here.
    """
    import plotly.graph_objects as go

    shown = go.Figure(figure)
    margin = shown.layout.margin.to_plotly_json()
    shown.update_layout(margin={"l": 8, "r": 16, "t": 20, "b": 8} | margin, font={"size": 15}, title=None)
    shown.update_xaxes(tickfont={"size": 14}, title_font={"size": 15}, automargin=True)
    shown.update_yaxes(tickfont={"size": 14}, title_font={"size": 15}, automargin=True)
    shown.update_layout(legend={"font": {"size": 14}}, hoverlabel={"font": {"size": 14}})
    for trace in shown.data:
        # Only where there is a colour bar: to say something of one would add it.
        bar = trace.colorbar if trace.type == "heatmap" else trace.marker.colorbar if "marker" in trace else None
        if bar is not None and (trace.type == "heatmap" or bar.to_plotly_json()):
            bar.update(title={"font": {"size": 15}}, tickfont={"size": 14})
    fit_narrow(shown)
    return shown


def carries_rows(figure: go.Figure) -> bool:
    """Return whether any point of a figure says which samples it stands for."""
    return any(trace.customdata is not None and len(trace.customdata) for trace in figure.data if "customdata" in trace)


def picked_text(selection: Mapping[str, Any]) -> str:
    """Return what the first selected point carries, empty when none does."""
    for point in selection.get("points") or ():
        carried = point.get("customdata")
        if isinstance(carried, list | tuple):
            carried = carried[0] if carried else ""
        if isinstance(carried, str) and carried:
            return carried
    return ""
