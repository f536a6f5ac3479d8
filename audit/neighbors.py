"""Exact nearest neighbours by cosine distance that never come from the query's own group.

    distance(i, j) = 1 - x_i . x_j / (|x_i| |x_j|),   j eligible for i  <=>  group(j) != group(i)

A block of queries is multiplied with all candidates in a quick number format, the largest scores are kept as
candidates and their scores are computed again in float64. The order is provably that of float64: a quick score is
off by at most ``error_bound``, so whatever lies further than twice that below the k-th quick score cannot be a
neighbour. Rows whose candidates cannot be certified that way are searched again in float64 altogether. Where all rows
are searched among all on a CPU, each product is computed once for both its rows (:mod:`audit.pair_tiles`).
Cosines are rounded to a grid of 2^-40 (9e-13), so that ties do not hang on the order of a sum; equal distances are
ordered by row number. No n x n matrix is ever held: memory grows as n, time as n squared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.errors import InputError
from audit.lanes import lane_count, open_lanes
from audit.models.device import resolve_device
from audit.neighbor_pool import PADDING, Neighbors, Pool, copy_rows, no_neighbors
from audit.pair_tiles import PairTiles
from audit.score_blocks import (
    Precision,
    numpy_is_quicker,
    unit_vectors,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["NeighborSearch", "Neighbors", "nearest_neighbors"]

BLOCK_BYTES = 48 * 2**20
"""Bytes of one block of scores on a CPU."""

DEVICE_BLOCK_BYTES = 2 * 2**30
"""Bytes of one block of scores on an accelerator."""

SETTLED_AT_ONCE = 2048
"""Rows whose candidates are ordered at once."""


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
        self.device = resolve_device(device)
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
        found = no_neighbors(len(wanted), k)
        if len(wanted) == 0 or len(among) == 0:
            return found
        pool = Pool(self, np.sort(place[among]))
        rank = np.argsort(place[wanted], kind="stable")
        if queries is None and candidates is None and pool.holds_pairs(k):
            self._settle_pairs(found, pool, k)
        else:
            self._search_blocks(found, pool, rank, place[wanted[rank]], k)
        return found

    def _settle_pairs(self, found: Neighbors, pool: Pool, k: int) -> None:
        """Search for everybody's neighbours among everybody: a product serves both its rows."""
        kept = min(k + PADDING, self.n)
        top, column = PairTiles(self.quick.numpy(), self.codes[self.order], kept).search()
        for start in range(0, self.n, SETTLED_AT_ONCE):
            part = slice(start, start + SETTLED_AT_ONCE)
            copy_rows(found, self.order[part], pool.settle(np.arange(self.n)[part], top[part], column[part], k))

    def _search_blocks(
        self, found: Neighbors, pool: Pool, rank: NDArray[np.int64], places: NDArray[np.int64], k: int
    ) -> None:
        """Search block by block; in lanes the selection of one block runs beside the product of another."""
        lanes = lane_count() if self._multiplies_with_numpy() else 1
        size = max(1, self.block_bytes // lanes // (len(pool.rows) * (8 if self.precision == "float64" else 4)))
        starts = iter(list(range(0, len(rank), size)))

        def lane(_: int) -> None:
            room = pool.room(min(size, len(rank)))
            for start in starts:  # a list's iterator gives each block once, whichever lane asks
                part = slice(start, start + size)
                copy_rows(found, rank[part], pool.search(places[part], k, room))

        if lanes == 1 or len(rank) <= size:
            lane(0)
            return
        with open_lanes() as threads:
            for _ in threads.map(lane, range(lanes)):
                pass

    def _multiplies_with_numpy(self) -> bool:
        return self.device == "cpu" and self.quick.dtype != self.exact.dtype and numpy_is_quicker()
