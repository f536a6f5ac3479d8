"""AUROC, AUPRC and prevalence per subgroup: never one without the others.

McDermott et al., *A Closer Look at AUROC and AUPRC*, NeurIPS 2024, with p+ the score of a random positive:

    AUROC = 1 - E_{p+}[FPR(p+)]
    AUPRC = 1 - P(y = 0) E_{p+}[FPR(p+) / P(score >= p+)]

AUPRC weighs a false positive by how few samples score as high, and falls with the prevalence, so subgroups with
different prevalence must not be ranked by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from audit.errors import InputError
from audit.statistics import Interval, divide, wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Ranking(NamedTuple):
    """Ranking quality per subgroup, arrays of shape (subgroups,)."""

    auroc: NDArray[np.float64]
    auroc_interval: Interval
    auprc: NDArray[np.float64]
    auprc_interval: Interval
    prevalence: NDArray[np.float64]
    prevalence_interval: Interval
    n: NDArray[np.float64]


def auroc(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Probability that a random positive scores above a random negative (ties count half).

    Parameters
    ----------
    score
        Higher = more positive, shape (n,).
    positive
        True class, shape (n,).

    Returns
    -------
    float
        In [0, 1], higher = better, .5 = chance; NaN when a class is absent.
    """
    truth = np.asarray(positive, dtype=bool)
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    from scipy.stats import rankdata

    ranks = rankdata(score)
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve as a step function: mean precision at the positives' scores.

    Parameters
    ----------
    score, positive
        As in :func:`auroc`.

    Returns
    -------
    float
        In [0, 1], higher = better, chance = prevalence; NaN without positives.
    """
    truth = np.asarray(positive, dtype=bool)
    if not truth.any():
        return float("nan")
    order = np.argsort(-np.asarray(score, dtype=np.float64), kind="stable")
    sorted_score = np.asarray(score)[order]
    # Equal scores are one threshold: each positive sees the precision at the end of its run.
    last = np.flatnonzero(np.append(np.diff(sorted_score) != 0, True))
    found = np.cumsum(truth[order])[last]
    gained = np.diff(found, prepend=0)
    return float((gained * found / (last + 1)).sum() / truth.sum())


def _auroc_error(
    score: NDArray[np.float64], truth: NDArray[np.bool_], value: float, owner: NDArray[np.int64] | None
) -> float:
    """Standard error by placements (DeLong 1988; summed within group_ids as in Obuchowski 1997)."""
    positives, negatives = np.sort(score[truth]), np.sort(score[~truth])

    def share_below(sorted_scores: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
        left, right = np.searchsorted(sorted_scores, at, "left"), np.searchsorted(sorted_scores, at, "right")
        return np.asarray((left + right) / (2 * len(sorted_scores)))

    placement = np.where(
        truth,
        (share_below(negatives, score) - value) / len(positives),
        (1 - share_below(positives, score) - value) / len(negatives),
    )
    if owner is not None:
        placement = np.bincount(np.unique(owner, return_inverse=True)[1], weights=placement)
    count = len(placement)
    return float(np.sqrt((placement**2).sum() * count / max(count - 1, 1)))


def _logit_bounds(value: float, error: float, fallback: float, level: float) -> tuple[float, float]:
    """Interval on the scale of log-odds; a value of 0 or 1 takes Wilson's with ``fallback`` samples."""
    if not np.isfinite(value):
        return float("nan"), float("nan")
    if not 0 < value < 1 or error == 0:
        bounds = wilson_interval(value * fallback, fallback, level)
        return float(bounds.low), float(bounds.high)
    half = special.ndtri((1 + level) / 2) * error / (value * (1 - value))
    centre = special.logit(value)
    return float(special.expit(centre - half)), float(special.expit(centre + half))


def ranking_by_subgroup(
    score: NDArray[np.floating],
    positive: NDArray[np.bool_],
    subgroup: NDArray[np.int64],
    subgroups: int,
    *,
    group_id: NDArray[np.int64] | None = None,
    level: float = 0.95,
) -> Ranking:
    """AUROC, AUPRC and prevalence of every subgroup with intervals.

    Parameters
    ----------
    score
        Probability of the positive class, shape (n,).
    positive
        True class.
    subgroup
        Code of each row's subgroup; negative rows are left out.
    subgroups
        Number of subgroups.
    group_id
        Code of each row's group_id, the independent unit where given.
    level
        Coverage.

    Returns
    -------
    Ranking
        AUROC by DeLong's error and AUPRC by the binomial error (Boyd et al. 2013), both on the log-odds scale.
        A subgroup with one class has AUROC NaN, one without positives AUPRC NaN.
    """
    values = np.asarray(score, dtype=np.float64)
    if not np.isfinite(values[subgroup >= 0]).all():
        raise InputError("`score` must be finite for every row that belongs to a subgroup; some is not.")
    rows: list[tuple[float, ...]] = []
    for place in range(subgroups):
        inside = np.flatnonzero(subgroup == place)
        s, truth = values[inside], np.asarray(positive, dtype=bool)[inside]
        owner = None if group_id is None else group_id[inside]
        positives = int(truth.sum())
        area, precision = auroc(s, truth), average_precision(s, truth)
        error = _auroc_error(s, truth, area, owner) if np.isfinite(area) else float("nan")
        units = positives if owner is None else len(np.unique(owner[truth]))
        precision_error = np.sqrt(precision * (1 - precision) / units) if units else float("nan")
        rows.append(
            (
                area,
                *_logit_bounds(area, error, min(positives, len(inside) - positives), level),
                precision,
                *_logit_bounds(precision, precision_error, units, level),
                positives,
                len(inside),
            )
        )
    table = np.array(rows, dtype=np.float64).reshape(-1, 8).T
    return Ranking(
        table[0],
        Interval(table[1], table[2]),
        table[3],
        Interval(table[4], table[5]),
        divide(table[6], table[7]),
        wilson_interval(table[6], table[7], level),
        table[7],
    )


def disagreeing_pairs(first: NDArray[np.float64], second: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of subgroups that two scores put in opposite order.

    Parameters
    ----------
    first, second
        For instance AUROC and AUPRC, shape (subgroups,); undefined entries take no part.

    Returns
    -------
    list of (int, int)
        Places (a, b) with ``first[a] < first[b]`` and ``second[a] > second[b]``.
    """
    with np.errstate(invalid="ignore"):
        below = first[:, None] < first[None, :]
        above = second[:, None] > second[None, :]
    return [(int(a), int(b)) for a, b in zip(*np.nonzero(below & above), strict=True)]
