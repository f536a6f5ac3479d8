"""Features as atoms of a dictionary: activations as non-negative combinations of few directions.

    A ~ Z D,  Z >= 0        NMF (Lee & Seung 1999): D >= 0 too, for activations that are never negative
                            semi-NMF (Ding et al. 2010): D of any sign, for signed activations

The dictionary is fitted on some samples; the codes Z of others are their non-negative least squares, solved for all
samples at once by coordinate descent on the dictionary's Gram matrix. A sparse autoencoder may give D instead; its
codes are then found in the same way, so that atoms compare.
"""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Method = Literal["auto", "nmf", "semi_nmf", "sae"]
Fitted = Literal["nmf", "semi_nmf", "sae"]

ROUNDS = 150
"""Rounds of fitting at most."""

SWEEPS = 200
"""Sweeps of coordinate descent at most; a sweep visits every atom once."""


@dataclasses.dataclass(frozen=True, eq=False)
class Dictionary:
    """Atoms and how they were found.

    Parameters
    ----------
    atoms
        Unit directions, float64 (k, d).
    method
        How they were found.
    explained
        Share of the squared length of the fitted activations that their codes reconstruct, at most 1.
    """

    atoms: NDArray[np.float64]
    method: Fitted
    explained: float


def choose(activations: NDArray[np.floating], method: Method) -> Fitted:
    """Return the method that ``auto`` stands for: NMF where no activation is negative, semi-NMF otherwise."""
    if method != "auto":
        return method
    return "nmf" if float(np.min(activations)) >= 0 else "semi_nmf"


def fit_dictionary(activations: NDArray[np.floating], k: int, *, method: Method = "auto", seed: int = 0) -> Dictionary:
    """Return a dictionary of activations.

    Parameters
    ----------
    activations
        (n, d).
    k
        Atoms.
    method
        See the module.
    seed
        Seed of the first guess.

    Raises
    ------
    InputError
        If ``k`` is not between 1 and the number of samples, or NMF is asked of negative activations.
    """
    a = np.asarray(activations, dtype=np.float64)
    if not 1 <= k <= len(a):
        raise InputError(f"`k` must lie between 1 and the number of samples ({len(a)}); got {k}.")
    chosen = choose(a, method)
    if chosen == "nmf":
        atoms = _nmf(a, k, seed)
    elif chosen == "semi_nmf":
        atoms = _semi_nmf(a, k, seed)
    else:
        from audit.complexity.autoencoder import autoencoder_atoms

        atoms = autoencoder_atoms(a, k, seed)
    length = np.linalg.norm(atoms, axis=1, keepdims=True)
    atoms = np.divide(atoms, length, out=np.zeros_like(atoms), where=length > 0)
    left = a - non_negative_codes(a, atoms) @ atoms
    whole = float((a**2).sum())
    return Dictionary(atoms, chosen, 1 - float((left**2).sum()) / whole if whole > 0 else float("nan"))


def _nmf(a: NDArray[np.float64], k: int, seed: int) -> NDArray[np.float64]:
    if float(a.min()) < 0:
        raise InputError("`method` must be semi_nmf or sae for activations with negative values; got nmf.")
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # More rounds move the atoms by less than the difference between two seeds, which is reported.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = NMF(k, init="random", max_iter=ROUNDS, tol=1e-3, random_state=seed).fit(a)
    return np.asarray(model.components_, dtype=np.float64)


def _semi_nmf(a: NDArray[np.float64], k: int, seed: int) -> NDArray[np.float64]:
    """Alternate least squares of D with one sweep of non-negative codes, from random samples as first atoms."""
    rng = np.random.default_rng(seed)
    atoms = a[rng.choice(len(a), size=k, replace=False)] + 1e-6 * rng.standard_normal((k, a.shape[1]))
    codes = np.maximum(rng.random((len(a), k)), 1e-3)
    before = np.inf
    for _ in range(ROUNDS):
        atoms = atoms / np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-12)
        codes = non_negative_codes(a, atoms, start=codes, sweeps=3)
        gram = codes.T @ codes
        atoms = np.linalg.solve(gram + 1e-8 * max(np.trace(gram) / k, 1e-12) * np.eye(k), codes.T @ a)
        error = float(((a - codes @ atoms) ** 2).sum())
        if before - error < 1e-4 * error:
            break
        before = error
    return np.asarray(atoms)


def non_negative_codes(
    activations: NDArray[np.floating],
    atoms: NDArray[np.floating],
    *,
    start: NDArray[np.float64] | None = None,
    sweeps: int = SWEEPS,
    tolerance: float = 1e-6,
) -> NDArray[np.float64]:
    """Return the non-negative least-squares codes of samples, (n, k): ``min ||a - z D||`` over ``z >= 0``.

    Parameters
    ----------
    activations
        (n, d).
    atoms
        (k, d).
    start
        First guess, (n, k); zeros when left out.
    sweeps
        Sweeps at most.
    tolerance
        Stops when no code moved by more than this share of the largest one.
    """
    gram = np.asarray(atoms @ atoms.T, dtype=np.float64)
    towards = np.asarray(activations @ atoms.T, dtype=np.float64).T.copy()
    k, n = towards.shape
    codes = np.zeros((k, n)) if start is None else np.ascontiguousarray(start.T)
    size = np.diag(gram)
    for _ in range(sweeps):
        moved = 0.0
        for j in range(k):
            if size[j] <= 0:
                continue
            better = np.maximum(codes[j] + (towards[j] - gram[j] @ codes) / size[j], 0)
            moved = max(moved, float(np.abs(better - codes[j]).max(initial=0)))
            codes[j] = better
        if moved <= tolerance * max(float(codes.max(initial=0)), 1e-12):
            break
    return np.ascontiguousarray(codes.T)


def hoyer(atoms: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the Hoyer sparsity of each row in [0, 1]: ``(sqrt(d) - |v|_1 / |v|_2) / (sqrt(d) - 1)``, 1: one entry."""
    d = atoms.shape[1]
    length = np.linalg.norm(atoms, axis=1)
    ratio = np.divide(np.abs(atoms).sum(axis=1), length, out=np.full(len(atoms), np.nan), where=length > 0)
    return np.asarray((np.sqrt(d) - ratio) / (np.sqrt(d) - 1)) if d > 1 else np.full(len(atoms), np.nan)


def stability(atoms: NDArray[np.floating], others: list[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Return how alike each atom is to its partner in dictionaries of other seeds, (k,), in [-1, 1].

    Partners are those of the one-to-one matching with the largest sum of cosines (Hungarian algorithm); the
    value is the mean cosine over the other dictionaries, NaN without any.
    """
    from scipy.optimize import linear_sum_assignment

    found = np.full((len(others), len(atoms)), np.nan)
    for place, other in enumerate(others):
        cosine = _unit(atoms) @ _unit(other).T
        rows, columns = linear_sum_assignment(-cosine)
        found[place, rows] = cosine[rows, columns]
    return np.asarray(found.mean(axis=0)) if others else np.full(len(atoms), np.nan)


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, length, out=np.zeros(rows.shape), where=length > 0))
