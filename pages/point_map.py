"""The map of very many points: our own drawing in the browser, membership on the server.

Coordinates, colour codes and a selection's bits go to the browser as Arrow columns, each in an element of its own
that changes only when its content does: Streamlit sends an unchanged element as a reference, so a recolouring sends
one byte a point and a lasso none. Back come the outline and the viewport, or the position of one point.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from audit.errors import InputError
from audit.images import ImageProblem
from audit.locations import assets_folder
from audit.maps import read_map
from audit.plots import ACCENT, OKABE_ITO, OTHER, SEQUENTIAL, category_colours
from audit.thumbnails import data_uri
from audit.wording import format_value, plural
from pages.gallery import thumbnail_folder
from pages.selection import cell_text, outlines_from_text, outlines_text
from pages.session import workspace

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from pages.state import PageState

LEVELS = 255
"""Steps of the colour scale of magnitudes; the code after the last stands for a missing value."""

_SCRIPTS = ("points_geometry.js", "points_drawing.js", "points.js")
_MAP = "point map"
_MOVED = "point map moved"
_ABOUT = "point map hovered"
_COUNT = "point map count"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Colours:
    """One colour code a point, and what the codes mean.

    Parameters
    ----------
    codes
        uint8 (n,), positions in the palette.
    palette
        Colours as ``#rrggbb``.
    names
        What each code stands for; empty for the steps of a scale.
    legend
        ``title``, ``entries`` (``name``, ``colour``, ``n``) and ``scale``, which only magnitudes have.
    """

    codes: np.ndarray
    palette: tuple[str, ...]
    names: tuple[str, ...]
    legend: dict[str, Any]

    @functools.cached_property
    def key(self) -> str:
        """Hash of the codes."""
        return hashlib.blake2b(self.codes.data, digest_size=12).hexdigest()


def colours_of(values: pd.Series[Any] | None, n: int) -> Colours:
    """Return the colours of points: text as categories (past eight: "other"), many-valued numbers by magnitude.

    Parameters
    ----------
    values
        One value a point; ``None`` for one colour.
    n
        Number of points.
    """
    if values is None:
        legend: dict[str, Any] = {"title": "", "entries": [], "scale": None}
        return Colours(codes=np.zeros(n, dtype=np.uint8), palette=(ACCENT,), names=("",), legend=legend)
    number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if number and values.nunique() > len(OKABE_ITO):
        return _magnitudes(values)
    return _categories(values)


def _categories(values: pd.Series[Any]) -> Colours:
    shades = category_colours(values)
    palette = (*dict.fromkeys(shade for shade in shades.values() if shade != OTHER), OTHER)
    positions, found = pd.factorize(values)
    texts = pd.Series(found).astype("str").tolist()
    # The last code is that of everything without a colour of its own, missing values (position -1) among it.
    codes_of = np.array([*(palette.index(shades.get(text, OTHER)) for text in texts), len(palette) - 1])
    codes = codes_of[positions].astype(np.uint8)
    counts = np.bincount(codes, minlength=len(palette))
    names = [value for value, shade in shades.items() if shade != OTHER]
    others = [value for value, shade in shades.items() if shade == OTHER]
    missing = int((positions < 0).sum())
    names.append(f"other ({plural(len(others), 'value')})" if others else "no value")
    if others and missing:
        names[-1] = f"other ({plural(len(others), 'value')}) or no value"
    entries = [
        {"name": name, "colour": colour, "n": int(count)}
        for name, colour, count in zip(names, palette, counts, strict=True)
        if count
    ]
    legend = {"title": _title(values), "entries": entries, "scale": None}
    return Colours(codes=codes, palette=palette, names=tuple(names), legend=legend)


def _magnitudes(values: pd.Series[Any]) -> Colours:
    from plotly.colors import sample_colorscale

    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(numbers)
    low, high = float(numbers[known].min()), float(numbers[known].max())
    codes = np.full(len(numbers), LEVELS, dtype=np.uint8)
    codes[known] = np.minimum(LEVELS - 1, (numbers[known] - low) / (high - low) * LEVELS).astype(np.uint8)
    sampled = sample_colorscale(SEQUENTIAL, LEVELS, colortype="tuple")
    ramp = tuple("#" + "".join(f"{round(255 * part):02X}" for part in colour) for colour in sampled)
    missing = int((~known).sum())
    legend = {
        "title": _title(values),
        "entries": [{"name": "no value", "colour": OTHER, "n": missing}] if missing else [],
        "scale": {"low": format_value(low), "high": format_value(high), "colours": list(ramp[::32])},
    }
    return Colours(codes=codes, palette=(*ramp, OTHER), names=(), legend=legend)


def _title(values: pd.Series[Any]) -> str:
    return str(values.name or "").replace("_", " ")


def content_key(values: pd.Series[Any] | None) -> str:
    """Return a hash of a column's values, quick enough to be asked for on every run of the page."""
    if values is None:
        return ""
    digest = hashlib.blake2b(f"{values.name};{values.dtype}".encode(), digest_size=12)
    if isinstance(values.dtype, np.dtype) and values.dtype != np.dtype(object):
        digest.update(np.ascontiguousarray(values.to_numpy()).data.cast("B"))
    else:
        digest.update(pd.util.hash_pandas_object(values.astype("str"), index=False).to_numpy().data.cast("B"))
    return digest.hexdigest()


def map_of(key: str) -> pd.DataFrame:
    """Return the coordinates of a map, read once; see :func:`audit.maps.read_map`."""
    return _map(str(workspace().home), key)


# Maps are write-once under their key, so a copy in memory cannot grow old.
@st.cache_resource(max_entries=3, show_spinner=False)
def _map(home: str, key: str) -> pd.DataFrame:  # noqa: ARG001 - the home is part of the cache's key
    return read_map(workspace().store, key)


# The key stands for the values, which are not hashed.
@st.cache_resource(max_entries=8, show_spinner=False)
def _colours(key: str, n: int, _values: pd.Series[Any] | None) -> Colours:  # noqa: ARG001
    return colours_of(_values, n)


@st.cache_resource(max_entries=3, show_spinner=False)
def _places(key: str, _coordinates: pd.DataFrame) -> pa.Table:  # noqa: ARG001
    return pa.table({axis: _coordinates[axis].to_numpy(dtype=np.float32) for axis in ("x", "y")})


def show_point_map(
    key: str,
    coordinates: pd.DataFrame,
    *,
    values: pd.Series[Any] | None,
    values_key: str = "",
    state: PageState,
    selected: np.ndarray | None,
    named: np.ndarray | None,
    dataset: Dataset,
) -> None:
    """Show all points of a map and keep what is drawn on it in the page's state.

    Parameters
    ----------
    key
        The map's key in the store.
    coordinates
        Columns x and y, indexed by sample id.
    values
        The column to colour by.
    values_key
        What stands for the values, where something does; they are hashed otherwise.
    state
        Receives ``lasso``, ``sample`` and ``view``.
    selected
        Mask of the present selection.
    named
        Mask of that part of the selection which no outline tells: filters and a link's rows.
    dataset
        The samples, for the picture beside the pointer.
    """
    n = len(coordinates)
    colours = _colours(values_key or content_key(values), n, values)
    bits = None if named is None else np.packbits(named)
    mask = "" if bits is None else "bits " + hashlib.blake2b(bits.data, digest_size=12).hexdigest()
    with st.container(key="point-map", gap=None):
        # In a container of their own, so that one more column does not move the map.
        with st.container(gap=None):
            _send("points", f"points {key}", _places(key, coordinates))
            _send("codes", f"codes {colours.key}", pa.table({"code": colours.codes}))
            if bits is not None:
                _send("bits", mask, pa.table({"bits": bits}))
        known = {
            "kind": "map",
            "points": f"points {key}",
            "codes": f"codes {colours.key}",
            "mask": mask,
            "palette": list(colours.palette),
            "names": list(colours.names),
            "legend": colours.legend,
            "faded": OTHER,
            "alternative": map_words(n, _title(values) if values is not None else "", selected),
        }
        _show(coordinates, known, values=values, state=state, dataset=dataset)


def map_words(n: int, colouring: str, selected: np.ndarray | None) -> str:
    """Return the map in words, for those who cannot see it."""
    words = f"Map of {plural(n, 'sample')}" + (f" coloured by {colouring}" if colouring else "")
    return words + (f"; {int(selected.sum()):,} are selected." if selected is not None else "; none is selected.")


@st.fragment
def _show(
    coordinates: pd.DataFrame,
    known: dict[str, Any],
    *,
    values: pd.Series[Any] | None,
    state: PageState,
    dataset: Dataset,
) -> None:
    """Show the map itself: what rests under the pointer runs this alone, everything else the page."""
    index = coordinates.index

    def drawn() -> None:
        sent = st.session_state[_MAP]["lasso"]
        st.session_state[_COUNT] = int(sent["count"])
        text = outlines_text(outlines_from_text(str(sent["outlines"])))
        _move(state, {"lasso": text or None, "sample": None, "page": None, "view": str(sent["view"])})

    def opened() -> None:
        sent = st.session_state[_MAP]["opened"]
        _move(state, {"sample": _sample(index, sent["index"]), "page": None, "view": str(sent["view"])})

    def hovered() -> None:
        st.session_state[_ABOUT] = int(st.session_state[_MAP]["hovered"]["index"])

    if st.session_state.pop(_MOVED, False):
        st.rerun()
    sample = state["sample"]
    _component()(
        key=_MAP,
        data={
            **known,
            "outlines": state["lasso"],
            "count": st.session_state.get(_COUNT, 0),
            "view": state["view"],
            "opened": int(index.get_indexer(pd.Index([sample]))[0]) if sample else -1,
            "about": about_point(dataset, index, values, st.session_state.pop(_ABOUT, -1)),
        },
        on_lasso_change=drawn,
        on_opened_change=opened,
        on_hovered_change=hovered,
    )


def _move(state: PageState, changes: dict[str, str | None]) -> None:
    state.update(changes)
    st.session_state[_MOVED] = True


def _sample(index: pd.Index[str], position: Any) -> str | None:
    known = isinstance(position, int) and 0 <= position < len(index)
    return str(index[position]) if known else None


def about_point(
    dataset: Dataset, index: pd.Index[str], values: pd.Series[Any] | None, position: int
) -> dict[str, Any] | None:
    """Return what is shown beside a point: its sample, its value and its picture; ``None`` for no point."""
    sample = _sample(index, position)
    if sample is None:
        return None
    try:
        source = data_uri(dataset, sample, size=160, folder=thumbnail_folder()) if dataset.has_images else ""
    except (ImageProblem, InputError):
        source = ""
    value = "" if values is None else cell_text(values.iloc[position])
    return {"index": position, "id": sample, "value": value, "source": source}


def _send(name: str, key: str, table: pa.Table) -> None:
    _columns()(key=f"point map {name}", data={"kind": "columns", "key": key, "table": table})


def _component() -> Any:
    # Registered anew each time: the registry belongs to the running server and forgets nothing that is equal.
    return st.components.v2.component(
        "model-audit.points", html='<div class="points"></div>', css=_asset("points.css"), js=_script()
    )


def _columns() -> Any:
    # The same text is the same module in the browser: both components share what it holds.
    return st.components.v2.component("model-audit.point-columns", html="<span hidden></span>", js=_script())


@functools.cache
def _script() -> str:
    return "\n".join(_asset(name) for name in _SCRIPTS)


@functools.cache
def _asset(name: str) -> str:
    return (assets_folder() / name).read_text(encoding="utf-8")
