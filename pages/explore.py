"""All samples on a map: colour by anything known, draw around points, see their images and their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from audit.errors import InputError
from audit.judged import wrong_first
from pages.colouring import colour_options, colour_values, linked_table
from pages.compare_sets import show_compare_sets
from pages.confusion import show_confusion
from pages.filters import PARAMETER as FILTER
from pages.filters import show_filters
from pages.gallery import show_gallery, show_sample
from pages.job_panel import escape_markdown, show_problem
from pages.map_chart import MOST_POINTS, show_map
from pages.map_method import map_jobs, pick_method, show_no_map
from pages.markup import empty_html, heading_html
from pages.navigation import DATA, EXPLORE, link
from pages.neighbours import show_neighbours
from pages.people import marks_of
from pages.point_map import map_of
from pages.result_view import gallery_words, precomputed_column
from pages.sample_rows import show_rows
from pages.searching import SIMILARITY, show_search
from pages.selection import (
    inside_any,
    opened_sample,
    outlines_from_text,
    prediction_column,
    rows_of,
    where_text,
)
from pages.session import attempt, chosen_dataset, chosen_model, dataset_of, workspace
from pages.state import PageState
from pages.tables import show_counted
from pages.tagging import show_tagging

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from pages.searching import Found

_NEAREST = 24


def show() -> None:
    """Show the map of the chosen dataset and model."""
    st.html(
        heading_html(
            "",
            "Explore",
            "Every sample as one point: neighbours look alike to the model. Draw around points to see them.",
        )
    )
    name, model_name = chosen_dataset(), chosen_model()
    if name is None or model_name is None:
        lacking = "dataset" if name is None else "model"
        st.html(empty_html(f"No {lacking} yet", f"Add a {lacking} first; the map is drawn from its embeddings."))
        link(DATA, f"Add a {lacking}", icon=":material/add:")
        return
    dataset, problem = attempt(lambda: dataset_of(name))
    if problem:
        show_problem(problem)
        link(DATA, "Mend it on the data page", icon=":material/database:")
        return
    state = PageState(EXPLORE)
    jobs = map_jobs(name, model_name, dataset)
    controls = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with controls:
        method = pick_method(state, jobs)
    job = jobs[method][1]
    if job is not None and job.state == "done" and workspace().store.has(job.result_key):
        table = linked_table(dataset, state["from"], name, model_name)
        _show_map(dataset, table, state, job.result_key, controls)
        return
    show_no_map(dataset, model_name, jobs, method)


def _show_map(dataset: Dataset, table: pd.DataFrame, state: PageState, key: str, controls: Any) -> None:
    coordinates = map_of(key)
    if not table.index.equals(coordinates.index):
        table = table.loc[coordinates.index]
    with controls:
        place = st.container(width="content")
        found = show_search(dataset, state)
    options = colour_options(dataset, table, str(chosen_dataset()), str(chosen_model()))
    if found is not None:
        table = found.beside(table)
        options = {SIMILARITY: f"similarity to {found.words}", **options}

    def values_of(column: str) -> pd.Series[Any] | None:
        return table[column] if found and column == SIMILARITY else colour_values(column, dataset, table)

    with place:
        colour = _pick_colour(state, options)
    with controls:
        passing, conditions = show_filters(options, values_of, state, len(table))
    values = values_of(colour)
    points = coordinates.to_numpy()
    named, selected, words = _selected(points, table, state, passing, conditions)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_map(key, coordinates, colour, values=values, state=state, selected=selected, named=named, dataset=dataset)
    prediction = prediction_column(dataset, table, precomputed_column())
    opened = opened_sample(state["sample"], table)
    with right:
        if opened:
            st.subheader("This sample", anchor=False)
            show_sample(dataset, table, opened, state, prediction=prediction, key="explore")
        else:
            _show_composition(values, selected, words)
    if opened:
        show_neighbours(dataset, table, state, prediction=prediction)
    show_confusion(dataset, table if passing is None else table[passing], state, prediction=prediction)
    _show_selection(
        dataset,
        table,
        points,
        selected=selected,
        words=words,
        opened=opened,
        state=state,
        prediction=prediction,
        found=found,
    )


def _pick_colour(state: PageState, options: dict[str, str]) -> str:
    default = next(iter(options), "")
    wanted = state["colour"] if state["colour"] in options else default
    if (
        st.session_state.get("map colour") not in options
        or st.session_state.get("map colour linked") != state["colour"]
    ):
        st.session_state["map colour"] = wanted
    chosen = st.selectbox(
        "Colour by", list(options), key="map colour", format_func=lambda option: options[option], width=360
    )
    if chosen != wanted:
        state.update({"colour": chosen if chosen != default else None})
    st.session_state["map colour linked"] = state["colour"]
    return str(chosen or "")


def _selected(
    points: np.ndarray, table: pd.DataFrame, state: PageState, passing: np.ndarray | None, conditions: str
) -> tuple[np.ndarray | None, np.ndarray | None, str]:
    """Return two masks, of what is named and of the selection (``None`` without one), and the selection in words."""
    named, words = passing, [conditions] if conditions else []
    if state["where"]:
        try:
            rows = rows_of(state["where"], table)
            named = rows if named is None else named & rows
            words.append(where_text(state["where"]))
        except InputError as error:
            st.warning(escape_markdown(str(error)), icon=":material/link_off:")
    mask, polygons = named, outlines_from_text(state["lasso"])
    if polygons:
        inside = inside_any(points, polygons)
        mask = inside if mask is None else mask & inside
        words.append("drawn around")
    return named, mask, ", ".join(words)


def _show_composition(values: pd.Series[Any] | None, selected: np.ndarray | None, words: str) -> None:
    chosen = selected is not None and bool(selected.any())
    st.subheader("In the selection" if chosen else "On the map", anchor=False)
    if values is None:
        return
    if not chosen:
        st.caption(
            "Drag around points with the lasso or the box; click one point to see it. "
            + ("Escape" if len(values) > MOST_POINTS else "A double click")
            + " lifts the selection."
        )
    else:
        st.caption(escape_markdown(words))
    table = composition(values, selected if chosen else None)
    configuration = {
        "share": st.column_config.ProgressColumn("share", format="%.1f %%", min_value=0, max_value=100),
        "share_of_all": st.column_config.NumberColumn("of all", format="%.1f %%"),
    }
    percent = [column for column in ("share", "share_of_all") if column in table.columns]
    show_counted(table.assign(**{column: 100 * table[column] for column in percent}), configuration, key="composition")


def composition(values: pd.Series[Any], selected: np.ndarray | None) -> pd.DataFrame:
    """Return how often each value of a column occurs in a selection and in all samples.

    Parameters
    ----------
    values
        One value a sample; many-valued numbers are cut into quarters.
    selected
        Mask of the selection; all samples when ``None``.

    Returns
    -------
    DataFrame
        Index: the value. Columns ``n``, ``share`` (of the selection) and, with a selection, ``share_of_all``.
    """
    text, order = values, []
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and values.nunique() > 12:
        quarters = pd.qcut(values, 4, duplicates="drop")
        order = [str(quarter) for quarter in quarters.cat.categories]
        text = pd.Series(np.array([*order, None], dtype=object)[quarters.cat.codes], index=values.index)
    text = text.astype("str").fillna("none")
    inside = text if selected is None else text[selected]
    n = inside.value_counts()
    # Quarters come in their own order, values by how often they occur.
    n = n.reindex([value for value in dict.fromkeys([*order, *n.index]) if value in n.index])
    table = pd.DataFrame({"n": n, "share": n / max(len(inside), 1)})
    if selected is not None:
        table["share_of_all"] = (text.value_counts() / len(text)).reindex(table.index)
    table.index.name = str(values.name)
    return table


def _show_selection(
    dataset: Dataset,
    table: pd.DataFrame,
    points: np.ndarray,
    *,
    selected: np.ndarray | None,
    words: str,
    opened: str,
    state: PageState,
    prediction: str | None,
    found: Found | None,
) -> None:
    if selected is not None:
        rows, title = table[selected], f"Selected: {words}"
    elif opened and found is None:
        rows, title = (
            table.iloc[nearest(points, int(table.index.get_indexer(pd.Index([opened]))[0]), _NEAREST)],
            "Nearest on this map",
        )
    else:
        rows, title = table, "All samples"
    by_likeness = found is not None or bool(opened and selected is None)
    if found is not None:
        rows, title = found.first(rows), f"{title}; most like {found.words} first"
    elif not by_likeness:
        rows = wrong_first(rows, dataset.roles.label, prediction)

    def lift() -> None:
        gone = ("where", "lasso", "sample", "page", "from", FILTER)
        state.update(dict.fromkeys(gone))
        st.session_state["map redraw"] = st.session_state.get("map redraw", 0) + 1

    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(escape_markdown(title), anchor=False, width="content")
        if selected is not None or opened:
            # A callback runs before the page is drawn: whatever asks for another run meanwhile cannot lose the click.
            st.button(
                "Lift the selection",
                icon=":material/deselect:",
                type="tertiary",
                key="lift selection",
                on_click=lift,
            )
    pictured = dataset.has_images
    st.caption(
        gallery_words(rows, dataset.roles.label, prediction, sorted_already=by_likeness, pictured=pictured),
    )
    if selected is not None:
        where = "" if state["lasso"] or state[FILTER] else state["where"]
        show_compare_sets(dataset, rows, where, words, key="explore")
    if dataset.has_images:
        bar = st.container()
        marks = marks_of(dataset)
        show_gallery(dataset, rows, state, prediction=prediction, detail=False, marks=marks, key="explore")
        with bar:
            show_tagging(dataset, rows, key="explore", source=title)
    show_rows(rows, name=dataset.name, key="explore", expanded=not dataset.has_images)


def nearest(points: np.ndarray, position: int, k: int) -> np.ndarray:
    """Return the positions of the k points nearest to one, itself first."""
    distance = np.square(points - points[position]).sum(axis=1)
    distance[position] = -1
    return np.argsort(distance, kind="stable")[:k]
