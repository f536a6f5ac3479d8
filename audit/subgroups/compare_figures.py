"""Several models on the same samples: what changed for whom, and the moon plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audit.base import Figure
from audit.counts import Coded, code
from audit.plots import ACCENT, NEUTRAL, interval_figure
from audit.subgroups.comparison import CommonDrop, common_drop, moon_shape, paired_change
from audit.subgroups.group_rows import where_text
from audit.subgroups.inputs import text_of
from audit.value_axis import value_axis
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.result import Result

COMMON = "Common change, and each class's own"

TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


def comparison_figures(results: Mapping[str, Result], dataset: Dataset) -> tuple[Figure, ...]:
    """Draw the change from the first to the second model by class and subgroup, and all models' moon plot.

    Parameters
    ----------
    results
        Results by model name, in order; at least two.
    dataset
        The samples; only those that every model answered are compared.

    Returns
    -------
    tuple of Figure
        Empty with fewer than two models.
    """
    if len(results) < 2:
        return ()
    names = list(results)
    answers = pd.DataFrame({name: result.by_sample["correct"] for name, result in results.items()}).reindex(
        dataset.index
    )
    shared = answers.notna().all(axis=1).to_numpy()
    label = code(text_of(dataset.column("label")), dataset.class_names or None)
    label = Coded(np.where(shared, label.codes, -1), label.levels)
    right = {name: answers[name].fillna(value=False).to_numpy(dtype=bool) for name in names}
    first, second = right[names[0]], right[names[1]]
    pair = (names[0], names[1])
    figures = [_change(first, second, label, names=pair, column=str(dataset.roles.label), what="class")]
    subgroup = _subgroup(results[names[0]], dataset, shared)
    attribute = str(results[names[0]].settings.get("attribute", ""))
    if subgroup is not None:
        # Numbers that were cut into ranges have their subgroups in `by_sample` only.
        own = set(dataset.metadata[attribute].astype("str")) if attribute in dataset.metadata.columns else set()
        column = attribute if own.issuperset(subgroup.levels) else "subgroup"
        figures.append(_change(first, second, subgroup, names=pair, column=column, what=attribute or "subgroup"))
    group_id = code(dataset.column("group_id")).codes if dataset.roles.group_id else None
    figures.append(_common(first, second, label, pair, group_id))
    if subgroup is not None:
        figures.append(_moon(right, label, subgroup))
    return tuple(figure for figure in figures if figure is not None)


def _subgroup(result: Result, dataset: Dataset, shared: NDArray[np.bool_]) -> Coded | None:
    if "subgroup" not in result.by_sample.columns:
        return None
    values = result.by_sample["subgroup"].reindex(dataset.index)
    coded = code(values.where(values != ""))
    return Coded(np.where(shared, coded.codes, -1), coded.levels)


def _change(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    cells: Coded,
    *,
    names: tuple[str, str],
    column: str,
    what: str,
) -> Figure | None:
    found = paired_change(first, second, cells.codes, len(cells.levels))
    table = pd.DataFrame(
        {
            "value": found.change,
            "low": found.interval.low,
            "high": found.interval.high,
            "n": found.n,
            "p_value": found.p_value,
            "unit": "points",
            "where": [where_text({column: level}) for level in cells.levels],
        },
        index=pd.Index(cells.levels, name=what),
    )
    table = table[table["n"] > 0]
    if table.empty:
        return None
    worse = int((table["high"] < 0).sum())
    better = int((table["low"] > 0).sum())
    text = (
        f"Change in accuracy from {names[0]} to {names[1]} on the same samples by {what}: "
        f"{better} better, {worse} worse with the whole interval on one side of 0, {len(table)} in all."
    )
    figure = interval_figure(table, null=0.0, axis_title=f"accuracy, {names[1]} less {names[0]}")
    return Figure(title=f"Change by {what}", figure=figure, text=text)


def _common(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    label: Coded,
    names: tuple[str, str],
    group_id: NDArray[np.int64] | None,
) -> Figure | None:
    """Draw each class's deviation from the common change, against its log frequency where that varies."""
    import plotly.graph_objects as go

    if not (label.codes >= 0).any():
        return None
    found = common_drop(first, second, label.codes, len(label.levels), group_id=group_id)
    known = np.isfinite(found.deviation)
    low, high = found.deviation_interval
    if not np.isfinite(found.slope[0]):
        table = pd.DataFrame(
            {"value": found.deviation, "low": low, "high": high, "unit": "points"},
            index=pd.Index(label.levels, name="class"),
        )
        figure = interval_figure(table, null=0.0, axis_title="change beyond the common one")
        return Figure(title=COMMON, figure=figure, text=_common_text(found, names))
    figure = go.Figure(
        go.Scatter(
            x=np.exp(found.log_frequency[known]),
            y=found.deviation[known],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (high - found.deviation)[known].clip(min=0),
                "arrayminus": (found.deviation - low)[known].clip(min=0),
                "color": NEUTRAL,
                "width": 0,
            },
            mode="markers",
            marker={"size": 10, "color": ACCENT},
            text=[
                f"{name}: {format_value(float(value), 'points')}"
                for name, value, there in zip(label.levels, found.deviation, known, strict=True)
                if there
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.add_hline(y=0, line={"dash": "dash", "color": NEUTRAL})
    figure.update_layout(
        height=420,
        xaxis={"type": "log", "title": {"text": "samples of the class"}},
        yaxis=value_axis(
            ["points"],
            np.concatenate([found.deviation[known], low[known], high[known], [0.0]]),
            title="change beyond the common one",
        ),
    )
    return Figure(title=COMMON, figure=figure, text=_common_text(found, names))


def _common_text(found: CommonDrop, names: tuple[str, str]) -> str:
    common, slope = found.common, found.slope
    text = (
        f"All classes change by {format_value(common[0], 'points')} on average "
        f"({format_interval(common[1], common[2], 'points')}) from {names[0]} to {names[1]}; "
    )
    if np.isfinite(slope[0]):
        text += (
            f"a class e times as frequent changes by {format_value(slope[0], 'points')} more "
            f"({format_interval(slope[1], slope[2], 'points')})."
        )
    else:
        text += "all classes are equally frequent, so that the change cannot be set against frequency."
    return text


def _moon(right: Mapping[str, NDArray[np.bool_]], label: Coded, subgroup: Coded) -> Figure | None:
    """Draw minority against majority accuracy: majority = the commonest subgroup of each class (audit-defined)."""
    import plotly.graph_objects as go
    from scipy.special import ndtr, ndtri

    known = (label.codes >= 0) & (subgroup.codes >= 0)
    shape = (len(label.levels), len(subgroup.levels))
    cell = np.where(known, label.codes * shape[1] + subgroup.codes, 0)
    n = np.bincount(cell[known], minlength=shape[0] * shape[1]).reshape(shape)
    common = n.argmax(axis=1)[np.maximum(label.codes, 0)] == subgroup.codes
    majority, minority = known & common, known & ~common
    if not majority.any() or not minority.any():
        return None
    names = list(right)
    found = moon_shape(
        [right[name][majority].sum() for name in names],
        np.full(len(names), majority.sum()),
        [right[name][minority].sum() for name in names],
        np.full(len(names), minority.sum()),
    )
    figure = go.Figure()
    ends = np.array([min(found.majority.min(), found.minority.min()), max(found.majority.max(), found.minority.max())])
    ends += np.array([-0.1, 0.1])
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"dash": "dash", "color": NEUTRAL}, hoverinfo="skip")
    if not found.reason:
        x = np.linspace(found.majority.min(), found.majority.max(), 60)
        y = np.vander(x, 3, increasing=True) @ found.quadratic
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": ACCENT, "width": 2}, hoverinfo="skip")
    figure.add_scatter(
        x=found.majority,
        y=found.minority,
        mode="markers",
        marker={"size": 11, "color": ACCENT},
        text=[
            f"{name}: {format_value(float(ndtr(a)), 'share')} and {format_value(float(ndtr(b)), 'share')}"
            for name, a, b in zip(names, found.majority, found.minority, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    ticks = {"tickmode": "array", "tickvals": ndtri(TICKS).tolist(), "ticktext": [f"{100 * t:g} %" for t in TICKS]}
    figure.update_layout(
        height=520,
        showlegend=False,
        xaxis={**ticks, "range": ends.tolist(), "title": {"text": "accuracy where the class usually is"}},
        yaxis={**ticks, "range": ends.tolist(), "title": {"text": "accuracy elsewhere"}},
    )
    text = (
        "Accuracy on the commonest subgroup of each class against accuracy on all other subgroups, one point a model, "
        "probit axes. "
    )
    if found.reason:
        text += f"No curve is fitted: {found.reason}."
    else:
        text += (
            f"Curve over line: delta AIC {format_value(found.delta_aic)}, curvature {format_value(found.curvature[0])} "
            f"({format_interval(found.curvature[1], found.curvature[2])}) over {len(names)} models."
        )
    return Figure(title="Minority against majority accuracy", figure=figure, text=text)
