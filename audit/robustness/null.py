"""What the robustness index would be without a center effect: centers permuted among groups.

Neighbours and classes stay; whole groups swap their centers with groups of the same class (of the same set of classes
where groups hold several). The index of the permuted centers keeps the class signal and has no center signal:

    p = (1 + number of permutations with an index at most the observed one) / (1 + permutations)

so a small p says that samples lie nearer to their own center than their class explains.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from audit.robustness.index import OS, SO, SS
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.robustness.design import Design

CHUNK_NUMBERS = 16_000_000
"""Links times permutations held at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class PermutationNull:
    """The robustness index under permuted centers.

    Parameters
    ----------
    p_value
        Share of permutations with an index at most the observed one, the observed one counted; in (0, 1].
    mean
        Mean index of the permutations.
    low, high
        Their 2.5 % and 97.5 % quantiles.
    distinct
        Number of distinct ways to deal the centers (infinite when very large).
    within
        What the groups were permuted within, in words.
    """

    p_value: float
    mean: float
    low: float
    high: float
    distinct: float
    within: str


def permutation_null(
    types: NDArray[np.int8], index: NDArray[np.int64], design: Design, k: int, *, draws: int, seed: int
) -> PermutationNull:
    """Permute centers among groups within class.

    Parameters
    ----------
    types, index
        Types and row numbers of the neighbours (occurrences, ranks).
    design
        Classes, centers and groups.
    k
        Ranks counted.
    draws, seed
        Number of permutations, and their seed.
    """
    unit, unit_center, stratum, within = _units(design)
    near = index[:, :k]
    there = near >= 0
    asking = np.broadcast_to(unit[design.rows][:, None], near.shape)[there]
    asked = unit[near[there]]
    kind = types[:, :k][there]
    same_class = (kind == SS) | (kind == SO)
    count = len(unit_center)
    pairs, place = np.unique(asking * count + asked, return_inverse=True)
    same, other = (
        np.asarray(np.bincount(place, weights=mask, minlength=len(pairs)), dtype=np.float64)
        for mask in (same_class, ~same_class)
    )
    left, right = pairs // count, pairs % count
    observed = float(divide((kind == SO).sum(), (kind == SO).sum() + (kind == OS).sum()))
    values = _permuted_indices(unit_center, stratum, (left, right, same, other), draws, seed)
    values = values[np.isfinite(values)]
    if len(values) == 0 or not np.isfinite(observed):
        return PermutationNull(np.nan, np.nan, np.nan, np.nan, _distinct(unit_center, stratum), within)
    low, high = np.quantile(values, [0.025, 0.975])
    # A permutation that deals the centers as they are repeats the index up to rounding.
    p_value = (1 + int((values <= observed + 1e-12).sum())) / (1 + len(values))
    return PermutationNull(
        p_value, float(values.mean()), float(low), float(high), _distinct(unit_center, stratum), within
    )


def _units(design: Design) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], str]:
    """Return the unit of each row (-1: none), each unit's center and stratum, and the strata in words."""
    used = design.used
    unit = np.full(len(design.label), -1, dtype=np.int64)
    centers = len(design.centers)
    _, place = np.unique(design.group[used] * centers + design.center[used], return_inverse=True)
    profile = np.zeros((int(place.max()) + 1, len(design.labels)), dtype=bool)
    profile[place, design.label[used]] = True
    _, stratum = np.unique(profile, axis=0, return_inverse=True)
    center = np.zeros(len(profile), dtype=np.int64)
    center[place] = design.center[used]
    movable = sum(np.sum(stratum == s) for s in np.unique(stratum) if len(np.unique(center[stratum == s])) > 1)
    if profile.sum(axis=1).max() == 1 or movable > len(profile) / 2:
        unit[used] = place
        several = profile.sum(axis=1).max() > 1
        return unit, center, stratum.ravel(), "groups with the same set of classes" if several else "groups of a class"
    key = (design.group[used] * centers + design.center[used]) * len(design.labels) + design.label[used]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    unit[used] = place
    return unit, design.center[used][first], design.label[used][first], "groups of a class, class by class"


def _permuted_indices(
    center: NDArray[np.int64],
    stratum: NDArray[np.int64],
    links: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    left, right, same, other = links
    # int16 holds every center and quarters the memory that the comparison below has to move.
    compact = center.astype(np.int16)
    members = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    step = max(1, CHUNK_NUMBERS // max(len(left), len(center), 1))
    weights = np.stack([same, other], axis=1).astype(np.float32)
    found = []
    starts = range(0, draws, step)
    for start, child in zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True):
        generator = np.random.default_rng(child)
        dealt = np.empty((min(step, draws - start), len(center)), dtype=np.int16)
        for units in members:
            dealt[:, units] = generator.permuted(np.tile(compact[units], (len(dealt), 1)), axis=1)
        together = (dealt[:, left] == dealt[:, right]).astype(np.float32) @ weights
        so, os = same.sum() - together[:, 0].astype(np.float64), together[:, 1].astype(np.float64)
        found.append(divide(so, so + os))
    return np.concatenate(found)


def _distinct(center: NDArray[np.int64], stratum: NDArray[np.int64]) -> float:
    """Number of distinct ways to deal the centers within strata."""
    logarithm = 0.0
    for s in np.unique(stratum):
        sizes = np.bincount(center[stratum == s])
        logarithm += float(special.gammaln(sizes.sum() + 1) - special.gammaln(sizes + 1).sum())
    return float(np.exp(logarithm)) if logarithm < 700 else float("inf")
