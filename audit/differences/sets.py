"""Which samples are set A and which set B, from the short texts that a form, a link or a command line holds.

A set is written as

    {"light": "night", "correct": false}   a `where` over the columns, with `predicted` and `correct` of the model
    light=night                            one attribute's value
    correct, wrong                         the model's right and wrong predictions
    correct:COLUMN, wrong:COLUMN           those of another model, whose predictions are a column
    disagreement:COLUMN                    this model right and that one wrong; left alone, B is the reverse
    cell:cow>camel                         cows taken for camels; left alone, B is the cows that were recognised
    selection:NAME                         samples selected on a page
    file:PATH.csv                          sample ids of a file

B left empty is every sample that is not in A.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.base import select
from audit.differences.selections import mask_of, read_id_file, read_selection
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.dataset import Dataset

FEWEST = 6
"""Samples below which a set is refused."""

FEW = 20
"""Samples below which a set is small enough to warn."""

MODEL_COLUMNS = ("predicted", "correct")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class TwoSets:
    """Two disjoint sets of samples.

    Parameters
    ----------
    a, b
        Boolean masks (n,).
    words_a, words_b
        What they are, in a few words.
    notes
        What a reader should know about them.
    """

    a: np.ndarray
    b: np.ndarray
    words_a: str
    words_b: str
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chosen:
    """The texts of the two sets, whether given or chosen.

    Parameters
    ----------
    a, b
        As a user would write them; an empty ``b`` is the rest.
    note
        Why they were chosen; empty when they were given.
    """

    a: str
    b: str
    note: str = ""


def needs_predictions(a: str, b: str, dataset: Dataset, *, able: bool) -> bool:
    """Return whether the model's predictions decide who belongs to a set.

    Parameters
    ----------
    a, b
        The sets' texts.
    dataset
        The samples.
    able
        Whether there are predictions at all; without them the default is an attribute.
    """
    if not a and not b:
        return able and dataset.roles.label is not None
    words = ("correct", "wrong", "disagreement:", "cell:")
    for text in (a, b):
        named = set(_conditions(text, dataset)) if text.strip().startswith("{") else set()
        if text in ("correct", "wrong") or text.startswith(words[2:]) or named & set(MODEL_COLUMNS):
            return True
    return False


def resolve(dataset: Dataset, a: str, b: str, predicted: np.ndarray | None) -> TwoSets:
    """Return the two sets.

    Parameters
    ----------
    dataset
        The samples.
    a, b
        The sets' texts; both empty: see :func:`choose`.
    predicted
        The model's predicted classes (n,), where they are needed.

    Raises
    ------
    InputError
        If a text names nothing, a set has fewer than 6 samples, or the sets overlap: the overlap is listed.
    """
    chosen = choose(dataset, predicted) if not a and not b else Chosen(a=a, b=b)
    table = sample_columns(dataset, predicted)
    first, second = chosen.a, chosen.b or opposite(chosen.a, dataset)
    if not first:
        raise InputError("`a` must say which samples set A is when `b` does; got nothing. Write for example light=day.")
    mask_a, words_a = _mask("a", first, dataset, table)
    if second:
        mask_b, words_b = _mask("b", second, dataset, table)
    else:
        mask_b, words_b = ~mask_a, f"not {words_a}"
    _check_overlap(mask_a, mask_b, dataset)
    notes = [chosen.note] if chosen.note else []
    for name, mask, words in (("A", mask_a, words_a), ("B", mask_b, words_b)):
        n = int(mask.sum())
        if n < FEWEST:
            raise InputError(f"`{name.lower()}` must hold at least {FEWEST} samples; {words} has {n}. Widen the set.")
        if n < FEW:
            notes.append(f"Set {name} ({words}) has {n} samples only; below {FEW} little can be found or ruled out.")
    return TwoSets(a=mask_a, b=mask_b, words_a=words_a, words_b=words_b, notes=tuple(notes))


def sample_columns(dataset: Dataset, predicted: np.ndarray | None) -> pd.DataFrame:
    """Return the metadata with the model's ``predicted`` and ``correct`` where they are known."""
    table = dataset.metadata
    if predicted is None:
        return table
    columns: dict[str, Any] = {"predicted": pd.Series(predicted, index=table.index, dtype="str")}
    if dataset.roles.label is not None:
        columns["correct"] = _right(table[dataset.roles.label], columns["predicted"])
    return table.assign(**columns)


def _right(label: pd.Series[Any], predicted: pd.Series[Any]) -> pd.Series[Any]:
    """Return "True", "False", or missing where a label or prediction is."""
    known = label.notna() & predicted.notna()
    same = (label.astype("str") == predicted.astype("str")).map({True: "True", False: "False"})
    return same.astype("str").where(known)


def choose(dataset: Dataset, predicted: np.ndarray | None) -> Chosen:
    """Return what is compared when nobody says: wrong with right predictions, else an attribute's two values.

    Raises
    ------
    InputError
        If there is neither.
    """
    table = sample_columns(dataset, predicted)
    if "correct" in table.columns and predicted is not None and dataset.roles.label is not None:
        counts = table["correct"].value_counts()
        if all(counts.get(side, 0) >= FEWEST for side in ("True", "False")):
            note = "No sets were chosen: the model's wrong predictions (A) are compared with its right ones (B)."
            return Chosen(a="wrong", b="correct", note=note)
    best: tuple[tuple[int, int], str, str, str] | None = None
    label = [dataset.roles.label] if dataset.roles.label else []
    for column in dict.fromkeys((*dataset.roles.attributes, *label)):
        counts = dataset.metadata[column].dropna().astype("str").value_counts()
        if len(counts) < 2 or counts.iloc[1] < FEWEST:
            continue
        # The larger the smaller side, the more a comparison can tell; independent groups count before samples.
        found = (_groups(dataset, column, str(counts.index[1])), int(counts.iloc[1]))
        if best is None or found > best[0]:
            best = (found, column, str(counts.index[0]), str(counts.index[1]))
    if best is None:
        raise InputError(
            f"`a` must say which samples set A is: '{dataset.name}' has neither right and wrong predictions nor an "
            f"attribute with two values of {FEWEST} samples. Write for example a=COLUMN=VALUE."
        )
    _, column, first, second = best
    note = (
        f"No sets were chosen: {column} {first} (A) is compared with {column} {second} (B), the two values that most "
        "samples stand behind."
    )
    return Chosen(a=json.dumps({column: first}), b=json.dumps({column: second}), note=note)


def _groups(dataset: Dataset, column: str, value: str) -> int:
    """Return how many group_ids stand behind a value; 0 without group_ids."""
    if dataset.roles.group_id is None:
        return 0
    rows = (dataset.metadata[column].astype("str") == value).to_numpy(dtype=bool)
    return int(dataset.column("group_id")[rows].nunique())


def opposite(text: str, dataset: Dataset) -> str:
    """Return what B is when only A is given: the reverse of a disagreement, the recognised of a cell, else the rest."""
    if text.startswith("disagreement:"):
        other = text.removeprefix("disagreement:")
        return json.dumps({"correct": False, f"correct:{other}": True})
    conditions = _conditions(text, dataset)
    label = dataset.roles.label
    if label is not None and cell_of(text, dataset) is not None:
        return json.dumps({label: conditions[label], "correct": True})
    return {"correct": "wrong", "wrong": "correct"}.get(text, "")


def cell_of(text: str, dataset: Dataset) -> tuple[str, str] | None:
    """Return (true class, predicted class) of a cell of the confusion matrix, ``None`` for any other set."""
    conditions = _conditions(text, dataset)
    label = dataset.roles.label
    pair = conditions.get(label or ""), conditions.get("predicted")
    if any(not isinstance(value, str | int) for value in pair) or len(conditions) != 2 or pair[0] == pair[1]:
        return None
    return str(pair[0]), str(pair[1])


def _conditions(text: str, dataset: Dataset) -> dict[str, Any]:
    """Return a set's `where`; empty for a set that is none."""
    text = text.strip()
    label = dataset.roles.label
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"`a` and `b` must be JSON objects of column to value; got '{text}'.") from error
        return dict(found)
    if text in ("correct", "wrong"):
        return {"correct": text == "correct"}
    if text.startswith("disagreement:"):
        return {"correct": True, f"correct:{text.removeprefix('disagreement:')}": False}
    if text.startswith(("correct:", "wrong:")):
        side, _, column = text.partition(":")
        return {f"correct:{column}": side == "correct"}
    if text.startswith("cell:") and label is not None:
        true, arrow, predicted = text.removeprefix("cell:").partition(">")
        return {label: true.strip(), "predicted": predicted.strip()} if arrow else {}
    if "=" in text and not text.startswith(("selection:", "file:")):
        column, _, value = text.partition("=")
        return {column.strip(): value.strip()}
    return {}


def _mask(name: str, text: str, dataset: Dataset, table: pd.DataFrame) -> tuple[np.ndarray, str]:
    if text.startswith("selection:"):
        ids, words = read_selection(text.removeprefix("selection:"))
        return mask_of(ids, dataset), words
    if text.startswith("file:") or text.lower().endswith((".csv", ".tsv")):
        path = text.removeprefix("file:")
        return mask_of(read_id_file(path, dataset), dataset), f"samples of {path.rpartition('/')[2]}"
    conditions = _conditions(text, dataset)
    if not conditions:
        raise InputError(
            f"`{name}` must be column=value, a JSON object of column to value, correct, wrong, cell:TRUE>PREDICTED, "
            f"disagreement:COLUMN, selection:NAME or file:PATH.csv; got '{text}'."
        )
    for column in conditions:
        other = column.removeprefix("correct:")
        if column.startswith("correct:") and column not in table.columns and other in table.columns:
            if dataset.roles.label is None:
                raise InputError(f"`{name}` must be given with a label column; '{dataset.name}' has none. Choose one.")
            table = table.assign(**{column: _right(table[dataset.roles.label], table[other])})
        elif column not in table.columns:
            known = ", ".join(map(str, table.columns))
            raise InputError(f"`{name}` must name columns of '{dataset.name}' ({known}); got '{column}'.")
    return select(conditions, table), words_of(conditions)


def words_of(conditions: dict[str, Any]) -> str:
    """Return a `where` in words: "wrong predictions", "light night"."""
    parts = []
    for column, value in conditions.items():
        if column == "correct" or column.startswith("correct:"):
            whose = f" of {column.partition(':')[2]}" if ":" in column else ""
            parts.append(f"{'right' if str(value) == 'True' else 'wrong'} predictions{whose}")
            continue
        values = value if isinstance(value, list) else [value]
        parts.append(f"{column.replace('_', ' ')} {' or '.join(map(str, values))}")
    return ", ".join(parts)


def _check_overlap(a: np.ndarray, b: np.ndarray, dataset: Dataset) -> None:
    both = dataset.index[a & b]
    if len(both) == 0:
        return
    listed = ", ".join(both[:10]) + (f" and {len(both) - 10:,} more" if len(both) > 10 else "")
    raise InputError(f"`a` and `b` must not overlap; {len(both):,} samples are in both: {listed}. Narrow one of them.")
