"""Which samples stand for a class: medoids, k-means, MMD-critic, ProtoDash (all on unit vectors).

    k-medoids   minimise sum_i min_{j in S} d(i, j), d = 1 - cos: FasterPAM (Schubert and Rousseeuw 2021)
    k-means     centers of the unit vectors, each stood for by its nearest sample (KMEx, Gautam et al.)
    MMD-critic  greedy on J(S) = 2/(n m) sum_{i, j in S} K_ij - 1/m^2 sum_{i, j in S} K_ij (Kim et al. 2016);
                criticisms greedy on sum |f(x)| + log det K_CC, f(x) = mean_i K_xi - mean_{j in S} K_xj
    ProtoDash   greedy on max_{w >= 0} w'mu - w'K w / 2, mu_j = mean_i K_ij (Gurumoorthy et al. 2019)

K is the Gaussian kernel exp(-|x - y|^2 / s^2), s^2 the median squared distance of the class.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Method = Literal["kmedoids", "kmeans", "mmd_critic", "protodash"]

MOST_PAIRED = 4000
"""Samples of a class whose distances to each other are all held; of a larger class as many are drawn."""


@dataclasses.dataclass(frozen=True, eq=False)
class Chosen:
    """What stands for a class.

    Parameters
    ----------
    rows
        Positions of the prototypes among the samples given, int64 (m,), by descending share.
    share
        Share of the samples that each stands for (nearest prototype; for ProtoDash its weight), sums to 1: (m,).
    criticisms
        Positions of samples that the prototypes represent badly; empty but for MMD-critic.
    """

    rows: NDArray[np.int64]
    share: Floats
    criticisms: NDArray[np.int64]


def choose_prototypes(
    vectors: Floats, k: int, method: Method = "kmedoids", *, criticisms: int = 3, seed: int = 0
) -> Chosen:
    """Choose what stands for the samples of one class.

    Parameters
    ----------
    vectors
        Unit vectors (n, d).
    k
        Prototypes wanted; a class with fewer samples has each of them.
    method
        How.
    criticisms
        Criticisms of MMD-critic.
    seed
        Seed of k-means and of the draw from a class of more than :data:`MOST_PAIRED`.

    Raises
    ------
    InputError
        If k is below 1 or there is no sample.
    """
    if k < 1 or len(vectors) == 0:
        raise InputError(f"`k` must be at least 1, of at least one sample; got {k} of {len(vectors)}.")
    vectors = np.asarray(vectors, dtype=np.float64)
    n = len(vectors)
    drawn = np.arange(n)
    if n > MOST_PAIRED:
        drawn = np.sort(np.random.default_rng(seed).choice(n, MOST_PAIRED, replace=False))
    some = vectors[drawn]
    k = min(k, len(_distinct(some)))
    weight: Floats | None = None
    far = np.zeros(0, dtype=np.int64)
    if method == "kmedoids":
        found = medoids(some, k)
    elif method == "kmeans":
        found = kmeans_samples(some, k, seed=seed)
    elif method == "mmd_critic":
        kernel = gaussian_kernel(some)
        found = mmd_prototypes(kernel, k)
        far = mmd_criticisms(kernel, found, min(criticisms, len(some) - len(found)))
    else:
        found, weight = protodash(gaussian_kernel(some), k)
    rows = drawn[found]
    if weight is None:
        nearest = np.argmax(vectors @ vectors[rows].T, axis=1)
        weight = np.bincount(nearest, minlength=len(rows)).astype(np.float64)
    order = np.argsort(-weight, kind="stable")
    return Chosen(rows[order], weight[order] / weight.sum(), drawn[far])


def _distinct(vectors: Floats) -> NDArray[np.int64]:
    """Return one position of each distinct row: duplicates cannot be two prototypes."""
    _, first = np.unique(vectors.round(6), axis=0, return_index=True)
    return np.asarray(first, dtype=np.int64)


def cosine_distances(vectors: Floats) -> Floats:
    """Return 1 - cos of all pairs of unit vectors, (n, n), exactly 0 on the diagonal."""
    distance = np.clip(1 - vectors @ vectors.T, 0, 2)
    np.fill_diagonal(distance, 0)
    return np.asarray(distance)


def medoids(vectors: Floats, k: int) -> NDArray[np.int64]:
    """Return the k medoids of FasterPAM begun with BUILD: positions (k,)."""
    import kmedoids

    distance = cosine_distances(vectors)
    if k >= len(vectors):
        return np.arange(len(vectors))
    if k == 1:
        return np.asarray([int(distance.sum(axis=0).argmin())])
    return np.asarray(kmedoids.fasterpam(distance, k, init="build").medoids, dtype=np.int64)


def medoid_loss(vectors: Floats, rows: NDArray[np.int64]) -> float:
    """Return ``sum_i min_j d(i, j)`` of a choice; lower is better."""
    return float(np.clip(1 - vectors @ vectors[rows].T, 0, 2).min(axis=1).sum())


def kmeans_samples(vectors: Floats, k: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Return the samples nearest to the centers of k-means, each once: positions (at most k,)."""
    from sklearn.cluster import KMeans

    fitted = KMeans(n_clusters=k, n_init=4, random_state=seed).fit(vectors)
    found: list[int] = []
    for place, center in enumerate(fitted.cluster_centers_):
        members = np.flatnonzero(fitted.labels_ == place)
        if len(members):
            found.append(int(members[np.square(vectors[members] - center).sum(axis=1).argmin()]))
    return np.asarray(found, dtype=np.int64)


def gaussian_kernel(vectors: Floats) -> Floats:
    """Return exp(-|x - y|^2 / s^2) of all pairs (n, n), s^2 the median squared distance of distinct pairs."""
    squared = 2 * cosine_distances(vectors)
    pairs = squared[np.triu_indices(len(vectors), 1)]
    scale = float(np.median(pairs)) if len(pairs) else 1.0
    return np.asarray(np.exp(-squared / (scale if scale > 0 else 1.0)))


def mmd_prototypes(kernel: Floats, k: int) -> NDArray[np.int64]:
    """Return the greedy prototypes of MMD-critic, in the order chosen: (k,)."""
    n = len(kernel)
    mean = kernel.mean(axis=1)
    chosen: list[int] = []
    linear, within, to_chosen = 0.0, 0.0, np.zeros(n)
    for m in range(1, k + 1):
        value = 2 / m * (linear + mean) - (within + 2 * to_chosen + np.diag(kernel)) / m**2
        value[chosen] = -np.inf
        best = int(value.argmax())
        linear += float(mean[best])
        within += float(2 * to_chosen[best] + kernel[best, best])
        to_chosen += kernel[:, best]
        chosen.append(best)
    return np.asarray(chosen, dtype=np.int64)


def mmd_criticisms(kernel: Floats, prototypes: NDArray[np.int64], c: int) -> NDArray[np.int64]:
    """Return the greedy criticisms of MMD-critic: samples of largest witness that differ from each other, (c,)."""
    witness = np.abs(kernel.mean(axis=1) - kernel[:, prototypes].mean(axis=1))
    chosen: list[int] = []
    for _ in range(c):
        # log det grows by the log of what the chosen ones leave of a candidate's own variance.
        left = np.diag(kernel).copy()
        if chosen:
            block = kernel[np.ix_(chosen, chosen)]
            left = left - np.einsum("ij,ij->j", kernel[chosen], np.linalg.solve(block, kernel[chosen]))
        value = witness + np.log(np.maximum(left, 1e-12))
        value[[*prototypes.tolist(), *chosen]] = -np.inf
        chosen.append(int(value.argmax()))
    return np.asarray(chosen, dtype=np.int64)


def protodash(kernel: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
    """Return ProtoDash's prototypes in the order chosen and their non-negative weights: (m,), (m,), m at most k."""
    mean = kernel.mean(axis=1)
    chosen: list[int] = []
    weight = np.zeros(0)
    for _ in range(k):
        gradient = mean - kernel[:, chosen] @ weight
        gradient[chosen] = -np.inf
        best = int(gradient.argmax())
        if chosen and gradient[best] <= 0:
            break
        chosen.append(best)
        weight = nonnegative_weights(kernel[np.ix_(chosen, chosen)], mean[chosen])
    return np.asarray(chosen, dtype=np.int64), np.maximum(weight, 1e-12)


def nonnegative_weights(kernel: Floats, mean: Floats) -> Floats:
    """Return arg max over w >= 0 of ``w'mean - w'K w / 2``, by least squares on K's Cholesky factor."""
    from scipy.linalg import solve_triangular
    from scipy.optimize import nnls

    factor = np.linalg.cholesky(kernel + 1e-10 * np.eye(len(kernel)))
    target = solve_triangular(factor, mean, lower=True)
    return np.asarray(nnls(factor.T, target)[0])


def boundary_samples(vectors: Floats, own: Floats, others: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the samples of a class that lie nearest to other classes' prototypes, by margin.

    The margin is the cosine to the nearest prototype of the own class minus that to the nearest of any other class:
    the smaller, the more borderline. Audit-defined, after the support prototypes of ST-ProtoPNet (Wang et al. 2023).

    Parameters
    ----------
    vectors
        Unit vectors of the class's samples (n, d).
    own, others
        Unit vectors of the prototypes of the class and of all other classes.
    k
        How many.

    Returns
    -------
    positions : int64 (at most k,)
        The smallest margin first; empty where there is no other class.
    margin : float64 (n,)
        In [-2, 2]; NaN where there is no other class.
    """
    if len(others) == 0:
        return np.zeros(0, dtype=np.int64), np.full(len(vectors), np.nan)
    margin: Floats = (vectors @ own.T).max(axis=1) - (vectors @ others.T).max(axis=1)
    return np.argsort(margin, kind="stable")[:k].astype(np.int64), margin


def teen(means: Floats, counts: NDArray[np.int64], *, fewest: int = 10, a: float = 0.5, scale: float = 16.0) -> Floats:
    """Return class means, those of small classes drawn towards the large classes they resemble (TEEN, Wang et al.).

    ``p_c <- (1 - a) p_c / |p_c| + a norm(sum_b softmax_b(scale cos(p_c, p_b)) p_b / |p_b|)``, b over the classes
    with at least ``fewest`` samples.

    Parameters
    ----------
    means
        Mean vector of each class (classes, d).
    counts
        Samples of each class.
    fewest
        A class below is small.
    a
        Strength, 0 to 1.
    scale
        Sharpness of the softmax.

    Returns
    -------
    ndarray
        Unit vectors (classes, d) of the large classes, and the mixed vectors of the small ones; where no class is
        large, every mean's own direction.
    """
    length = np.linalg.norm(means, axis=1, keepdims=True)
    unit: Floats = np.divide(means, length, out=np.zeros_like(means, dtype=np.float64), where=length > 0)
    base = counts >= fewest
    small = (counts > 0) & ~base
    if not base.any() or not small.any():
        return unit
    cosine = scale * unit[small] @ unit[base].T
    weight = np.exp(cosine - cosine.max(axis=1, keepdims=True))
    mixed = (weight / weight.sum(axis=1, keepdims=True)) @ unit[base]
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    found = unit.copy()
    found[small] = (1 - a) * unit[small] + a * mixed
    return np.asarray(found)
