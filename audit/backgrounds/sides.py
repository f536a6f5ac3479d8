"""Which background of each class is common and which is counter: said, learned from training data, or discovered."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from audit.backgrounds.discovery import ELSEWHERE, discover
from audit.counts import Coded, sum_by
from audit.errors import InputError
from audit.roles import normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset

PairSource = Literal["auto", "column", "train", "discover"]

NAMES = ("common", "counter")
TRAIN_NAMES = frozenset({"train", "training", "0"})
"""Values of the split column that stand for training data; WILDS writes 0."""


@dataclasses.dataclass(frozen=True, eq=False)
class Sides:
    """Common and counter samples.

    Parameters
    ----------
    codes
        0 common, 1 counter, -1 neither: (n,).
    tested
        Samples that scores rest on: not those that sides were learned from.
    how
        ``column``, ``train``, ``discover``; empty when there are none.
    common
        The common background of each class in words, where it is one; (classes,).
    counter
        The counter background in words; (classes,).
    notes
        What was assumed.
    """

    codes: NDArray[np.int64]
    tested: NDArray[np.bool_]
    how: Literal["column", "train", "discover", ""]
    common: tuple[str, ...]
    counter: tuple[str, ...]
    notes: tuple[str, ...] = ()


def side_column(dataset: Dataset, chosen: str | None = None) -> str | None:
    """Return the column that says common or counter: the chosen one, or one called ``side``."""
    if chosen is not None:
        if chosen not in dataset.metadata.columns:
            raise InputError(f"`side` must name a column of '{dataset.name}'; got '{chosen}'.")
        return chosen
    for column in dataset.metadata.columns:
        if normalised(column) == "side":
            values = set(dataset.metadata[column].dropna().astype("str").str.lower().unique())
            if values and values <= set(NAMES):
                return str(column)
    return None


def train_rows(dataset: Dataset) -> NDArray[np.bool_]:
    """Return which samples are in the training split; none without a split column."""
    if dataset.roles.split is None:
        return np.zeros(len(dataset), dtype=bool)
    values = dataset.column("split").astype("str").str.lower().isin(TRAIN_NAMES)
    found = values.to_numpy(dtype=bool)
    # A column of numbers may count anything; it is a split only if it holds no more than train, validation and test.
    numeric = pd.api.types.is_numeric_dtype(dataset.column("split")) and dataset.column("split").nunique() > 3
    return np.zeros(len(dataset), dtype=bool) if numeric else found


def column_sides(values: pd.Series[Any], label: Coded, background: Coded | None) -> Sides:
    """Return the sides that a column says."""
    text = values.astype("str").str.lower()
    codes = np.where(text == "common", 0, np.where(text == "counter", 1, -1)).astype(np.int64)
    if not (codes >= 0).any():
        raise InputError(f"`side` must name a column of 'common' and 'counter'; '{values.name}' holds neither.")
    words = [_words(codes == side, label, background) for side in (0, 1)]
    return Sides(codes, codes >= 0, "column", words[0], words[1])


def train_sides(label: Coded, background: Coded, train: NDArray[np.bool_]) -> Sides:
    """Return as common each class's most frequent background in training, as counter all others."""
    shape = (len(label.levels), len(background.levels))
    known = (label.codes >= 0) & (background.codes >= 0)
    rows = known & train
    place = label.codes[rows] * shape[1] + background.codes[rows]
    counts = sum_by(place, np.ones(len(place)), shape[0] * shape[1]).reshape(shape)
    home = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), -1)
    own = home[np.maximum(label.codes, 0)]
    codes = np.where(known & (own >= 0), np.where(background.codes == own, 0, 1), -1).astype(np.int64)
    common = tuple(background.levels[place] if place >= 0 else "" for place in home)
    counter = tuple(f"not {name}" if name else "" for name in common)
    tested = ~train & (codes >= 0)
    note = "A class's common background is its most frequent one in the training split; the other samples are tested"
    if not tested.any():
        tested = codes >= 0
        note = "All samples are training samples: common backgrounds are their most frequent ones, and they are tested"
    return Sides(codes, tested, "train", common, counter, (note,))


def discovered_sides(
    correct: NDArray[np.bool_],
    label: Coded,
    background: Coded,
    *,
    n_min: int,
    group_id: NDArray[np.int64] | None,
    seed: int,
) -> Sides:
    """Return the pairs found on one half; the other half is tested."""
    found = discover(correct, label, background, n_min=n_min, group_id=group_id, seed=seed)
    names = np.array([*background.levels, ""])
    common = tuple(str(name) for name in names[np.where(found.pairs.found, found.pairs.common, -1)])
    counter = tuple(
        "" if not home else f"not {home}" if place == ELSEWHERE else str(names[place])
        for home, place in zip(common, found.pairs.counter.tolist(), strict=True)
    )
    note = (
        "Common and counter backgrounds were looked for on one half of the samples and tested on the other; "
        f"{int(found.pairs.found.sum())} of {len(common)} classes had a pair with {n_min} samples a side"
    )
    return Sides(found.sides, found.confirmation & (found.sides >= 0), "discover", common, counter, (note,))


def no_sides(label: Coded) -> Sides:
    """Return sides without a sample."""
    n, nobody = len(label.codes), ("",) * len(label.levels)
    return Sides(np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=bool), "", nobody, nobody)


def _words(rows: NDArray[np.bool_], label: Coded, background: Coded | None) -> tuple[str, ...]:
    """Return the backgrounds of each class among some rows, the most frequent first."""
    if background is None:
        return ("",) * len(label.levels)
    used = rows & (background.codes >= 0)
    shape = (len(label.levels), len(background.levels))
    place = label.codes[used & (label.codes >= 0)] * shape[1] + background.codes[used & (label.codes >= 0)]
    counts = sum_by(place, np.ones(len(place)), shape[0] * shape[1]).reshape(shape)
    order = np.argsort(-counts, axis=1, kind="stable")
    return tuple(
        ", ".join(background.levels[b] for b in row if counts[c, b] > 0) for c, row in enumerate(order.tolist())
    )
