"""The neighbours of every occurrence of a design: the k nearest, and the m nearest of the types SO and OS."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from audit.neighbors import Neighbors, NeighborSearch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.robustness.design import Design


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Neighborhood:
    """Neighbours of every occurrence, as row numbers of the data, nearest first; -1 where there is none.

    Parameters
    ----------
    index, distance
        The k nearest of any type, (occurrences, k).
    so_index, so_distance
        The m nearest of the same class from other centers, (occurrences, m).
    os_index, os_distance
        The m nearest of other classes from the same center, (occurrences, m).
    tied
        Whether a candidate left out of the k is exactly as near as the last one kept, (occurrences,).
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float64]
    so_index: NDArray[np.int64]
    so_distance: NDArray[np.float64]
    os_index: NDArray[np.int64]
    os_distance: NDArray[np.float64]
    tied: NDArray[np.bool_]

    FIELDS: ClassVar[tuple[str, ...]] = (
        "index",
        "distance",
        "so_index",
        "so_distance",
        "os_index",
        "os_distance",
        "tied",
    )

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> Neighborhood:
        """Return the neighbours kept as a mapping of arrays."""
        return cls(**{name: np.asarray(arrays[name]) for name in cls.FIELDS})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fields as a mapping of arrays, for the store."""
        return {name: getattr(self, name) for name in self.FIELDS}


def find_neighbors(vectors: NDArray[Any], design: Design, *, k: int, m: int = 5, device: str = "cpu") -> Neighborhood:
    """Search every block of a design.

    Parameters
    ----------
    vectors
        (n, d); rows outside the blocks are not looked at.
    design
        Classes, centers, groups and blocks.
    k
        Neighbours of any type; cut to the size of the largest block less one.
    m
        Neighbours of type SO and of type OS each; 0 leaves them out.
    device
        See :func:`audit.neighbors.nearest_neighbors`.
    """
    width = max(1, min(k, max(len(rows) for rows in design.blocks) - 1))
    parts = [_search_block(vectors, design, rows, (width, m), device) for rows in design.blocks]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in Neighborhood.FIELDS}
    return Neighborhood(**joined)


def _search_block(
    vectors: NDArray[Any], design: Design, rows: NDArray[np.int64], counts: tuple[int, int], device: str
) -> dict[str, NDArray[Any]]:
    k, m = counts
    inside = vectors if len(rows) == len(vectors) else vectors[rows]
    search = NeighborSearch(inside, group=design.group[rows], device=device)
    found = search.search(k)
    label, center = design.label[rows], design.center[rows]
    so, os = _typed(search, label, center, m), _typed(search, center, label, m)
    return {
        "index": _global(found.index, rows),
        "distance": found.distance,
        "so_index": _global(so.index, rows),
        "so_distance": so.distance,
        "os_index": _global(os.index, rows),
        "os_distance": os.distance,
        "tied": found.tied,
    }


def _global(index: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(index >= 0, rows[index], -1)


def _typed(search: NeighborSearch, same: NDArray[np.int64], other: NDArray[np.int64], m: int) -> Neighbors:
    """Search each cell among the rows that share its ``same`` code and have another ``other`` code."""
    n = len(same)
    found = Neighbors(np.full((n, m), -1), np.full((n, m), np.inf), np.zeros(n, np.int64), np.zeros(n, bool))
    if m < 1:
        return found
    cells = np.unique(np.stack([same, other], axis=1), axis=0)
    for s, o in cells:
        queries = np.flatnonzero((same == s) & (other == o))
        part = search.search(m, queries=queries, candidates=np.flatnonzero((same == s) & (other != o)))
        found.index[queries], found.distance[queries] = part.index, part.distance
    return found
