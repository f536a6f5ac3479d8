"""What is taken for what: the confusion matrix, whose cells choose samples, and the pairs confused most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from audit.plots import SEQUENTIAL
from audit.wording import plural
from pages.charts import projected, show_figure
from pages.selection import cell_text
from pages.tables import show_counted

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from audit.dataset import Dataset
    from pages.state import PageState

MOST_CLASSES = 20
"""Classes drawn at most: those that are confused most; the table holds every pair."""

_MOST_PAIRS = 500
_CELL_PIXELS = 34
_BRIGHT = 0.55


def show_confusion(dataset: Dataset, table: pd.DataFrame, state: PageState, *, prediction: str | None) -> None:
    """Show the matrix and the pairs behind a fold, and keep the chosen cell in the page's state.

    Parameters
    ----------
    dataset
        The samples; nothing is shown without a label.
    table
        The samples that are counted.
    state
        The page's state; receives ``where``.
    prediction
        Column of the predictions; the page says how to get some without.
    """
    label = dataset.roles.label
    if label is None:
        return
    fold = st.expander(
        "What is taken for what (confusion matrix)", icon=":material/grid_on:", key="confusion", on_change="rerun"
    )
    with fold:
        if not fold.open:
            return
        if prediction is None:
            st.caption(
                "There are no predictions yet. Run an audit that classifies the images, "
                "or choose the column that holds predictions on the page “Data and models”."
            )
            return
        counts = confusion_counts(table[label], table[prediction])
        if counts.empty:
            st.caption("No sample has both a label and a prediction.")
            return
        _show_matrix(counts, label, prediction, state)


def _show_matrix(counts: pd.DataFrame, label: str, prediction: str, state: PageState) -> None:
    pairs = confused_pairs(counts, label, prediction)
    classes = drawn_classes(counts, pairs, MOST_CLASSES)

    def pick(where: str) -> None:
        state.update({"where": where or None, "lasso": None, "page": None, "sample": None})

    wrong = int(pairs["n"].sum())
    total = int(counts.to_numpy().sum())
    words = f"{wrong:,} of {total:,} samples are taken for another class ({100 * wrong / max(total, 1):.1f} %)."
    st.caption(f"{words} Click a cell to see its samples.")
    if len(classes) < len(counts):
        st.caption(
            f"Drawn are the {len(classes)} of {plural(len(counts), 'class')} that are confused most; "
            "all confused pairs are in the table below."
        )
    figure = confusion_figure(counts, classes, label, prediction)
    worst = f" Most often {pairs.index[0][0]} is taken for {pairs.index[0][1]}." if len(pairs) else ""
    show_figure(
        projected(figure),
        key=f"confusion {label} {prediction} {total} {len(classes)} {_redrawn()}",
        text=f"Confusion matrix of {plural(len(classes), 'class')}. {words}{worst}",
        on_pick=pick,
    )
    if len(pairs):
        _show_pairs(pairs, state)


def _show_pairs(pairs: pd.DataFrame, state: PageState) -> None:
    st.markdown("**Confused most**")
    shown = pairs.head(_MOST_PAIRS).reset_index().drop(columns=["where"])
    shown = shown.assign(share=100 * shown["share"]).set_index("label")
    configuration = {
        "taken for": st.column_config.TextColumn("taken for"),
        "n": st.column_config.NumberColumn("n", format="localized"),
        "of": st.column_config.NumberColumn("of", format="localized"),
        "share": st.column_config.ProgressColumn("share of the label", format="%.1f %%", min_value=0, max_value=100),
        "back": st.column_config.NumberColumn("the other way round", format="localized"),
    }
    picked = show_counted(shown, configuration, key=f"confused pairs {_redrawn()}", rows=8, select=True)
    memory = f"confused pair {_redrawn()}"
    if picked != st.session_state.get(memory):
        where = None if picked is None else str(pairs["where"].iloc[picked])
        state.update({"where": where, "lasso": None, "page": None, "sample": None})
        st.session_state[memory] = picked
        st.rerun()


def _redrawn() -> int:
    """Return how often the selection was lifted: chart and table are new then, with nothing chosen."""
    return int(st.session_state.get("map redraw", 0))


def confusion_counts(labels: pd.Series[Any], predictions: pd.Series[Any]) -> pd.DataFrame:
    """Return how often each label (rows) is predicted as each class (columns), samples without either left out."""
    known = (labels.notna() & predictions.notna()).to_numpy()
    true, taken = labels[known].astype("str"), predictions[known].astype("str")
    classes = sorted(set(true) | set(taken))
    counts = pd.crosstab(true.to_numpy(), taken.to_numpy()).reindex(index=classes, columns=classes, fill_value=0)
    return counts.rename_axis(index="label", columns="predicted")


def confused_pairs(counts: pd.DataFrame, label: str, prediction: str) -> pd.DataFrame:
    """Return every pair of label and other prediction that occurs, the most frequent first.

    Parameters
    ----------
    counts
        As :func:`confusion_counts` leaves them.
    label, prediction
        The columns, for ``where``.

    Returns
    -------
    DataFrame
        Indexed by ``label`` and ``taken for``; columns ``n``, ``of`` (samples of the label), ``share``, ``back``
        (how often it is the other way round), ``where``.
    """
    numbers = counts.to_numpy()
    rows, columns = np.nonzero(numbers * (1 - np.eye(len(numbers), dtype=int)))
    sizes = numbers.sum(axis=1)
    n = numbers[rows, columns]
    names = counts.index.to_numpy()
    found = pd.DataFrame(
        {
            "n": n,
            "of": sizes[rows],
            "share": n / np.maximum(sizes[rows], 1),
            "back": numbers[columns, rows],
            "where": [
                cell_where(label, prediction, str(a), str(b)) for a, b in zip(names[rows], names[columns], strict=True)
            ],
        },
        index=pd.MultiIndex.from_arrays([names[rows], names[columns]], names=["label", "taken for"]),
    )
    return found.sort_values(["n", "share"], ascending=False, kind="stable")


def cell_where(label: str, prediction: str, true: str, taken: str) -> str:
    """Return the ``where`` of one cell."""
    return json.dumps({label: true, prediction: taken}, ensure_ascii=False)


def drawn_classes(counts: pd.DataFrame, pairs: pd.DataFrame, most: int) -> list[str]:
    """Return the classes to draw: all in order when they are few, else those of the most confused pairs first."""
    if len(counts) <= most:
        return [str(name) for name in counts.index]
    ranked: dict[str, None] = {}
    for true, taken in pairs.index:
        ranked.update({str(true): None, str(taken): None})
    ranked.update(dict.fromkeys(map(str, counts.index)))
    return list(ranked)[:most]


def confusion_figure(counts: pd.DataFrame, classes: list[str], label: str, prediction: str) -> go.Figure:
    """Draw the matrix: colour is the share of the label, the number is that of samples; cells carry ``where``.

    Parameters
    ----------
    counts
        As :func:`confusion_counts` leaves them.
    classes
        Rows and columns to draw, in order.
    label, prediction
        The columns, for ``where``.
    """
    import plotly.graph_objects as go

    sizes = counts.sum(axis=1).reindex(classes).to_numpy()
    numbers = counts.loc[classes, classes].to_numpy()
    share = numbers / np.maximum(sizes[:, None], 1)
    rows, columns = np.nonzero(numbers)
    held = share[rows, columns]
    names = [cell_text(name) for name in classes]
    figure = go.Figure()
    figure.add_heatmap(
        z=np.where(numbers > 0, share, np.nan),
        zmin=0,
        zmax=1,
        colorscale=SEQUENTIAL,
        colorbar={"title": {"text": "of the label"}, "tickformat": ".0%", "thickness": 12},
        hoverinfo="skip",
        xgap=2,
        ygap=2,
    )
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers+text",
        marker={"size": _CELL_PIXELS - 6, "symbol": "square", "opacity": 0},
        text=[f"{n:,}" for n in numbers[rows, columns]],
        textfont={"size": 14, "color": ["#16202A" if value > _BRIGHT else "#FFFFFF" for value in held]},
        customdata=[
            cell_where(label, prediction, classes[row], classes[column])
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        ],
        hovertext=[
            f"{names[row]} taken for {names[column]}: {numbers[row, column]:,} of {sizes[row]:,} "
            f"({100 * share[row, column]:.1f} %)"
            if row != column
            else f"{names[row]} right: {numbers[row, column]:,} of {sizes[row]:,} ({100 * share[row, column]:.1f} %)"
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}, "textfont": {"color": "#8A96A1"}},
    )
    axis = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names, "showgrid": False}
    figure.update_layout(
        height=130 + _CELL_PIXELS * len(classes),
        # A click anywhere in a cell means that cell.
        hoverdistance=-1,
        xaxis={**axis, "zeroline": False, "side": "top", "title": {"text": "taken for"}},
        yaxis={**axis, "zeroline": False, "autorange": "reversed", "title": {"text": "label"}},
    )
    return figure
