"""The candidates of a search for neighbours, and the exact order of those that a quick search has left."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from audit.pair_tiles import TILE
from audit.score_blocks import error_bound, has_mkl, largest, product, sampled_products

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from audit.neighbors import NeighborSearch

GRID = 2.0**40
"""Steps of a cosine of 1: rounding noise of float64 sums (about 1e-15) does not reach from one step to the next."""

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


def copy_rows(found: Neighbors, places: NDArray[np.int64], part: Neighbors) -> None:
    """Write the rows of a part into the whole, at the places given."""
    for name in Neighbors.FIELDS:
        getattr(found, name)[places] = getattr(part, name)


def no_neighbors(rows: int, k: int) -> Neighbors:
    """Return room for so many queries' neighbours; so far they have none."""
    return Neighbors(
        np.full((rows, k), -1, dtype=np.int64),
        np.full((rows, k), np.inf),
        np.zeros(rows, dtype=np.int64),
        np.zeros(rows, dtype=bool),
    )


class Pool:
    """The candidates of one search, as places in the order of groups."""

    def __init__(self, search: NeighborSearch, places: NDArray[np.int64]) -> None:
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

    def room(self, rows: int) -> torch.Tensor | None:
        """Return memory for the scores of so many queries, for one lane on a CPU."""
        import torch

        if self.search_of.device != "cpu":
            return None
        number = torch.float64 if self.search_of.precision == "float64" else torch.float32
        return torch.empty((rows, len(self.places)), dtype=number)

    def search(self, places: NDArray[np.int64], k: int, room: torch.Tensor | None) -> Neighbors:
        """Search for one block of queries, given as ascending places."""
        import torch

        owner = self.search_of
        query = torch.from_numpy(places)
        first, last = self._own_bands(places)
        scores = product(owner.quick[query.to(owner.quick.device)], self.quick, owner.precision, room)
        self._exclude(scores, query, first, last)
        kept = min(k + PADDING, len(self.rows))
        return self.settle(places, *largest(scores, kept), k)

    def settle(self, places: NDArray[np.int64], top: NDArray[Any], column: NDArray[np.int64], k: int) -> Neighbors:
        """Return the neighbours of a block of queries, given the largest quick scores of each and their columns."""
        import torch

        owner = self.search_of
        query = torch.from_numpy(places)
        first, last = self._own_bands(places)
        eligible = len(self.rows) - (last - first)
        kept = top.shape[1]
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

    def _own_bands(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the candidates of each query's own group begin and end."""
        groups = self.search_of.codes[self.search_of.order][places]
        first = np.searchsorted(self.group_on_host, groups, side="left")
        return first, np.searchsorted(self.group_on_host, groups, side="right")

    def holds_pairs(self, k: int) -> bool:
        """Whether a search for all among all is quicker pair by pair: on a CPU, from a few tiles on."""
        search = self.search_of
        quick = search.device == "cpu" and search.precision in {"float32", "tf32"}
        return quick and search.n >= 4 * TILE and k + PADDING <= TILE

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
        part = no_neighbors(len(exact), k)
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
