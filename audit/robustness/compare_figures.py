"""Several models on the same samples: indices on the same draws of groups, and how probable each rank is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audit.base import Figure
from audit.plots import SEQUENTIAL, interval_figure
from audit.robustness.design import encode
from audit.robustness.index import SO
from audit.robustness.uncertainty import group_deviations, interval_of, rank_probabilities
from audit.statistics import divide
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.result import Result

DRAWS = 2000
SEED = 0


def comparison_figures(results: Mapping[str, Result], dataset: Dataset) -> tuple[Figure, ...]:
    """Draw the differences from the first model and the probability of every rank.

    Parameters
    ----------
    results
        Results by model name, in order; at least two.
    dataset
        The samples.

    Returns
    -------
    tuple of Figure
        Empty with fewer than two models, or where no sample counts for all of them.
    """
    draws = paired_draws(results, dataset)
    if draws is None:
        return ()
    names = list(results)
    values = np.array([float(result.score("robustness_index")["value"]) for result in results.values()])
    used = {name: int(result.settings.get("k_used", 0)) for name, result in results.items()}
    same_k = len(set(used.values())) == 1
    remark = (
        f"all at k = {used[names[0]]}" if same_k else "k differs: " + ", ".join(f"{n} {k}" for n, k in used.items())
    )
    change = draws[:, 1:] - draws[:, :1]
    interval = interval_of(change)
    table = pd.DataFrame(
        {"value": values[1:] - values[0], "low": interval.low, "high": interval.high},
        index=pd.Index([f"{name} less {names[0]}" for name in names[1:]], name="model"),
    )
    differences = interval_figure(table, null=0.0, order="given", axis_title="difference of robustness indices")
    words = "; ".join(
        f"{name} {format_value(float(row['value']))} ({format_interval(float(row['low']), float(row['high']))})"
        for name, row in table.iterrows()
    )
    return (
        Figure(
            title="Difference of the indices, on the same draws of groups (narrower)",
            figure=differences,
            text=f"{words}; {remark}. Both models are on the same draws of groups here, so that these intervals are "
            "narrower than the table's, which follow from each model's own.",
        ),
        _ranks(names, rank_probabilities(draws)),
    )


def paired_draws(results: Mapping[str, Result], dataset: Dataset) -> NDArray[np.float64] | None:
    """Return bootstrap draws (draws, models) of the index, every model on the same draws of groups.

    Groups are drawn as in :mod:`audit.robustness.uncertainty`, each model's evidence summed by group.
    """
    if len(results) < 2:
        return None
    frames = [result.by_sample.reindex(dataset.index) for result in results.values()]
    shared = np.logical_and.reduce([frame["so_evidence"].notna().to_numpy(dtype=bool) for frame in frames])
    if not shared.any():
        return None
    first = next(iter(results.values()))
    label = dataset.metadata[str(first.settings["class_column"])].astype("str")
    center = dataset.metadata[str(first.settings["center_column"])].astype("str")
    group = dataset.metadata[dataset.roles.group_id].astype("str") if dataset.roles.group_id else dataset.index
    codes, _ = encode(np.asarray(group), shared)
    cells, _ = encode(np.asarray(label + "\x00" + center), shared)
    stratum = _strata(codes[shared], cells[shared], encode(np.asarray(center), shared)[0][shared])
    change, totals = [], []
    for frame in frames:
        evidence = frame.loc[shared, ["so_evidence", "os_evidence"]].to_numpy(dtype=np.float64)
        change.append(np.stack([np.bincount(codes[shared], weights=column) for column in evidence.T], axis=1))
        totals.append(frame.loc[shared, ["so_count", "os_count"]].to_numpy(dtype=np.float64).sum(axis=0))
    stacked = np.concatenate(change, axis=1)
    found = []
    for deviation in group_deviations(stratum, DRAWS, SEED):
        moved = (deviation @ stacked).reshape(len(deviation), len(frames), 2)
        counts = np.maximum(np.stack(totals)[None] + moved, 0.0)
        found.append(divide(counts[..., SO - 1], counts.sum(axis=2)))
    return np.concatenate(found)


def _strata(group: NDArray[np.int64], cell: NDArray[np.int64], center: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each group's stratum: its only (class, center), or its center where it holds several classes."""
    groups, first, place = np.unique(group, return_index=True, return_inverse=True)
    several = len(np.unique(np.stack([place, cell], axis=1), axis=0)) > len(groups)
    found = center[first] if several else cell[first]
    _, stratum, size = np.unique(found, return_inverse=True, return_counts=True)
    alone = size[stratum] == 1
    if alone.any():
        stratum = np.where(alone, int(np.argmax(size)), stratum)
    return np.asarray(stratum, dtype=np.int64)


def _ranks(names: list[str], probability: NDArray[np.float64]) -> Figure:
    import plotly.graph_objects as go

    places = [f"rank {place + 1}" for place in range(len(names))]
    shown = [[format_value(float(value), "share") for value in row] for row in probability]
    figure = go.Figure(
        go.Heatmap(
            z=probability,
            x=places,
            y=names,
            colorscale=SEQUENTIAL,
            zmin=0,
            zmax=1,
            text=shown if len(names) <= 10 else None,
            texttemplate="%{text}" if len(names) <= 10 else None,
            colorbar={"tickformat": ".0%", "thickness": 12},
            hovertemplate="%{y}, %{x}: %{z:.1%}<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    figure.update_layout(height=140 + 40 * len(names), yaxis={"autorange": "reversed", "showgrid": False})
    best = int(np.argmax(probability[:, 0]))
    text = f"{names[best]} comes first in {format_value(float(probability[best, 0]), 'share')} of the draws of groups."
    return Figure(title="Probability of each rank", figure=figure, text=text)
