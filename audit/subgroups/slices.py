"""Search for subgroups with many errors among all crossings of the attributes, exact and with bounds that prune.

SliceLine (Sagadeeva & Boehm, SIGMOD 2021). With n samples of mean error e, a slice S of |S| samples and summed
error e_S scores

    score(S) = a ((e_S / |S|) / e - 1) - (1 - a) (n / |S| - 1)

A slice has at most the size and the summed error of each of its parents, so a branch is left once even the best
size and error it could have would not reach the k best slices found so far. The paper's a = .6 finds nothing below
about a tenth of the data; .95 is the default here.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np

from audit.counts import sum_by
from audit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.counts import Coded

    Columns = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Slice:
    """Samples that share the values of one or several columns.

    Parameters
    ----------
    conditions
        (place of the column, code of the value) pairs, by column.
    n
        Number of samples.
    errors
        Sum of their errors.
    score
        SliceLine score; positive = worse than average by more than its size discounts.
    """

    conditions: tuple[tuple[int, int], ...]
    n: int
    errors: float
    score: float

    def mask(self, columns: Sequence[Coded]) -> NDArray[np.bool_]:
        """Return which rows lie in the slice."""
        inside = np.ones(len(columns[0].codes), dtype=bool)
        for column, value in self.conditions:
            inside &= columns[column].codes == value
        return inside


@dataclasses.dataclass(frozen=True, eq=False)
class _Level:
    """Slices of one set of columns that may still have good children, sorted by key."""

    values: NDArray[np.int64]
    keys: NDArray[np.int64]
    n: NDArray[np.float64]
    errors: NDArray[np.float64]
    row: NDArray[np.int64] | None


class _Search:
    """State of one search: the data's totals, the best slices so far, and the bound that they set."""

    def __init__(self, errors: NDArray[np.float64], columns: Sequence[Coded], alpha: float, n_min: int, k: int) -> None:
        self.columns = [column.codes for column in columns]
        self.sizes = [len(column.levels) for column in columns]
        self.rows = len(errors)
        self.wrong = np.flatnonzero(errors > 0)
        self.weights = errors[self.wrong]
        self.total = float(errors.sum())
        self.largest = float(errors.max(initial=0.0))
        self.alpha, self.n_min, self.k = alpha, n_min, k
        self.best: list[Slice] = []
        self.threshold = 0.0

    def score(self, n: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
        relative: NDArray[np.float64] = errors / np.maximum(n, 1.0) / (self.total / self.rows)
        penalty = (1 - self.alpha) * (self.rows / np.maximum(n, 1.0) - 1)
        return self.alpha * (relative - 1) - penalty

    def bound(self, n: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Highest score of any slice with at most this size and summed error.

        Up to errors / largest samples may all be wrong, and more of them score higher; beyond, the score is
        monotone in the size: the best size is one of three.
        """
        full = np.clip(np.floor(errors / self.largest), self.n_min, n)
        sizes = (full, np.minimum(full + 1, n), n)
        return np.asarray(np.max([self.score(s, np.minimum(errors, s * self.largest)) for s in sizes], axis=0))

    def count(self, code: NDArray[np.int64], size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n = np.bincount(code, minlength=size).astype(np.float64)
        return n, sum_by(code[self.wrong], self.weights, size)

    def keep(
        self, which: Columns, values: NDArray[np.int64], n: NDArray[np.float64], errors: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Enter good slices into the list of the best; return which may have better children."""
        scores = self.score(n, errors)
        large = n >= self.n_min
        good = np.flatnonzero(large & (scores > self.threshold))
        if len(good):
            good = good[np.argsort(-scores[good], kind="stable")[: self.k]]
            found = [
                Slice(
                    tuple(zip(which, map(int, values[i]), strict=True)),
                    int(n[i]),
                    float(errors[i]),
                    float(scores[i]),
                )
                for i in good
            ]
            # Equal scores: the shorter description first.
            self.best = sorted(self.best + found, key=lambda s: (-round(s.score, 12), len(s.conditions), s.conditions))[
                : self.k
            ]
            if len(self.best) == self.k:
                self.threshold = max(self.best[-1].score, 0.0)
        return large & (errors > 0) & (self.bound(n, errors) > self.threshold)

    def keys(self, which: Columns, values: NDArray[np.int64]) -> NDArray[np.int64]:
        key = np.zeros(len(values), dtype=np.int64)
        for column, part in zip(which, values.T, strict=True):
            key = key * self.sizes[column] + part
        return key

    def first_level(self, column: int) -> _Level:
        # Code 0 gathers the rows whose value is missing.
        n, errors = self.count(self.columns[column] + 1, self.sizes[column] + 1)
        values = np.arange(self.sizes[column])[:, None]
        return self.level((column,), values, n[1:], errors[1:], self.columns[column], row_needed=True)

    def level(
        self,
        which: Columns,
        values: NDArray[np.int64],
        n: NDArray[np.float64],
        errors: NDArray[np.float64],
        row: NDArray[np.int64],
        *,
        row_needed: bool,
    ) -> _Level:
        alive = np.flatnonzero(self.keep(which, values, n, errors))
        renumbered = None
        if row_needed and len(alive):
            place = np.full(len(values) + 1, -1, dtype=np.int64)
            place[alive] = np.arange(len(alive))
            renumbered = place[row]
        return _Level(values[alive], self.keys(which, values[alive]), n[alive], errors[alive], renumbered)

    def extend(self, which: Columns, known: dict[Columns, _Level], *, row_needed: bool) -> _Level | None:
        """Cross the prefix's slices with the last column's values, count those whose parents all allow it."""
        prefix, last = known.get(which[:-1]), known.get(which[-1:])
        if prefix is None or last is None or prefix.row is None or last.row is None:
            return None
        pairs = np.indices((len(prefix.n), len(last.n))).reshape(2, -1)
        values = np.column_stack([prefix.values[pairs[0]], last.values[pairs[1], 0]])
        n = np.minimum(prefix.n[pairs[0]], last.n[pairs[1]])
        errors = np.minimum(prefix.errors[pairs[0]], last.errors[pairs[1]])
        for left_out in range(len(which) - 1):
            others = [place for place in range(len(which)) if place != left_out]
            if len(others) == 1:
                continue
            columns = tuple(which[place] for place in others)
            parent = known.get(columns)
            if parent is None or not len(parent.n):
                return None
            wanted = self.keys(columns, values[:, others])
            at = np.minimum(np.searchsorted(parent.keys, wanted), len(parent.keys) - 1)
            there = parent.keys[at] == wanted
            n = np.where(there, np.minimum(n, parent.n[at]), 0)
            errors = np.where(there, np.minimum(errors, parent.errors[at]), 0)
        possible = (n >= self.n_min) & (errors > 0)
        possible[possible] = self.bound(n[possible], errors[possible]) > self.threshold
        if not possible.any():
            return None
        inside = (prefix.row >= 0) & (last.row >= 0)
        code = np.where(inside, prefix.row * len(last.n) + last.row + 1, 0)
        counted, summed = self.count(code, len(values) + 1)
        # Rows of crossings that were ruled out stay out, as do those without a value.
        place = np.full(len(values) + 1, -1, dtype=np.int64)
        place[1:][possible] = np.arange(int(possible.sum()))
        row = place[code] if row_needed else code
        return self.level(
            which, values[possible], counted[1:][possible], summed[1:][possible], row, row_needed=row_needed
        )


def search_slices(
    errors: NDArray[np.float64],
    columns: Sequence[Coded],
    *,
    alpha: float = 0.95,
    depth: int = 3,
    n_min: int | None = None,
    k: int = 20,
) -> list[Slice]:
    """Find the k crossings of attribute values with the highest SliceLine score.

    Parameters
    ----------
    errors
        Error of each row, shape (n,), at least 0 (1 for a wrong answer).
    columns
        Coded attributes; a missing value belongs to no slice.
    alpha
        Weight of the error against the size, in (0, 1].
    depth
        Largest number of attributes crossed, at least 1.
    n_min
        Smallest size of a slice; by default a hundredth of the rows, at least 10.
    k
        Number of slices.

    Returns
    -------
    list of Slice
        Highest score first, all with a positive score; fewer than k when no more exist. The search is exact.

    Raises
    ------
    InputError
        When a parameter is out of range, an error is negative or not finite, or lengths differ.
    """
    values = np.asarray(errors, dtype=np.float64)
    smallest = max(10, len(values) // 100) if n_min is None else n_min
    _check_search(values, columns, alpha=alpha, depth=depth, n_min=smallest, k=k)
    search = _Search(values, columns, alpha, smallest, k)
    if search.total == 0:
        return []
    known: dict[Columns, _Level] = {(place,): search.first_level(place) for place in range(len(columns))}
    for level in range(2, min(depth, len(columns)) + 1):
        found: dict[Columns, _Level] = {}
        for which in itertools.combinations(range(len(columns)), level):
            extended = search.extend(which, known, row_needed=level < depth)
            if extended is not None and len(extended.n):
                found[which] = extended
        if not found:
            break
        known = {which: entry for which, entry in known.items() if len(which) == 1} | found
    return search.best


def _check_search(
    values: NDArray[np.float64], columns: Sequence[Coded], *, alpha: float, depth: int, n_min: int, k: int
) -> None:
    if not 0 < alpha <= 1:
        raise InputError(f"`alpha` must lie in (0, 1]; got {alpha}.")
    for name, value in (("depth", depth), ("k", k), ("n_min", n_min)):
        if value < 1:
            raise InputError(f"`{name}` must be at least 1; got {value}.")
    if any(len(column.codes) != len(values) for column in columns):
        raise InputError("`columns` must have one row an error each; some column is longer or shorter.")
    if not np.isfinite(values).all() or (values < 0).any():
        raise InputError("`errors` must be finite and at least 0; some is not.")
