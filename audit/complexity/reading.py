"""Decoding of all features and factors from all layers, with nulls: one set of eigendecompositions for everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from audit.complexity.decoding import Decoding, decode, fold_codes
from audit.complexity.scores import FEWEST_LAYERS, Complexity, complexity, null_band, shuffled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.complexity.case import Factor

MOST_NULLS = 1500
"""Columns of shuffled features and factors at most; there are at least as many as features."""

SHUFFLES = 20
"""Shuffles of every factor."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """What the layers give away.

    Parameters
    ----------
    layers
        Their names, early to late.
    features
        Complexity of the features.
    factors
        Complexity of the class and of each attribute, all its values together, by name.
    levels
        Complexity of each value alone, by factor.
    small
        The features' K at the smaller probe dimension.
    small_factors
        The factors' K at the smaller probe dimension.
    band
        Upper 95 % of the R2 of shuffled features, by layer.
    null
        Mean K of shuffled features.
    null_values
        K of every shuffled feature.
    factor_null
        Mean K of each shuffled factor.
    dimension
        Probe dimensions, the larger first.
    """

    layers: tuple[str, ...]
    features: Complexity
    factors: Mapping[str, Complexity]
    levels: Mapping[str, Complexity]
    small: NDArray[np.float64]
    small_factors: Mapping[str, float]
    band: NDArray[np.float64]
    null: float
    null_values: NDArray[np.float64]
    factor_null: Mapping[str, float]
    dimension: tuple[int, int]


def unreadable(layers: int, groups: int, folds: int) -> str:
    """Return why layers cannot be read, in words that follow "because"; empty when they can."""
    if layers == 0:
        return "the model has no readable layers or the data no images"
    if layers < FEWEST_LAYERS:
        return f"a complexity needs at least {FEWEST_LAYERS} layers and there are {layers}"
    if groups < 2 * folds:
        return f"{groups} groups are too few for {folds} folds"
    return ""


def read_layers(
    layers: Mapping[str, NDArray[np.float32]],
    codes: NDArray[np.floating],
    factors: Sequence[Factor],
    owner: NDArray[np.int64],
    *,
    folds: int,
    repeats: int,
    small: Mapping[str, NDArray[np.float32]],
    dimension: tuple[int, int],
    seed: int,
) -> Reading:
    """Decode features and factors from layers.

    Parameters
    ----------
    layers
        Projected activations of the measured samples, early to late.
    codes
        Features of the measured samples, (n, k).
    factors
        Class and attributes.
    owner
        Group of each sample.
    folds, repeats
        Of the cross-validation.
    small
        The layers at the smaller probe dimension.
    dimension
        Both dimensions.
    seed
        Of folds and shuffles.
    """
    rng = np.random.default_rng(seed)
    parts = [factor.columns() for factor in factors]
    nulls = max(1, min(SHUFFLES, MOST_NULLS // max(codes.shape[1], 1)))
    dealt = [shuffled(codes, owner, rng) for _ in range(nulls)]
    wide = max(1, min(SHUFFLES, MOST_NULLS // max(sum(part.shape[1] for part in parts), 1)))
    dealt_factors = [[shuffled(part, owner, rng) for _ in range(wide)] for part in parts]
    blocks = [codes, *parts, *dealt, *(one for several in dealt_factors for one in several)]
    fold = fold_codes(len(codes), folds=folds, repeats=repeats, seed=seed, group_id=owner)
    found = decode(layers.values(), np.concatenate(blocks, axis=1), fold)
    places = _places(blocks)
    smaller = decode(small.values(), np.concatenate(blocks[: 1 + len(parts)], axis=1), fold)
    first_null = 1 + len(parts)
    null_columns = np.concatenate(places[first_null : first_null + nulls])
    band, null, null_values = null_band(found.r2[:, null_columns])
    own = {factor.name: complexity(found.pooled(places[1 + i])) for i, factor in enumerate(factors)}
    factor_nulls = {}
    for i, factor in enumerate(factors):
        start = first_null + nulls + i * wide
        values = [complexity(found.pooled(places[start + step])).value[0] for step in range(wide)]
        factor_nulls[factor.name] = float(np.mean(values))
    return Reading(
        layers=tuple(layers),
        features=complexity(_columns(found, places[0])),
        factors=own,
        levels={factor.name: complexity(_columns(found, places[1 + i])) for i, factor in enumerate(factors)},
        small=complexity(_columns(smaller, places[0])).value,
        small_factors={
            factor.name: float(complexity(smaller.pooled(places[1 + i])).value[0]) for i, factor in enumerate(factors)
        },
        band=band,
        null=null,
        null_values=null_values,
        factor_null=factor_nulls,
        dimension=dimension,
    )


def _places(blocks: Sequence[NDArray[np.floating]]) -> list[NDArray[np.int64]]:
    ends = np.cumsum([block.shape[1] for block in blocks])
    return [np.arange(end - block.shape[1], end) for block, end in zip(blocks, ends, strict=True)]


def _columns(found: Decoding, columns: NDArray[np.int64]) -> Decoding:
    return Decoding(found.error[:, :, columns], found.total[:, columns], found.folds)


def pair_complexity(
    layers: Mapping[str, NDArray[np.float32]],
    label: Factor,
    pairs: Sequence[tuple[int, int]],
    owner: NDArray[np.int64],
    *,
    folds: int,
    repeats: int,
    seed: int,
) -> dict[tuple[int, int], tuple[Complexity, int]]:
    """Return the complexity of telling two classes apart, from the samples of both alone, and their number."""
    found = {}
    for first, second in pairs:
        rows = np.flatnonzero((label.codes == first) | (label.codes == second))
        inside = np.unique(owner[rows], return_inverse=True)[1]
        fewer = min(folds, int(inside.max()) + 1)
        if fewer < 2:
            continue
        fold = fold_codes(len(rows), folds=fewer, repeats=repeats, seed=seed, group_id=inside)
        target = (label.codes[rows] == first).astype(np.float64)[:, None]
        width = max(2, len(rows) // 4)
        narrow = (layer[rows, :width] for layer in layers.values())
        found[first, second] = complexity(decode(narrow, target, fold)), len(rows)
    return found


def nearest_classes(penultimate: NDArray[np.floating], label: Factor, most: int) -> list[tuple[int, int]]:
    """Return the pairs of classes whose means lie closest, in units of the spread within both, the closest first."""
    count = len(label.levels)
    x = np.asarray(penultimate, dtype=np.float64)
    means = np.stack([x[label.codes == level].mean(axis=0) for level in range(count)])
    within = np.asarray([((x[label.codes == level] - means[level]) ** 2).sum(axis=1).mean() for level in range(count)])
    i, j = np.triu_indices(count, 1)
    distance = np.linalg.norm(means[i] - means[j], axis=1) / np.sqrt(np.maximum((within[i] + within[j]) / 2, 1e-300))
    order = np.argsort(distance, kind="stable")[:most]
    return [(int(i[place]), int(j[place])) for place in order]
