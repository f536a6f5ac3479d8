"""Rank hypotheses on the half that did not propose them.

score        cosine of image and phrase
AUROC        oriented: how often an image of the phrase's own set scores higher than one of the other
prevalence   share of a set's images above a threshold that the propose half chose (largest Youden index)
best of many the largest AUROC of all hypotheses when sides are permuted (Westfall & Young 1993, single step):
             of 30 null hypotheses at 100 against 100 images the best has .58 on average
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from audit.differences.auroc import Auroc, auroc, clustered_auroc, group_influence
from audit.significance import Correction, adjust_p_values
from audit.statistics import newcombe_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.differences.halves import Division

TRUST: tuple[tuple[float, str, float], ...] = (
    (0.7, "below .7", 0.25),
    (0.8, ".7 to .8", 0.38),
    (0.9, ".8 to .9", 0.54),
    (0.97, ".9 to .97", 0.81),
    (0.999, ".97 to .999", 0.88),
    (np.inf, ".999 and above", 0.73),
)
"""Upper bound of an AUROC, its words, and how often the top hypothesis of that AUROC was right in 150 known pairs."""

SAME = 0.9
"""Cosine of two phrases from which on they say the same."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Ranked:
    """Hypotheses with what the validate half says about them, arrays of shape (hypotheses,).

    Parameters
    ----------
    direction
        0 for A, 1 for B.
    auroc
        Oriented: above 1/2 when truer of the hypothesis's own set.
    q_value
        Benjamini-Hochberg (or the chosen correction) over all hypotheses of the run, see :func:`corrected`.
    contrast
        Mean cosine in the hypothesis's own set minus mean cosine in the other.
    p_max
        Westfall-Young: probability that the best of all hypotheses reaches this AUROC with no difference.
    null_max
        Mean of the best AUROC with no difference.
    threshold
        Cosine above which an image is said to show the phrase.
    shown
        Validate images that show it, (hypotheses, 2) by set.
    n
        Validate images by set.
    """

    direction: NDArray[np.int64]
    auroc: Auroc
    q_value: NDArray[np.float64]
    contrast: NDArray[np.float64]
    p_max: NDArray[np.float64]
    null_max: float
    threshold: NDArray[np.float64]
    shown: NDArray[np.int64]
    n: tuple[int, int]

    def prevalence(self, side: int) -> NDArray[np.float64]:
        """Return the share of a set's validate images that show each phrase."""
        return np.asarray(self.shown[:, side] / self.n[side])

    def difference(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return prevalence in A minus prevalence in B with Newcombe's interval."""
        bounds = newcombe_interval(self.shown[:, 0], self.n[0], self.shown[:, 1], self.n[1])
        return self.prevalence(0) - self.prevalence(1), bounds.low, bounds.high

    def significant(self, level: float = 0.05) -> NDArray[np.bool_]:
        """Return which hypotheses pass the corrected test."""
        return np.asarray(self.q_value < level)


def trust(value: float) -> tuple[str, float]:
    """Return the trust band of an AUROC in words, and how often the top hypothesis was right there."""
    return next((words, right) for bound, words, right in TRUST if value < bound)


def rank(
    scores: NDArray[np.floating],
    direction: NDArray[np.int64],
    division: Division,
    *,
    draws: int,
    seed: int,
    correction: Correction = "benjamini_hochberg",
) -> Ranked:
    """Test hypotheses on the validate half.

    Parameters
    ----------
    scores
        Cosines (hypotheses, samples), of all samples of the dataset.
    direction
        Which set each hypothesis is said to be truer of.
    division
        Sets, halves and groups.
    draws
        Permutations for the best of many.
    seed
        Their seed.
    correction
        Of the p-values.
    """
    proposing, testing = ([division.rows(side, validate=half) for side in (0, 1)] for half in (False, True))
    rows = np.concatenate(testing)
    first = np.arange(len(rows)) < len(testing[0])
    sign = np.where(direction == 0, 1.0, -1.0).astype(scores.dtype)
    oriented = scores[:, rows] * sign[:, None]
    _, group = np.unique(division.group[rows], return_inverse=True)
    grouped = int(group.max()) + 1 < len(rows)
    found = clustered_auroc(oriented, first, group) if grouped else auroc(oriented, first)
    p_max, null_max = best_of_many(oriented, first, group, found.value, draws=draws, seed=seed)
    threshold = thresholds(scores, direction, proposing)
    shown = np.stack([(scores[:, place] > threshold[:, None]).sum(axis=1) for place in testing], axis=1)
    return Ranked(
        direction=direction,
        auroc=found,
        q_value=corrected(found.p_value, correction),
        contrast=oriented[:, first].mean(axis=1, dtype=np.float64) - oriented[:, ~first].mean(axis=1, dtype=np.float64),
        p_max=p_max,
        null_max=null_max,
        threshold=threshold,
        shown=shown,
        n=(len(testing[0]), len(testing[1])),
    )


def corrected(p_values: NDArray[np.float64], correction: Correction) -> NDArray[np.float64]:
    """Return corrected one-sided p-values of a run that asks in two directions.

    As many tests again are counted for the direction that was not proposed, with p = 1 (audit-defined): what is
    proposed for a set was looked for in both.
    """
    unproposed = np.ones(len(p_values))
    return adjust_p_values(np.concatenate([p_values, unproposed]), correction)[: len(p_values)]


def best_of_many(
    scores: NDArray[np.floating],
    first: NDArray[np.bool_],
    group: NDArray[np.int64],
    observed: NDArray[np.float64],
    *,
    draws: int,
    seed: int,
) -> tuple[NDArray[np.float64], float]:
    """Return the Westfall-Young p-value of each AUROC, and the mean of the best AUROC with no difference.

    Parameters
    ----------
    scores
        Oriented scores (hypotheses, samples).
    first
        Which samples belong to A.
    group
        Code of each sample's group. Whole groups change sides; where some have samples on both, the signs of the
        groups' influence on the AUROC are drawn instead (a wild bootstrap).
    observed
        The AUROC of each hypothesis.
    draws
        Permutations.
    seed
        Their seed.
    """
    generator = np.random.default_rng(seed)
    groups = int(group.max()) + 1
    of_a = np.bincount(group, weights=first, minlength=groups)
    if np.any((of_a > 0) & (of_a < np.bincount(group, minlength=groups))):
        best = _multiplied(scores, first, group, draws, generator)
    else:
        best = _permuted(scores, first, group, draws, generator)
    above = draws - np.searchsorted(np.sort(best), observed - 1e-6, side="left")
    return (1 + above) / (1 + draws), float(best.mean())


def _permuted(
    scores: NDArray[np.floating],
    first: NDArray[np.bool_],
    group: NDArray[np.int64],
    draws: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the best AUROC of each draw in which whole groups change sides."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=1).astype(np.float32)
    total = float(len(first) + 1)
    label = np.zeros(int(group.max()) + 1, dtype=bool)
    label[group] = first
    best = np.empty(draws)
    for start in range(0, draws, 256):
        size = min(256, draws - start)
        drawn = generator.permuted(np.repeat(label[:, None], size, axis=1), axis=0)[group]
        n_a = drawn.sum(axis=0)
        # The middle is taken out first, so that 32 bits hold the sums of ranks.
        values = 0.5 + (ranks @ drawn.astype(np.float32) - n_a * (total / 2)) / (n_a * (len(first) - n_a))
        best[start : start + size] = values.max(axis=0)
    return best


def _multiplied(
    scores: NDArray[np.floating],
    first: NDArray[np.bool_],
    group: NDArray[np.int64],
    draws: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the best AUROC of each draw in which every group's influence is taken with a random sign.

    Groups with samples in both sets cannot change sides; their share in each AUROC's error can.
    """
    influence = group_influence(scores, first, group).astype(np.float32)
    signs = generator.integers(0, 2, (influence.shape[1], draws)).astype(np.float32) * 2 - 1
    return np.asarray(0.5 + (influence @ signs).max(axis=0), dtype=np.float64)


def thresholds(
    scores: NDArray[np.floating], direction: NDArray[np.int64], places: list[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Return for each hypothesis the cosine that parts the propose halves best (largest Youden index)."""
    n_a, n_b = len(places[0]), len(places[1])
    if min(n_a, n_b) == 0:
        return np.asarray(np.median(scores, axis=1), dtype=np.float64)
    values = scores[:, np.concatenate(places)].astype(np.float64)
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    is_a = order < n_a
    index = np.cumsum(~is_a, axis=1) / n_b - np.cumsum(is_a, axis=1) / n_a
    index = np.where((direction == 0)[:, None], index, -index)
    # Between equal scores there is no threshold.
    index[:, :-1][ordered[:, 1:] == ordered[:, :-1]] = -np.inf
    best = np.argmax(index[:, :-1], axis=1)
    rows = np.arange(len(values))
    return np.asarray((ordered[rows, best] + ordered[rows, best + 1]) / 2)


def simplify(
    phrases: list[str], vectors: NDArray[np.floating], ranked: Ranked
) -> tuple[list[int], dict[int, list[int]]]:
    """Return the hypotheses to show, best first, and those that each stands for.

    Phrases whose vectors have a cosine above .9 are one; of nested phrases the shortest stays whose AUROC lies within
    the interval of the longer.

    Parameters
    ----------
    phrases
        The hypotheses.
    vectors
        Their unit vectors, (hypotheses, d).
    ranked
        What the validate half says.
    """
    # Near 1 many phrases tie: of AUROCs that agree to two decimals the one with the larger contrast comes first.
    length = np.char.str_len(np.asarray(phrases, dtype=np.str_))
    order = np.lexsort((length, -ranked.contrast, -ranked.auroc.value.round(2))).tolist()
    cosine = vectors @ vectors.T
    merged: dict[int, list[int]] = {i: [] for i in order}
    while True:
        kept = _merge_once(order, merged, phrases, cosine, ranked)
        if kept == order:
            return kept, merged
        # A shorter phrase that took a longer one's place may be one with others that stayed.
        order = kept


def _merge_once(
    order: list[int], merged: dict[int, list[int]], phrases: list[str], cosine: NDArray[np.floating], ranked: Ranked
) -> list[int]:
    kept: list[int] = []
    for i in order:
        same = (j for j in kept if ranked.direction[i] == ranked.direction[j])
        twin = next((j for j in same if _one(i, j, phrases, cosine)), None)
        if twin is None:
            kept.append(i)
        elif _inside(phrases[i], phrases[twin]) and ranked.auroc.value[i] >= ranked.auroc.low[twin]:
            kept[kept.index(twin)] = i
            merged[i] += [twin, *merged.pop(twin)]
        else:
            merged[twin] += [i, *merged.pop(i)]
    return kept


def _one(i: int, j: int, phrases: list[str], cosine: NDArray[np.floating]) -> bool:
    nested = _inside(phrases[i], phrases[j]) or _inside(phrases[j], phrases[i])
    return bool(cosine[i, j] > SAME) or nested


def _inside(short: str, long: str) -> bool:
    """Return whether a phrase's words stand in a longer phrase, in their order and together."""
    return short != long and f" {short.lower()} " in f" {long.lower()} "
