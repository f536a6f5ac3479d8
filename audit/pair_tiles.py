"""The largest products of every row with all others, each product computed once: tiles of pairs, in lanes.

    tile (I, J), I <= J:   S = X_I X_J'   offers S_ij to row i and to row j

A table's products with itself are symmetric, so that half of them are enough. Every row holds the largest products
that it was offered so far, and takes only what lies above its floor: the least of the k that it is sure to keep.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import numpy as np

from audit.lanes import open_lanes
from audit.score_blocks import largest

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 1536
"""Rows of a tile: 9 MiB of float32 products a lane."""

ROOM = 5
"""Products that a row has room for, in units of those that it keeps."""


class PairTiles:
    """The k largest products of each row with rows of other groups.

    Parameters
    ----------
    rows
        float32 (n, d).
    group
        Group of each row, ascending, int64 (n,): pairs of one group are left out.
    k
        Products kept of a row; at most ``tile``.
    tile
        Rows of a tile.
    """

    def __init__(self, rows: NDArray[np.float32], group: NDArray[np.int64], k: int, *, tile: int = TILE) -> None:
        self.rows, self.group, self.k = np.ascontiguousarray(rows), group, k
        n = len(rows)
        self.blocks = [slice(start, min(start + tile, n)) for start in range(0, n, tile)]
        self.locks = [threading.Lock() for _ in self.blocks]
        self.room = ROOM * k
        self.value = np.full((n, self.room), -np.inf, dtype=np.float32)
        self.other = np.zeros((n, self.room), dtype=np.int32)
        self.count = np.zeros(n, dtype=np.int64)
        self.floor = np.full(n, -np.inf, dtype=np.float32)
        self._here = threading.local()

    def search(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the k largest products of each row, descending, and the rows they are with: both (n, k).

        Where fewer than k rows are of other groups, the rest is minus infinity.
        """
        places = range(len(self.blocks))
        with open_lanes() as lanes:
            # First each block with itself: from then on every row has a floor.
            for _ in lanes.map(self._own, places):
                pass
            for _ in lanes.map(self._pair, itertools.combinations(places, 2)):
                pass
            parts = list(lanes.map(self._sorted, self.blocks))
        return np.concatenate([value for value, _ in parts]), np.concatenate([other for _, other in parts])

    def _product(self, left: slice, right: slice) -> NDArray[np.float32]:
        a, b = self.rows[left], self.rows[right]
        if not hasattr(self._here, "memory"):
            side = self.blocks[0].stop
            self._here.memory = np.empty(side * side, dtype=np.float32)
            self._here.above = np.empty(side * side, dtype=np.bool_)
        scores = self._here.memory[: len(a) * len(b)].reshape(len(a), len(b))
        np.matmul(a, b.T, out=scores)
        own, others = self.group[left], self.group[right]
        # Groups ascend, so that most tiles hold none twice.
        if own[-1] >= others[0]:
            scores[own[:, None] == others[None, :]] = -np.inf
        return np.asarray(scores)

    def _own(self, place: int) -> None:
        block = self.blocks[place]
        self._keep(block, block, *self._largest(block, self._product(block, block)))
        self._drop(block)

    def _pair(self, places: tuple[int, int]) -> None:
        left, right = (self.blocks[place] for place in places)
        scores = self._product(left, right)
        with self.locks[places[0]]:
            self._offer(left, right, scores)
        with self.locks[places[1]]:
            self._offer(right, left, scores.T)

    def _offer(self, block: slice, others: slice, scores: NDArray[np.float32]) -> None:
        """Let every row of a block take the products with other rows that lie above its floor."""
        found = self._above(block, scores)
        if self._fullest(block, found[0]) > self.room:
            self._drop(block)
            found = self._above(block, scores)
            if self._fullest(block, found[0]) > self.room:
                found = self._largest(block, scores)
        self._keep(block, others, *found)

    def _fullest(self, block: slice, row: NDArray[np.int64]) -> int:
        return int((self.count[block] + np.bincount(row, minlength=block.stop - block.start)).max())

    def _keep(
        self,
        block: slice,
        others: slice,
        row: NDArray[np.int64],
        column: NDArray[np.int64],
        value: NDArray[np.float32],
    ) -> None:
        taken = np.bincount(row, minlength=block.stop - block.start)
        slot = np.arange(len(row)) + np.repeat(self.count[block] - (np.cumsum(taken) - taken), taken)
        self.value[block.start + row, slot] = value
        self.other[block.start + row, slot] = others.start + column
        self.count[block] += taken

    def _above(
        self, block: slice, scores: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Return row, column and value of the products above the rows' floors, row by row."""
        if scores.flags.c_contiguous:
            flat = self._places(scores, self.floor[block, None])
            row = flat // scores.shape[1]
            return row, flat - row * scores.shape[1], scores.ravel()[flat]
        table = scores.T
        flat = self._places(table, self.floor[None, block])
        column = flat // table.shape[1]
        row = flat - column * table.shape[1]
        # Sixteen bits are sorted without comparing.
        order = np.argsort(row.astype(np.uint16), kind="stable") if len(scores) <= 2**16 else np.argsort(row)
        return row[order], column[order], table.ravel()[flat[order]]

    def _places(self, table: NDArray[np.float32], floor: NDArray[np.float32]) -> NDArray[np.int64]:
        # Fresh memory for every comparison would cost as much as the comparison.
        above = self._here.above[: table.size].reshape(table.shape)
        return np.flatnonzero(np.greater(table, floor, out=above))

    def _largest(
        self, block: slice, scores: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Return the k largest products of each row as :meth:`_above` returns those above the floors."""
        import torch

        kept = min(self.k, scores.shape[1])
        value, column = largest(torch.from_numpy(np.ascontiguousarray(scores)), kept)
        above = value > self.floor[block, None]
        return np.repeat(np.arange(len(scores)), above.sum(axis=1)), column[above], value[above]

    def _drop(self, block: slice) -> None:
        """Keep the k largest products of each row, and raise the floors to the least of them."""
        value, other = self.value[block], self.other[block]
        kept = np.argpartition(value, self.room - self.k, axis=1)[:, self.room - self.k :]
        value[:, : self.k] = np.take_along_axis(value, kept, 1)
        other[:, : self.k] = np.take_along_axis(other, kept, 1)
        value[:, self.k :] = -np.inf
        # A row that was offered fewer holds places of minus infinity among them, and that is its floor.
        self.count[block] = self.k
        self.floor[block] = value[:, : self.k].min(axis=1)

    def _sorted(self, block: slice) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        value, other = self.value[block], self.other[block]
        kept = np.argpartition(value, self.room - self.k, axis=1)[:, self.room - self.k :]
        value, other = np.take_along_axis(value, kept, 1), np.take_along_axis(other, kept, 1)
        order = np.argsort(-value, axis=1, kind="stable")
        return np.take_along_axis(value, order, 1), np.take_along_axis(other, order, 1).astype(np.int64)
