"""Data and models: what is loaded, what its columns mean, which images cannot be used, and how to add more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from audit.errors import InputError
from audit.judged import wrong_first
from audit.readers.image_columns import likely_image_column
from audit.wording import plural
from pages.audit_page import save_roles
from pages.forms import show_roles
from pages.gallery import show_gallery
from pages.importing import show_add_dataset
from pages.job_panel import escape_markdown, show_problem
from pages.markup import empty_html, facts_html, heading_html
from pages.model_list import prediction_columns, show_models
from pages.navigation import DATA
from pages.sample_rows import download_table
from pages.selection import prediction_column, rows_of, where_text, with_image
from pages.session import attempt, chosen_dataset, dataset_of, forget_loaded, unusable_of, workspace
from pages.state import PageState, say_again
from pages.tables import show_counted

if TYPE_CHECKING:
    from audit.dataset import Dataset, Roles

_VIEWS = {
    "samples": ("Samples", ":material/photo_library:"),
    "roles": ("Column roles", ":material/view_column:"),
    "quarantine": ("Unusable images", ":material/broken_image:"),
    "models": ("Models", ":material/model_training:"),
    "add": ("Add a dataset", ":material/add:"),
}
_ROLES = ("label", "prediction", "attributes", "group_id", "center", "background", "split", "caption", "mask")
_MOST_VALUES = 200
_MOST_PILLS = 8
_ROWS_SHOWN = 11


def show() -> None:
    """Show the data page."""
    st.html(heading_html("", "Data and models", "What is loaded, what its columns mean, and what cannot be used."))
    state = PageState(DATA)
    name = chosen_dataset()
    view = _pick_view(state, "samples" if name else "add")
    if view == "add":
        show_add_dataset()
        return
    if view == "models":
        show_models(name)
        return
    if name is None:
        st.html(
            empty_html(
                "No dataset yet", "Add one first: a folder of images, a table of predictions, or a table of embeddings."
            )
        )
        return
    dataset, problem = attempt(lambda: dataset_of(name))
    if problem:
        show_problem(problem)
        _show_forget(name)
        return
    if view == "samples":
        _show_samples(dataset, state)
    elif view == "roles":
        _show_role_form(name, dataset)
    else:
        _show_quarantine(dataset)
    _show_forget(name)


def _pick_view(state: PageState, default: str) -> str:
    key = "data view"
    wanted = state["view"] if state["view"] in _VIEWS else default
    if st.session_state.get(key) not in _VIEWS or st.session_state.get("data view linked") != state["view"]:
        st.session_state[key] = wanted
    say_again(key)
    view = st.segmented_control(
        "View",
        list(_VIEWS),
        key=key,
        required=True,
        format_func=lambda name: f"{_VIEWS[name][1]} {_VIEWS[name][0]}",
        label_visibility="collapsed",
    )
    if view != wanted:
        state.update({"view": view, "where": None, "page": None, "sample": None})
    st.session_state["data view linked"] = state["view"]
    return str(view)


def _show_samples(dataset: Dataset, state: PageState) -> None:
    broken = unusable_of(dataset)
    pictured = with_image(dataset, dataset.metadata)
    pictured = pictured[~pictured.index.isin(broken.index)]
    facts = {"Samples": f"{len(dataset):,}", "With a usable image": f"{len(pictured):,}"}
    if len(broken):
        facts["Unusable images"] = f"{len(broken):,}"
    if dataset.classes:
        facts["Classes"] = f"{len(dataset.classes):,}"
    facts |= {name.capitalize(): " × ".join(map(str, array.shape)) for name, array in dataset.arrays.items()}
    st.html(facts_html(facts))
    columns = countable_columns(dataset)
    if columns:
        _show_counts(dataset, columns, state)
    table = dataset.metadata
    rows, problem = attempt(lambda: table[rows_of(state["where"], table)])
    if problem:
        rows = table
    st.subheader(
        "Images" if not state["where"] or problem else escape_markdown(f"Images: {where_text(state['where'])}"),
        anchor=False,
    )
    if not dataset.has_images:
        st.html(
            empty_html(
                "This dataset has no images",
                "Audits that need only predictions or embeddings still work. " + image_remedy(dataset),
            )
        )
        st.dataframe(rows.head(500), key="data rows")
        return
    prediction = prediction_column(dataset, table)
    usable = rows[rows.index.isin(pictured.index)]
    if len(usable) < len(rows):
        st.caption(f"Shown are the {plural(len(usable), 'sample')} of {len(rows):,} with a usable image.")
    show_gallery(
        dataset, wrong_first(usable, dataset.roles.label, prediction), state, prediction=prediction, key="data"
    )


def image_remedy(dataset: Dataset) -> str:
    """Return how the images of a table come in, for a page that escapes it."""
    column = likely_image_column(dataset.metadata)
    if column is None:
        return "To add images, import it again with its image folder, or with its column of image paths."
    return f"“{column}” looks like image paths: import it again with that as its column of image paths."


def countable_columns(dataset: Dataset) -> list[str]:
    """Return the columns whose values are worth counting: those with a role first, then other short lists of values."""
    roles = dataset.roles
    first = [
        column for column in (roles.label, *roles.attributes, roles.center, roles.background, roles.split) if column
    ]
    predictions = prediction_columns(dataset)
    others = [
        str(column)
        for column in dataset.metadata.columns
        if str(column) not in first and column not in predictions and 1 < dataset.metadata[column].nunique() <= 30
    ]
    return list(dict.fromkeys([*first, *others]))


def _show_counts(dataset: Dataset, columns: list[str], state: PageState) -> None:
    if len(columns) <= _MOST_PILLS:
        column = st.pills("Count by", columns, default=columns[0], required=True, key=f"count {dataset.name}")
    else:
        column = st.selectbox("Count by", columns, key=f"count {dataset.name}", width=360)
    counts = count_values(dataset.metadata[column])
    st.caption(f"Click a row to see its {'images' if dataset.has_images else 'samples'} below.")
    configuration = {
        "samples": st.column_config.NumberColumn("n", format="localized"),
        "share": st.column_config.ProgressColumn("share of all samples", format="%.1f %%", min_value=0, max_value=100),
    }
    shown = counts.assign(share=100 * counts["share"])
    picked = show_counted(shown, configuration, key=f"counts {dataset.name} {column}", rows=_ROWS_SHOWN, select=True)
    memory = f"count row {column}"
    if picked != st.session_state.get(memory):
        where = json.dumps({column: str(counts.index[picked])}) if picked is not None else None
        state.update({"where": where, "page": None, "sample": None})
        st.session_state[memory] = picked


def count_values(values: pd.Series) -> pd.DataFrame:
    """Return how often each value occurs, the most frequent first, with its share of all samples."""
    counts = values.dropna().astype("str").value_counts().head(_MOST_VALUES)
    table = pd.DataFrame({"samples": counts, "share": counts / max(len(values), 1)})
    table.index.name = values.name
    return table


def _show_role_form(name: str, dataset: Dataset) -> None:
    st.markdown(
        "Every audit reads these roles, as they were set or guessed from the columns' names; correct them here."
    )
    with st.form("roles form", border=False):
        with st.grid(min_column_width=250, gap="medium"):
            roles = show_roles(dataset, _ROLES, key=f"data {name}")
        if (
            st.form_submit_button("Keep these roles", type="primary", icon=":material/check:")
            and roles != dataset.roles
        ):
            _, problem = attempt(lambda: _save(name, roles))
            if problem:
                show_problem(problem)
            else:
                st.rerun()
    st.subheader("The table", anchor=False)
    st.caption(f"The first {min(len(dataset), 200)} of {plural(len(dataset), 'row')}.")
    st.dataframe(dataset.metadata.head(200), key="role rows", height=380)
    download_table(dataset.metadata, f"{dataset.name}-samples", key="metadata", label="All rows")


def _save(name: str, roles: Roles) -> None:
    if roles.label is not None and roles.label == roles.prediction:
        raise InputError(f"`Prediction` must be another column than the label; both are '{roles.label}'.")
    save_roles(name, roles)


def _show_quarantine(dataset: Dataset) -> None:
    table = unusable_of(dataset)
    if table.empty:
        st.html(
            empty_html(
                "Every image can be used",
                "No file was missing, empty, broken, too large or outside its folder. "
                "Truncated files are found when a model first reads them.",
            )
        )
        return
    st.html(facts_html({"Unusable": plural(len(table), "image"), "Of": plural(len(dataset), "sample")}))
    st.markdown("These samples are left out of everything that needs their image; each result says how many.")
    reasons = table["reason"].value_counts().rename("images").to_frame()
    st.dataframe(reasons, key="quarantine reasons", width="content")
    st.dataframe(table, key="quarantine rows", height=420)
    download_table(table, "quarantine", key="quarantine", label="Quarantine")


def _show_forget(name: str) -> None:
    with st.expander("Reload or remove this dataset", icon=":material/more_horiz:"), st.container(horizontal=True):
        if st.button("Read it again from disk", icon=":material/refresh:", key="reload dataset"):
            forget_loaded()
            st.rerun()
        if st.button("Remove it from the list", icon=":material/delete:", key="remove dataset"):
            workspace().remove_dataset(name)
            st.rerun()
        st.caption("Removing forgets where it is; files and results stay.", width="content")
