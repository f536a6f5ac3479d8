"""Exact nearest neighbours by cosine distance that never come from the query's own group.

    distance(i, j) = 1 - x_i . x_j / (|x_i| |x_j|),   j eligible for i  <=>  group(j) != group(i)

A block of queries is multiplied with all candidates in a quick number format, the largest scores are kept as
candidates and their scores are computed again in float64. The order is provably that of float64: a quick score is
off by at most ``error_bound``, so whatever lies further than twice that below the k-th quick score cannot be a
neighbour. Rows whose candidates cannot be certified that way are searched again in float64 altogether.
Cosines are rounded to a grid of 2^-40 (9e-13), so that ties do not hang on the order of a sum; equal distances are
ordered by row number. No n x n matrix is ever held: memory grows as n, time as n squared.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.errors import InputError
from audit.score_blocks import Precision, error_bound, has_mkl, largest, product, sampled_products

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike, NDArray

BLOCK_BYTES = 48 * 2**20
"""Bytes of one block of scores on a CPU."""

DEVICE_BLOCK_BYTES = 2 * 2**30
"""Bytes of one block of scores on an accelerator."""

GRID = 2.0**40
"""Steps of a cosine of 1: rounding noise of float64 sums (about 1e-15) does not reach from one step to the next."""

ROWS_AT_ONCE = 4096
"""Rows normalised at once."""

PADDING = 16
"""Candidates kept beyond k; they make it likely that a row can be certified at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest eligible candidates of each query, nearest first.

    Parameters
    ----------
    index
        Row numbers, int64 (queries, k); -1 where fewer than k candidates are eligible.
    distance
        Cosine distances in [0, 2], float64 (queries, k); infinite where there is no neighbour.
    eligible
        Number of eligible candidates of each query, int64 (queries,).
    tied
        Whether a candidate that was left out is exactly as near as the last neighbour, bool (queries,).
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float64]
    eligible: NDArray[np.int64]
    tied: NDArray[np.bool_]

    FIELDS: ClassVar[tuple[str, ...]] = ("index", "distance", "eligible", "tied")


def unit_vectors(vectors: ArrayLike, order: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Return rows of length 1 in float64.

    Parameters
    ----------
    vectors
        (n, d).
    order
        Order of the rows returned; as they are when left out.

    Raises
    ------
    InputError
        If the array is not two-dimensional, or a row is zero or not finite; the message names the row.
    """
    table = np.asarray(vectors)
    if table.ndim != 2:
        raise InputError(f"`vectors` must be a table (n, d); got {table.ndim} dimensions.")
    places = np.arange(len(table)) if order is None else order
    out = np.empty(table.shape, dtype=np.float64)
    for start in range(0, len(table), ROWS_AT_ONCE):
        chosen = places[start : start + ROWS_AT_ONCE]
        rows = table[chosen].astype(np.float64)
        # Dividing by the largest entry first keeps the squares of very large and very small rows in range.
        longest = np.abs(rows).max(axis=1, initial=0.0)
        bad = np.flatnonzero(~np.isfinite(longest) | (longest == 0))
        if len(bad):
            what = "all zero" if longest[bad[0]] == 0 else "not finite"
            raise InputError(
                f"`vectors` must have a direction in every row; row {chosen[bad[0]]} is {what}. Leave such rows out."
            )
        rows /= longest[:, None]
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        out[start : start + ROWS_AT_ONCE] = rows
    return out


def nearest_neighbors(
    vectors: ArrayLike,
    *,
    k: int,
    group: ArrayLike | None = None,
    queries: NDArray[np.int64] | None = None,
    candidates: NDArray[np.int64] | None = None,
    device: str = "cpu",
    precision: Precision = "float32",
    block_bytes: int | None = None,
) -> Neighbors:
    """Find the k nearest candidates of every query, its own group (and itself) left out.

    Parameters
    ----------
    vectors
        (n, d), any length; only directions count.
    k
        Neighbours wanted, at least 1.
    group
        Group of each row (text or numbers); every row is its own group when left out.
    queries, candidates
        Row numbers to search for and among; all rows when left out.
    device
        ``cpu``, ``cuda``, ``cuda:1``, ``mps`` (float64 parts then run on the CPU) or ``auto``.
    precision
        Format of the first pass; the result is the same for each, only the time differs.
    block_bytes
        Memory for one block of scores; by default 48 MiB on a CPU and 2 GiB on an accelerator.

    Returns
    -------
    Neighbors
        One row a query, in the order given.

    Raises
    ------
    InputError
        If ``k`` is below 1, a vector has no direction, or lengths differ.
    """
    return NeighborSearch(vectors, group=group, device=device, precision=precision, block_bytes=block_bytes).search(
        k, queries=queries, candidates=candidates
    )


class NeighborSearch:
    """Vectors made ready once for several searches; parameters as in :func:`nearest_neighbors`."""

    def __init__(
        self,
        vectors: ArrayLike,
        *,
        group: ArrayLike | None = None,
        device: str = "cpu",
        precision: Precision = "float32",
        block_bytes: int | None = None,
    ) -> None:
        import torch

        table = np.asarray(vectors)
        self.n = len(table)
        self.device = choose_device(device)
        self.precision: Precision = precision
        self.block_bytes = block_bytes or (BLOCK_BYTES if self.device == "cpu" else DEVICE_BLOCK_BYTES)
        codes = np.arange(self.n) if group is None else np.unique(np.asarray(group), return_inverse=True)[1]
        if len(codes) != self.n:
            raise InputError(f"`group` must have one entry a row ({self.n}); got {len(codes)}.")
        self.codes: NDArray[np.int64] = codes.astype(np.int64)
        # Rows of one group lie side by side, so that a block's ineligible pairs are a narrow band.
        self.order = np.argsort(self.codes, kind="stable")
        rows = unit_vectors(table, self.order)
        self.dimensions = rows.shape[1]
        exact = torch.from_numpy(rows)
        self.exact = exact if self.device == "mps" else exact.to(self.device)
        quick = {"float64": torch.float64, "bfloat16": torch.bfloat16}.get(precision, torch.float32)
        self.quick = self.exact if quick == torch.float64 else exact.to(quick).to(self.device)
        self.group = torch.from_numpy(self.codes[self.order]).to(self.device)

    def search(
        self,
        k: int,
        *,
        queries: NDArray[np.int64] | None = None,
        candidates: NDArray[np.int64] | None = None,
    ) -> Neighbors:
        """Find the k nearest eligible candidates of each query; see :func:`nearest_neighbors`."""
        if k < 1:
            raise InputError(f"`k` must be at least 1; got {k}.")
        place = np.empty(self.n, dtype=np.int64)
        place[self.order] = np.arange(self.n)
        wanted = np.arange(self.n) if queries is None else np.asarray(queries, dtype=np.int64)
        among = np.arange(self.n) if candidates is None else np.unique(np.asarray(candidates, dtype=np.int64))
        found = _empty(len(wanted), k)
        if len(wanted) == 0 or len(among) == 0:
            return found
        rank = np.argsort(place[wanted], kind="stable")
        size = max(1, self.block_bytes // (8 * len(among) if self.precision == "float64" else 4 * len(among)))
        pool = _Pool(self, np.sort(place[among]), min(size, len(wanted)))
        for start in range(0, len(wanted), size):
            chosen = rank[start : start + size]
            part = pool.search(place[wanted[chosen]], k)
            for name in Neighbors.FIELDS:
                getattr(found, name)[chosen] = getattr(part, name)
        return found


def _empty(rows: int, k: int) -> Neighbors:
    return Neighbors(
        np.full((rows, k), -1, dtype=np.int64),
        np.full((rows, k), np.inf),
        np.zeros(rows, dtype=np.int64),
        np.zeros(rows, dtype=bool),
    )


class _Pool:
    """The candidates of one search, as places in the order of groups."""

    def __init__(self, search: NeighborSearch, places: NDArray[np.int64], size: int) -> None:
        import torch

        self.search_of = search
        self.places = places
        everything = len(places) == search.n
        picked = torch.from_numpy(places)
        self.quick = search.quick if everything else search.quick[picked.to(search.quick.device)]
        self.exact = search.exact if everything else search.exact[picked.to(search.exact.device)]
        self.group = search.group if everything else search.group[picked.to(search.group.device)]
        self.group_on_host = search.codes[search.order][places]
        self.rows = search.order[places]
        self.bound = 2 * error_bound(search.dimensions, search.precision)
        number = torch.float64 if search.precision == "float64" else torch.float32
        self.scores = torch.empty((size, len(places)), dtype=number) if search.device == "cpu" else None

    def search(self, places: NDArray[np.int64], k: int) -> Neighbors:
        """Search for one block of queries, given as ascending places."""
        import torch

        owner = self.search_of
        query = torch.from_numpy(places)
        groups = owner.codes[owner.order][places]
        first = np.searchsorted(self.group_on_host, groups, side="left")
        last = np.searchsorted(self.group_on_host, groups, side="right")
        eligible = len(self.rows) - (last - first)
        scores = product(owner.quick[query.to(owner.quick.device)], self.quick, owner.precision, self.scores)
        self._exclude(scores, query, first, last)
        kept = min(k + PADDING, len(self.rows))
        top, column = largest(scores, kept)
        kth = top[:, min(k, kept) - 1 : min(k, kept)]
        with np.errstate(invalid="ignore"):  # minus infinity less a bound, where fewer than k are eligible
            close = (top >= kth - self.bound) & np.isfinite(top)
            certified = (top[:, -1] < kth[:, 0] - self.bound) | ~np.isfinite(top[:, -1]) | (kept == len(self.rows))
        part = self._ranked(self._rescore(query, column, close), column, k, eligible)
        doubtful = np.flatnonzero(~certified)
        # A float64 row takes twice the room of the quick one.
        step = max(1, owner.block_bytes // (16 * len(self.rows)))
        for start in range(0, len(doubtful), step):
            self._search_exactly(part, doubtful[start : start + step], query, (first, last), k)
        return part

    def _exclude(
        self, scores: torch.Tensor, query: torch.Tensor, first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> None:
        """Set the scores of the queries' own groups to minus infinity: one band of columns."""
        low, high = int(first.min()), int(last.max())
        if low >= high:
            return
        own = self.search_of.group[query.to(self.search_of.group.device)]
        band = own[:, None] == self.group[None, low:high]
        scores[:, low:high].masked_fill_(band.to(scores.device), -math.inf)

    def _rescore(self, query: torch.Tensor, column: NDArray[np.int64], close: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return float64 scores (queries, kept) of the marked pairs, minus infinity elsewhere."""
        import torch

        device = self.exact.device
        vectors = self.search_of.exact[query.to(device)]
        out = np.full(column.shape, -np.inf)
        if device.type == "cpu" and has_mkl():
            out[close] = sampled_products(vectors, self.exact, column, close)
            return out
        places = torch.from_numpy(column).to(device)
        step = max(1, self.search_of.block_bytes // (8 * column.shape[1] * self.search_of.dimensions))
        for start in range(0, len(vectors), step):
            stop = start + step
            products = torch.einsum("bkd,bd->bk", self.exact[places[start:stop]], vectors[start:stop])
            out[start:stop] = np.where(close[start:stop], products.cpu().numpy(), -np.inf)
        return out

    def _ranked(
        self, exact: NDArray[np.float64], column: NDArray[np.int64], k: int, eligible: NDArray[np.int64]
    ) -> Neighbors:
        """Order by float64 score, equal scores by row number, and keep k."""
        rows, exact = self.rows[column], np.rint(exact * GRID)
        by_row = np.argsort(rows, axis=1, kind="stable")
        rows, exact = np.take_along_axis(rows, by_row, 1), np.take_along_axis(exact, by_row, 1)
        nearest = np.argsort(-exact, axis=1, kind="stable")
        rows, exact = np.take_along_axis(rows, nearest, 1), np.take_along_axis(exact, nearest, 1)
        part = _empty(len(exact), k)
        width = min(k, exact.shape[1])
        there = np.isfinite(exact[:, :width])
        part.index[:, :width] = np.where(there, rows[:, :width], -1)
        part.distance[:, :width] = np.where(there, np.maximum(1 - exact[:, :width] / GRID, 0.0), np.inf)
        part.eligible[:] = eligible
        if exact.shape[1] > k:
            part.tied[:] = np.isfinite(exact[:, k]) & (exact[:, k] == exact[:, k - 1])
        return part

    def _search_exactly(
        self,
        part: Neighbors,
        chosen: NDArray[np.int64],
        query: torch.Tensor,
        own: tuple[NDArray[np.int64], NDArray[np.int64]],
        k: int,
    ) -> None:
        """Search rows in float64 throughout, all their candidates ranked."""
        places = query[chosen]
        scores = self.search_of.exact[places.to(self.exact.device)] @ self.exact.T
        self._exclude(scores, places, own[0][chosen], own[1][chosen])
        exact = scores.cpu().numpy()
        column = np.broadcast_to(np.arange(exact.shape[1]), exact.shape)
        ranked = self._ranked(exact, column, k, part.eligible[chosen])
        for name in Neighbors.FIELDS:
            getattr(part, name)[chosen] = getattr(ranked, name)


def choose_device(device: str) -> str:
    """Return the device that ``auto`` stands for: cuda, then mps, then cpu."""
    if device != "auto":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
