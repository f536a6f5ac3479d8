r"""ComBat: location and scale of every center, shrunk by empirical Bayes (Johnson, Li & Rabinovic 2007).

    y = alpha + X beta + gamma_m + delta_m eps,    z = (y - alpha - X beta) / sigma
    gamma*_m, delta²*_m: posterior of normal and inverse gamma priors whose moments come from all dimensions
    corrected = sigma (z - gamma*_m) / delta*_m + alpha + X beta

Fitted on some rows and applied to others of the same centers, so that samples need not correct themselves.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ITERATIONS = 200
TOLERANCE = 1e-4


@dataclasses.dataclass(frozen=True, eq=False)
class ComBat:
    """A fitted correction.

    Parameters
    ----------
    mean
        Mean of all centers, (d,).
    covariate_effect
        Effect of each class against the first, (classes - 1, d); without rows when class was no covariate.
    scale
        Pooled standard deviation, (d,).
    shift, spread
        gamma* and delta*² of each center, (centers, d).
    """

    mean: NDArray[np.float64]
    covariate_effect: NDArray[np.float64]
    scale: NDArray[np.float64]
    shift: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def fit(cls, vectors: NDArray[Any], center: NDArray[np.int64], label: NDArray[np.int64] | None = None) -> ComBat:
        """Fit to rows.

        Parameters
        ----------
        vectors
            (n, d).
        center
            Codes 0 and up, each with at least two rows.
        label
            Class codes, for class as a covariate; left out otherwise.
        """
        y = np.asarray(vectors, dtype=np.float64)
        centers = int(center.max()) + 1
        batches = np.eye(centers)[center]
        classes = np.eye(int(label.max()) + 1)[label][:, 1:] if label is not None else np.zeros((len(y), 0))
        solution, *_ = np.linalg.lstsq(np.hstack([batches, classes]), y, rcond=None)
        mean = np.bincount(center, minlength=centers) / len(y) @ solution[:centers]
        effect: NDArray[np.float64] = np.asarray(solution[centers:], dtype=np.float64)
        residual = y - batches @ solution[:centers] - classes @ effect
        scale = np.sqrt((residual**2).mean(axis=0))
        scale[scale == 0] = 1.0
        z = (y - mean - classes @ effect) / scale
        parts = [_shrink(z[center == m]) for m in range(centers)]
        return cls(
            np.asarray(mean, dtype=np.float64),
            effect,
            scale,
            np.stack([part[0] for part in parts]),
            np.stack([part[1] for part in parts]),
        )

    def apply(
        self, vectors: NDArray[Any], center: NDArray[np.int64], label: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """Return corrected rows (n, d); ``label`` is needed when class was a covariate."""
        y = np.asarray(vectors, dtype=np.float64)
        kept = np.broadcast_to(self.mean, y.shape)
        if len(self.covariate_effect) and label is not None:
            kept = kept + np.eye(len(self.covariate_effect) + 1)[label][:, 1:] @ self.covariate_effect
        z = (y - kept) / self.scale
        return np.asarray((z - self.shift[center]) / np.sqrt(self.spread[center]) * self.scale + kept)


def _shrink(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return posterior shift and variance of one center's standardised rows."""
    n = len(z)
    shift, spread = z.mean(axis=0), z.var(axis=0, ddof=1)
    prior_mean, prior_variance = shift.mean(), shift.var(ddof=1)
    m, s2 = spread.mean(), spread.var(ddof=1)
    if s2 <= 0 or prior_variance <= 0:
        return shift, np.where(spread > 0, spread, 1.0)
    a, b = (2 * s2 + m**2) / s2, (m * s2 + m**3) / s2
    posterior, variance = shift, np.where(spread > 0, spread, 1.0)
    for _ in range(ITERATIONS):
        updated = (prior_variance * n * shift + variance * prior_mean) / (prior_variance * n + variance)
        squares = ((z - updated) ** 2).sum(axis=0)
        new_variance = (0.5 * squares + b) / (n / 2 + a - 1)
        change = max(
            np.abs((updated - posterior) / np.where(posterior == 0, 1, posterior)).max(),
            np.abs((new_variance - variance) / variance).max(),
        )
        posterior, variance = updated, new_variance
        if change <= TOLERANCE:
            break
    return posterior, variance
