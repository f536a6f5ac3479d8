"""The result of an audit: three tables, a verdict and the notes that belong to them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from audit.errors import InputError

SCORE_COLUMNS = ("value", "low", "high", "n", "support", "null", "p_value", "q_value")
"""Columns of `overall` and `by_group` that mean the same in every audit, in this order."""

State = Literal["differs", "above_chance", "no_difference", "too_few", "not_computed"]

STATES: Mapping[State, tuple[str, str]] = {
    "differs": ("▲", "differs"),
    "above_chance": ("▲", "differs from chance"),
    "no_difference": ("●", "no evidence of a difference"),
    "too_few": ("◌", "too few samples to tell"),
    "not_computed": ("✕", "could not be computed"),
}
"""Icon and words of each state, never told by colour alone. What differs from chance only is no cause for alarm."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer in one sentence.

    Parameters
    ----------
    state
        One of the states of :data:`STATES`.
    sentence
        Plain words built from the numbers, with value, null and interval.
    score
        Name of the row of ``overall`` that the sentence is about: the one number that matters.
    where
        JSON object that selects the samples that this number rests on, as in ``by_group``; empty: all of them.
    """

    state: State
    sentence: str
    score: str = ""
    where: str = ""

    @property
    def label(self) -> str:
        """Icon and words of the state, for text and screen alike."""
        icon, words = STATES[self.state]
        return f"{icon} {words}"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """What an audit found.

    Parameters
    ----------
    overall
        One row a score, indexed by ``score``; columns :data:`SCORE_COLUMNS` where they exist, then the
        audit's own. ``n`` is the number of samples behind the value, ``support`` what it rests on
        (groups, classes, pairs), ``null`` the value with no effect.
    by_group
        One row a subgroup, class, center, layer, hypothesis, prototype ...; the index name says which, a
        column ``kind`` tells several kinds apart. The column ``where`` holds a JSON object
        {column: value} over metadata and ``by_sample`` that selects the row's samples (empty: all).
    by_sample
        One row a sample, index equal to the dataset's.
    verdict
        The answer in one sentence.
    notes
        What was skipped, sampled, undefined, and why.
    settings
        The audit's parameters as they were used, seeds included.
    """

    overall: pd.DataFrame
    by_group: pd.DataFrame
    by_sample: pd.DataFrame
    verdict: Verdict
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.overall.index.name != "score" or not self.overall.index.is_unique:
            raise InputError("`overall` must be indexed by unique names called `score`.")
        if not self.by_group.index.name:
            raise InputError("`by_group` must have a named index that says what a row is.")
        if self.by_sample.index.name != "sample_id" or not self.by_sample.index.is_unique:
            raise InputError("`by_sample` must be indexed by unique `sample_id`.")

    def score(self, name: str) -> pd.Series[Any]:
        """Return one row of ``overall``.

        Raises
        ------
        InputError
            If there is no such score.
        """
        if name not in self.overall.index:
            raise InputError(f"`score` must be one of {', '.join(self.overall.index)}; got '{name}'.")
        row = self.overall.loc[name]
        assert isinstance(row, pd.Series)
        return row

    def to_json(self) -> dict[str, Any]:
        """Return ``{"verdict", "overall", "by_group", "notes", "settings"}`` with NaN as null."""
        return {
            "verdict": dataclasses.asdict(self.verdict),
            "overall": records(self.overall),
            "by_group": records(self.by_group),
            "notes": list(self.notes),
            "settings": plain(dict(self.settings)),
        }

    def save(self, folder: Path) -> None:
        """Write the tables as Parquet and the rest as JSON into an existing folder."""
        for name in ("overall", "by_group", "by_sample"):
            getattr(self, name).to_parquet(folder / f"{name}.parquet")
        facts = {
            "verdict": dataclasses.asdict(self.verdict),
            "notes": list(self.notes),
            "settings": plain(dict(self.settings)),
        }
        (folder / "result.json").write_text(json.dumps(facts, indent=1, allow_nan=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Result:
        """Read what :meth:`save` wrote."""
        facts = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("overall", "by_group", "by_sample")}
        return cls(
            overall=tables["overall"],
            by_group=tables["by_group"],
            by_sample=tables["by_sample"],
            verdict=Verdict(**facts["verdict"]),
            notes=tuple(facts["notes"]),
            settings=facts["settings"],
        )


def score_table(rows: Sequence[Mapping[str, Any]], *, index: str = "score") -> pd.DataFrame:
    """Build ``overall`` or ``by_group`` from one mapping a row, shared columns first.

    Parameters
    ----------
    rows
        Each must hold the key ``index`` and may hold any of :data:`SCORE_COLUMNS` and further columns.
    index
        Name of the index.

    Returns
    -------
    DataFrame
        Shared numeric columns that any row has are float64, in the order of :data:`SCORE_COLUMNS`.
    """
    frame = pd.DataFrame.from_records(list(rows))
    if frame.empty:
        frame = pd.DataFrame(columns=[index, "value"])
    shared = [column for column in SCORE_COLUMNS if column in frame.columns]
    own = [column for column in frame.columns if column not in shared and column != index]
    frame = frame[[index, *shared, *own]].astype(dict.fromkeys(shared, "float64"))
    frame[index] = frame[index].astype("str")
    return frame.set_index(index)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, index included, as JSON-ready mappings (NaN becomes ``None``)."""
    rows = frame.reset_index().to_dict(orient="records")
    return [{str(key): plain(value) for key, value in row.items()} for row in rows]


def plain(value: Any) -> Any:
    """Return a JSON-ready copy: arrays as lists, numpy scalars as Python's, NaN and infinities as ``None``."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(inner) for inner in value.tolist()]
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool | int | str):
        return value
    return str(value)
