"""Layers brought to one probe dimension, so that wide ones are not read better for being wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Projection = Literal["pca", "random"]


def project(
    layer: NDArray[np.floating], dimension: int, *, method: Projection = "pca", seed: int = 0
) -> NDArray[np.float32]:
    """Return a layer with at most ``dimension`` columns, centred; a narrower one keeps its width.

    Parameters
    ----------
    layer
        (n, d).
    dimension
        Columns wanted.
    method
        ``pca``: the leading principal components, most varying first (they never see a label or feature);
        ``random``: Gaussian directions, which keep distances in expectation.
    seed
        Seed of random directions.

    Returns
    -------
    ndarray
        float32 (n, min(d, dimension)). With ``pca`` the first columns are those of any smaller dimension.
    """
    x = np.asarray(layer, dtype=np.float32)
    x = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    n, d = x.shape
    if method == "random":
        if d <= dimension:
            return np.asarray(x)
        directions = np.random.default_rng(seed).standard_normal((d, dimension)) / np.sqrt(dimension)
        return np.asarray(x @ directions.astype(np.float32))
    wanted = min(dimension, d)
    if min(n, d) <= 2 * wanted or d <= 512:
        return _principal(x, wanted)
    from sklearn.utils.extmath import randomized_svd

    left, values, _ = randomized_svd(x, wanted, n_iter=4, random_state=seed)
    return np.asarray(left * values, dtype=np.float32)


def _principal(x: NDArray[np.float32], wanted: int) -> NDArray[np.float32]:
    n, d = x.shape
    if d <= n:
        _, vectors = np.linalg.eigh((x.T @ x).astype(np.float64))
        return np.asarray(x @ vectors[:, ::-1][:, :wanted].astype(np.float32))
    values, vectors = np.linalg.eigh((x @ x.T).astype(np.float64))
    kept = min(wanted, n)
    scaled = vectors[:, ::-1][:, :kept] * np.sqrt(np.maximum(values[::-1][:kept], 0))
    return np.asarray(scaled, dtype=np.float32)
