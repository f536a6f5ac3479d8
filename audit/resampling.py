"""Bootstrap and permutation on counts: rows are never resampled one by one.

The unit of resampling is a row, or a group_id where one is given. Units that contribute the same counts are
exchangeable, so a draw is one multinomial over the distinct contributions; a million rows in 200 groups cost
as much as 400 numbers.

    bootstrap      w ~ Multinomial(N, m / N),  counts* = wᵀ S      (S: distinct contributions, m: how often each)
    permutation    correct answers of a class dealt to its subgroups, multivariate hypergeometric
"""

from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from audit.counts import sum_by
from audit.errors import InputError
from audit.statistics import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]

PACKED = 2.0**26
"""Two counts below this share one double exactly."""

CHUNK_NUMBERS = 8_000_000
"""Numbers held by one chunk of draws; the chunks, not the threads, own the random streams."""


@dataclasses.dataclass(frozen=True, eq=False)
class Units:
    """What is resampled: distinct contributions to the counts and how often each occurs.

    Parameters
    ----------
    multiplicity
        int64, shape (units,).
    contributions
        Sparse float64 matrix, shape (units, quantities).
    """

    multiplicity: NDArray[np.int64]
    contributions: sparse.csr_array

    @property
    def total(self) -> int:
        """Number of rows or group_ids behind the units."""
        return int(self.multiplicity.sum())

    def sums(self) -> NDArray[np.float64]:
        """The observed counts, shape (quantities,)."""
        return np.asarray(self.contributions.T @ self.multiplicity.astype(np.float64))


def resampling_units(
    columns: Sequence[NDArray[np.int64]], width: int, group_id: NDArray[np.int64] | None = None
) -> Units:
    """Collapse rows to resampling units.

    Parameters
    ----------
    columns
        Each array names, row by row, one quantity that the row adds 1 to; negative: none.
    width
        Number of quantities.
    group_id
        Code of each row's group_id; rows of one group_id are drawn together. ``None``: every row by itself.
        Negative codes (no group_id known) count as groups of their own.

    Returns
    -------
    Units
        Distinct contributions with their multiplicities.
    """
    if not columns or len(columns[0]) == 0:
        raise InputError("`columns` must hold at least one array with at least one row; got none.")
    if group_id is None:
        return _row_units(columns, width)
    owner = np.where(group_id < 0, group_id.max(initial=-1) + 1 + np.arange(len(group_id)), group_id)
    count = int(owner.max()) + 1
    rows = np.concatenate([owner[column >= 0] for column in columns])
    places = np.concatenate([column[column >= 0] for column in columns])
    matrix = sparse.coo_array((np.ones(len(rows)), (rows, places)), shape=(count, width)).tocsr()
    present = np.bincount(owner, minlength=count) > 0
    # Equal rows are found by a 53-bit-safe random hash of their contents, compared in 64-bit wrap-around arithmetic.
    hashes = np.random.default_rng(0).integers(1, 2**62, size=width, dtype=np.int64)
    with np.errstate(over="ignore"):
        signature = matrix.astype(np.int64) @ hashes
    _, first, inverse = np.unique(signature, return_index=True, return_inverse=True)
    multiplicity = np.bincount(inverse, weights=present, minlength=len(first)).astype(np.int64)
    keep = multiplicity > 0
    return Units(multiplicity[keep], sparse.csr_array(matrix[first[keep]]))


def _row_units(columns: Sequence[NDArray[np.int64]], width: int) -> Units:
    combined = columns[0] + 1
    span = width + 1
    for column in columns[1:]:
        if span > 2**62 // (width + 1):  # more columns than 64 bits can number: renumber what occurs
            distinct, combined = np.unique(combined, return_inverse=True)
            span = len(distinct)
        combined = combined * (width + 1) + column + 1
        span *= width + 1
    if span <= 4 * len(combined):
        occurrences = np.bincount(combined, minlength=span)
        present = np.flatnonzero(occurrences)
        multiplicity = occurrences[present]
        example = np.empty(span, dtype=np.int64)
        example[combined] = np.arange(len(combined))
        first = example[present]
    else:
        _, first, multiplicity = np.unique(combined, return_index=True, return_counts=True)
    rows = np.concatenate([np.flatnonzero(column[first] >= 0) for column in columns])
    places = np.concatenate([column[first][column[first] >= 0] for column in columns])
    matrix = sparse.coo_array((np.ones(len(rows)), (rows, places)), shape=(len(first), width))
    return Units(multiplicity.astype(np.int64), matrix.tocsr())


def bootstrap(units: Units, statistic: Statistic, *, draws: int, seed: int) -> NDArray[np.float64]:
    """Bootstrap draws of a statistic of the counts.

    Parameters
    ----------
    units
        What is resampled.
    statistic
        Maps counts (k, quantities) to values (k, ...), vectorised over the first axis.
    draws
        Number of bootstrap samples, at least 1.
    seed
        Seed; equal seeds give equal draws whatever the number of threads, so that two statistics, or two models
        on the same rows, are compared draw by draw.

    Returns
    -------
    ndarray
        Shape (draws, ...).
    """
    if draws < 1:
        raise InputError(f"`draws` must be at least 1; got {draws}.")
    total = units.total
    transposed = sparse.csr_array(units.contributions.T)
    probability = units.multiplicity / total
    # Many nearly unique units: naming the drawn rows is quicker than one binomial a unit.
    by_row = len(probability) * 8 > total
    unit_of_row = np.repeat(np.arange(len(probability)), units.multiplicity) if by_row else None

    def draw(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        if unit_of_row is None:
            weights = generator.multinomial(total, probability, size=size)
        else:
            weights = np.stack(
                [
                    np.bincount(unit_of_row[generator.integers(0, total, total)], minlength=len(probability))
                    for _ in range(size)
                ]
            )
        counts = transposed @ np.ascontiguousarray(weights.T, dtype=np.float64)
        return np.asarray(statistic(np.ascontiguousarray(counts.T)), dtype=np.float64)

    return _in_chunks(draw, draws=draws, seed=seed, numbers=len(probability) + units.contributions.shape[1])


def _in_chunks(
    draw: Callable[[np.random.Generator, int], NDArray[np.float64]], *, draws: int, seed: int, numbers: int
) -> NDArray[np.float64]:
    size = int(np.clip(CHUNK_NUMBERS // max(numbers, 1), 1, 250))
    sizes = [min(size, draws - start) for start in range(0, draws, size)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    generators = [np.random.default_rng(child) for child in seeds]
    with ThreadPoolExecutor(max_workers=min(len(sizes), os.cpu_count() or 1, 4)) as pool:
        return np.concatenate(list(pool.map(draw, generators, sizes)))


def permute_correct(
    correct: NDArray[np.int64], n: NDArray[np.int64], statistic: Statistic, *, draws: int, seed: int
) -> NDArray[np.float64]:
    """Draws of a statistic when subgroup labels are permuted within each class.

    Parameters
    ----------
    correct, n
        Counts, shape (classes, patterns). Only the correct answers move: a class keeps its total, a cell its n.
    statistic
        Maps correct counts (k, classes, patterns) to values (k, ...).
    draws
        Number of permutations.
    seed
        Seed.

    Returns
    -------
    ndarray
        Shape (draws, ...).
    """

    def draw(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        dealt = np.empty((size, *n.shape))
        for place, (cells, total) in enumerate(zip(n, correct.sum(axis=1), strict=True)):
            filled = np.flatnonzero(cells)
            dealt[:, place] = 0
            if len(filled):
                dealt[:, place, filled] = generator.multivariate_hypergeometric(
                    cells[filled], int(total), size=size, method="marginals"
                )
        return statistic(dealt)

    return _in_chunks(draw, draws=draws, seed=seed, numbers=3 * n.size)


def permute_units(
    unit_class: NDArray[np.int64],
    unit_pattern: NDArray[np.int64],
    unit_counts: NDArray[np.float64],
    shape: tuple[int, int],
    statistic: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    *,
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Draws of a statistic when whole units (a group_id's rows of one class and subgroup) swap subgroups in a class.

    Parameters
    ----------
    unit_class, unit_pattern
        Class and subgroup of each unit, shape (units,).
    unit_counts
        Correct answers and samples of each unit, shape (units, 2).
    shape
        (classes, patterns).
    statistic
        Maps correct (k, classes, patterns) and n of the same shape to values (k, ...).
    draws
        Number of permutations.
    seed
        Seed.

    Returns
    -------
    ndarray
        Shape (draws, ...).
    """
    members = [np.flatnonzero(unit_class == place) for place in range(shape[0])]
    cells = shape[0] * shape[1]
    packed = unit_counts[:, 0] + unit_counts[:, 1] * PACKED

    def draw(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        patterns = np.empty((size, len(unit_class)), dtype=np.int64)
        for rows in members:
            patterns[:, rows] = generator.permuted(np.tile(unit_pattern[rows], (size, 1)), axis=1)
        place = (np.arange(size)[:, None] * cells + unit_class * shape[1] + patterns).ravel()
        # Both counts in one pass: n above, correct answers in the 26 bits below.
        summed = sum_by(place, np.tile(packed, size), size * cells).reshape(size, *shape)
        n = np.floor(summed / PACKED)
        return statistic(summed - n * PACKED, n)

    return _in_chunks(draw, draws=draws, seed=seed, numbers=4 * len(unit_class) + 2 * cells)


def percentile_interval(values: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Percentile interval of bootstrap draws (draws, ...); NaN draws are left out, all NaN gives NaN."""
    tail = (1 - level) / 2
    if not np.isnan(values).any():
        low, high = np.quantile(values, [tail, 1 - tail], axis=0)
        return Interval(low, high)
    undefined = np.isnan(values).all(axis=0)
    low, high = np.nanquantile(np.where(undefined, 0.0, values), [tail, 1 - tail], axis=0)
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))


def centred_interval(
    value: NDArray[np.float64] | float,
    values: NDArray[np.float64],
    level: float = 0.95,
    *,
    floor: float = -np.inf,
) -> Interval:
    """Bootstrap interval of a score that sampling noise inflates (a spread, a gap, a calibration error).

    Each bootstrap sample adds a second layer of noise, so its draws lie too high; they are moved so that their
    mean is the observed value, and the interval then stands on the same scale as value and permutation null.

    Parameters
    ----------
    value
        Observed value, shape (...).
    values
        Bootstrap draws, shape (draws, ...).
    level
        Coverage.
    floor
        Smallest value that the score can take.

    Returns
    -------
    Interval
        Bounds of the shape of ``value``.
    """
    interval = percentile_interval(values, level)
    defined = np.isfinite(values)
    count = defined.sum(axis=0)
    mean = np.where(defined, values, 0).sum(axis=0) / np.maximum(count, 1)
    shift = np.where(count > 0, np.asarray(value) - mean, np.nan)
    return Interval(np.maximum(interval.low + shift, floor), np.maximum(interval.high + shift, floor))
