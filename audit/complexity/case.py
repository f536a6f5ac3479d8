"""What the audit looks at: samples, groups, halves, features, factors and layers, read once from the outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.complexity.decoding import group_codes
from audit.counts import Coded, code
from audit.group_ids import split_halves
from audit.outputs import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset

MOST_COUNTED = 12
"""A column of more different numbers than this is read as a quantity, not as categories."""

MOST_LEVELS = 60
"""Values of an attribute (or classes) that are looked at one by one."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Factor:
    """The class or an attribute on the looked-at samples.

    Parameters
    ----------
    name
        The column.
    kind
        ``class`` or ``attribute``.
    codes
        Level of each sample, -1: unknown or too rare; empty levels for a numeric column.
    levels
        Values kept.
    numbers
        The column's values where it is numeric and has many of them; ``None`` otherwise.
    left_out
        Values with too few samples.
    """

    name: str
    kind: str
    codes: NDArray[np.int64]
    levels: tuple[str, ...]
    numbers: NDArray[np.float64] | None
    left_out: int

    @property
    def usable(self) -> bool:
        """Whether there is anything to tell apart."""
        return self.numbers is not None or len(self.levels) >= 2

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which samples have a value."""
        return np.isfinite(self.numbers) if self.numbers is not None else self.codes >= 0

    def columns(self) -> NDArray[np.float64]:
        """Return the columns that a decoder reads: an indicator a level, or the numbers; unknown rows at the mean."""
        if self.numbers is not None:
            filled = np.where(np.isfinite(self.numbers), self.numbers, np.nanmean(self.numbers))
            return np.asarray(filled[:, None])
        found = (self.codes[:, None] == np.arange(len(self.levels))[None]).astype(np.float64)
        known = self.codes >= 0
        found[~known] = found[known].mean(axis=0)
        return np.asarray(found)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """Everything on the looked-at samples.

    Parameters
    ----------
    dataset
        All samples.
    rows
        Rows of the looked-at samples.
    owner
        Group of each, 0 and up.
    fitting
        Which of them the dictionary is fitted on; everything is measured on the others.
    penultimate
        Activations before the head, of all samples, as the dictionary sees them.
    unit
        Whether those were brought to length 1.
    label
        The class; ``None`` without.
    attributes
        Attributes with at least two values.
    notes
        What was left out.
    """

    dataset: Dataset
    rows: NDArray[np.int64]
    owner: NDArray[np.int64]
    fitting: NDArray[np.bool_]
    penultimate: NDArray[np.float32]
    unit: bool
    label: Factor | None
    attributes: tuple[Factor, ...]
    notes: tuple[str, ...]

    @property
    def measured(self) -> NDArray[np.int64]:
        """Rows (of all samples) that everything is measured on."""
        return self.rows[~self.fitting]

    @property
    def measured_owner(self) -> NDArray[np.int64]:
        """Groups of the measured samples, 0 and up."""
        return np.asarray(np.unique(self.owner[~self.fitting], return_inverse=True)[1], dtype=np.int64)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The class first, then the attributes."""
        return (*((self.label,) if self.label is not None else ()), *self.attributes)


def read_case(
    dataset: Dataset, embeddings: NDArray[np.floating], *, unit: bool, fewest: int, sample_limit: int, seed: int
) -> Case:
    """Read samples, groups and factors.

    Parameters
    ----------
    dataset
        The samples.
    embeddings
        (n, d).
    unit
        Whether the head looks at embeddings of length 1.
    fewest
        Samples a value needs on the measured half.
    sample_limit
        Samples looked at, at most; drawn in whole groups.
    seed
        Of halves and of that draw.
    """
    notes: list[str] = []
    n = len(dataset)
    column = dataset.roles.group_id
    groups = code(dataset.metadata[column]).codes if column is not None else None
    owner = group_codes(n, groups)
    rows = np.arange(n)
    if n > sample_limit:
        order = np.random.default_rng(seed).permutation(int(owner.max()) + 1)
        sizes = np.bincount(owner)[order]
        chosen = order[np.cumsum(sizes) <= sample_limit]
        rows = np.flatnonzero(np.isin(owner, chosen if len(chosen) else order[:1]))
        notes.append(f"{len(rows):,} of {n:,} samples were looked at, drawn in whole groups (sample_limit).")
    owner = np.asarray(np.unique(owner[rows], return_inverse=True)[1], dtype=np.int64)
    fitting = split_halves(len(rows), owner, seed)
    measured = rows[~fitting]
    label, attributes = None, []
    for kind, name in _factor_columns(dataset):
        factor = _factor(dataset.metadata[name].iloc[measured], name, kind, fewest)
        if factor.left_out:
            notes.append(f"{factor.left_out} values of {name} have fewer than {fewest} measured samples: left out.")
        if not factor.usable:
            notes.append(f"{name} has fewer than two values with {fewest} measured samples: not decoded.")
        elif kind == "class":
            label = factor
        else:
            attributes.append(factor)
    vectors = unit_rows(embeddings) if unit else np.asarray(embeddings, dtype=np.float32)
    return Case(
        dataset=dataset,
        rows=rows,
        owner=owner,
        fitting=fitting,
        penultimate=vectors,
        unit=unit,
        label=label,
        attributes=tuple(attributes),
        notes=tuple(notes),
    )


def _factor_columns(dataset: Dataset) -> list[tuple[str, str]]:
    roles = dataset.roles
    attributes = dict.fromkeys([*(c for c in (roles.background, roles.center) if c), *roles.attributes])
    attributes.pop(roles.label or "", None)
    return [*((("class", roles.label),) if roles.label else ()), *(("attribute", name) for name in attributes)]


def _factor(values: pd.Series[Any], name: str, kind: str, fewest: int) -> Factor:
    numbers = _numbers(values) if kind == "attribute" else None
    if numbers is not None:
        return Factor(
            name=name,
            kind=kind,
            codes=np.full(len(values), -1),
            levels=(),
            numbers=numbers,
            left_out=0,
        )
    coded: Coded = code(values)
    counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.levels))
    often = np.flatnonzero(counts >= fewest)
    kept = np.sort(often[np.argsort(-counts[often], kind="stable")][:MOST_LEVELS])
    place = np.full(len(coded.levels) + 1, -1)
    place[kept] = np.arange(len(kept))
    return Factor(
        name=name,
        kind=kind,
        codes=place[coded.codes],
        levels=tuple(coded.levels[i] for i in kept),
        numbers=None,
        left_out=int((counts > 0).sum()) - len(kept),
    )


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64] | None:
    """Return a column as numbers where it holds nothing else and more than a dozen of them; tables read texts."""
    if pd.api.types.is_bool_dtype(values) or values.nunique() <= MOST_COUNTED:
        return None
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    told = values.notna().to_numpy()
    return numbers if np.isfinite(numbers[told]).all() else None


def projected_layers(
    layers: Mapping[str, NDArray[np.floating]], rows: NDArray[np.int64], dimension: int, method: Any, seed: int
) -> dict[str, NDArray[np.float32]]:
    """Return the measured rows of every layer at the probe dimension; one raw layer is held at a time."""
    from audit.complexity.projection import project

    return {
        name: project(np.asarray(layer[rows]), dimension, method=method, seed=seed) for name, layer in layers.items()
    }
