"""What the background audit is computed from: labels, answers, backgrounds and sides, and what had to be left out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audit.backgrounds.answers import Answering, Answers
from audit.backgrounds.sides import (
    PairSource,
    Sides,
    column_sides,
    discovered_sides,
    no_sides,
    side_column,
    train_rows,
    train_sides,
)
from audit.backgrounds.zero_shot import CORRECTED, BackgroundProbabilities
from audit.counts import Coded, code
from audit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.base import Extractor
    from audit.dataset import Dataset
    from audit.outputs import ModelOutputs


@dataclasses.dataclass(frozen=True, eq=False)
class Background:
    """The background of every sample.

    Parameters
    ----------
    coded
        Its values.
    text
        In words (n,), empty where unknown.
    zero_shot
        Whether the model named it.
    confidence
        The model's confidence in a zero-shot name, (n,), or ``None``.
    notes
        What was assumed and corrected.
    name
        Column that says them; ``background`` where the model named them.
    """

    coded: Coded
    text: NDArray[np.str_]
    zero_shot: bool
    confidence: NDArray[np.float64] | None
    notes: tuple[str, ...]
    name: str = "background"


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that the scores need, one entry a sample.

    Parameters
    ----------
    dataset
        The samples.
    label
        Classes, -1 without one.
    prediction
        Class codes of the answers, -1 for an answer that no label has.
    predicted
        Answers in the labels' words.
    answers
        As read.
    background
        ``None`` when nothing says it.
    sides
        Common and counter.
    group_id
        Codes, or ``None``.
    notes
        What was left out, and why.
    """

    dataset: Dataset
    label: Coded
    prediction: NDArray[np.int64]
    predicted: NDArray[np.str_]
    answers: Answers
    background: Background | None
    sides: Sides
    group_id: NDArray[np.int64] | None
    notes: tuple[str, ...]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Samples with a label."""
        return np.asarray(self.label.codes >= 0)

    @property
    def label_column(self) -> str:
        """Column of the labels."""
        return str(self.dataset.roles.label)


def read_background(
    dataset: Dataset, outputs: ModelOutputs, column: str | None, zero_shot: BackgroundProbabilities | None
) -> Background | None:
    """Return the backgrounds: of a column, or zero-shot; corrections override both. ``None`` where no sample has one.

    Parameters
    ----------
    dataset
        The samples.
    outputs
        Holds ``zero_shot`` where it is asked for.
    column
        Column of backgrounds, ``None`` for none.
    zero_shot
        The model's own naming, where no column says it.
    """
    notes = []
    name, confidence = "background", None
    if zero_shot is not None:
        probabilities = np.asarray(outputs[zero_shot], dtype=np.float64)
        chosen = np.asarray(zero_shot.backgrounds, dtype=object)[probabilities.argmax(axis=1)]
        text = pd.Series(chosen, index=dataset.index, dtype="str")
        confidence = probabilities.max(axis=1)
        notes.append(
            f"Backgrounds were named by the model itself, out of {len(zero_shot.backgrounds)} words "
            f"(typical confidence {np.median(confidence):.2f}): look at some and correct them"
        )
    elif column is not None:
        name, values = column, dataset.metadata[column]
        text = values.astype("str").where(values.notna())
    else:
        return None
    if CORRECTED in dataset.metadata.columns:
        corrected = dataset.metadata[CORRECTED].astype("str").where(dataset.metadata[CORRECTED].notna())
        changed = int((corrected.notna() & (corrected != text)).sum())
        text = corrected.where(corrected.notna(), text)
        notes.append(f"{int(corrected.notna().sum())} backgrounds were checked by hand, {changed} of them changed")
    missing = int(text.isna().sum())
    if missing == len(text):
        return None
    if missing:
        notes.append(f"{missing} samples have no background")
    plain = text.fillna("").to_numpy(dtype=np.str_)
    return Background(code(text), plain, zero_shot is not None, confidence, tuple(notes), name)


def read_inputs(
    outputs: ModelOutputs,
    answering: Answering,
    extractor: Extractor,
    *,
    background: Background | None,
    pairs: PairSource,
    side: str | None,
    n_min: int,
    seed: int,
) -> Inputs:
    """Read labels, answers, backgrounds and sides of a dataset.

    Raises
    ------
    InputError
        When no sample has a label, an answer is not a number, or sides cannot be told as wished.
    """
    dataset = outputs.dataset
    values = dataset.column("label")
    label = code(values.astype("str").where(values.notna()), dataset.classes)
    if not (label.codes >= 0).any():
        raise InputError(f"`label` must name the class of at least one sample; column '{values.name}' names none.")
    check_finite(outputs, extractor)
    answers = answering.read(outputs, extractor)
    predicted = predicted_words(answers, label)
    prediction = np.where(answers.correct, label.codes, pd.Index(label.levels).get_indexer(pd.Index(predicted)))
    notes = list(background.notes) if background is not None else []
    if label.missing:
        notes.append(f"{label.missing} of {len(dataset)} samples have no label and were left out")
    if answers.ties:
        notes.append(f"{answers.ties} samples have several likeliest classes; the first was taken")
    group_id = None
    if dataset.roles.group_id:
        group_id = code(dataset.column("group_id")).codes
        notes.append(f"'{dataset.roles.group_id}' gives the independent units of intervals over images")
    sides = _sides(dataset, answers.correct, label, background, pairs=pairs, side=side, n_min=n_min, seed=seed)
    return Inputs(
        dataset=dataset,
        label=label,
        prediction=prediction.astype(np.int64),
        predicted=predicted,
        answers=answers,
        background=background,
        sides=sides,
        group_id=group_id,
        notes=(*notes, *sides.notes),
    )


def check_finite(outputs: ModelOutputs, extractor: Extractor) -> None:
    """Raise :class:`InputError` when a score is NaN; the message names the sample."""
    values = np.asarray(outputs[extractor])
    if values.ndim == 2:
        broken = np.flatnonzero(np.isnan(values).any(axis=1))
        if len(broken):
            raise InputError(
                f"`{type(extractor).__name__}` must hold numbers; sample '{outputs.dataset.index[broken[0]]}' has NaN "
                f"({len(broken)} samples in all). Leave such samples out.",
            )


def predicted_words(answers: Answers, label: Coded) -> NDArray[np.str_]:
    """Return the answers in the labels' own words where an answer is known to mean a label."""
    levels = np.asarray(label.levels, dtype=object)
    right = answers.correct & (label.codes >= 0)
    meaning = dict(zip(answers.predicted[right].tolist(), levels[label.codes[right]].tolist(), strict=True))
    return np.asarray([meaning.get(word, word) for word in answers.predicted.tolist()], dtype=np.str_)


def _sides(
    dataset: Dataset,
    correct: NDArray[np.bool_],
    label: Coded,
    background: Background | None,
    *,
    pairs: PairSource,
    side: str | None,
    n_min: int,
    seed: int,
) -> Sides:
    column = side_column(dataset, side) if pairs in {"auto", "column"} else None
    if column is not None:
        return column_sides(dataset.metadata[column], label, background.coded if background else None)
    if pairs == "column":
        raise InputError(f"`side` must name a column of 'common' and 'counter'; '{dataset.name}' has none.")
    if background is None:
        return no_sides(label)
    train = train_rows(dataset)
    if pairs == "train" and not train.any():
        raise InputError(f"`pairs` must be something that is there; '{dataset.name}' has no training split.")
    if pairs == "train" or (pairs == "auto" and train.any()):
        return train_sides(label, background.coded, train)
    group_id = code(dataset.column("group_id")).codes if dataset.roles.group_id else None
    return discovered_sides(correct, label, background.coded, n_min=n_min, group_id=group_id, seed=seed)
