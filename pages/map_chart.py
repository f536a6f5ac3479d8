"""The map's chart: one figure for each set of inputs, so that a selection in the browser survives a rerun."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from audit.plots import map_figure
from pages.charts import picked_text, projected
from pages.point_map import show_point_map
from pages.selection import outlines, outlines_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from audit.dataset import Dataset
    from pages.state import PageState

MOST_POINTS = 50_000
"""Points that Plotly draws at most; above, our own map draws all of them."""

_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": True,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["toImage", "autoScale2d"],
}
_SHOWN = "map shown"
_LINKED = "map selection drawn by the server"


def show_map(
    key: str,
    coordinates: pd.DataFrame,
    colour: str,
    *,
    values: pd.Series[Any] | None,
    state: PageState,
    selected: np.ndarray | None,
    named: np.ndarray | None,
    dataset: Dataset,
) -> None:
    """Show the map and keep what is drawn on it in the page's state.

    A selection made in the browser is greyed by the browser, on the same figure; one that came by link, or
    before the colour changed, is drawn into the figure.

    Parameters
    ----------
    key
        The map's key in the store.
    coordinates
        Columns x and y, indexed by sample id.
    colour
        Name of the colouring.
    values
        The column to colour by.
    state
        Receives ``lasso`` and ``sample``.
    selected
        Mask of the present selection.
    named
        Mask of that part of the selection which no outline tells: filters and a link's rows.
    dataset
        The samples.
    """
    if len(coordinates) > MOST_POINTS:
        column = dataset.metadata.get(colour)
        own = values is not None and column is not None and colour == values.name and values.equals(column)
        show_point_map(
            key,
            coordinates,
            values=values,
            # A column of the data on this map is told by their names: hashing a million texts takes long.
            values_key=f"{dataset.fingerprint} {key} {colour}" if own else "",
            state=state,
            selected=selected,
            named=named,
            dataset=dataset,
        )
        return
    identity = (key, colour, st.session_state.get("map redraw", 0), state["where"], state["filter"])
    if st.session_state.get(_SHOWN) != identity:
        st.session_state[_SHOWN] = identity
        st.session_state[_LINKED] = state["lasso"]
    drawn = bool(state["where"] or state["filter"] or st.session_state[_LINKED])
    mask = selected if drawn else None
    figure = _figure(_print(identity, st.session_state[_LINKED], values), coordinates, values, mask)
    name = f"map {_print(identity, st.session_state[_LINKED], None)}"

    def picked() -> None:
        selection = st.session_state[name]["selection"]
        polygons = outlines(selection)
        point = "" if polygons else picked_text(selection)
        text = outlines_text(polygons)
        if st.session_state[_LINKED]:
            # The figure shows an older selection: draw the new one into it.
            st.session_state[_LINKED] = text
        state.update({"lasso": text or (state["lasso"] if point else None), "sample": point or None, "page": None})

    st.plotly_chart(
        figure,
        key=name,
        config=_CONFIG,
        on_select=picked,
        selection_mode=("points", "box", "lasso"),
        alt=f"Map of {len(coordinates):,} samples coloured by {colour}.",
    )


def _print(identity: Any, linked: str, values: pd.Series[Any] | None) -> str:
    digest = hashlib.blake2b(repr((identity, linked)).encode(), digest_size=12)
    if values is not None:
        digest.update(pd.util.hash_pandas_object(values.astype("str"), index=False).to_numpy().tobytes())
    return digest.hexdigest()


# The first argument stands for the others, which are not hashed.
@st.cache_resource(max_entries=6, show_spinner=False)
def _figure(
    inputs: str,  # noqa: ARG001 - the key of the cache
    _coordinates: pd.DataFrame,
    _values: pd.Series[Any] | None,
    _selected: np.ndarray | None,
) -> go.Figure:
    ids = [str(sample) for sample in _coordinates.index]
    return projected(map_figure(_coordinates.to_numpy(), ids, _values, selected=_selected))
