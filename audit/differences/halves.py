"""Halves: one to propose phrases on, one to test them on; whole group_ids, or near-duplicates, stay together.

Without a group_id, samples whose distance to a neighbour is under a tenth of the usual one are near-duplicates
(audit-defined), as are samples with the same image file.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from audit.outputs import unit_rows

if TYPE_CHECKING:
    from audit.dataset import Dataset

NEIGHBOURS = 5
CLOSE = 0.1
"""Share of the usual distance to the nearest neighbour below which two samples are near-duplicates."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Division:
    """Who belongs to which set, half and group.

    Parameters
    ----------
    side
        0 for A, 1 for B, -1 for neither, (n,).
    validate
        Whether a sample is in the half that tests, (n,).
    group
        Code of what is kept together, (n,).
    """

    side: np.ndarray
    validate: np.ndarray
    group: np.ndarray

    @classmethod
    def of(cls, columns: np.ndarray) -> Division:
        """Return the division that :meth:`columns` wrote."""
        side, half, group = np.asarray(columns).T
        return cls(side=side.astype(np.int64), validate=half == 1, group=group.astype(np.int64))

    def columns(self) -> np.ndarray:
        """Return side, half and group as int64 (n, 3)."""
        return np.column_stack([self.side, self.validate, self.group]).astype(np.int64)

    def rows(self, side: int, *, validate: bool) -> np.ndarray:
        """Return the positions of one side's samples in one half."""
        return np.flatnonzero((self.side == side) & (self.validate == validate))

    def units(self) -> tuple[int, int]:
        """Return how many groups of each set are in the half that tests."""
        found = [len(np.unique(self.group[self.rows(side, validate=True)])) for side in (0, 1)]
        return found[0], found[1]

    @property
    def grouped(self) -> bool:
        """Whether any group holds several samples of the two sets."""
        used = self.group[self.side >= 0]
        return len(np.unique(used)) < len(used)


def divide_sets(side: np.ndarray, group: np.ndarray, seed: int) -> Division:
    """Return random halves of both sets, whole groups at a time.

    Parameters
    ----------
    side
        0, 1 or -1, (n,).
    group
        Code of what must stay together, (n,).
    seed
        Seed of the draw.
    """
    generator = np.random.default_rng(seed)
    validate = np.zeros(len(side), dtype=bool)
    used = np.flatnonzero(side >= 0)
    groups, place = np.unique(group[used], return_inverse=True)
    counts = np.stack([np.bincount(place[side[used] == s], minlength=len(groups)) for s in (0, 1)])
    kinds = (counts[0] > 0) + 2 * (counts[1] > 0)
    chosen = np.zeros(len(groups), dtype=bool)
    spare = 0
    for kind in np.unique(kinds):
        # Groups of A alone, of B alone and of both are halved on their own; large groups are paired with large ones.
        members = np.flatnonzero(kinds == kind)
        members = members[generator.permutation(len(members))]
        members = members[np.argsort(-counts[:, members].sum(axis=0), kind="stable")]
        flips = generator.integers(0, 2, (len(members) + 1) // 2)
        turns = (np.arange(len(members)) + np.repeat(flips, 2)[: len(members)]) % 2
        if len(members) % 2:
            turns[-1] = spare
            spare = 1 - spare
        chosen[members] = turns == 1
    validate[used] = chosen[place]
    return Division(side=side.astype(np.int64), validate=validate, group=group.astype(np.int64))


def same_set(division: Division, seed: int) -> Division | None:
    """Return a comparison of the larger set with itself, halved twice; ``None`` when it is too small."""
    sizes = [int((division.side == s).sum()) for s in (0, 1)]
    larger = int(np.argmax(sizes))
    rows = np.flatnonzero(division.side == larger)
    groups = np.unique(division.group[rows])
    if sizes[larger] < 24 or len(groups) < 8:
        return None
    generator = np.random.default_rng([seed, 1])
    turned = generator.permutation(len(groups)) % 2
    side = np.full(len(division.side), -1)
    side[rows] = turned[np.searchsorted(groups, division.group[rows])]
    return divide_sets(side, division.group, seed + 1)


def match_classes(side: np.ndarray, classes: np.ndarray, seed: int) -> np.ndarray:
    """Return the sides with samples left out at random, so that every class has equally many in A and in B.

    Parameters
    ----------
    side
        0, 1 or -1, (n,).
    classes
        Class codes (n,); negative ones match nothing.
    seed
        Seed of the draw.
    """
    generator = np.random.default_rng(seed)
    matched = np.full(len(side), -1)
    for code in np.unique(classes[classes >= 0]):
        members = [np.flatnonzero((side == s) & (classes == code)) for s in (0, 1)]
        n = min(map(len, members))
        for s in (0, 1):
            matched[generator.permutation(members[s])[:n]] = s
    return matched


def groups_of(dataset: Dataset, embeddings: np.ndarray | None) -> np.ndarray:
    """Return the code of what must stay together: group_id, else near-duplicates, else each sample alone.

    Parameters
    ----------
    dataset
        The samples.
    embeddings
        Vectors (n, d) to look for near-duplicates in; ``None`` for image files alone.
    """
    import pandas as pd

    n = len(dataset)
    if dataset.roles.group_id is not None:
        codes, _ = pd.factorize(dataset.column("group_id"))
        return np.where(codes < 0, codes.max(initial=-1) + 1 + np.arange(n), codes)
    contents = [content or f"row {row}" for row, content in enumerate(dataset.content_hashes)]
    same, _ = pd.factorize(pd.Series(contents))
    return same if embeddings is None or n < 3 else _joined(same, embeddings)


def _joined(same: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from audit.neighbors import nearest_neighbors

    n = len(same)
    found = nearest_neighbors(unit_rows(embeddings), k=min(NEIGHBOURS, n - 1))
    distance = np.maximum(found.distance, 0)
    apart = distance[:, 0][distance[:, 0] > 1e-9]
    bound = CLOSE * float(np.median(apart)) if len(apart) else 0.0
    row, column = np.nonzero(distance <= bound)
    first = np.unique(same, return_index=True)[1][same]
    rows = np.concatenate([row, np.arange(n)])
    columns = np.concatenate([found.index[row, column], first])
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])
