"""How well features can be read from layers by a linear decoder, held out, all features and penalties at once.

    R2 = 1 - sum_test (z - z_hat)^2 / sum_test (z - mean_train)^2,    z_hat = ridge regression on the training folds

One eigendecomposition X'X = V diag(s) V' a layer and training fold serves every feature and every penalty: the
coefficients are V (V'X'z) / (s + penalty), the penalty of each feature is the one of least generalised
cross-validation error on the training folds (it never sees the test fold), and the test error follows from the test
fold's own Gram matrix. Only one layer is in memory at a time.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from audit.errors import InputError
from audit.lanes import open_lanes

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Ridge penalties, in units of the mean eigenvalue of the layer's Gram matrix."""

MOST_FREEDOM = 0.9
"""Penalties that leave more degrees of freedom than this share of the training samples are not chosen."""


COLUMNS_AT_ONCE = 64
"""Features made ready at once, in double precision."""


@dataclasses.dataclass(frozen=True, eq=False)
class Decoding:
    """Held-out errors of every feature from every layer.

    Parameters
    ----------
    error
        Sum of squared test errors, (layers, fits, features); a fit is one fold of one repeat.
    total
        Sum of squared test deviations from the training mean, (fits, features).
    folds
        Folds a repeat.
    """

    error: NDArray[np.float64]
    total: NDArray[np.float64]
    folds: int

    def pooled(self, columns: Sequence[int] | NDArray[np.int64]) -> Decoding:
        """Return several columns as one feature with several dimensions (the values of a category)."""
        chosen = np.asarray(columns, dtype=np.int64)
        error = self.error[:, :, chosen].sum(axis=2, keepdims=True)
        return Decoding(error, self.total[:, chosen].sum(axis=1, keepdims=True), self.folds)

    @property
    def r2(self) -> NDArray[np.float64]:
        """Held-out R2, (layers, features): at most 1, negative when worse than the mean, NaN for a constant feature."""
        total = self.total.sum(axis=0)
        known = total > 0
        found = np.full((len(self.error), total.size), np.nan)
        found[:, known] = 1 - self.error.sum(axis=1)[:, known] / total[known]
        return found

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Each fit's deviation of R2 from the pooled one, linearised: (layers, fits, features), mean 0 over fits."""
        mean = self.total.mean(axis=0)
        scale = np.where(mean > 0, mean, np.nan)
        expected = (1 - self.r2)[:, None, :] * self.total[None]
        return np.asarray((expected - self.error) / scale)


def fold_codes(
    n: int, *, folds: int, repeats: int, seed: int, group_id: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the fold of each sample in each repeat, int64 (repeats, n); samples of one group share a fold.

    Parameters
    ----------
    n
        Samples.
    folds
        Folds a repeat, at least 2.
    repeats
        Divisions into folds.
    seed
        Seed of the divisions.
    group_id
        Code of each sample's group; negative or ``None``: a group of its own.

    Raises
    ------
    InputError
        If there are fewer groups than folds.
    """
    owner = group_codes(n, group_id)
    groups = int(owner.max()) + 1
    if not 2 <= folds <= groups:
        raise InputError(f"`folds` must lie between 2 and the number of groups ({groups}); got {folds}.")
    rng = np.random.default_rng(seed)
    sizes = np.bincount(owner)
    found = np.empty((repeats, n), dtype=np.int64)
    for repeat in range(repeats):
        order = rng.permutation(groups)
        # Dealt round by round, so that folds have as many groups; large groups are spread by the shuffle.
        of_group = np.empty(groups, dtype=np.int64)
        middle = np.cumsum(sizes[order]) - sizes[order] / 2
        of_group[order] = np.minimum((middle * folds / n).astype(np.int64), folds - 1)
        if len(np.unique(of_group)) < folds:  # one group holds most of the samples
            of_group[order] = np.arange(groups) % folds
        found[repeat] = of_group[owner]
    return found


def group_codes(n: int, group_id: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return group codes 0 and up, (n,); samples without a known group are groups of their own."""
    if group_id is None:
        return np.arange(n)
    own = np.where(group_id < 0, group_id.max(initial=-1) + 1 + np.arange(n), group_id)
    return np.asarray(np.unique(own, return_inverse=True)[1], dtype=np.int64)


def decode(
    layers: Iterable[NDArray[np.floating]],
    features: NDArray[np.floating],
    fold: NDArray[np.int64],
    *,
    penalties: Sequence[float] = PENALTIES,
) -> Decoding:
    """Decode every feature from every layer, held out.

    Parameters
    ----------
    layers
        Arrays (n, d), one after the other: only one is held.
    features
        (n, m).
    fold
        Fold of each sample in each repeat, (repeats, n), as :func:`fold_codes` deals them.
    penalties
        Ridge penalties, in units of the mean eigenvalue of the training Gram matrix.

    Returns
    -------
    Decoding
        Errors by layer, fit and feature.

    Raises
    ------
    InputError
        If a layer's length differs or no penalty is given.
    """
    if not penalties or min(penalties) <= 0:
        raise InputError(f"`penalties` must be positive and at least one; got {list(penalties)}.")
    folds = int(fold.max()) + 1
    parts = [[np.flatnonzero(row == f) for f in range(folds)] for row in fold]
    z, total = _standardised(np.asarray(features), [rows for repeat in parts for rows in repeat])
    grid = np.asarray(penalties)
    errors: list[NDArray[np.float64]] = []
    # The fits of a layer need its moments only: they run beside the moments of the next.
    waiting: list[Future[NDArray[np.float64]]] = []
    with open_lanes() as lanes:
        for layer in layers:
            if len(layer) != len(z):
                raise InputError(f"`layers` must have one row a sample ({len(z)}); got {len(layer)}.")
            x = np.asarray(layer, dtype=np.float32)
            x = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
            for repeat in parts:
                moments = list(lanes.map(functools.partial(_moments, x, z), repeat))
                whole = [np.sum([moment[k] for moment in moments], axis=0) for k in range(6)]
                errors.extend(fit.result() for fit in waiting)
                waiting = [lanes.submit(_fit_errors, whole, test, grid) for test in moments]
        errors.extend(fit.result() for fit in waiting)
    return Decoding(np.stack(errors).reshape(-1, len(total), z.shape[1]), total, folds)


def _standardised(
    features: NDArray[np.floating], parts: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return features of mean 0 and spread 1 (constant ones 0), and the parts' squared deviations from the rest's mean.

    A few columns at once are held in double precision.
    """
    n, m = features.shape
    narrow = np.empty((n, m), dtype=np.float32)
    total = np.empty((len(parts), m))
    for start in range(0, m, COLUMNS_AT_ONCE):
        chosen = slice(start, start + COLUMNS_AT_ONCE)
        z = features[:, chosen].astype(np.float64)
        spread = z.std(axis=0)
        # A column that differs by rounding alone would turn the rounding into a feature.
        constant = spread <= 1e-12 * np.maximum(np.abs(z).max(axis=0, initial=0), 1e-300)
        z = np.where(constant, 0.0, (z - z.mean(axis=0)) / np.where(constant, 1.0, spread))
        narrow[:, chosen] = z
        total[:, chosen] = [_total(z, rows) for rows in parts]
    return narrow, total


def _total(z: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    test = z[rows]
    mean = (z.sum(axis=0) - test.sum(axis=0)) / (len(z) - len(rows))
    return np.asarray(((test - mean) ** 2).sum(axis=0))


def _moments(
    layer: NDArray[np.float32], features: NDArray[np.float32], rows: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """Return X'X, X'z, z'z (by column), the sums of x and z, and n: products in single, sums in double precision."""
    x, z = layer[rows], features[rows]
    return [
        (x.T @ x).astype(np.float64),
        (x.T @ z).astype(np.float64),
        np.einsum("ij,ij->j", z, z, dtype=np.float64),
        x.sum(axis=0, dtype=np.float64),
        z.sum(axis=0, dtype=np.float64),
        np.asarray(float(len(x))),
    ]


def _fit_errors(
    whole: Sequence[NDArray[np.float64]], test: Sequence[NDArray[np.float64]], penalties: NDArray[np.float64]
) -> NDArray[np.float64]:
    gram, cross, square, x_sum, z_sum, n = (a - b for a, b in zip(whole, test, strict=True))
    count = float(n)
    x_mean, z_mean = x_sum / count, z_sum / count
    gram -= count * np.outer(x_mean, x_mean)
    cross -= count * np.outer(x_mean, z_mean)
    square = square - count * z_mean**2
    eigenvalues, vectors = np.linalg.eigh(gram)
    eigenvalues = np.maximum(eigenvalues, 0)
    # Products as wide as there are features in single precision: errors of 1e-6 of the variance do not matter.
    narrow = vectors.astype(np.float32)
    rotated = narrow.T @ cross.astype(np.float32)
    ridge = _chosen_penalties(eigenvalues, rotated, square, count, penalties)
    coefficients = rotated / (eigenvalues.astype(np.float32)[:, None] + ridge.astype(np.float32)[None])
    test_gram, test_cross, test_square = _centred(test, x_mean, z_mean)
    b = narrow @ coefficients
    fitted = np.einsum("ij,ij->j", b, test_gram.astype(np.float32) @ b - 2 * test_cross.astype(np.float32))
    return np.asarray(np.maximum(test_square + fitted, 0))


def _chosen_penalties(
    eigenvalues: NDArray[np.float64],
    rotated: NDArray[np.float32],
    square: NDArray[np.float64],
    n: float,
    penalties: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return each feature's penalty of least generalised cross-validation error on the training samples."""
    mean = max(float(eigenvalues.mean()), 1e-30)
    grid = penalties * mean
    shrunk = 1 / (eigenvalues[None] + grid[:, None])
    freedom = (eigenvalues[None] * shrunk).sum(axis=1) + 1
    # Sums over directions are matrix products: (penalties, d) by (d, features).
    weights = eigenvalues[None] * shrunk**2 - 2 * shrunk
    residual = square[None] + weights.astype(np.float32) @ rotated**2
    score = np.maximum(residual, 0) / np.maximum(1 - freedom / n, 1e-6)[:, None] ** 2
    too_free = freedom > MOST_FREEDOM * n
    if not too_free.all():
        score[too_free] = np.inf
    else:
        score[:-1] = np.inf
    return np.asarray(grid[np.argmin(score, axis=0)])


def _centred(
    test: Sequence[NDArray[np.float64]], x_mean: NDArray[np.float64], z_mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the test fold's moments around the training means."""
    gram, cross, square, x_sum, z_sum, n = test
    count = float(n)
    gram = gram - np.outer(x_sum, x_mean) - np.outer(x_mean, x_sum) + count * np.outer(x_mean, x_mean)
    cross = cross - np.outer(x_sum, z_mean) - np.outer(x_mean, z_sum) + count * np.outer(x_mean, z_mean)
    square = square - 2 * z_mean * z_sum + count * z_mean**2
    return gram, cross, square
