"""A handful of samples as the background audit sees them, and answers to their changed images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from audit.backgrounds.answers import Answers
from audit.backgrounds.battery_rows import Battery
from audit.backgrounds.inputs import Background, Inputs
from audit.backgrounds.sides import Sides
from audit.counts import Coded
from audit.dataset import Dataset, Roles

SIDE_CODES = {"common": 0, "counter": 1}


def coded(values: Sequence[str | None]) -> Coded:
    levels = sorted({value for value in values if value is not None})
    return Coded(np.asarray([-1 if v is None else levels.index(v) for v in values], dtype=np.int64), tuple(levels))


def answers_of(predicted: Sequence[str], label: Sequence[str | None], p_true: Sequence[float] | None = None) -> Answers:
    n = len(predicted)
    right = np.asarray([one == other for one, other in zip(predicted, label, strict=True)], dtype=bool)
    probability = np.full(n, np.nan) if p_true is None else np.asarray(p_true, dtype=np.float64)
    return Answers(np.asarray(predicted, dtype=np.str_), right, probability, np.full(n, ""), 0)


def inputs_of(
    label: Sequence[str | None],
    predicted: Sequence[str],
    *,
    background: Sequence[str | None] | None = None,
    side: Sequence[str] | None = None,
    how: str = "column",
    p_true: Sequence[float] | None = None,
    group_id: Sequence[int] | None = None,
    attributes: Mapping[str, Sequence[object]] | None = None,
) -> Inputs:
    columns = {"label": pd.Series(label, dtype="str"), **{k: pd.Series(v) for k, v in (attributes or {}).items()}}
    table = pd.DataFrame(columns)
    table.index = pd.Index([f"s{number}" for number in range(len(label))], name="sample_id")
    own = coded(label)
    codes = np.asarray([SIDE_CODES.get(one, -1) for one in side or [""] * len(label)], dtype=np.int64)
    nobody = ("",) * len(own.levels)
    said = None
    if background is not None:
        said = Background(
            coded=coded(background),
            text=np.asarray([where or "" for where in background], dtype=np.str_),
            zero_shot=False,
            confidence=None,
            notes=(),
            name="place",
        )
    return Inputs(
        dataset=Dataset(name="few", metadata=table, roles=Roles(label="label", attributes=tuple(attributes or ()))),
        label=own,
        prediction=np.asarray([own.levels.index(p) if p in own.levels else -1 for p in predicted], dtype=np.int64),
        predicted=np.asarray(predicted, dtype=np.str_),
        answers=answers_of(predicted, label, p_true),
        background=said,
        sides=Sides(codes, codes >= 0, how if side else "", nobody, nobody),
        group_id=None if group_id is None else np.asarray(group_id, dtype=np.int64),
        notes=(),
    )


def battery_of(
    inputs: Inputs,
    *,
    usable: Sequence[bool] | None = None,
    p_true: Sequence[float] | None = None,
    **predicted: Sequence[str],
) -> Battery:
    label = [inputs.label.levels[place] if place >= 0 else None for place in inputs.label.codes.tolist()]
    rows = inputs.known if usable is None else np.asarray(usable)
    return Battery(
        answers={name: answers_of(words, label, p_true) for name, words in predicted.items()},
        usable=dict.fromkeys(predicted, rows),
        predicted={name: np.asarray(words, dtype=np.str_) for name, words in predicted.items()},
        notes=(),
    )


def sided_inputs(how: str = "column", **counts: tuple[tuple[int, int], tuple[int, int]]) -> Inputs:
    """Return samples by class: (right answers, samples) on common and on counter backgrounds; wrong ones say yak."""
    rows = [
        (name, side, name if place < right else "yak")
        for name, sides in counts.items()
        for side, (right, n) in zip(SIDE_CODES, sides, strict=True)
        for place in range(n)
    ]
    label, side, predicted = map(list, zip(*rows, strict=True))
    return inputs_of(label, predicted, side=side, how=how)
