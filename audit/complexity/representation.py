"""How much of a representation goes with a factor: the representation regressed on the factor.

    R2_f = E_test [ 1 - ||W* f - phi||^2 / ||phi||^2 ]          phi: centred activations of a layer, f: the factor

A large share does not mean that the factor is used much: simple factors take more of the variance than complex ones
that are used as much (Lampinen et al. 2024). Shares of two factors overlap where the factors go together:

    unique(f) = R2_{f and g} - R2_g,      shared = R2_f + R2_g - R2_{f and g}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Share(NamedTuple):
    """A share of a representation with its 95 % interval over groups."""

    value: float
    low: float
    high: float


def one_hot(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the indicator columns of a factor's levels, (n, levels); unknown (negative) rows are zero."""
    found = np.zeros((len(codes), int(codes.max(initial=-1)) + 1))
    known = codes >= 0
    found[np.flatnonzero(known), codes[known]] = 1
    return found


def explained(
    layer: NDArray[np.floating], factor: NDArray[np.floating], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return each sample's explained share of its representation when its fold is held out, (n,).

    Parameters
    ----------
    layer
        phi, (n, d).
    factor
        Columns of f, (n, m).
    fold
        Fold of each sample, (n,).
    """
    phi = np.asarray(layer, dtype=np.float64)
    design = np.column_stack([np.ones(len(phi)), factor])
    found = np.full(len(phi), np.nan)
    for k in range(int(fold.max()) + 1):
        test = fold == k
        train = design[~test]
        mean = phi[~test].mean(axis=0)
        gram = train.T @ train
        # Indicator columns add up to the constant one: the tiny ridge chooses among equal solutions.
        weights = np.linalg.solve(gram + 1e-6 * len(train) * np.eye(len(gram)), train.T @ (phi[~test] - mean))
        target = phi[test] - mean
        length = (target**2).sum(axis=1)
        left = ((target - design[test] @ weights) ** 2).sum(axis=1)
        found[test] = 1 - np.divide(left, length, out=np.ones(len(left)), where=length > 0)
    return found


def share(values: NDArray[np.floating], owner: NDArray[np.int64]) -> Share:
    """Return the mean over samples with the interval of a mean over groups."""
    known = np.isfinite(values)
    if known.sum() < 2:
        return Share(float("nan"), float("nan"), float("nan"))
    mean = float(values[known].mean())
    sums = np.bincount(owner[known], weights=values[known] - mean)
    groups = len(np.unique(owner[known]))
    half = 1.96 * float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1))) / int(known.sum())
    return Share(mean, mean - half, mean + half)
