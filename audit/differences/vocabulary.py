"""The vocabulary proposer: concepts whose cosine differs most, and those that make up the difference of the means.

contrast      (mean_a cos(x, t) - mean_b cos(x, t)) / sqrt(var_a / n_a + var_b / n_b)
decomposition mean_a - mean_b ~ sum_t w_t (t - mean t),  w >= 0, few of them not 0: the idea of SpLiCE (arXiv
              2402.10376), solved by non-negative orthogonal matching pursuit
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = Path(__file__).with_name("vocabulary.csv")
OWN = "own concepts"
"""Family of the concepts that a user adds."""


@functools.lru_cache(maxsize=1)
def bundled() -> tuple[tuple[str, str], ...]:
    """Return the project's own concepts as (concept, family) pairs."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple((row["concept"], row["family"]) for row in csv.DictReader(file))


def families() -> tuple[str, ...]:
    """Return the names of the families, in the order of the file."""
    return tuple(dict.fromkeys(family for _, family in bundled()))


def concepts(wanted: tuple[str, ...], added: tuple[str, ...]) -> dict[str, str]:
    """Return family by concept.

    Parameters
    ----------
    wanted
        Families of the bundled vocabulary; empty for all.
    added
        The user's own concepts.
    """
    chosen = {concept: family for concept, family in bundled() if not wanted or family in wanted}
    return {**chosen, **dict.fromkeys(filter(None, map(str.strip, added)), OWN)}


def contrast(cosines: NDArray[np.floating], first: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the standardised difference of mean cosines, (phrases,); positive when truer of A.

    Parameters
    ----------
    cosines
        Phrases by samples.
    first
        Which samples belong to A.
    """
    a, b = cosines[:, first].astype(np.float64), cosines[:, ~first].astype(np.float64)
    error = np.sqrt(a.var(axis=1) / a.shape[1] + b.var(axis=1) / b.shape[1])
    return np.asarray((a.mean(axis=1) - b.mean(axis=1)) / np.maximum(error, 1e-12))


def decompose(difference: NDArray[np.floating], phrases: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """Return the positions of at most k phrases that together make up a difference of means, strongest first.

    Parameters
    ----------
    difference
        Mean of A minus mean of B, (d,).
    phrases
        Unit vectors (phrases, d).
    k
        Phrases at most.
    """
    from scipy.optimize import nnls

    # What all phrases share (that they are text) explains no difference between images.
    atoms = phrases.astype(np.float64) - phrases.mean(axis=0, dtype=np.float64)
    length = np.linalg.norm(atoms, axis=1, keepdims=True)
    atoms = np.divide(atoms, length, out=np.zeros_like(atoms), where=length > 1e-9)
    target = difference.astype(np.float64)
    residual = target
    chosen: list[int] = []
    weights = np.zeros(0)
    for _ in range(k):
        fit = atoms @ residual
        fit[chosen] = -np.inf
        best = int(np.argmax(fit))
        if fit[best] <= 1e-9 * max(float(np.linalg.norm(target)), 1e-12):
            break
        chosen.append(best)
        weights, _ = nnls(atoms[chosen].T, target)
        residual = target - weights @ atoms[chosen]
    kept = [(weight, place) for weight, place in zip(weights.tolist(), chosen, strict=True) if weight > 0]
    return np.asarray([place for _, place in sorted(kept, reverse=True)], dtype=np.int64)


def propose(
    images: NDArray[np.floating], first: NDArray[np.bool_], phrases: NDArray[np.floating], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of the phrases proposed for A and for B.

    Parameters
    ----------
    images
        Unit vectors of the propose half, (n, d).
    first
        Which of them belong to A.
    phrases
        Unit vectors (phrases, d).
    k
        Phrases a direction by contrast; half as many again by decomposition.
    """
    value = contrast(phrases @ images.T, first)
    difference = images[first].mean(axis=0) - images[~first].mean(axis=0)
    # Words that the model does not know all lie in one place: one of them stands for all.
    _, distinct = np.unique(np.round(phrases, 5), axis=0, return_index=True)
    distinct = np.sort(distinct)
    found = []
    for sign in (1, -1):
        order = distinct[np.argsort(-sign * value[distinct], kind="stable")]
        top = order[sign * value[order] > 0][:k]
        parts = distinct[decompose(sign * difference, phrases[distinct], max(k // 2, 1))]
        parts = parts[sign * value[parts] > 0]
        found.append(np.asarray(list(dict.fromkeys([*top.tolist(), *parts.tolist()])), dtype=np.int64))
    return found[0], found[1]
