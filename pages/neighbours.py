"""What the model takes for the same: the samples whose embeddings lie nearest to the opened one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.panels import Panel, Picture, PictureGroup, PictureRow
from audit.similarity import nearest_samples
from audit.wording import format_value, plural
from pages.embeddings import show_embeddings
from pages.job_panel import escape_markdown
from pages.panels_view import show_panel
from pages.selection import cell_text, opened_sample
from pages.session import attempt

if TYPE_CHECKING:
    import pandas as pd

    from audit.dataset import Dataset
    from pages.state import PageState

K = 12
"""Neighbours shown."""


def show_neighbours(dataset: Dataset, table: pd.DataFrame, state: PageState, *, prediction: str | None) -> None:
    """Show the nearest samples of the opened one, of all and, where groups are known, of other groups.

    Parameters
    ----------
    dataset
        The samples.
    table
        As :func:`pages.selection.sample_table` leaves them.
    state
        The page's state; holds the opened sample.
    prediction
        Column of the predictions.
    """
    sample = state["sample"]
    if not opened_sample(sample, table):
        return
    with st.container(key="neighbours"):
        stored = show_embeddings(dataset, "Finding what looks alike to the model", key="neighbours")
        if stored is None:
            return
        found, problem = attempt(lambda: nearest_samples(stored, sample, K))
        if problem:
            st.info(escape_markdown(problem), icon=":material/info:")
            return
        rows = [neighbour_row("All samples", dataset, table, sample, found, prediction=prediction)]
        group = dataset.roles.group_id
        if group:
            codes = dataset.metadata.loc[stored.index, group].astype("str").to_numpy()
            others = nearest_samples(stored, sample, K, group=codes)
            title = f"Without its own {group.replace('_', ' ')}"
            # Nothing is gained by showing the same pictures twice.
            if list(others.index) != list(found.index):
                rows.append(neighbour_row(title, dataset, table, sample, others, prediction=prediction))
        text = "By the cosine of the embeddings, not by the distance on the map; a click opens a sample."
        show_panel(Panel(title="Nearest to the model", text=text, rows=tuple(rows)), dataset, state, key="neighbours")


def neighbour_row(
    title: str,
    dataset: Dataset,
    table: pd.DataFrame,
    sample: str,
    found: pd.Series[float],
    *,
    prediction: str | None,
) -> PictureRow:
    """Return neighbours as a row of pictures, with a sentence on their labels.

    Parameters
    ----------
    title
        Heading of the row.
    dataset, table
        The samples.
    sample
        Whose neighbours they are.
    found
        Cosines by sample id, the nearest first; ids that the table lacks are left out.
    prediction
        Column of the predictions; a wrong one is struck.
    """
    label = dataset.roles.label
    found = found[found.index.isin(table.index)]
    pictures = []
    for name, cosine in found.items():
        row = table.loc[str(name)]
        said = cell_text(row[label]) if label else str(name)
        predicted = cell_text(row[prediction]) if label and prediction else ""
        wrong = bool(predicted) and predicted != said
        caption = f"{said}, predicted {predicted}" if wrong else said
        pictures.append(Picture(sample_id=str(name), caption=caption, tag=f"cosine {format_value(float(cosine))}"))
    if not pictures:
        return PictureRow(title=title, text="There are no further samples with an image.")
    text = f"{plural(len(pictures), 'sample')}, cosine {format_value(float(found.iloc[0]))} "
    text += f"to {format_value(float(found.iloc[-1]))}."
    if label:
        own = cell_text(table.loc[sample, label])
        other = sum(cell_text(table.loc[str(name), label]) != own for name in found.index)
        text = f"{other} of {len(pictures)} have another label than {own}. " + text
    return PictureRow(title=title, text=text, groups=(PictureGroup(title="", pictures=tuple(pictures)),))
