"""Rows become counts once: (correct, n) per class and subgroup; everything after that is arithmetic on counts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclasses.dataclass(frozen=True, eq=False)
class Coded:
    """A column as whole numbers.

    Parameters
    ----------
    codes
        One number a row, the place of its value in ``levels``; -1 where the value is missing.
    levels
        The distinct values as text, sorted (numbers by size).
    """

    codes: NDArray[np.int64]
    levels: tuple[str, ...]

    @property
    def missing(self) -> int:
        """Number of rows without a value."""
        return int((self.codes < 0).sum())


def sum_by(place: NDArray[np.int64], weights: ArrayLike, size: int) -> NDArray[np.float64]:
    """Sum weights by place.

    Parameters
    ----------
    place
        Where each weight goes, 0 .. size - 1, shape (n,).
    weights
        What is summed, shape (n,).
    size
        Number of places.

    Returns
    -------
    ndarray of float, shape (size,)
        The sums; 0 where nothing went.
    """
    return np.bincount(place, weights=np.asarray(weights, dtype=np.float64), minlength=size).astype(np.float64)


def code(values: ArrayLike | pd.Series | pd.Index, levels: Sequence[str] | None = None) -> Coded:
    """Number the distinct values of a column.

    Parameters
    ----------
    values
        One value a row; NaN, None and NA are missing.
    levels
        Values to number in this order instead of the sorted ones found; values outside become -1.

    Returns
    -------
    Coded
        Codes and levels.
    """
    series = pd.Series(values)
    if levels is not None:
        indexer = pd.Index(list(levels), dtype="str").get_indexer(pd.Index(series.astype("str")))
        codes = np.where(series.isna().to_numpy(), -1, indexer).astype(np.int64)
        return Coded(codes, tuple(levels))
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    found, uniques = pd.factorize(series)
    # Sorting the few distinct values is quicker than sorting inside factorize, and mixed types sort as text.
    try:
        order = np.argsort(np.asarray(uniques))
    except TypeError:
        order = np.argsort(np.asarray([str(value) for value in uniques]))
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = -1
    return Coded(rank[found], tuple(str(uniques[place]) for place in order))


def cross(columns: Sequence[Coded]) -> tuple[Coded, NDArray[np.int64]]:
    """Cross several columns: one level for every combination that occurs.

    Parameters
    ----------
    columns
        At least one coded column, all of one length. A row that misses any value is missing in the crossing.

    Returns
    -------
    crossing : Coded
        Levels joined by " & ".
    parts : ndarray of int, shape (levels, columns)
        The code that each combination has in each column.
    """
    if not columns:
        raise InputError("`columns` must hold at least one column; got none.")
    joint = columns[0].codes.copy()
    missing = joint < 0
    for column in columns[1:]:
        joint = joint * max(len(column.levels), 1) + column.codes
        missing |= column.codes < 0
    joint[missing] = -1
    size = int(np.prod([max(len(column.levels), 1) for column in columns], dtype=np.float64))
    if size <= max(4 * len(joint), 1024):
        present = np.flatnonzero(np.bincount(joint[~missing], minlength=size))
        place = np.full(size + 1, -1, dtype=np.int64)
        place[present] = np.arange(len(present))
        codes = place[joint]
    else:
        codes = np.full(len(joint), -1, dtype=np.int64)
        present, codes[~missing] = np.unique(joint[~missing], return_inverse=True)
    parts = np.empty((len(present), len(columns)), dtype=np.int64)
    rest = present.copy()
    for place_of, column in zip(range(len(columns) - 1, -1, -1), reversed(columns), strict=True):
        rest, parts[:, place_of] = np.divmod(rest, max(len(column.levels), 1))
    levels = tuple(" & ".join(column.levels[part] for column, part in zip(columns, row, strict=True)) for row in parts)
    return Coded(codes, levels), parts


@dataclasses.dataclass(frozen=True, eq=False)
class CellCounts:
    """Correct answers and samples of every class x pattern cell.

    A pattern is a subgroup, unless subgroups overlap: then it is a set of subgroups that some sample lies in.

    Parameters
    ----------
    classes, subgroups
        Names.
    correct, n
        int64, shape (classes, patterns).
    membership
        Which pattern belongs to which subgroup, bool (patterns, subgroups); ``None``: they are the same.
    """

    classes: tuple[str, ...]
    subgroups: tuple[str, ...]
    correct: NDArray[np.int64]
    n: NDArray[np.int64]
    membership: NDArray[np.bool_] | None = None

    def of_subgroups(self, per_pattern: NDArray[np.generic]) -> NDArray[np.float64]:
        """Sum counts (..., patterns) to (..., subgroups)."""
        counts = per_pattern.astype(np.float64, copy=False)
        return counts if self.membership is None else counts @ self.membership.astype(np.float64)

    @property
    def cell_correct(self) -> NDArray[np.float64]:
        """Correct answers, shape (classes, subgroups)."""
        return self.of_subgroups(self.correct)

    @property
    def cell_n(self) -> NDArray[np.float64]:
        """Samples, shape (classes, subgroups)."""
        return self.of_subgroups(self.n)


def count_cells(
    correct: NDArray[np.bool_],
    label: Coded,
    subgroup: Coded,
    *,
    membership: NDArray[np.bool_] | None = None,
    subgroups: tuple[str, ...] | None = None,
) -> CellCounts:
    """Reduce rows to counts with one ``bincount``.

    Parameters
    ----------
    correct
        Whether the prediction equals the label, shape (n,).
    label, subgroup
        Coded columns of the same length; rows that miss either are left out.
    membership, subgroups
        For overlapping subgroups: ``subgroup`` then codes patterns, and these say which subgroup holds which.

    Returns
    -------
    CellCounts
        Counts per class and subgroup (or pattern).
    """
    right = np.asarray(correct, dtype=bool)
    if not len(right) == len(label.codes) == len(subgroup.codes):
        raise InputError(
            "`correct`, `label` and `subgroup` must have one row a sample each; "
            f"got {len(right)}, {len(label.codes)} and {len(subgroup.codes)}."
        )
    shape = (len(label.levels), len(subgroup.levels))
    cell = label.codes * shape[1] + subgroup.codes
    # Three outcomes a cell, and one past the end for rows that miss a value: a single pass over the rows.
    cell = np.where((label.codes < 0) | (subgroup.codes < 0), shape[0] * shape[1], cell)
    table = np.bincount(2 * cell + right, minlength=2 * (shape[0] * shape[1] + 1))[: 2 * shape[0] * shape[1]]
    wrong_right = table.reshape(*shape, 2)
    return CellCounts(
        label.levels,
        subgroups if subgroups is not None else subgroup.levels,
        np.ascontiguousarray(wrong_right[..., 1]),
        wrong_right.sum(axis=-1),
        membership,
    )


def code_family(flags: Sequence[ArrayLike | pd.Series], names: Sequence[str]) -> tuple[Coded, NDArray[np.bool_]]:
    """Code a family of yes/no columns whose subgroups overlap (one-hot and multi-hot).

    Parameters
    ----------
    flags
        One column a subgroup: true, 1, "1", "true" or "yes" means that the sample lies in it.
    names
        The subgroups' names.

    Returns
    -------
    patterns : Coded
        The combination of subgroups that each row lies in.
    membership : ndarray of bool, shape (patterns, subgroups)
        Which subgroups a pattern stands for.
    """
    truths = {"1", "1.0", "true", "yes"}
    binary = [
        Coded(pd.Series(column).astype("str").str.lower().isin(truths).to_numpy().astype(np.int64), ("0", "1"))
        for column in flags
    ]
    patterns, parts = cross(binary)
    names_of = tuple(
        " & ".join(name for name, on in zip(names, row, strict=True) if on) or "none" for row in parts.astype(bool)
    )
    return Coded(patterns.codes, names_of), parts.astype(bool)
