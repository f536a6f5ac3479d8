"""What to look at first: queues of samples, made from whatever columns the results at hand have.

No audit is known by name here: a column called ``margin`` makes a queue of negative margins whichever audit wrote it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.base import select
from audit.errors import InputError
from audit.wording import format_value

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.result import Result

LONGEST = 500
"""Samples of a queue at most, the most pressing first."""

SMALLEST_SLICE = 10
"""Samples a slice must have to be called the worst."""

NEAR = 0.99
"""Cosine similarity from which two embeddings can count as near-duplicates."""

CLOSE = 0.1
"""Share of the usual distance to another split below which they do: some models see everything within .99."""

USUAL_OF = 30
"""Rows from which there is such a thing as a usual distance."""

MOST_COMPARED = 30_000
"""Samples whose embeddings are compared with one another at most."""

_PAIR_WORDS = ("sharp", "pair", "conflict")
_MOST_SLICES = 400
_BLOCK = 1_024


@dataclasses.dataclass(frozen=True, kw_only=True)
class Queue:
    """Samples that are worth a look, and why.

    Parameters
    ----------
    name
        Unique among queues; part of a link.
    title
        A few words.
    reason
        Why these samples, in a sentence.
    samples
        Their ids, the most pressing first.
    source
        Key of the result that it comes from; empty for the dataset itself.
    """

    name: str
    title: str
    reason: str
    samples: tuple[str, ...]
    source: str = ""


def queues(
    dataset: Dataset,
    results: Sequence[tuple[Result, Mapping[str, Any]]],
    embeddings: np.ndarray | None = None,
    *,
    quarantine: pd.DataFrame | None = None,
) -> tuple[Queue, ...]:
    """Return the queues that the dataset and its results offer; empty ones are left out.

    Parameters
    ----------
    dataset
        The samples.
    results
        Results on this dataset with their provenance, the newest first.
    embeddings
        One row a sample (n, d), where there are some: near-duplicates across splits are looked for among them.
    quarantine
        Samples whose image cannot be used, with the ``reason``; by default those found when the data was read.
    """
    found: dict[str, Queue] = {}
    made = [
        *_of_pair_rows(dataset, results),
        *_of_pairs(dataset, results),
        *_across_splits(dataset, embeddings),
        *_worst_slices(dataset, results),
        *_negative_margins(results),
        *_marked_duplicates(results),
        *_quarantined(dataset.quarantine if quarantine is None else quarantine),
    ]
    for queue in made:
        known = tuple(sample for sample in queue.samples if sample in dataset.index)[:LONGEST]
        # The newest result that offers a queue makes it.
        if known and queue.name not in found:
            found[queue.name] = dataclasses.replace(queue, samples=known)
    return tuple(found.values())


def _quarantined(quarantine: pd.DataFrame) -> Iterator[Queue]:
    reasons = quarantine["reason"].value_counts()
    words = ", ".join(f"{reason} ({n:,})" for reason, n in reasons.items())
    yield Queue(
        name="quarantined",
        title="Images that cannot be used",
        reason=f"Left out of everything that needs the image: {words}.",
        samples=tuple(map(str, quarantine.index)),
    )


def _of_pair_rows(dataset: Dataset, results: Sequence[tuple[Result, Mapping[str, Any]]]) -> Iterator[Queue]:
    """Pairs of samples with different labels, from rows that name both in ``first`` and ``second``."""
    label = dataset.roles.label
    for result, facts in results:
        if label is None or not {"first", "second", "value"} <= set(result.by_group.columns):
            continue
        rows = result.by_group.dropna(subset=["first", "second"])
        rows = rows[rows["first"].isin(dataset.index) & rows["second"].isin(dataset.index)]
        labels = dataset.metadata[label].astype("str")
        differ = labels.reindex(rows["first"]).to_numpy() != labels.reindex(rows["second"]).to_numpy()
        rows = rows[differ].sort_values("value", ascending=False, kind="stable")
        samples = dict.fromkeys(str(s) for pair in zip(rows["first"], rows["second"], strict=True) for s in pair)
        yield _pair_queue(samples, facts)


def _pair_queue(samples: Mapping[str, None], facts: Mapping[str, Any]) -> Queue:
    return Queue(
        name="sharp label pairs",
        title="Alike, but labelled differently",
        reason="Each sample is followed by the one that it lies close to although their labels differ: "
        "one of the two labels may be wrong.",
        samples=tuple(samples),
        source=str(facts.get("key", "")),
    )


def _of_pairs(dataset: Dataset, results: Sequence[tuple[Result, Mapping[str, Any]]]) -> Iterator[Queue]:
    """Pairs that are close together but labelled differently, from columns that name a partner sample."""
    for result, facts in results:
        table = result.by_sample
        for column in table.columns:
            if not any(word in str(column).lower() for word in _PAIR_WORDS):
                continue
            partner = table[column].dropna()
            if partner.empty or pd.api.types.is_numeric_dtype(partner) or not partner.isin(dataset.index).all():
                continue
            order = _sharpness(table, partner.index)
            samples = dict.fromkeys(s for sample in order for s in (str(sample), str(partner.loc[sample])))
            yield _pair_queue(samples, facts)


def _sharpness(table: pd.DataFrame, index: pd.Index[Any]) -> list[Any]:
    """Return the samples with the sharpest label first, where a column measures it."""
    for column in table.columns:
        if "sharp" in str(column).lower() and pd.api.types.is_float_dtype(table[column]):
            return list(table.loc[index, column].sort_values(ascending=False, kind="stable").index)
    return list(index)


def _across_splits(dataset: Dataset, embeddings: np.ndarray | None) -> Iterator[Queue]:
    if dataset.roles.split is None:
        return
    split = dataset.metadata[dataset.roles.split].astype("str")
    same = _equal_content(dataset, split)
    near = [] if embeddings is None or len(dataset) > MOST_COMPARED else near_pairs(embeddings, split.to_numpy())
    ids = dataset.index
    samples = dict.fromkeys([*same, *(str(ids[row]) for pair in near for row in pair)])
    how = "Equal files"
    if embeddings is not None:
        how += f" (in {len(same):,} samples) or nearly equal embeddings ({len(near):,} pairs with a cosine of at least "
        how += f"{NEAR:g}, {1 / CLOSE:g} times closer than usual)"
    yield Queue(
        name="duplicates across splits",
        title="The same image in two splits" if same or not near else "Nearly the same image in two splits",
        reason=f"{how} on both sides of a split let a test look better than it is.",
        samples=tuple(samples),
    )


def _equal_content(dataset: Dataset, split: pd.Series[str]) -> list[str]:
    """Return the samples whose image file lies in more than one split, equal ones together."""
    content = pd.Series(dataset.content_hashes, index=dataset.index)
    known = content[content != ""]
    splits = split[known.index].groupby(known).nunique()
    shared = known[known.isin(splits.index[splits > 1])]
    return [str(sample) for sample in shared.sort_values(kind="stable").index]


def near_pairs(embeddings: np.ndarray, split: np.ndarray, *, least: float = NEAR) -> list[tuple[int, int]]:
    """Return each row's nearest row of another split where they are near-duplicates, the closest pairs first.

    Among :data:`USUAL_OF` rows and more, a pair must also be :data:`CLOSE` times the median distance (1 - cosine) to
    the nearest row of another split, or closer (audit-defined).

    Parameters
    ----------
    embeddings
        One row a sample (n, d); rows with NaN take no part.
    split
        Split of each row (n,).
    least
        Smallest cosine similarity.

    Returns
    -------
    list of (int, int)
        Positions, the smaller first, each pair once.
    """
    rows = np.asarray(embeddings, dtype=np.float32)
    length = np.linalg.norm(rows, axis=1)
    usable = np.flatnonzero(np.isfinite(length) & (length > 0))
    unit = rows[usable] / length[usable, None]
    group = split[usable]
    nearest = np.zeros(len(usable), dtype=np.int64)
    value = np.full(len(usable), -1.0, dtype=np.float32)
    for first in range(0, len(usable), _BLOCK):
        rows_here = slice(first, first + _BLOCK)
        likeness = unit[rows_here] @ unit.T
        likeness[group[rows_here, None] == group[None, :]] = -1
        nearest[rows_here] = likeness.argmax(axis=1)
        value[rows_here] = likeness.max(axis=1)
    if len(usable) >= USUAL_OF:
        # No closer than single precision tells apart.
        least = max(least, 1 - max(CLOSE * float(np.median(1 - value)), 1e-6))
    found: dict[tuple[int, int], float] = {}
    for row in np.flatnonzero(value >= least):
        one, two = sorted((int(usable[row]), int(usable[nearest[row]])))
        found[one, two] = float(value[row])
    return sorted(found, key=lambda pair: -found[pair])


def _worst_slices(dataset: Dataset, results: Sequence[tuple[Result, Mapping[str, Any]]]) -> Iterator[Queue]:
    """The row of ``by_group`` whose samples are predicted right least often, whichever audit made the row."""
    label = dataset.roles.label
    for result, facts in results:
        if label is None or "predicted" not in result.by_sample.columns or "where" not in result.by_group.columns:
            continue
        # A slice is told by what is known beforehand: a row that names the prediction is wrong by definition.
        table = dataset.metadata.drop(columns=[c for c in (dataset.roles.prediction,) if c])
        predicted = result.by_sample["predicted"].reindex(table.index)
        known = predicted.notna().to_numpy()
        right = (table[label].astype("str") == predicted.astype("str")).to_numpy()
        worst: tuple[float, str, np.ndarray] | None = None
        for where in result.by_group["where"].dropna().drop_duplicates().head(_MOST_SLICES):
            member = _members(str(where), table) & known
            if SMALLEST_SLICE <= member.sum() <= known.sum() / 2:
                share = float(right[member].mean())
                if worst is None or share < worst[0]:
                    worst = share, str(where), member
        if worst is None or worst[0] >= float(right[known].mean()):
            continue
        share, where, member = worst
        inside = table.index[member]
        wrong_first = inside[np.argsort(right[member], kind="stable")]
        yield Queue(
            name="worst slice",
            title=f"Worst slice: {_words(where)}",
            reason=f"{format_value(share, 'share')} of its {int(member.sum()):,} samples are predicted right, against "
            f"{format_value(float(right[known].mean()), 'share')} of all; the wrong ones come first.",
            samples=tuple(map(str, wrong_first)),
            source=str(facts.get("key", "")),
        )


def _members(where: str, table: pd.DataFrame) -> np.ndarray:
    try:
        return select(where, table)
    except (InputError, json.JSONDecodeError):
        return np.zeros(len(table), dtype=bool)


def _words(where: str) -> str:
    return ", ".join(f"{column.replace('_', ' ')} {value}" for column, value in json.loads(where).items())


def _negative_margins(results: Sequence[tuple[Result, Mapping[str, Any]]]) -> Iterator[Queue]:
    for result, facts in results:
        if "margin" not in result.by_sample.columns:
            continue
        margin = pd.to_numeric(result.by_sample["margin"], errors="coerce").dropna()
        negative = margin[margin < 0].sort_values(kind="stable")
        yield Queue(
            name="negative margins",
            title="Most negative margins",
            reason=f"{len(negative):,} of {len(margin):,} samples lie closer to another class of their own center than "
            "to their own class elsewhere; the most negative come first.",
            samples=tuple(map(str, negative.index)),
            source=str(facts.get("key", "")),
        )


def _marked_duplicates(results: Sequence[tuple[Result, Mapping[str, Any]]]) -> Iterator[Queue]:
    for result, facts in results:
        if "near_duplicate" not in result.by_sample.columns:
            continue
        marked = result.by_sample["near_duplicate"].fillna(value=False).astype(bool)
        yield Queue(
            name="near-duplicates",
            title="Near-duplicates",
            reason="A result marked these samples as almost equal to another one.",
            samples=tuple(map(str, result.by_sample.index[marked.to_numpy()])),
            source=str(facts.get("key", "")),
        )
