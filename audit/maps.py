"""Two coordinates a sample: the map of an embedding, by PCA at once or by UMAP.

UMAP (arXiv 1802.03426) optimises a layout whose neighbours are those of the embedding; distances between far
groups mean little. Neighbours are exact, in the first :data:`COMPONENTS` principal components: on tens of
thousands of samples that is quicker than building an approximate index, and the same every time. Above
:data:`FITTED` samples UMAP is fitted on a seeded subsample of that size, and each of the others is put at the
mean of its nearest fitted neighbours' places, the nearer ones weighing more.
"""

from __future__ import annotations

import dataclasses
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from audit.base import Bounds, DerivedExtractor, Extractor, specification
from audit.errors import InputError
from audit.outputs import Embeddings, unit_rows
from audit.store import array_hash

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.progress import Progress
    from audit.store import Store

Method = Literal["pca", "umap"]

FITTED = 50_000
"""Samples that UMAP is fitted on at most; further ones are placed among them."""

EPOCHS = 200
"""Rounds of UMAP's optimisation, its own choice for large data, taken for every size."""

COMPONENTS = 50
"""Principal components that UMAP searches neighbours in: the first ones carry the neighbourhoods, the rest is time."""

# numba's threading layer aborts the process when two threads enter it at once.
_LOCK = threading.Lock()


@dataclasses.dataclass(frozen=True, kw_only=True)
class MapCoordinates(DerivedExtractor):
    """Map coordinates, float32 (n, 2), of unit-length embeddings.

    Parameters
    ----------
    method
        ``pca``: the first two principal components; ``umap``: a layout of neighbours.
    neighbors
        Neighbours of UMAP: few show fine structure, many the whole.
    min_dist
        Smallest distance of UMAP's points: small packs groups tightly.
    seed
        Seed of the random projections, the subsample and the layout.
    """

    kept: ClassVar[bool] = True
    method: Method = "pca"
    neighbors: Annotated[int, Bounds(2, 200)] = 15
    min_dist: Annotated[float, Bounds(0, 0.99, 0.01)] = 0.1
    seed: int = 0

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return the embeddings."""
        return (Embeddings(),)

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the size above which UMAP is fitted on a subsample."""
        return {"fitted": FITTED} if self.method == "umap" else {}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Return the coordinates."""
        embeddings = unit_rows(arrays[0])
        if self.method == "pca":
            return principal_components(embeddings, components=2, seed=self.seed)
        return umap_layout(embeddings, neighbors=self.neighbors, min_dist=self.min_dist, seed=self.seed)


def principal_components(vectors: np.ndarray, *, components: int, seed: int) -> np.ndarray:
    """Return the first principal components by a randomised SVD.

    Parameters
    ----------
    vectors
        (n, d).
    components
        How many columns to return; those that the data has no rank for are zero.
    seed
        Seed of the random projections.

    Returns
    -------
    ndarray
        float32 (n, components), columns in the order of falling variance, the sign fixed.
    """
    from sklearn.decomposition import PCA

    n, d = vectors.shape
    kept = min(components, n, d)
    coordinates = np.zeros((n, components), dtype=np.float32)
    if n < 2 or not np.ptp(vectors, axis=0).any():
        return coordinates
    found = PCA(n_components=kept, svd_solver="randomized", random_state=seed).fit_transform(vectors)
    coordinates[:, :kept] = found
    return coordinates


def umap_layout(vectors: np.ndarray, *, neighbors: int, min_dist: float, seed: int) -> np.ndarray:
    """Return UMAP coordinates, the same for the same seed.

    Parameters
    ----------
    vectors
        (n, d); above :data:`FITTED` rows a seeded subsample is fitted and the others are placed in it.
    neighbors
        Neighbours a point, cut to n - 1.
    min_dist
        Smallest distance of two points in the layout.
    seed
        Seed of subsample, initial components and layout.

    Returns
    -------
    ndarray
        float32 (n, 2). With fewer than four samples there is no neighbourhood to draw: principal components.
    """
    n = len(vectors)
    if n < 4 or not np.ptp(vectors, axis=0).any():
        return principal_components(vectors, components=2, seed=seed)
    if vectors.shape[1] > COMPONENTS and n > COMPONENTS:
        vectors = principal_components(vectors, components=COMPONENTS, seed=seed)
    fitted = np.arange(n)
    if n > FITTED:
        fitted = np.sort(np.random.default_rng(seed).choice(n, size=FITTED, replace=False))
    neighbors = min(neighbors, len(fitted))
    coordinates = np.empty((n, 2), dtype=np.float32)
    coordinates[fitted] = _fit(vectors[fitted], neighbors, min_dist, seed)
    rest = np.setdiff1d(np.arange(n), fitted)
    if len(rest):
        coordinates[rest] = _place(vectors[rest], vectors[fitted], coordinates[fitted], neighbors)
    return coordinates


def _nearest(vectors: np.ndarray, among: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and positions, both (n, k), of the exact nearest rows."""
    from sklearn.neighbors import NearestNeighbors

    distances, positions = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(among).kneighbors(vectors)
    return distances.astype(np.float32), positions


def _fit(vectors: np.ndarray, neighbors: int, min_dist: float, seed: int) -> np.ndarray:
    start = principal_components(vectors, components=2, seed=seed)
    # UMAP expects a start of about ten units, with no two points in the same place.
    spread = float(np.abs(start).max()) or 1.0
    start = 10 * start / spread + np.random.default_rng(seed).normal(0, 1e-4, size=start.shape)
    distances, positions = _nearest(vectors, vectors, neighbors)
    with _LOCK, warnings.catch_warnings():
        # UMAP warns that a given set of neighbours cannot place further points (done here) and about points
        # without neighbours, which stay where they started: nothing that a reader of the map could act on.
        warnings.simplefilter("ignore")
        from umap import UMAP

        layout = UMAP(
            n_neighbors=neighbors,
            min_dist=min_dist,
            n_epochs=EPOCHS,
            init=start.astype(np.float32),
            precomputed_knn=(positions, distances),
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(layout.fit_transform(vectors), dtype=np.float32)


def _place(vectors: np.ndarray, fitted: np.ndarray, places: np.ndarray, neighbors: int) -> np.ndarray:
    distances, positions = _nearest(vectors, fitted, neighbors)
    # A sample equal to a fitted one lands on it.
    weights = 1 / (distances.astype(np.float64) + 1e-9)
    weights /= weights.sum(axis=1, keepdims=True)
    placed: np.ndarray = np.einsum("nk,nkc->nc", weights, places[positions])
    return placed.astype(np.float32)


def read_map(store: Store, key: str) -> pd.DataFrame:
    """Return what :func:`draw` kept: columns ``x`` and ``y``, indexed by ``sample_id``.

    Raises
    ------
    InputError
        If the key is not that of a map.
    """
    kept = store.read(key)
    if not isinstance(kept, dict) or set(kept) != {"values", "sample_id"} or kept["values"].shape[1:] != (2,):
        raise InputError(f"`key` must be that of a map; got {key}. Draw the map first.")
    index = pd.Index(np.asarray(kept["sample_id"]).astype(str), name="sample_id", dtype="str")
    return pd.DataFrame({"x": kept["values"][:, 0], "y": kept["values"][:, 1]}, index=index)


def _keep(
    dataset: Dataset,
    model: Model,
    extractor: Extractor,
    *,
    store: Store,
    batch_size: int | None,
    progress: Callable[[Progress], None] | None,
    cancelled: Callable[[], bool] | None,
) -> str:
    """Compute an output and keep it with the ids of its samples: those without a readable image are not in it."""
    from audit import engine

    reasons = extractor.missing(dataset, model)
    if reasons:
        raise InputError(f"`{type(extractor).__name__}` is not to be had: " + "; ".join(dict.fromkeys(reasons)) + ".")
    outputs = engine.compute(
        dataset, model, [extractor], store=store, batch_size=batch_size, progress=progress, cancelled=cancelled
    )
    values = np.asarray(outputs[extractor])
    identifiers = outputs.dataset.index.to_numpy(dtype=np.str_)
    spec = specification(extractor)
    key = store.key({"kind": "rows", "of": spec, "values": array_hash(values), "ids": array_hash(identifiers)})
    facts = {"what": f"{type(extractor).__name__} with ids", "dataset": dataset.name, "model": model.name, "of": spec}
    store.write(key, {"values": values, "sample_id": identifiers}, facts)
    return key


def embed(
    dataset: Dataset,
    model: Model,
    *,
    store: Store,
    batch_size: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> str:
    """Compute a model's embeddings of a dataset and return the key that holds them with their samples' ids.

    Raises
    ------
    InputError
        If dataset or model lacks something.
    Cancelled
        If ``cancelled`` answered True.
    """
    return _keep(
        dataset, model, Embeddings(), store=store, batch_size=batch_size, progress=progress, cancelled=cancelled
    )


def draw(
    dataset: Dataset,
    model: Model,
    extractor: MapCoordinates,
    *,
    store: Store,
    batch_size: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> str:
    """Compute a map and return the key that :func:`read_map` reads it by, without the model.

    Raises
    ------
    InputError
        If dataset or model lacks something.
    Cancelled
        If ``cancelled`` answered True.
    """
    return _keep(dataset, model, extractor, store=store, batch_size=batch_size, progress=progress, cancelled=cancelled)
