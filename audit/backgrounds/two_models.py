r"""Two models on the same samples: how their drops differ, and what they would get right together.

    difference of drops_c = mean_common(r1 - r2) - mean_counter(r1 - r2),    r: right (1) or wrong (0)

paired by sample, with the interval of two independent means (common and counter samples differ). "Both wrong,
ensemble right" is the share of samples that each model gets wrong and their averaged probabilities get right (after
*Spurious Feature Diversification*, arXiv 2309.17230), from the likeliest classes that results keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audit.backgrounds.effective_robustness import Axes
from audit.backgrounds.figures import scatter
from audit.base import Figure
from audit.plots import interval_figure
from audit.statistics import wilson_interval
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.result import Result


def difference_of_drops(
    first: NDArray[np.bool_], second: NDArray[np.bool_], sides: NDArray[np.str_], classes: NDArray[np.str_]
) -> pd.DataFrame:
    """Return, by class, how much larger the first model's drop is.

    Parameters
    ----------
    first, second
        Right answers of the two models, bool (n,).
    sides
        ``common``, ``counter`` or anything else, (n,).
    classes
        Labels, (n,).

    Returns
    -------
    DataFrame
        Index the classes with at least two samples a side; value, low, high in [-2, 2], n.
    """
    change = first.astype(np.float64) - second.astype(np.float64)
    rows = {}
    for name in pd.unique(pd.Series(classes)):
        parts = [change[(classes == name) & (sides == side)] for side in ("common", "counter")]
        if min(map(len, parts)) < 2:
            continue
        value = float(parts[0].mean() - parts[1].mean())
        # One more sample of change and one of none: two models that never differ are not certain to be equal.
        spread = [np.append(part, [1.0, -1.0, 0.0]).var(ddof=1) / (len(part) + 3) for part in parts]
        half = 1.959964 * float(np.sqrt(sum(spread)))
        rows[str(name)] = {"value": value, "low": value - half, "high": value + half, "n": sum(map(len, parts))}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high", "n"])


def parsed_answers(text: str) -> dict[str, float]:
    """Return the probabilities of an answer kept as ``cow .83; camel .10``."""
    return {part.rpartition(" ")[0]: float(part.rpartition(" ")[2]) for part in text.split("; ") if part}


def ensemble_right(
    first: pd.DataFrame, second: pd.DataFrame, truth: pd.Series[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples both models get wrong, and which of them the averaged probabilities get right.

    Parameters
    ----------
    first, second
        ``by_sample`` of two results with the columns ``correct``, ``answers`` and ``p_true``, one index.
    truth
        Labels.
    """
    wrong = ~(first["correct"].astype(bool) | second["correct"].astype(bool)).to_numpy()
    right = np.zeros(len(first), dtype=bool)
    for place in np.flatnonzero(wrong):
        answers = [parsed_answers(str(table["answers"].iloc[place])) for table in (first, second)]
        true = sum(float(table["p_true"].iloc[place]) for table in (first, second))
        label = str(truth.iloc[place])
        others = {name for answer in answers for name in answer} - {label}
        right[place] = all(true > sum(answer.get(name, 0.0) for answer in answers) for name in others)
    return wrong, right


def comparison_figures(results: Mapping[str, Result], dataset: Dataset, axes: Axes) -> tuple[Figure, ...]:
    """Return the models among the published ones and, for the first two, the paired differences.

    Parameters
    ----------
    results
        By model, in order.
    dataset
        The samples.
    axes
        Of the published models' line.
    """
    figures = [scatter(dict(results), axes)]
    if len(results) >= 2:
        (one, first), (other, second) = list(results.items())[:2]
        figures.append(_paired(one, first, other, second, dataset))
    return tuple(figure for figure in figures if figure is not None)


def _paired(one: str, first: Result, other: str, second: Result, dataset: Dataset) -> Figure | None:
    tables = [result.by_sample[result.by_sample["correct"].notna()] for result in (first, second)]
    shared = tables[0].index.intersection(tables[1].index)
    if not len(shared) or dataset.roles.label is None:
        return None
    left, right = (table.loc[shared] for table in tables)
    truth = dataset.column("label").loc[shared].astype("str")
    sides = left["tested_side"].where(left["tested_side"] == right["tested_side"], "").to_numpy(dtype=np.str_)
    rows = difference_of_drops(
        left["correct"].to_numpy(dtype=bool),
        right["correct"].to_numpy(dtype=bool),
        sides,
        truth.to_numpy(dtype=np.str_),
    )
    together = _together(left, right, truth)
    if rows.empty:
        return None
    rows = rows.sort_values("value").assign(unit="points")
    figure = interval_figure(rows, null=0.0, axis_title=f"drop of {one} minus drop of {other}")
    mean = float(rows["value"].mean())
    words = format_value(mean, "points")
    text = f"By class, how much larger the drop of {one} is than that of {other}: {words} on average."
    return Figure(title="Difference of drops by class", figure=figure, text=f"{text} {together}".strip())


def _together(left: pd.DataFrame, right: pd.DataFrame, truth: pd.Series[str]) -> str:
    if left["p_true"].isna().any() or right["p_true"].isna().any():
        return ""
    wrong, saved = ensemble_right(left, right, truth)
    n, k = len(left), int(saved.sum())
    bounds = wilson_interval(k, n)
    return (
        f"Both are wrong on {int(wrong.sum()):,} of {n:,} samples; of all samples {format_value(k / n, 'share')} "
        f"({format_interval(float(bounds.low), float(bounds.high), 'share')}) are wrong for both and right for their "
        "averaged probabilities."
    )
