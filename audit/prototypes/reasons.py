"""What every part prototype's likeness rests on, which ones mislead, and which say the same twice."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from audit.prototypes.because import TINY, Because, explain_prototype, leading, perhaps, words
from audit.prototypes.looks import usual_difference
from audit.prototypes.modifications import CHARACTERISTICS
from audit.prototypes.parts import unit
from audit.significance import adjust_p_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.prototypes.case import Case
    from audit.prototypes.evidence import Evidence
    from audit.significance import Correction

MOST_LIKE = 30
"""Images a prototype's likeness is explained over: those most like it ..."""

PRESENT = 0.5
"""... and at least half as much as the most similar one: in the others the prototype is not there."""

VISIBLE = ("hue", "shape")
"""Characteristics that people name first when they call two places alike."""

EQUAL = 0.03
"""Two five-vectors of relative drops are equal when no characteristic differs by more."""

TWIN = 0.8
"""Cosine of the network's features from which two prototypes may be redundant."""

ALPHA = 0.05

FEW = 8
"""Images below which a sign test corrected for many prototypes can hardly hold."""


@dataclasses.dataclass(frozen=True, eq=False)
class Reasons:
    """What is known of the part prototypes.

    Parameters
    ----------
    images
        Positions (among the explained samples) of the images that each prototype is explained over.
    because
        Of each prototype.
    q_value
        Sign tests corrected over prototypes and characteristics (P, characteristics).
    leading
        Characteristics that each likeness rests on, the largest first.
    said
        The same in words; where the largest effect does not hold for want of images, that is said.
    alike
        Difference of looks between each prototype and its most similar places, over that which a quarter of random
        pairs stay below; under 1: they look alike to people.
    misleading
        Whether people would think of colour and shape, and the network does not.
    redundant
        Pairs of prototypes of one class that look alike and rest on the same.
    """

    images: list[NDArray[np.int64]]
    because: list[Because]
    q_value: NDArray[np.float64]
    leading: list[list[str]]
    said: list[str]
    alike: NDArray[np.float64]
    misleading: NDArray[np.bool_]
    redundant: list[tuple[int, int]]


def find_reasons(case: Case, evidence: Evidence, *, correction: Correction, draws: int, seed: int) -> Reasons:
    """Explain every part prototype over the images most like it."""
    found, images = [], []
    likeness = evidence.likeness
    for prototype in range(likeness.g.shape[1]):
        rows = similar_images(case, evidence, prototype)
        images.append(rows)
        found.append(
            explain_prototype(
                likeness.phi[0][:, rows, prototype].astype(np.float64),
                likeness.g[rows, prototype].astype(np.float64),
                likeness.moved[:, rows, prototype],
                case.group[likeness.rows[rows]],
                draws=draws,
                seed=seed,
            )
        )
    p_values = np.stack([each.p_value for each in found])
    q_values = adjust_p_values(p_values.ravel(), correction).reshape(p_values.shape)
    heads = [_leading(each, q) for each, q in zip(found, q_values, strict=True)]
    alike = _alike(evidence, images)
    misleading = [
        bool(value < 1 and names and not set(names) & set(VISIBLE) and not _matters(each, q, VISIBLE))
        for each, q, names, value in zip(found, q_values, heads, alike, strict=True)
    ]
    pairs = _redundant(evidence, found)
    said = [_said(each, names) for each, names in zip(found, heads, strict=True)]
    return Reasons(images, found, q_values, heads, said, alike, np.asarray(misleading), pairs)


def similar_images(case: Case, evidence: Evidence, prototype: int) -> NDArray[np.int64]:
    """Return positions of the explained samples most like a prototype; its own source, group and copies never."""
    likeness, parts = evidence.likeness, evidence.parts
    free = ~case.related(int(parts.row[prototype]), likeness.rows)
    g = likeness.g[:, prototype]
    most = float(g[free].max(initial=0.0))
    order = np.argsort(-g, kind="stable")
    return np.asarray(order[(free & (g > 0) & (g >= PRESENT * most))[order]][:MOST_LIKE], dtype=np.int64)


def significant(each: Because, q: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which characteristics matter: phi above 0 with a corrected sign test below .05."""
    return np.asarray((each.value > 0) & (q < ALPHA))


def _leading(each: Because, q: NDArray[np.float64]) -> list[str]:
    matters = significant(each, q)
    heads = leading(
        dict(zip(CHARACTERISTICS, each.value.tolist(), strict=True)),
        dict(zip(CHARACTERISTICS, matters.tolist(), strict=True)),
    )
    # A smaller effect that holds does not lead while a larger one is merely not shown to hold.
    return heads if heads and heads[0] == _largest(each) else []


def _largest(each: Because) -> str:
    return CHARACTERISTICS[int(np.nan_to_num(each.value, nan=-np.inf).argmax())]


def _said(each: Because, heads: list[str]) -> str:
    most = _largest(each)
    low = float(each.low[CHARACTERISTICS.index(most)])
    value = float(each.value[CHARACTERISTICS.index(most)])
    if heads or not value > TINY or (each.n >= FEW and not low > 0):
        return words(heads)
    return perhaps(most)


def _matters(each: Because, q: NDArray[np.float64], names: tuple[str, ...]) -> bool:
    matters = significant(each, q)
    return any(bool(matters[place]) for place, name in enumerate(CHARACTERISTICS) if name in names)


def part_looks(evidence: Evidence) -> NDArray[np.float64]:
    """Return what each prototype looks like, by its most similar explained place: (P, D)."""
    likeness = evidence.likeness
    flat = likeness.seen.reshape(len(likeness.rows), -1, likeness.seen.shape[-1])
    best = likeness.g.argmax(axis=0)
    peaks = likeness.peak[best, np.arange(likeness.g.shape[1])]
    return np.asarray(flat[best, peaks], dtype=np.float64)


def _alike(evidence: Evidence, images: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    likeness = evidence.likeness
    flat = likeness.seen.reshape(len(likeness.rows), -1, likeness.seen.shape[-1]).astype(np.float64)
    usual = usual_difference(likeness.seen)
    found = []
    for prototype, rows in enumerate(images):
        top = rows[:10]
        if len(top) < 2 or usual <= 0:
            found.append(np.nan)
            continue
        places = flat[top, likeness.peak[top, prototype]]
        one, two = np.triu_indices(len(top), 1)
        found.append(float(np.median(np.linalg.norm(places[one] - places[two], axis=1))) / usual)
    return np.asarray(found)


def _redundant(evidence: Evidence, found: list[Because]) -> list[tuple[int, int]]:
    parts = evidence.parts
    directions = unit(parts.vectors.astype(np.float64))
    looks = part_looks(evidence)
    usual = usual_difference(evidence.likeness.seen)
    pairs = []
    for code in np.unique(parts.place).tolist():
        own = np.flatnonzero(parts.place == code).tolist()
        for at, one in enumerate(own):
            for two in own[at + 1 :]:
                alike = float(directions[one] @ directions[two]) >= TWIN
                seen = float(np.linalg.norm(looks[one] - looks[two])) < usual
                difference = np.abs(found[one].relative - found[two].relative)
                if alike and seen and np.isfinite(difference).all() and difference.max() < EQUAL:
                    pairs.append((one, two))
    return pairs
