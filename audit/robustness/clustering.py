"""Whether unsupervised clusters follow the class or the center.

    clustering score = ARI(clusters, class) - ARI(clusters, center)        in [-1, 1], higher is better

K-means on unit vectors, the number of clusters chosen by the silhouette (arXiv 2507.17845; the candidates are
audit-defined). ARI: adjusted Rand index, 0 by chance.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from audit.score_blocks import unit_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 5000
MOST_SILHOUETTE_ROWS = 1500
DIMENSIONS = 64
"""Principal components that are clustered; they hold what clusters of few thousand rows can follow."""


class ClusteringScore(NamedTuple):
    """Agreement of clusters with class and center, averaged over repeats.

    Parameters
    ----------
    value
        ARI with the class less ARI with the center.
    low, high
        Range over the repeats (2.5 % to 97.5 %).
    ari_class, ari_center
        The two parts.
    clusters
        Number of clusters.
    n
        Rows clustered.
    """

    value: float
    low: float
    high: float
    ari_class: float
    ari_center: float
    clusters: int
    n: int


def clustering_score(
    vectors: NDArray[Any], label: NDArray[np.int64], center: NDArray[np.int64], *, seed: int, repeats: int = 10
) -> ClusteringScore:
    """Cluster and compare with class and center.

    Parameters
    ----------
    vectors
        (n, d); at most 5,000 rows are drawn.
    label, center
        Codes (n,).
    seed
        Seed of the draw and of k-means.
    repeats
        Runs of k-means from different starts.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    generator = np.random.default_rng(seed)
    rows = np.arange(len(vectors))
    if len(rows) > MOST_ROWS:
        rows = np.sort(generator.choice(len(rows), MOST_ROWS, replace=False))
    points = unit_vectors(np.asarray(vectors)[rows])
    components = min(DIMENSIONS, *points.shape)
    if np.ptp(points, axis=0).max() > 0:
        points = PCA(n_components=components, svd_solver="full", random_state=0).fit_transform(points)
    classes, centers = len(np.unique(label[rows])), len(np.unique(center[rows]))
    most = min(30, classes * centers, len(np.unique(points, axis=0)))
    candidates = sorted({k for k in (*range(2, max(classes, centers) + 3), classes * centers) if k <= most})
    few = generator.permutation(len(points))[:MOST_SILHOUETTE_ROWS]
    best, chosen = -np.inf, candidates[0] if candidates else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct points than clusters: the silhouette then says so
        for k in candidates:
            found = KMeans(k, n_init=1, random_state=seed).fit_predict(points)
            distinct = len(np.unique(found[few]))
            value = silhouette_score(points[few], found[few]) if 1 < distinct < len(few) else -1.0
            if value > best:
                best, chosen = float(value), k
        runs = [KMeans(chosen, n_init=1, random_state=seed + r).fit_predict(points) for r in range(repeats)]
    by_class = np.array([adjusted_rand_score(label[rows], run) for run in runs])
    by_center = np.array([adjusted_rand_score(center[rows], run) for run in runs])
    low, high = np.quantile(by_class - by_center, [0.025, 0.975])
    return ClusteringScore(
        float((by_class - by_center).mean()),
        float(low),
        float(high),
        float(by_class.mean()),
        float(by_center.mean()),
        chosen,
        len(rows),
    )
