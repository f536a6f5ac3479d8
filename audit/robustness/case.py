"""Everything the rows of a result are made of: one design, its neighbours, and the k that counts."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.robustness.center_errors import CenterErrors, center_errors
from audit.robustness.design import Design, Eligible, eligible
from audit.robustness.index import accuracy_curve, choose_k, count_types, k_grid, neighbor_types, vote
from audit.robustness.margins import margins
from audit.robustness.null import PermutationNull, permutation_null
from audit.robustness.uncertainty import Evidence, evidence, strata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.robustness.search import Neighborhood
    from audit.robustness.setting import Prepared


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """One model's neighbours on one dataset.

    Parameters
    ----------
    prepared
        Design, columns and first notes.
    vectors
        Embeddings (n, d).
    near
        Neighbours of every occurrence.
    ks
        Values of k of the curve, ascending.
    k
        The k of all other scores.
    draws, permutations, seed
        Of the bootstrap and of the permutation null.
    """

    prepared: Prepared
    vectors: NDArray[Any]
    near: Neighborhood
    ks: tuple[int, ...]
    k: int
    draws: int
    permutations: int
    seed: int

    @property
    def design(self) -> Design:
        """Classes, centers, groups and blocks."""
        return self.prepared.design

    @property
    def n(self) -> int:
        """Number of samples that take part."""
        return len(self.design.used)

    @property
    def class_word(self) -> str:
        """What the class column holds, in a word."""
        return _word(self.prepared.names[0], "class")

    @property
    def center_word(self) -> str:
        """What the center column holds, in a word."""
        return _word(self.prepared.names[1], "center")

    @functools.cached_property
    def types(self) -> NDArray[np.int8]:
        """Type of every neighbour."""
        return neighbor_types(self.near.index, self.design.rows, self.design)

    @functools.cached_property
    def counts(self) -> NDArray[np.int64]:
        """Counts of the four types at every k of the curve, (len(ks), 4)."""
        return count_types(self.types, self.ks)

    @functools.cached_property
    def candidates(self) -> Eligible:
        """Eligible candidates of every occurrence."""
        return eligible(self.design)

    @functools.cached_property
    def stratum(self) -> NDArray[np.int64]:
        """Stratum of every group."""
        return strata(self.design)

    @functools.cached_property
    def accuracy(self) -> NDArray[np.float64]:
        """Balanced accuracy of the class vote at every k of the curve."""
        return accuracy_curve(self.near.index, self.design, self.design.label, self.ks)

    @functools.cached_property
    def evidence(self) -> Evidence:
        """What every row adds to the counts at k."""
        return self.evidence_at(self.k)

    def evidence_at(self, k: int, chosen: NDArray[np.bool_] | None = None) -> Evidence:
        """Return what every row adds to the counts at a k, of all queries or of the chosen occurrences."""
        rows = self.design.rows
        if chosen is None:
            return evidence(self.types, self.near.index, rows, len(self.design.label), k)
        return evidence(self.types[chosen], self.near.index[chosen], rows[chosen], len(self.design.label), k)

    @functools.cached_property
    def margins(self) -> NDArray[np.float64]:
        """Margin of every occurrence."""
        return margins(self.near.so_distance, self.near.os_distance)

    @functools.cached_property
    def class_vote(self) -> NDArray[np.int64]:
        """Class that the k neighbours of every occurrence vote for."""
        return np.asarray(vote(self.near.index, self.design.label, len(self.design.labels), (self.k,))[0])

    @functools.cached_property
    def center_vote(self) -> NDArray[np.int64]:
        """Center that the k neighbours of every occurrence vote for."""
        return np.asarray(vote(self.near.index, self.design.center, len(self.design.centers), (self.k,))[0])

    @functools.cached_property
    def errors(self) -> CenterErrors:
        """Neighbours of the wrongly predicted class at k."""
        return center_errors(self.near.index, self.design, (self.k,))[0]

    @functools.cached_property
    def permuted(self) -> PermutationNull:
        """The index with centers permuted among groups."""
        return permutation_null(
            self.types, self.near.index, self.design, self.k, draws=self.permutations, seed=self.seed
        )

    def notes(self) -> list[str]:
        """Return what the neighbours themselves make worth saying."""
        reached = (self.near.index[:, : self.k] >= 0).sum(axis=1)
        notes = list(self.prepared.notes)
        short = int((reached < self.k).sum())
        if short or self.near.index.shape[1] < self.k:
            notes.append(
                f"{short / len(reached):.1%} of the samples have fewer than {self.k} eligible neighbours; "
                "they count with all they have."
            )
        if self.near.tied.any():
            notes.append(
                f"{self.near.tied.mean():.1%} of the samples have another candidate exactly as near as the last "
                "neighbour that was looked up; the lower row number comes first."
            )
        twins = self.near_duplicates
        if twins.any():
            notes.append(
                f"{int(twins.sum()):,} samples have a near-duplicate (cosine above 1 - 1e-6) in another group: "
                "the same image under two group ids inflates what neighbours share. See the column near_duplicate."
            )
        if self.counts[-1, 1] + self.counts[-1, 2] == 0:
            notes.append("No neighbour is SO or OS: the center is determined by the class, the index is undefined.")
        undefined = int(np.isnan(self.margins).sum())
        if undefined:
            notes.append(
                f"{undefined:,} of {len(self.margins):,} margins are undefined: fewer than "
                f"{self.near.so_distance.shape[1]} eligible neighbours of a type, or all at distance 0."
            )
        return notes

    @functools.cached_property
    def near_duplicates(self) -> NDArray[np.bool_]:
        """Whether the nearest neighbour, which is of another group, has the same direction, by occurrence."""
        return np.asarray(self.near.distance[:, 0] < 1e-6)


_NAME = re.compile(r"[^\W\d_]\w*[^\W_]")
"""A name of letters and figures, with low lines inside it alone."""


def _word(column: str, standard: str) -> str:
    # What cannot stand in a sentence, in the plural too, is called what it is.
    if not _NAME.fullmatch(column) or column.lower() in {"label", "target", "y", "class", "center", "centre"}:
        return standard
    return column.replace("_", " ")


def make_case(
    prepared: Prepared,
    vectors: NDArray[Any],
    near: Neighborhood,
    *,
    k: int | None,
    k_max: int,
    draws: int,
    permutations: int,
    seed: int,
) -> Case:
    """Choose k, unless it is given, and put everything together."""
    # Past the last neighbour that any sample has, the curve would only repeat itself.
    most = int((near.index >= 0).sum(axis=1).max(initial=1))
    ks = tuple(value for value in curve_of(k, k_max) if value <= max(most, 1) or value == k)
    design = prepared.design
    chosen = k or choose_k(ks, accuracy_curve(near.index, design, design.label, ks))
    return Case(
        prepared=prepared,
        vectors=vectors,
        near=near,
        ks=ks,
        k=chosen,
        draws=draws,
        permutations=permutations,
        seed=seed,
    )


def curve_of(k: int | None, k_max: int) -> tuple[int, ...]:
    """Return the values of k of the curve, the given k among them."""
    return tuple(sorted({*k_grid(k_max), *([k] if k else [])}))


def drawn_groups(design: Design, most: int, seed: int) -> NDArray[np.int64]:
    """Return rows of whole groups, at most about ``most`` of them, drawn center by center and class by class alike."""
    rows = design.used
    if len(rows) <= most:
        return rows
    generator = np.random.default_rng(seed)
    groups, place, size = np.unique(design.group[rows], return_inverse=True, return_counts=True)
    order: Sequence[int] = generator.permutation(len(groups)).tolist()
    stratum = strata(design)[groups]
    share = most / len(rows)
    keep = np.zeros(len(groups), dtype=bool)
    taken = np.zeros(int(stratum.max()) + 1)
    wanted = np.bincount(stratum, weights=size) * share
    for g in order:
        if taken[stratum[g]] < wanted[stratum[g]]:
            keep[g] = True
            taken[stratum[g]] += size[g]
    return np.asarray(rows[keep[place]])
