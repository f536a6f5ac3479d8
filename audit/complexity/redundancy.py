"""Redundancy of a feature: whether half of the channels still hold it.

    redundancy(z) = E_m [ CKA(f * m, z) / CKA(f, z) ]              m keeps a random share of the channels of f
    CKA(X, Z) = HSIC(X, Z) / sqrt(HSIC(X, X) HSIC(Z, Z))           linear kernels

HSIC is the unbiased one of Song et al. (2012): the biased CKA of independent data is far from 0 when there are more
channels than samples (about .84 for two independent 512-channel representations of 100 samples). With linear kernels
everything follows from products of the features; no n x n matrix is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT = 0.5
MASKS = 8
WEAKEST = 0.01
"""A feature whose CKA with all channels is below this has no redundancy to speak of."""


def linear_cka(x: NDArray[np.floating], y: NDArray[np.floating], *, debiased: bool = True) -> float:
    """Return the linear centred kernel alignment of two representations of the same samples.

    Parameters
    ----------
    x, y
        (n, d) and (n, e).
    debiased
        Use the unbiased HSIC: 0 in expectation for independent data, possibly negative. The biased one lies in
        [0, 1] and far above 0 for independent data of many channels.

    Raises
    ------
    InputError
        If there are fewer than four samples, or lengths differ.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(a) != len(b) or len(a) < 4:
        raise InputError(f"`x` and `y` must have the same number of samples, at least 4; got {len(a)} and {len(b)}.")
    hsic = _unbiased if debiased else _biased
    return float(hsic(a, b) / np.sqrt(hsic(a, a) * hsic(b, b)))


def _biased(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float((((a - a.mean(axis=0)).T @ (b - b.mean(axis=0))) ** 2).sum())


def _unbiased(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    # Centring first does not change the statistic and keeps the sums in range.
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    n = len(a)
    own_a, own_b = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", b, b)
    trace = ((a.T @ b) ** 2).sum() - own_a @ own_b
    rows_a, rows_b = a @ a.sum(axis=0) - own_a, b @ b.sum(axis=0) - own_b
    sums = rows_a.sum() * rows_b.sum() / ((n - 1) * (n - 2))
    return float((trace + sums - 2 / (n - 2) * (rows_a @ rows_b)) / (n * (n - 3)))


def redundancy(
    activations: NDArray[np.floating],
    features: NDArray[np.floating],
    *,
    kept: float = KEPT,
    masks: int = MASKS,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return redundancy of every feature and its standard deviation over masks.

    Parameters
    ----------
    activations
        f, (n, d).
    features
        z, (n, m).
    kept
        Share of the channels that a mask keeps [the paper's share is not public; recorded with the result].
    masks
        Number of masks.
    seed
        Seed of the masks.

    Returns
    -------
    (ndarray, ndarray)
        About 1: any half of the channels holds the feature as all do; about 0: it sits in few channels. NaN where
        the feature has next to no CKA with all channels.
    """
    f = np.asarray(activations, dtype=np.float64)
    z = np.asarray(features, dtype=np.float64)
    rng = np.random.default_rng(seed)
    whole = _cka_columns(f, z)
    width = max(1, round(kept * f.shape[1]))
    ratios = np.stack(
        [_cka_columns(f[:, rng.permutation(f.shape[1])[:width]], z) for _ in range(masks)],
    )
    ratios = np.where(whole > WEAKEST, ratios / np.where(whole > WEAKEST, whole, 1.0), np.nan)
    return ratios.mean(axis=0), ratios.std(axis=0, ddof=1) if masks > 1 else np.full(z.shape[1], np.nan)


def _cka_columns(f: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the debiased CKA of a representation with each of many one-dimensional features, (m,)."""
    n = len(f)
    f, z = f - f.mean(axis=0), z - z.mean(axis=0)
    own_f, own_z = np.einsum("ij,ij->i", f, f), z**2
    rows_f = f @ f.sum(axis=0) - own_f
    rows_z = z * z.sum(axis=0) - own_z
    trace = ((f.T @ z) ** 2).sum(axis=0) - own_f @ own_z
    sums = rows_f.sum() * rows_z.sum(axis=0) / ((n - 1) * (n - 2))
    cross = (trace + sums - 2 / (n - 2) * (rows_f @ rows_z)) / (n * (n - 3))
    square = (z**2).sum(axis=0) ** 2 - (own_z**2).sum(axis=0)
    own_sums = rows_z.sum(axis=0) ** 2 / ((n - 1) * (n - 2))
    own = (square + own_sums - 2 / (n - 2) * (rows_z**2).sum(axis=0)) / (n * (n - 3))
    bottom = np.sqrt(np.maximum(_unbiased(f, f) * own, 0))
    return np.asarray(np.divide(cross, bottom, out=np.full(z.shape[1], np.nan), where=bottom > 0))
