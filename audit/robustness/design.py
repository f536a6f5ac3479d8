"""Who is compared with whom: class, center and group of every row, and the blocks that are searched apart.

Unpaired, one block holds every usable row. Paired, each block crosses two classes with two centers, neighbours are
searched inside a block only, and the counts of all blocks are pooled (arXiv 2507.17845).
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

SUBSET_SEPARATOR = "|"
"""Parts the subsets of a sample that belongs to several."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Design:
    """Codes of every row, and the blocks of rows that are searched apart.

    Parameters
    ----------
    label, center, group
        Codes, int64 (n,); -1 for rows that take no part.
    labels, centers
        Names of the codes, sorted.
    blocks
        Row numbers of each block, ascending; a row may lie in several blocks.
    block_names
        One name a block.
    """

    label: NDArray[np.int64]
    center: NDArray[np.int64]
    group: NDArray[np.int64]
    labels: tuple[str, ...]
    centers: tuple[str, ...]
    blocks: tuple[NDArray[np.int64], ...]
    block_names: tuple[str, ...]

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of every occurrence, block after block: int64 (occurrences,)."""
        return np.concatenate(self.blocks)

    @property
    def block(self) -> NDArray[np.int64]:
        """The block of every occurrence."""
        return np.repeat(np.arange(len(self.blocks)), [len(rows) for rows in self.blocks])

    @property
    def used(self) -> NDArray[np.int64]:
        """The rows that lie in any block, ascending."""
        return np.unique(self.rows)

    @property
    def groups(self) -> int:
        """Number of groups among the rows used."""
        return len(np.unique(self.group[self.used]))


def encode(values: ArrayLike, usable: NDArray[np.bool_]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return codes in the order of the sorted names (-1 where not usable), and the names."""
    text = np.asarray(values, dtype=np.str_)
    names, codes = np.unique(text[usable], return_inverse=True)
    out = np.full(len(text), -1, dtype=np.int64)
    out[usable] = codes
    return out, tuple(str(name) for name in names)


def all_rows(label: ArrayLike, center: ArrayLike, group: ArrayLike, usable: NDArray[np.bool_] | None = None) -> Design:
    """Return the unpaired design.

    Parameters
    ----------
    label, center, group
        One value a row.
    usable
        Rows that take part; all when left out.

    Raises
    ------
    InputError
        If there are fewer than two classes, centers or groups: the index is undefined then, not 0 or 1.
    """
    here = np.ones(len(np.asarray(label)), dtype=bool) if usable is None else usable
    label_code, labels = encode(label, here)
    center_code, centers = encode(center, here)
    group_code, groups = encode(group, here)
    if len(centers) < 2:
        raise InputError(_too_few("center", "centers", centers, "nothing can be confused with it"))
    if len(labels) < 2:
        raise InputError(_too_few("label", "classes", labels, "no neighbour can be of another class"))
    if len(groups) < 2:
        raise InputError(_too_few("group_id", "groups", groups, "every neighbour would be from the sample's own group"))
    return Design(
        label=label_code,
        center=center_code,
        group=group_code,
        labels=labels,
        centers=centers,
        blocks=(np.flatnonzero(here),),
        block_names=("all",),
    )


def _too_few(role: str, what: str, names: tuple[str, ...], why: str) -> str:
    only = f" ('{names[0]}')" if names else ""
    return f"`{role}` must hold at least 2 {what}; got {len(names)}{only}. With one, {why}: the index is undefined."


def paired(design: Design, subset: ArrayLike | None = None) -> tuple[Design, list[str]]:
    """Return the paired design of an unpaired one, and what was left out.

    Parameters
    ----------
    design
        As from :func:`all_rows`.
    subset
        The subsets of each row, several parted by ``|``, empty for none; every two classes crossed with every two
        centers when left out.

    Raises
    ------
    InputError
        If no subset crosses two classes with two centers completely.
    """
    usable = design.blocks[0]
    named = _every_crossing(design) if subset is None else _named(pd.Series(np.asarray(subset, dtype=object)), usable)
    blocks, names, incomplete = [], [], []
    for name, rows in named:
        cells = {(int(c), int(m)) for c, m in zip(design.label[rows], design.center[rows], strict=True)}
        complete = len({c for c, _ in cells}) == 2 and len({m for _, m in cells}) == 2 and len(cells) == 4
        if complete:
            blocks.append(rows)
            names.append(name)
        else:
            incomplete.append(name)
    if not blocks:
        raise InputError(
            "`design` must find at least one subset that crosses 2 classes with 2 centers completely; "
            f"got {len(incomplete)} incomplete ones. Use the unpaired design.",
        )
    notes = []
    if incomplete:
        shown = ", ".join(incomplete[:5])
        notes.append(f"{len(incomplete)} subsets lack a class or a center and were left out: {shown}.")
    chosen = dataclasses.replace(design, blocks=tuple(blocks), block_names=tuple(names))
    lost = len(usable) - len(chosen.used)
    if lost:
        notes.append(f"{lost:,} samples lie in no complete subset and were left out.")
    return chosen, notes


def _every_crossing(design: Design) -> list[tuple[str, NDArray[np.int64]]]:
    found = []
    label, center = design.label, design.center
    for c in itertools.combinations(range(len(design.labels)), 2):
        for m in itertools.combinations(range(len(design.centers)), 2):
            rows = np.flatnonzero(np.isin(label, c) & np.isin(center, m))
            classes = " + ".join(design.labels[i] for i in c)
            found.append((f"{classes} at {' + '.join(design.centers[i] for i in m)}", rows))
    return found


def _named(subset: pd.Series[Any], usable: NDArray[np.int64]) -> Sequence[tuple[str, NDArray[np.int64]]]:
    members: dict[str, list[int]] = {}
    for row in usable:
        value = subset.iloc[row]
        if value is None or pd.isna(value):
            continue
        for name in str(value).split(SUBSET_SEPARATOR):
            if name.strip():
                members.setdefault(name.strip(), []).append(int(row))
    return [(name, np.array(rows, dtype=np.int64)) for name, rows in sorted(members.items())]


@dataclasses.dataclass(frozen=True, eq=False)
class Eligible:
    """How many candidates of each type every occurrence has, its own group left out: int64 (occurrences,) each."""

    ss: NDArray[np.int64]
    so: NDArray[np.int64]
    os: NDArray[np.int64]
    oo: NDArray[np.int64]

    @property
    def total(self) -> NDArray[np.int64]:
        """All eligible candidates."""
        return self.ss + self.so + self.os + self.oo

    def shares(self) -> NDArray[np.float64]:
        """Return the share of each type among the candidates, (occurrences, 4); 0 where there are none."""
        counts = np.stack([self.ss, self.so, self.os, self.oo], axis=1).astype(np.float64)
        return counts / np.maximum(self.total, 1)[:, None]


def eligible(design: Design) -> Eligible:
    """Count each occurrence's candidates by type."""
    parts = [_eligible(design.label[rows], design.center[rows], design.group[rows]) for rows in design.blocks]
    return Eligible(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _eligible(
    label: NDArray[np.int64], center: NDArray[np.int64], group: NDArray[np.int64]
) -> tuple[NDArray[np.int64], ...]:
    def alike(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
        _, place, count = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True, return_counts=True)
        return np.asarray(count[place.ravel()], dtype=np.int64)

    same_both = alike(label, center) - alike(label, center, group)
    same_class = alike(label) - alike(label, group)
    same_center = alike(center) - alike(center, group)
    everyone = len(label) - alike(group)
    so, os = same_class - same_both, same_center - same_both
    return same_both, so, os, everyone - same_both - so - os
