"""The features whose complexity is measured: atoms of a dictionary, raw channels, directions of phrases."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.complexity.dictionary import Dictionary, Method, choose, fit_dictionary, hoyer, non_negative_codes, stability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.complexity.case import Case

FEWEST_ATOMS, MOST_ATOMS = 8, 48
"""Atoms, where their number is chosen."""

HELD = 0.95
"""Share of the squared length that as many principal directions as there are atoms hold, where that is chosen."""

DEAD = 1e-8
"""A code whose spread is below this share of the largest spread is dead: it tells no sample from another."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """Features of the penultimate activations.

    Parameters
    ----------
    names
        One a feature: ``atom 3``, ``channel 17``, or a phrase.
    kinds
        ``atom``, ``channel`` or ``direction``.
    codes
        Of all samples, (n, k).
    directions
        What each feature adds to the activations, (k, d).
    stability
        Cosine with the partners in dictionaries of other seeds; NaN for channels and phrases.
    sparsity
        Hoyer sparsity of the directions.
    dictionary
        The dictionary.
    origin
        What is taken off the activations before coding, (d,).
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    codes: NDArray[np.float64]
    directions: NDArray[np.float64]
    stability: NDArray[np.float64]
    sparsity: NDArray[np.float64]
    dictionary: Dictionary
    origin: NDArray[np.float64]

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Which features differ between samples."""
        spread = self.codes.std(axis=0)
        return np.asarray(spread > DEAD * max(float(spread.max(initial=0)), 1e-300))

    def encode(self, penultimate: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the codes of further activations, (n, k), as those of the samples were made."""
        centred = np.asarray(penultimate, dtype=np.float64) - self.origin
        atoms = np.asarray([kind == "atom" for kind in self.kinds])
        found = np.asarray(centred @ self.directions.T)
        found[:, atoms] = non_negative_codes(centred, self.directions[atoms])
        return found


def make_features(
    case: Case,
    *,
    atoms: int | None,
    method: Method,
    seeds: int,
    channels: int,
    phrases: Sequence[str],
    phrase_vectors: NDArray[np.floating] | None,
    seed: int,
) -> Features:
    """Fit the dictionary on one half of the samples and code all of them.

    Parameters
    ----------
    case
        Samples and activations.
    atoms
        Atoms of the dictionary, at most half as many as fitted samples; ``None``: as many as there are principal
        directions to hold 95 % of the squared length, 8 to 48.
    method
        How it is fitted.
    seeds
        Dictionaries fitted altogether; the further ones only tell how stable the first one's atoms are.
    channels
        Raw channels added, the most varying first.
    phrases, phrase_vectors
        Phrases whose directions are added, and their unit vectors.
    seed
        Of the first dictionary; the others count on from it.
    """
    activations = case.penultimate
    fitted = activations[case.rows[case.fitting]].astype(np.float64)
    chosen = choose(fitted, method)
    origin = np.zeros(fitted.shape[1]) if chosen == "nmf" else fitted.mean(axis=0)
    k = max(1, min(atoms or enough_atoms(fitted - origin), len(fitted) // 2))
    found = [fit_dictionary(fitted - origin, k, method=chosen, seed=seed + step) for step in range(seeds)]
    dictionary = found[0]
    centred = activations.astype(np.float64) - origin
    codes: list[Any] = [non_negative_codes(centred, dictionary.atoms)]
    # The most used atom comes first, so that numbers mean something.
    order = np.argsort(-codes[0].mean(axis=0), kind="stable")
    dictionary = dataclasses.replace(dictionary, atoms=dictionary.atoms[order])
    codes[0] = codes[0][:, order]
    directions: list[Any] = [dictionary.atoms]
    names = [f"atom {i + 1}" for i in range(k)]
    kinds = ["atom"] * k
    stable = [stability(dictionary.atoms, [other.atoms for other in found[1:]])]
    if channels:
        varying = np.argsort(-fitted.var(axis=0), kind="stable")[: min(channels, fitted.shape[1])]
        directions.append(np.eye(fitted.shape[1])[varying])
        codes.append(centred[:, varying])
        names += [f"channel {i}" for i in varying]
        kinds += ["channel"] * len(varying)
        stable.append(np.full(len(varying), np.nan))
    if phrase_vectors is not None and len(phrases):
        directions.append(np.asarray(phrase_vectors, dtype=np.float64))
        codes.append(centred @ np.asarray(phrase_vectors, dtype=np.float64).T)
        names += [f"“{phrase}”" for phrase in phrases]
        kinds += ["direction"] * len(phrases)
        stable.append(np.full(len(phrases), np.nan))
    joined = np.concatenate(directions)
    return Features(
        names=tuple(names),
        kinds=tuple(kinds),
        codes=np.concatenate(codes, axis=1),
        directions=joined,
        stability=np.concatenate(stable),
        sparsity=hoyer(joined),
        dictionary=dictionary,
        origin=origin,
    )


def enough_atoms(activations: NDArray[np.floating]) -> int:
    """Return the number of principal directions that hold 95 % of the squared length, at least 8 and at most 48."""
    a = np.asarray(activations, dtype=np.float64)
    gram = a.T @ a if a.shape[1] <= len(a) else a @ a.T
    held = np.cumsum(np.linalg.eigvalsh(gram)[::-1])
    if held[-1] <= 0:
        return FEWEST_ATOMS
    return int(np.clip(np.searchsorted(held, HELD * held[-1]) + 1, FEWEST_ATOMS, MOST_ATOMS))
