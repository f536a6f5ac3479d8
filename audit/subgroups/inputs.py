"""What subgroup discrepancy is computed from: coded columns, right and wrong answers, and what had to be left out."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.counts import CellCounts, Coded, code, code_family, count_cells
from audit.errors import InputError
from audit.roles import without_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.dataset import Dataset

MOST_NUMBERS = 20
"""A numeric column with more distinct values than this is cut into quarters of its samples."""

MOST_LEVELS = 200
"""A text column with more distinct values than this (a file name, an id) is no attribute of its own accord."""


@dataclasses.dataclass(frozen=True, eq=False)
class Attribute:
    """An attribute ready to count by.

    Parameters
    ----------
    name
        What people call it.
    column
        Column of the metadata, or of ``by_sample`` when the values had to be cut into ranges.
    coded
        Its values.
    """

    name: str
    column: str
    coded: Coded


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that the scores need; rows without a label are gone.

    Parameters
    ----------
    rows
        Which rows of the dataset have a label, bool (samples,).
    label
        Classes.
    label_column
        Column of the metadata that holds them.
    prediction
        Predicted classes, -1 for one that no label has.
    correct
        Whether the prediction equals the label.
    attributes
        The main attribute first; empty when there is none.
    family
        Patterns and membership when the attributes are a family of overlapping yes/no columns.
    group_id
        Codes, or ``None``.
    probabilities
        Shape (rows, classes), or ``None``.
    columns
        Made columns (ranges of numbers), to go into ``by_sample``.
    notes
        What was left out, and why.
    """

    rows: NDArray[np.bool_]
    label: Coded
    label_column: str
    prediction: NDArray[np.int64]
    correct: NDArray[np.bool_]
    attributes: tuple[Attribute, ...]
    family: tuple[Coded, NDArray[np.bool_]] | None
    group_id: NDArray[np.int64] | None
    probabilities: NDArray[np.floating] | None
    columns: dict[str, NDArray[np.str_]]
    notes: tuple[str, ...]

    @property
    def main(self) -> Attribute | None:
        """The attribute whose subgroups the scores are about; a family counts as one."""
        if self.family is not None:
            return Attribute("family", "", self.family[0])
        return self.attributes[0] if self.attributes else None

    def cells(self, attribute: Attribute | None = None) -> CellCounts:
        """Count class x subgroup cells of an attribute, of the main one by default."""
        chosen = attribute or self.main
        if chosen is None:
            everything = Coded(np.zeros(len(self.correct), dtype=np.int64), ("all",))
            return count_cells(self.correct, self.label, everything)
        if self.family is not None and attribute is None:
            names = tuple(each.name for each in self.attributes)
            return count_cells(self.correct, self.label, chosen.coded, membership=self.family[1], subgroups=names)
        return count_cells(self.correct, self.label, chosen.coded)


def text_of(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as text; whole numbers that were read as floats (because some are missing) lose their ".0"."""
    if pd.api.types.is_float_dtype(values.dtype):
        known = values.dropna()
        if bool((known == known.round()).all()):
            return values.astype("Int64").astype("str").where(values.notna())
    return values.astype("str").where(values.notna())


def attribute_columns(dataset: Dataset, chosen: str | None) -> tuple[str, ...]:
    """Return the attribute columns, the chosen one first.

    The dataset's attributes serve; without any, the columns that play the parts of background and center do.
    """
    roles = dataset.roles
    own = roles.attributes or tuple(column for column in (roles.background, roles.center) if column)
    own = without_answers(own, roles.label, roles.prediction)
    return tuple(dict.fromkeys([*([chosen] if chosen else []), *own]))


def read_inputs(
    dataset: Dataset,
    prediction: NDArray[np.str_],
    *,
    attribute: str | None = None,
    overlapping: bool = False,
    probabilities: NDArray[np.floating] | None = None,
) -> Inputs:
    """Read labels, predictions and attributes of a dataset.

    Parameters
    ----------
    dataset
        With the role ``label``.
    prediction
        Predicted class of every sample, as text.
    attribute
        Main attribute; the first of the dataset's by default.
    overlapping
        Whether the attributes are yes/no columns of one family.
    probabilities
        Shape (samples, classes), columns in the order of ``dataset.classes``.

    Returns
    -------
    Inputs
        Coded columns of the rows that have a label.

    Raises
    ------
    InputError
        When no row has a label, or a named column is missing.
    """
    label_column = str(dataset.roles.label)
    text = text_of(dataset.column("label"))
    coded = code(text, dataset.class_names or None)
    rows = coded.codes >= 0
    if not rows.any():
        raise InputError(f"`label` must name the class of at least one sample; column '{label_column}' names none.")
    notes = []
    if coded.missing:
        notes.append(f"{coded.missing} of {len(rows)} samples have no (known) label and were left out")
    label = Coded(coded.codes[rows], coded.levels)
    predicted = pd.Series(prediction[rows])
    predicted_codes = pd.Index(list(coded.levels), dtype="str").get_indexer(pd.Index(predicted.astype("str")))
    strangers = predicted[predicted_codes < 0]
    if len(strangers):
        notes.append(
            f"{len(strangers)} predictions (for instance '{strangers.iloc[0]}') name no class of the labels; "
            "they count as wrong"
        )
    metadata = dataset.metadata.loc[rows]
    attributes, columns, cut = _attributes(metadata, attribute_columns(dataset, attribute), overlapping=overlapping)
    for name in dict.fromkeys([label_column, *(a.name for a in attributes)]):
        missing = int(metadata[name].isna().sum())
        if missing:
            notes.append(f"{missing} samples have no value of '{name}' and belong to none of its subgroups")
    group_id = None
    if dataset.roles.group_id:
        units = code(metadata[dataset.roles.group_id])
        group_id = units.codes
        notes.append(
            f"intervals and p-values take the {len(units.levels)} values of '{dataset.roles.group_id}' "
            "as the independent units"
        )
    if probabilities is not None and probabilities.shape[1] != len(coded.levels):
        notes.append(
            f"probabilities have {probabilities.shape[1]} columns for {len(coded.levels)} classes and were not used"
        )
        probabilities = None
    family = None
    if overlapping and attributes:
        family = code_family([metadata[a.name] for a in attributes], [a.name for a in attributes])
    return Inputs(
        rows=rows,
        label=label,
        label_column=label_column,
        prediction=predicted_codes.astype(np.int64),
        correct=predicted_codes == label.codes,
        attributes=attributes,
        family=family,
        group_id=group_id,
        probabilities=None if probabilities is None else probabilities[rows],
        columns=columns,
        notes=(*notes, *cut),
    )


def _attributes(
    metadata: pd.DataFrame, names: Sequence[str], *, overlapping: bool
) -> tuple[tuple[Attribute, ...], dict[str, NDArray[np.str_]], list[str]]:
    """Code every attribute; cut numbers into ranges, pass over columns that tell every sample apart."""
    found: list[Attribute] = []
    made: dict[str, NDArray[np.str_]] = {}
    notes: list[str] = []
    for place, name in enumerate(names):
        if name not in metadata.columns:
            raise InputError(f"`attribute` must name a column; got '{name}'. Columns: {', '.join(map(str, metadata))}.")
        values = metadata[name]
        distinct = values.nunique()
        numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        if numeric and distinct > MOST_NUMBERS and not overlapping:
            ranges = _quarters(values)
            column = f"{name} (range)"
            made[column] = ranges.fillna("").to_numpy(dtype=np.str_)
            found.append(Attribute(name, column, code(ranges, sorted_ranges(ranges))))
            notes.append(
                f"'{name}' has {distinct} different numbers and was cut into {ranges.nunique()} ranges of equal size"
            )
        elif distinct > MOST_LEVELS and place > 0:
            notes.append(f"'{name}' has {distinct} different values and was not used as an attribute")
        else:
            found.append(Attribute(name, name, code(values.astype("str").where(values.notna()))))
    return tuple(found), made, notes


def _quarters(values: pd.Series[Any]) -> pd.Series[Any]:
    edges = np.unique(np.quantile(values.dropna().astype("float64"), [0, 0.25, 0.5, 0.75, 1]))
    place = np.clip(np.searchsorted(edges, values.astype("float64"), side="left") - 1, 0, max(len(edges) - 2, 0))
    # Six digits read well; more only where they are needed to tell the edges apart.
    digits = next(d for d in (6, 12, 17) if len({f"{edge:.{d}g}" for edge in edges}) == len(edges))
    ends = [f"{edge:.{digits}g}" for edge in edges]
    names = [f"{low} to {high}" for low, high in itertools.pairwise(ends)] or ends
    return pd.Series(np.array(names)[place], index=values.index, dtype="str").where(values.notna())


def sorted_ranges(ranges: pd.Series[Any]) -> tuple[str, ...]:
    """Return the distinct ranges ("2 to 5") by their lower end."""
    return tuple(sorted(ranges.dropna().unique(), key=lambda text: float(text.split(" to ")[0])))
