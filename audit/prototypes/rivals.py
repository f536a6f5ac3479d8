"""The class that a model takes a sample for next, and by how much the sample's own class leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rivals(logits: NDArray[np.floating], code: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class with the largest logit besides a sample's own: (b,); of equal ones the first.

    Parameters
    ----------
    logits
        (b, classes), at least two classes.
    code
        Class of each sample (b,).
    """
    others = np.array(logits, dtype=np.float64)
    others[np.arange(len(code)), code] = -np.inf
    return np.asarray(others.argmax(axis=1), dtype=np.int64)


def lead(logits: NDArray[np.floating], code: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return ``z_code`` less the largest other logit of each sample: (b,); below 0 another class leads."""
    rows = np.arange(len(code))
    z = np.asarray(logits, dtype=np.float64)
    return np.asarray(z[rows, code] - z[rows, rivals(z, code)])
