"""How like a picture or a phrase each sample is: cosines with the embeddings that the store holds already.

    similarity(i) = x_i . q / (|x_i| |q|)

Nothing is computed by the model but the query: embeddings that are not there yet are a job, not a wait.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.image_outputs import find
from audit.neighbors import nearest_neighbors
from audit.primary_outputs import EncodedImages, GivenEmbeddings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from PIL import Image

    from audit.dataset import Dataset
    from audit.models.base import ImageEncoder, Model, TextEncoder
    from audit.store import Store

ROWS_AT_ONCE = 65_536
"""Rows read from the memory map at once."""

CANDIDATES = 4_096
"""Samples nearest by the quick pass among which the exact search looks."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class StoredEmbeddings:
    """Embeddings with the samples they belong to.

    Parameters
    ----------
    vectors
        (n, d), memory-mapped where they come from the store; any length.
    index
        Sample ids (n,): those with a readable image.
    """

    vectors: NDArray[np.float32]
    index: pd.Index[str]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.index):
            shape = " x ".join(map(str, self.vectors.shape))
            raise InputError(f"`vectors` must have one row a sample ({len(self.index)}); got {shape}.")


def stored_embeddings(dataset: Dataset, model: Model, store: Store) -> StoredEmbeddings | None:
    """Return a model's embeddings of a dataset, ``None`` before they have been computed.

    Parameters
    ----------
    dataset
        The samples.
    model
        Embeddings that came with the data stand for a model without an image encoder.
    store
        Where they are kept.

    Raises
    ------
    InputError
        If the model can never have any; the message says what is missing.
    """
    if "image_encoder" not in model.abilities:
        reasons = GivenEmbeddings().missing(dataset, model)
        if reasons:
            raise InputError(f"`embeddings` are not to be had: {'; '.join(reasons)}.")
        return StoredEmbeddings(vectors=np.asarray(dataset.arrays["embeddings"]), index=dataset.index)
    extractor = EncodedImages()
    reasons = extractor.missing(dataset, model)
    if reasons:
        raise InputError(f"`embeddings` are not to be had: {'; '.join(reasons)}.")
    output = find(extractor, dataset, model, store)
    if output is None:
        return None
    usable = output.usable
    return StoredEmbeddings(vectors=cast("NDArray[np.float32]", output.take(usable)), index=dataset.index[usable])


def cosines(vectors: NDArray[np.float32], query: ArrayLike) -> NDArray[np.float32]:
    """Return the cosine of each row with a query.

    Parameters
    ----------
    vectors
        (n, d); read in blocks, so that a memory map larger than the memory does.
    query
        (d,).

    Returns
    -------
    ndarray
        float32 (n,) in [-1, 1], higher = more alike; 0 for rows of zeros.

    Raises
    ------
    InputError
        If the lengths differ or the query has no direction.
    """
    wanted = np.asarray(query, dtype=np.float32).ravel()
    if vectors.shape[1] != len(wanted):
        raise InputError(f"`query` must have {vectors.shape[1]} numbers, as the embeddings have; got {len(wanted)}.")
    length = float(np.linalg.norm(wanted))
    if not np.isfinite(length) or length == 0:
        raise InputError("`query` must have a direction; got a vector of zeros or one that is not finite.")
    found = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        block = np.asarray(vectors[start : start + ROWS_AT_ONCE], dtype=np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        dots = block @ (wanted / np.float32(length))
        found[start : start + len(block)] = np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)
    return np.clip(found, -1, 1)


def text_vector(model: Model, text: str) -> NDArray[np.float32]:
    """Return a text's vector (d,) in the space of the image embeddings.

    Raises
    ------
    InputError
        If the text is empty or the model has no text encoder.
    """
    if not text.strip():
        raise InputError("`text` must hold at least one word; got none.")
    if "text_encoder" not in model.abilities:
        raise InputError(f"`model` must have a text encoder to search by text; {model.name} has none.")
    encoded = cast("TextEncoder", model).encode_text([text.strip()])
    return cast("NDArray[np.float32]", np.asarray(encoded, dtype=np.float32)[0])


def image_vector(model: Model, image: Image.Image) -> NDArray[np.float32]:
    """Return an image's vector (d,), made as those of the dataset are.

    Raises
    ------
    InputError
        If the model has no image encoder.
    """
    import torch

    if "image_encoder" not in model.abilities:
        raise InputError(f"`model` must have an image encoder to search by image; {model.name} has none.")
    pixels = torch.from_numpy(np.array(model.preprocessing.prepare(image.convert("RGB")))).permute(2, 0, 1)[None]
    with torch.inference_mode():
        vector = cast("ImageEncoder", model).encode_image(pixels.contiguous().to(model.device))
    return np.asarray(vector[0].float().cpu().numpy(), dtype=np.float32)


def nearest_samples(
    stored: StoredEmbeddings, sample: str, k: int, *, group: ArrayLike | None = None
) -> pd.Series[float]:
    """Return the k samples nearest to one, with their cosines, the nearest first.

    A quick pass in float32 leaves :data:`CANDIDATES` samples; their order is the exact one of
    :func:`audit.neighbors.nearest_neighbors`.

    Parameters
    ----------
    stored
        The embeddings.
    sample
        Id of the sample, never its own neighbour.
    k
        Neighbours wanted.
    group
        Group of each sample (n,): neighbours then never come from the sample's own one.

    Returns
    -------
    Series
        Cosines in [-1, 1] by sample id; fewer than k where fewer are eligible.

    Raises
    ------
    InputError
        If the sample has no embedding.
    """
    if sample not in stored.index:
        raise InputError(f"`sample` must be one with an embedding; '{sample}' has none (no readable image?).")
    place = int(stored.index.get_indexer(pd.Index([sample]))[0])
    quick = cosines(stored.vectors, stored.vectors[place])
    codes = None if group is None else np.unique(np.asarray(group), return_inverse=True)[1]
    own = np.arange(len(quick)) == place if codes is None else codes == codes[place]
    quick[own] = -np.inf
    kept = min(max(CANDIDATES, 4 * k), int((~own).sum()))
    if kept == 0:
        return _similar(np.empty(0), pd.Index([], dtype="str"))
    candidates = np.sort(np.argpartition(-quick, kept - 1)[:kept])
    # Rows of zeros have no direction and are nobody's neighbours.
    candidates = candidates[np.abs(stored.vectors[candidates]).max(axis=1) > 0]
    rows = np.concatenate([[place], candidates])
    found = nearest_neighbors(stored.vectors[rows], k=k, queries=np.array([0]))
    there = found.index[0] >= 0
    return _similar(1 - found.distance[0][there], stored.index[rows[found.index[0][there]]])


def _similar(values: NDArray[np.float64], index: pd.Index[str]) -> pd.Series[float]:
    return pd.Series(values, index=index.rename("sample_id"), name="similarity")
