"""Parts of a class: what its images' dense features are made of, and the head's weights split over them exactly.

    parts          k-means of unit patch vectors, or the components of an NMF where features are not negative
    prototype      the real patch nearest to a part: what the page shows
    decomposition  v_c = sum_i p_i,  p_i = a_i b_i + (v_c - sum_j a_j b_j) / r,  a least squares (post-hoc part
                   prototypes, Tan et al., ICML 2024); share of |v_c| that the parts leave = |residual| / |v_c|
    similarity     cosine, or ProtoPNet's log((d + 1) / (d + 1e-4)) of the squared distance d (Chen et al. 2019)

For a linear head on the mean of the features F the contributions mean(F) p_i sum to the logit (less its bias).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.floating]

Similarity = Literal["cosine", "protopnet"]

EPSILON = 1e-4
_BOX_LEVEL = 0.75
"""A part's box holds the connected places above this share of the way from the map's least to its largest value."""

MOST_PATCHES = 4000
"""Patches of a class that its parts are sought in."""


@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """The parts of one class.

    Parameters
    ----------
    basis
        Their vectors (r, d), of length 1.
    patch
        The real patch nearest to each, as a position among the patches given: (r,).
    share
        Share of the patches that each part stands for, sums to 1: (r,).
    """

    basis: Floats
    patch: NDArray[np.int64]
    share: Floats


def find_parts(patches: Floats, r: int, *, seed: int = 0) -> Parts:
    """Return the parts of a class, the largest first.

    Parameters
    ----------
    patches
        Dense features (n, d): of all places of the class's images.
    r
        Parts wanted; fewer where there are fewer distinct patches.
    seed
        Seed of the start.
    """
    values = np.asarray(patches, dtype=np.float32)
    drawn = np.arange(len(values))
    if len(values) > MOST_PATCHES:
        drawn = np.sort(np.random.default_rng(seed).choice(len(values), MOST_PATCHES, replace=False))
    some = values[drawn]
    r = min(r, len(np.unique(some.round(5), axis=0)))
    weight, basis = _factors(some, r, seed) if r > 1 and (some >= 0).all() else _clusters(some, r, seed)
    strongest = weight.argmax(axis=1)
    share = np.bincount(strongest, minlength=r) / len(some)
    order = np.argsort(-share, kind="stable")
    basis = unit(basis)[order]
    nearest = (unit(some) @ basis.T).argmax(axis=0)
    return Parts(basis=basis, patch=drawn[nearest], share=share[order])


def _factors(patches: Floats, r: int, seed: int) -> tuple[Floats, Floats]:
    """Return activations (n, r) and components (r, d) of a non-negative factorisation."""
    import warnings

    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Parts are looked at by people; the last digits of the factors do not matter.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = NMF(n_components=r, init="nndsvda", max_iter=120, tol=1e-3, random_state=seed)
        activation = model.fit_transform(patches)
    length = np.linalg.norm(model.components_, axis=1)
    if not (length > 0).all():
        return _clusters(patches, r, seed)
    return activation * length, model.components_


def _clusters(patches: Floats, r: int, seed: int) -> tuple[Floats, Floats]:
    """Return cosines (n, r) and centers (r, d) of k-means on unit vectors."""
    from sklearn.cluster import KMeans

    directions = unit(patches)
    centers = KMeans(n_clusters=r, n_init=2, random_state=seed).fit(directions).cluster_centers_
    return directions @ unit(centers).T, centers


def unit(vectors: ArrayLike) -> Floats:
    """Return vectors (..., d) of length 1; zeros stay zero."""
    values = np.asarray(vectors)
    values = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(np.divide(values, length, out=np.zeros_like(values), where=length > 0))


@dataclasses.dataclass(frozen=True, eq=False)
class Decomposition:
    """A class's weights split over its parts.

    Parameters
    ----------
    parts
        p_i (r, d); their sum is the class's weights.
    unexplained
        Share of the weights' length outside the parts' span, 0 to 1; it is divided equally over the parts.
    """

    parts: NDArray[np.float64]
    unexplained: float


def decompose(weights: ArrayLike, basis: ArrayLike) -> Decomposition:
    """Split a class's weights (d,) over parts (r, d) so that they sum to it exactly."""
    v = np.asarray(weights, dtype=np.float64)
    b = np.asarray(basis, dtype=np.float64)
    a, *_ = np.linalg.lstsq(b.T, v, rcond=None)
    explained = a[:, None] * b
    residual = v - explained.sum(axis=0)
    length = float(np.linalg.norm(v))
    unexplained = float(np.linalg.norm(residual)) / length if length > 0 else float("nan")
    return Decomposition(explained + residual / len(b), unexplained)


def similarity(patches: Floats, prototypes: Floats, kind: Similarity = "cosine") -> Floats:
    """Return how alike patches (..., d) and prototypes (P, d) are: (..., P); higher is more alike.

    Cosine lies in [-1, 1], ProtoPNet's in (0, log(1e4 + 1)].
    """
    if kind == "cosine":
        return np.asarray(unit(patches) @ unit(prototypes).T)
    return protopnet_similarity(squared_distances(patches, prototypes))


def squared_distances(patches: Floats, prototypes: Floats) -> Floats:
    """Return |x - p|^2, at least 0: (..., P)."""
    x, p = np.asarray(patches), np.asarray(prototypes)
    own = np.square(x).sum(axis=-1, keepdims=True)
    return np.asarray(np.maximum(own - 2 * x @ p.T + np.square(p).sum(axis=1), 0))


def protopnet_similarity(distance: ArrayLike) -> Floats:
    """Return ``log((d + 1) / (d + 1e-4))`` of squared distances."""
    d = np.asarray(distance)
    return np.asarray(np.log((d + 1) / (d + EPSILON)))


def scaled(heat: ArrayLike) -> Floats:
    """Return a heat map from 0 to 1; a constant one is 0 everywhere."""
    values = np.asarray(heat, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def heat_box(heat: ArrayLike) -> tuple[float, float, float, float]:
    """Return the box round a heat map's (h, w) peak: left, top, right, bottom as shares of the sides."""
    from scipy import ndimage

    values = np.asarray(heat, dtype=np.float64)
    height, width = values.shape
    peak = np.unravel_index(int(values.argmax()), values.shape)
    labels, _ = ndimage.label(scaled(values) >= _BOX_LEVEL)
    here = labels == labels[peak] if labels[peak] else np.zeros(values.shape, dtype=bool)
    here[peak] = True
    rows, columns = np.flatnonzero(here.any(axis=1)), np.flatnonzero(here.any(axis=0))
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )
