"""Mixing scores of scib-metrics (Luecken et al. 2022) on our own neighbours, which never come from the own group.

    iLISI   effective number of centers around a sample, 0 (one) to 1 (all); higher: centers are mixed
    cLISI   1 less the scaled effective number of classes; 1: neighbours share one class
    kBET    share of samples whose neighbours' centers pass a chi-squared test against all centers

Graph connectivity and ASW (batch) miss planted center effects and are left out.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.robustness.design import Design
    from audit.robustness.search import Neighborhood

EXTRA = "python -m pip install 'model-audit[mixing]'"
RANKS = 90
"""Neighbours that scib-metrics is given at most (its own default)."""


def available() -> bool:
    """Return whether scib-metrics is installed."""
    return importlib.util.find_spec("scib_metrics") is not None


def mixing_scores(neighborhood: Neighborhood, design: Design) -> dict[str, tuple[float, int]]:
    """Return {"ilisi", "clisi", "kbet"}: value in [0, 1] and the number of samples it rests on.

    Parameters
    ----------
    neighborhood
        Neighbours of an unpaired design.
    design
        Classes and centers.
    """
    from scib_metrics import clisi_knn, ilisi_knn, kbet
    from scib_metrics.nearest_neighbors import NeighborsResults

    rows = design.blocks[0]
    position = np.full(len(design.label), -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    index = neighborhood.index[:, :RANKS]
    width = int((index >= 0).sum(axis=1).min())
    if width < 3:
        return {}
    near: NDArray[np.int64] = position[index[:, :width]]
    # Cosine distance d between unit vectors is a Euclidean distance of sqrt(2 d).
    distance = np.sqrt(2 * neighborhood.distance[:, :width])
    found = NeighborsResults(indices=near, distances=distance)
    center, label = design.center[rows], design.label[rows]
    return {
        "ilisi": (float(ilisi_knn(found, center)), len(rows)),
        "clisi": (float(clisi_knn(found, label)), len(rows)),
        "kbet": (float(kbet(found, center)[0]), len(rows)),
    }
