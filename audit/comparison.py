r"""Two or more runs of one audit side by side: their scores aligned, with differences and intervals.

When the runs rest on the same samples and a score is the mean of a column of ``by_sample``, the difference is
paired: for right/wrong columns the interval of Bonett and Price (2012),

.. math:: p_{12} - p_{21} \pm z \sqrt{(p_{12} + p_{21} - (p_{12} - p_{21})^2) / (n + 2)}, \quad
          p_{ij} = (n_{ij} + 1) / (n + 2),

for other columns Student's interval of the differences. Any other difference gets the interval that follows from
the two intervals as if the samples were independent (MOVER, Zou and Donner 2008),

.. math:: d - \sqrt{(v_1 - l_1)^2 + (u_2 - v_2)^2} \;\ldots\; d + \sqrt{(u_1 - v_1)^2 + (v_2 - l_2)^2},

which is wider than a paired one when the runs share their samples.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.result import Result, plain

PAIRED = "paired"
SHARED = "from both intervals, wider than paired"
INDEPENDENT = "from both intervals, other samples"

_KEPT = ("value", "low", "high", "n", "null")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NamedResult:
    """A result under the name that it is compared by.

    Parameters
    ----------
    name
        Unique among those compared.
    result
        What the audit found.
    provenance
        At least ``audit``; ``dataset``, ``model`` and their fingerprints where known.
    """

    name: str
    result: Result
    provenance: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Runs side by side; every run is compared with the first.

    Parameters
    ----------
    names
        The runs, the first one being what the others are compared with.
    overall
        One row a score and run: ``score``, ``run``, ``value``, ``low``, ``high``, ``n``, ``null``, then
        ``difference`` (this run minus the first), ``difference_low``, ``difference_high`` and ``how`` the
        interval came about.
    by_group
        The same for every row of ``by_group``; its first column is named as the runs' index.
    paired
        Whether all runs rest on the same samples.
    notes
        What differs between the runs beside the model, in plain words.
    """

    names: tuple[str, ...]
    overall: pd.DataFrame
    by_group: pd.DataFrame
    paired: bool
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain data, NaN as null."""
        return {
            "runs": list(self.names),
            "paired": self.paired,
            "overall": plain(self.overall.to_dict(orient="records")),
            "by_group": plain(self.by_group.to_dict(orient="records")),
            "notes": list(self.notes),
        }


def compare_runs(runs: Sequence[NamedResult]) -> Comparison:
    """Align the tables of runs of one audit.

    Parameters
    ----------
    runs
        At least two, of the same audit; the first is what the others are compared with.

    Raises
    ------
    InputError
        If there are fewer than two, a name repeats, or the audits differ.
    """
    if len(runs) < 2:
        raise InputError(f"`runs` must be at least two to be compared; got {len(runs)}.")
    names = tuple(run.name for run in runs)
    if len(set(names)) < len(names):
        raise InputError(f"`runs` must have different names; got {', '.join(names)}.")
    audits = list(dict.fromkeys(str(run.provenance["audit"]) for run in runs))
    if len(audits) > 1:
        raise InputError(f"`runs` must be of one audit; got {' and '.join(audits)}.")
    tables: dict[str, list[pd.DataFrame]] = {"overall": [], "by_group": []}
    for run in runs:
        for table, found in tables.items():
            found.append(_against(runs[0], run, table))
    return Comparison(
        names=names,
        overall=_interleave(tables["overall"]),
        by_group=_interleave(tables["by_group"]),
        paired=all(_same_samples(runs[0], run) for run in runs[1:]),
        notes=_notes(runs),
    )


def _same_samples(first: NamedResult, second: NamedResult) -> bool:
    return first.result.by_sample.index.equals(second.result.by_sample.index)


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """Index a table by its name, kind and, where these repeat, by the place among the equal ones."""
    flat = table.reset_index()
    names = flat[str(table.index.name)].astype("str").tolist()
    kinds = flat["kind"].astype("str").tolist() if "kind" in flat.columns else [""] * len(flat)
    place = pd.DataFrame({"row": names, "kind": kinds}).groupby(["row", "kind"]).cumcount()
    flat.index = pd.MultiIndex.from_arrays([names, kinds, place], names=[table.index.name, "kind", "place"])
    return flat


def _against(first: NamedResult, second: NamedResult, table: str) -> pd.DataFrame:
    before, after = _keyed(getattr(first.result, table)), _keyed(getattr(second.result, table))
    shown = after.reindex(columns=[column for column in (*_KEPT, "kind", "where", "unit") if column in after.columns])
    shown.insert(0, "run", second.name)
    columns = ["difference", "difference_low", "difference_high", "how"]
    rows: list[tuple[float, float, float, str]] = []
    for key in after.index:
        if first is second:
            rows.append((math.nan, math.nan, math.nan, ""))
        elif key not in before.index:
            rows.append((math.nan, math.nan, math.nan, f"not in {first.name}"))
        else:
            one, two = before.loc[key], after.loc[key]
            found = _paired(first, second, one["value"], two["value"]) if table == "overall" else None
            low, high, how = found or _unpaired(one, two, same=_same_samples(first, second))
            rows.append((float(two["value"]) - float(one["value"]), low, high, how))
    return pd.concat([shown, pd.DataFrame(rows, index=after.index, columns=columns)], axis=1)


def _paired(first: NamedResult, second: NamedResult, one: float, two: float) -> tuple[float, float, str] | None:
    """Return the paired interval of two means over the same, independent samples; ``None`` for anything else."""
    clustered = any((run.provenance.get("roles") or {}).get("group_id") for run in (first, second))
    if clustered or not _same_samples(first, second):
        return None
    theirs = _mean_columns(second.result, two)
    column = next((column for column in _mean_columns(first.result, one) if column in theirs), None)
    if column is None:
        return None
    low, high = paired_interval(_numbers(first.result, column), _numbers(second.result, column))
    return low, high, PAIRED


def _unpaired(one: pd.Series[Any], two: pd.Series[Any], *, same: bool) -> tuple[float, float, str]:
    new, old = ([float(row.get(name, math.nan)) for name in ("value", "low", "high")] for row in (two, one))
    low, high = independent_interval((new[0], new[1], new[2]), (old[0], old[1], old[2]))
    if math.isnan(low) or math.isnan(high):
        return math.nan, math.nan, ""
    return low, high, SHARED if same else INDEPENDENT


def _numbers(result: Result, column: str) -> np.ndarray:
    return result.by_sample[column].to_numpy(dtype=np.float64)


def _mean_columns(result: Result, value: float) -> list[str]:
    """Return the columns of ``by_sample`` whose mean is the score, whatever they are called."""
    found = []
    for column in result.by_sample.columns:
        if pd.api.types.is_bool_dtype(result.by_sample[column]) or pd.api.types.is_numeric_dtype(
            result.by_sample[column]
        ):
            numbers = _numbers(result, column)
            if np.isfinite(numbers).all() and math.isclose(numbers.mean(), value, rel_tol=1e-12, abs_tol=1e-12):
                found.append(str(column))
    return found


def paired_interval(first: np.ndarray, second: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of ``second - first`` over the same samples.

    Parameters
    ----------
    first, second
        (n,) values; Bonett and Price's interval when all are 0 or 1, Student's otherwise.
    level
        Confidence.

    Returns
    -------
    tuple of float
        Low and high; NaN for fewer than two samples.
    """
    from scipy import stats

    n = len(first)
    if n < 2:
        return math.nan, math.nan
    if np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all():
        gained = (float(np.sum(second > first)) + 1) / (n + 2)
        lost = (float(np.sum(first > second)) + 1) / (n + 2)
        z = float(stats.norm.ppf((1 + level) / 2))
        half = z * math.sqrt((gained + lost - (gained - lost) ** 2) / (n + 2))
        return max(gained - lost - half, -1.0), min(gained - lost + half, 1.0)
    change = second - first
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * change.std(ddof=1) / math.sqrt(n))
    return float(change.mean()) - half, float(change.mean()) + half


def independent_interval(first: tuple[float, float, float], second: tuple[float, float, float]) -> tuple[float, float]:
    """Return the interval of ``first - second`` when the two are independent (MOVER).

    Parameters
    ----------
    first, second
        Value, low and high of each.

    Returns
    -------
    tuple of float
        Low and high; NaN where a limit is missing.
    """
    (value, low, high), (other, other_low, other_high) = first, second
    difference = value - other
    down = math.hypot(value - low, other_high - other)
    up = math.hypot(high - value, other - other_low)
    return difference - down, difference + up


def _interleave(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack the runs' tables so that equal rows stand together, in the order in which they first appear."""
    order = {key: place for place, key in enumerate(dict.fromkeys(key for table in tables for key in table.index))}
    stacked = pd.concat(tables)
    places = np.array([order[key] for key in stacked.index])
    stacked = stacked.iloc[np.argsort(places, kind="stable")]
    name = str(stacked.index.names[0])
    labels = stacked.index.get_level_values(0)
    stacked = stacked.reset_index(drop=True)
    stacked.insert(0, name, labels)
    return stacked


def _notes(runs: Sequence[NamedResult]) -> tuple[str, ...]:
    first = runs[0]
    notes = []
    for run in runs[1:]:
        if not _same_samples(first, run):
            ours, theirs = first.result.by_sample.index, run.result.by_sample.index
            shared = len(ours.intersection(theirs))
            notes.append(
                f"{first.name} rests on {len(ours)} samples and {run.name} on {len(theirs)}, {shared} of them the "
                "same: their differences are not paired."
            )
        one, two = plain(dict(first.result.settings)), plain(dict(run.result.settings))
        changed = sorted(key for key in {*one, *two} if one.get(key) != two.get(key))
        if changed:
            listed = ", ".join(f"{key} ({one.get(key)} against {two.get(key)})" for key in changed)
            notes.append(f"{first.name} and {run.name} were run with different settings: {listed}.")
    return (*notes, *(f"{run.name}: {note}" for run in runs for note in run.result.notes))
