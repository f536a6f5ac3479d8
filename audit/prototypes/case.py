"""Who is who: classes, the split that prototypes come from, groups, and which samples are copies of each other."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.prototypes.parts import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset

By = Literal["auto", "label", "prediction"]

TRAINING = ("train", "training", "reference", "fit", "development", "dev")
"""Values of a split column that prototypes are taken from when none is named."""

DUPLICATE = 1e-3
"""Cosine distance of two embeddings below which two images count as near-duplicates ..."""

DUPLICATE_SHARE = 0.01
"""... provided that it is also below this share of the usual distance within a class: where a model sees a whole class
as one point, its images are still not copies of each other."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """What is asked; part of the keys of everything computed.

    Parameters
    ----------
    by
        Whether a class is the truth or the model's prediction; auto: its prediction where there is one.
    reference
        Value of the split column that prototypes come from; empty for the training split, or everything without one.
    """

    by: By = "auto"
    reference: str = ""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """The samples as the audit sees them.

    Parameters
    ----------
    classes
        Names, in the dataset's order.
    by
        ``label`` or ``prediction``: what a class is.
    code
        Class of each sample, -1 where it has none: (n,).
    predicted
        The model's answer as a class, -1 where it has none: (n,).
    answers
        Whether the model's answers are known.
    reference
        Samples that prototypes may come from: boolean (n,).
    tested
        Samples that are compared with them: the other splits, or all where there is one split only.
    group
        Code of each sample's group; its own where none is known.
    copy
        Code of each sample's image content.
    unit
        Embeddings of length 1, float32 (n, d).
    near
        Cosine distance below which two samples count as near-duplicates.
    notes
        What was assumed.
    """

    classes: tuple[str, ...]
    by: Literal["label", "prediction"]
    code: NDArray[np.int64]
    predicted: NDArray[np.int64]
    answers: bool
    reference: NDArray[np.bool_]
    tested: NDArray[np.bool_]
    group: NDArray[np.int64]
    copy: NDArray[np.int64]
    unit: NDArray[np.float32]
    near: float
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.code)

    def members(self, place: int) -> NDArray[np.int64]:
        """Return the rows of a class that prototypes may come from."""
        return np.flatnonzero(self.reference & (self.code == place))

    def related(self, row: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of some rows must not be called similar to a sample: itself, its group, its copies."""
        cosine = self.unit[rows] @ self.unit[row]
        return np.asarray(
            (rows == row)
            | (self.group[rows] == self.group[row])
            | (self.copy[rows] == self.copy[row])
            | (1 - cosine < self.near)
        )


def read_case(dataset: Dataset, embeddings: NDArray[np.floating], predicted: object | None, setting: Setting) -> Case:
    """Return the samples as the audit sees them.

    Parameters
    ----------
    dataset
        The samples.
    embeddings
        (n, d).
    predicted
        The model's answers as text (n,), ``None`` without any.
    setting
        What is asked.

    Raises
    ------
    InputError
        If there are no classes, or the split has no such value.
    """
    label = dataset.roles.label
    answers = None if predicted is None else np.asarray(predicted).astype(str)
    by: Literal["label", "prediction"] = "prediction" if setting.by == "auto" and answers is not None else "label"
    if setting.by != "auto":
        by = setting.by
    if (by == "prediction" and answers is None) or (by == "label" and label is None):
        lacking = "predictions" if by == "prediction" else "a label column"
        raise InputError(f"`by` must name something '{dataset.name}' has; it has no {lacking}. Choose the other.")
    truth = dataset.metadata[label] if label is not None else pd.Series([None] * len(dataset))
    names = list(dataset.classes) or (sorted(set(answers.tolist())) if answers is not None else [])
    if answers is not None:
        names += sorted(set(answers.tolist()) - set(names))
    index = pd.Index(names)
    from_answers = index.get_indexer(pd.Index(answers)) if answers is not None else np.full(len(dataset), -1)
    code = from_answers if by == "prediction" else index.get_indexer(pd.Index(truth.astype("str").where(truth.notna())))
    reference, tested, notes = _splits(dataset, setting.reference)
    vectors = np.asarray(unit(np.asarray(embeddings, dtype=np.float32)), dtype=np.float32)
    said = "the model's prediction" if by == "prediction" else f"the label '{label}' (the truth)"
    return Case(
        classes=tuple(names),
        by=by,
        code=np.asarray(code, dtype=np.int64),
        predicted=np.asarray(from_answers, dtype=np.int64),
        answers=answers is not None,
        reference=reference,
        tested=tested,
        group=_groups(dataset),
        copy=_copies(dataset),
        unit=vectors,
        near=_near(vectors, np.asarray(code)),
        notes=(f"A class is {said}.", *notes),
    )


def _near(vectors: NDArray[np.float32], code: NDArray[np.int64], pairs: int = 4000) -> float:
    """Return the distance of near-duplicates: that of copies, unless whole classes lie closer together than that."""
    order = np.argsort(code, kind="stable")
    draw = np.random.default_rng(0)
    first = draw.integers(0, max(len(order) - 1, 1), pairs)
    # Neighbours in the order of classes are mostly of one class; the others are left out.
    second = np.minimum(first + draw.integers(1, 6, pairs), len(order) - 1)
    one, two = order[first], order[second]
    same = (code[one] == code[two]) & (one != two)
    if not same.any():
        return DUPLICATE
    distance = 1 - np.einsum("ij,ij->i", vectors[one[same]], vectors[two[same]])
    return min(DUPLICATE, DUPLICATE_SHARE * float(np.median(distance)))


def _splits(dataset: Dataset, wanted: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[str]]:
    everything = np.ones(len(dataset), dtype=bool)
    column = dataset.roles.split
    if column is None:
        if wanted:
            raise InputError(
                f"`reference` must be left out: '{dataset.name}' has no split column. Pass --split COLUMN."
            )
        return everything, everything, [_ONE_SPLIT]
    values = dataset.metadata[column].astype("str")
    found = values.unique().tolist()
    if wanted and wanted not in found:
        raise InputError(f"`reference` must be a value of '{column}' ({', '.join(found[:6])}); got '{wanted}'.")
    chosen = wanted or next((value for value in found if value.lower() in TRAINING), "")
    reference = (values == chosen).to_numpy(dtype=bool) if chosen else everything
    if reference.all():
        return everything, everything, [_ONE_SPLIT]
    note = (
        f"Prototypes come from the split '{chosen}' alone ({int(reference.sum()):,} samples); they are compared with "
        f"the other {int((~reference).sum()):,}."
    )
    return reference, ~reference, [note]


_ONE_SPLIT = (
    "There is one split only: prototypes come from the samples they are compared with. A sample is never compared with "
    "itself, its own group or a copy of it."
)


def _groups(dataset: Dataset) -> NDArray[np.int64]:
    column = dataset.roles.group_id
    if column is None:
        return np.arange(len(dataset), dtype=np.int64)
    codes, _ = pd.factorize(dataset.metadata[column].astype("str").where(dataset.metadata[column].notna()))
    return np.where(codes < 0, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes).astype(np.int64)


def _copies(dataset: Dataset) -> NDArray[np.int64]:
    """Return a code of each image's content; samples without an image have one of their own."""
    content = pd.Series(dataset.content_hashes)
    codes, _ = pd.factorize(content.where(content != ""))
    return np.where(codes < 0, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes).astype(np.int64)
