"""The rows of ``overall``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.counts import sum_by
from audit.group_ids import effective_counts, group_counts
from audit.prototypes.chosen import covering_radius
from audit.prototypes.curves import area
from audit.prototypes.looks import PSEUDO_PARTS, pseudo_parts
from audit.prototypes.quality import consistency, distinctiveness, met_parts, purity, stability, window
from audit.prototypes.reasons import similar_images
from audit.statistics import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.prototypes.case import Case
    from audit.prototypes.chosen import Nearest, Prototypes
    from audit.prototypes.evidence import Evidence

CHANCE_DRAWS = 20
SHARES = (0.0, 1.0)
"""Bounds of an interval of shares."""

FEWEST = 3
"""Images below which an interval says nothing."""


@dataclasses.dataclass(frozen=True, eq=False)
class Agreement:
    """Whether the nearest prototype's class is the model's answer.

    Parameters
    ----------
    known
        Samples that are compared and have an answer and a prototype: (n,).
    right
        Whether they agree: (n,).
    chance
        Share that would agree if prototypes were dealt by chance.
    against
        What the class is compared with: the model's answer, or the class itself where there are no answers.
    """

    known: NDArray[np.bool_]
    right: NDArray[np.bool_]
    chance: float
    against: NDArray[np.int64]


def agreement(case: Case, place: NDArray[np.int64], told: NDArray[np.int64]) -> Agreement:
    """Compare told classes (n,) with the model's answers, on the samples that are compared."""
    against = case.predicted if case.answers else case.code
    known = case.tested & (told >= 0) & (against >= 0)
    classes = max(len(case.classes), 1)
    share = np.bincount(against[known], minlength=classes) / max(int(known.sum()), 1)
    held = np.bincount(place, minlength=classes) / max(len(place), 1)
    return Agreement(known, known & (told == against), float(share @ held), against)


def proportion(right: NDArray[np.bool_], group: NDArray[np.int64]) -> dict[str, float]:
    """Return value, interval and n of a share whose samples come in groups."""
    n = len(right)
    if n == 0:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0.0, "support": 0.0}
    _, codes = np.unique(group, return_inverse=True)
    groups = int(codes.max()) + 1
    k, effective = np.asarray([float(right.sum())]), np.asarray([float(n)])
    if groups < n:
        counts = group_counts(np.zeros(n, dtype=np.int64), right, codes.astype(np.int64), 1)
        k, effective = effective_counts(counts)
    interval = wilson_interval(k, effective)
    low, high = float(interval.low[0]), float(interval.high[0])
    return {"value": float(right.mean()), "low": low, "high": high, "n": float(n), "support": float(groups)}


def mean_row(values: NDArray[np.floating], bounds: tuple[float, float] = (-np.inf, np.inf)) -> dict[str, float]:
    """Return mean, Student's interval within ``bounds`` and n of values, NaN left out."""
    from scipy import special

    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    n = len(kept)
    if n == 0:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0.0, "support": 0.0}
    mean = float(kept.mean())
    if n < FEWEST:
        return {"value": mean, "low": np.nan, "high": np.nan, "n": float(n), "support": float(n)}
    half = float(special.stdtrit(n - 1, 0.975)) * float(kept.std(ddof=1)) / n**0.5
    low, high = max(mean - half, bounds[0]), min(mean + half, bounds[1])
    return {"value": mean, "low": low, "high": high, "n": float(n), "support": float(n)}


def fidelity_rows(case: Case, prototypes: Prototypes, nearest: Nearest) -> list[dict[str, Any]]:
    """Return fidelity by nearest prototype and by calibrated class means, each against chance."""
    told = np.where(nearest.prototype >= 0, prototypes.place[nearest.prototype], -1)
    rows = []
    for score, answer, held in (
        ("fidelity", told, prototypes.place),
        ("calibrated_fidelity", nearest.calibrated, np.unique(prototypes.place)),
    ):
        found = agreement(case, held, answer)
        numbers = proportion(found.right[found.known], case.group[found.known])
        rows.append({"score": score, **numbers, "null": found.chance, "unit": "share"})
    return rows


def coverage_row(case: Case, prototypes: Prototypes, nearest: Nearest, *, seed: int) -> dict[str, Any]:
    """Return the share of samples nearer to a prototype of their class than half of the class's pairs are."""
    codes = np.unique(prototypes.place)
    radius = np.full(len(case.classes), np.nan)
    for code in codes.tolist():
        radius[code] = covering_radius(case, case.members(code), seed=seed)
    known = case.tested & (case.code >= 0) & np.isfinite(nearest.own)
    known &= np.isfinite(radius[case.code])
    covered = known & (1 - nearest.own <= radius[case.code])
    chance = np.mean([_random_coverage(case, prototypes, radius, known, seed=seed + draw) for draw in range(5)])
    numbers = proportion(covered[known], case.group[known])
    return {"score": "coverage", **numbers, "null": float(chance) if known.any() else np.nan, "unit": "share"}


def _random_coverage(
    case: Case, prototypes: Prototypes, radius: NDArray[np.float64], known: NDArray[np.bool_], *, seed: int
) -> float:
    """Return the coverage of as many samples of each class drawn by chance."""
    draw = np.random.default_rng(seed)
    right, total = 0.0, 0
    for code in np.unique(prototypes.place).tolist():
        members = case.members(code)
        chosen = draw.choice(members, min(int((prototypes.place == code).sum()), len(members)), replace=False)
        rows = np.flatnonzero(known & (case.code == code))
        if len(rows) == 0:
            continue
        score = case.unit[rows] @ case.unit[chosen].T
        score[case.group[rows][:, None] == case.group[chosen]] = -np.inf
        right += float((1 - score.max(axis=1) <= radius[code]).sum())
        total += len(rows)
    return right / total if total else float("nan")


def part_rows(case: Case, evidence: Evidence, *, seed: int) -> list[dict[str, Any]]:
    """Return consistency, stability, purity and distinctiveness, each beside what random places would give."""
    likeness, parts = evidence.likeness, evidence.parts
    grid = (int(evidence.grid[0]), int(evidence.grid[1]))
    labels = pseudo_parts(likeness.seen, seed=seed)
    count = min(PSEUDO_PARTS, int(labels.max()) + 1)
    own = [
        np.intersect1d(similar_images(case, evidence, p), np.flatnonzero(case.code[likeness.rows] == parts.place[p]))
        for p in range(len(parts.place))
    ]
    before = [met_parts(labels[rows], likeness.peak[rows, p], count) for p, rows in enumerate(own)]
    shaken = [rows[rows < len(likeness.shaken)] for rows in own]
    still = [met_parts(labels[rows], likeness.peak[rows, p], count) for p, rows in enumerate(shaken)]
    after = [met_parts(labels[rows], likeness.shaken[rows, p], count) for p, rows in enumerate(shaken)]
    pure = [
        purity(met.argmax(axis=1), likeness.g[rows, p]) for p, (rows, met) in enumerate(zip(own, before, strict=True))
    ]
    apart = [
        distinctiveness(window(likeness.peak[np.ix_(case.code[likeness.rows] == code, parts.place == code)], grid))
        for code in evidence.codes.tolist()
    ]
    draw = np.random.default_rng(seed)
    cells = grid[0] * grid[1]

    def chance(function: Callable[[list[NDArray[np.int64]]], float]) -> float:
        drawn = [function([draw.integers(0, cells, len(rows)) for rows in own]) for _ in range(CHANCE_DRAWS)]
        return float(np.nanmean(drawn)) if np.isfinite(drawn).any() else float("nan")

    random_consistency = chance(
        lambda peaks: consistency([met_parts(labels[r], peak, count) for r, peak in zip(own, peaks, strict=True)])
    )
    random_stability = chance(
        lambda peaks: stability(
            [met_parts(labels[r], peak, count) for r, peak in zip(own, peaks, strict=True)],
            [met_parts(labels[r], draw.integers(0, cells, len(r)), count) for r in own],
        )
    )
    kept = [presence for presence in before if len(presence)]
    consistent = np.asarray([consistency([presence]) == 100 for presence in kept], dtype=bool)
    numbers = proportion(consistent, np.arange(len(consistent)))
    steady = np.asarray([stability([a], [b]) for a, b in zip(still, after, strict=True)]) / 100
    return [
        {"score": "consistency", **numbers, "null": random_consistency / 100, "unit": "share"},
        {"score": "stability", **mean_row(steady, SHARES), "null": random_stability / 100, "unit": "share"},
        {"score": "purity", **mean_row(np.asarray(pure), SHARES), "unit": "share"},
        {"score": "distinctiveness", **mean_row(np.asarray(apart), SHARES), "unit": "share"},
    ]


def curve_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return areas under deletion and insertion, beside random order, and what removal and shuffled weights say."""
    from scipy import stats

    curves = evidence.curves
    if len(curves.rows) == 0:
        return []
    random = area(curves.random)
    deletion, insertion = area(curves.deletion), area(curves.inverse)
    hottest = max(1, round(0.2 * (curves.deletion.shape[1] - 1)))
    rows = [
        {"score": "deletion_auc", **mean_row(deletion), "null": float(random.mean()), "unit": ""},
        {"score": "insertion_auc", **mean_row(insertion), "null": float(random.mean()), "unit": ""},
        {
            "score": "comprehensiveness",
            **mean_row(curves.deletion[:, 0] - curves.deletion[:, hottest]),
            "null": float((curves.random[:, 0] - curves.random[:, hottest]).mean()),
            "unit": "points",
        },
    ]
    if len(curves.claimed) >= FEWEST and np.ptp(curves.claimed) > 0 and np.ptp(curves.actual) > 0:
        found = stats.spearmanr(curves.claimed, curves.actual)
        low, high = _correlation_interval(float(found.statistic), len(curves.claimed))
        rows.append(
            {
                "score": "removal_agreement",
                "value": float(found.statistic),
                "low": low,
                "high": high,
                "n": float(len(curves.claimed)),
                "support": float(len(curves.rows)),
                "null": 0.0,
                "p_value": float(found.pvalue),
                "unit": "",
            }
        )
    if np.isfinite(curves.randomised).any():
        rows.append({"score": "randomised_agreement", **mean_row(curves.randomised), "null": 1.0, "unit": ""})
    return rows


def _correlation_interval(rho: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a Spearman correlation (Bonett and Wright 2000); NaN below four pairs."""
    if n < 4 or not abs(rho) < 1:
        return float("nan"), float("nan")
    half = 1.96 * ((1 + rho**2 / 2) / (n - 3)) ** 0.5
    return float(np.tanh(np.arctanh(rho) - half)), float(np.tanh(np.arctanh(rho) + half))


def subject_rows(case: Case, evidence: Evidence, prototypes: Prototypes) -> list[dict[str, Any]]:
    """Return how much of the heat lies on the subject, over all images and over typical and borderline ones."""
    parts = evidence.parts
    heat = parts.seen_object
    if not np.isfinite(heat).any():
        return []
    typical, edge = np.isin(parts.seen_row, prototypes.row), np.isin(parts.seen_row, prototypes.edge_row)
    groups = (
        ("relevance", np.ones(len(heat), dtype=bool)),
        ("typical_relevance", typical),
        ("boundary_relevance", edge),
    )
    found = []
    for score, chosen in groups:
        values = heat[chosen & np.isfinite(heat)]
        owner = case.group[parts.seen_row[chosen & np.isfinite(heat)]]
        area_share = float(parts.seen_subject[chosen & np.isfinite(heat)].mean()) if len(values) else float("nan")
        found.append(
            {"score": score, **mean_row(_by_group(values, owner), SHARES), "null": area_share, "unit": "share"}
        )
        found[-1]["n"] = float(len(values))
    return found


def _by_group(values: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    _, codes = np.unique(group, return_inverse=True)
    count = int(codes.max()) + 1 if len(codes) else 0
    return np.asarray(sum_by(codes, values, count) / np.bincount(codes, minlength=count))


def exact_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the identity control, and what the exact split over parts leaves."""
    control = float(np.abs(evidence.likeness.identity).max()) if evidence.likeness.identity.size else float("nan")
    rows = [{"score": "identity_control", "value": control, "n": float(len(evidence.likeness.identity)), "null": 0.0}]
    if evidence.linear[0]:
        _, first = np.unique(evidence.parts.place, return_index=True)
        rows.append(
            {"score": "unexplained_weights", **mean_row(evidence.parts.unexplained[first], SHARES), "unit": "share"}
        )
        rows.append({"score": "decomposition_gap", "value": float(np.nanmax(evidence.parts.gap)), "null": 0.0})
    return rows
