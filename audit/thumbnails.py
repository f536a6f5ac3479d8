"""Small WebP previews in a cache, named by the content they were made from; pages show these, never the originals."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pandas as pd
from PIL import Image

from audit.cache import write_once
from audit.dataset import IMAGE_COLUMN, Dataset
from audit.errors import InputError
from audit.image_files import MISSING, NO_IMAGE, ImageProblem, hash_file, regular_file
from audit.images import open_small

_VERSION = 1
_QUALITY = 82
_SMALLEST, _LARGEST = 16, 1024


def thumbnail(dataset: Dataset, sample_id: str, *, size: int = 160, folder: Path) -> Path:
    """Return the preview of a sample's image, made when it is first asked for.

    Parameters
    ----------
    dataset
        Where the sample is.
    sample_id
        Which one.
    size
        Pixels of the longer side, 16 to 1024; a smaller image keeps its size.
    folder
        The cache of thumbnails; equal images share a file, whatever they are called.

    Raises
    ------
    InputError
        If there is no such sample, or the size is out of range.
    ImageProblem
        If the sample has no image, or none that can be used.
    """
    if not _SMALLEST <= size <= _LARGEST:
        raise InputError(f"`size` must be between {_SMALLEST} and {_LARGEST}; got {size}.")
    path, root = _image_of(dataset, sample_id)
    content = _content_hash(dataset, sample_id, path, root)
    target = folder / content[:2] / f"{content}-{size}-v{_VERSION}.webp"
    if not target.exists():
        image = open_small(path, root=root, at_least=size, pixel_cap=dataset.pixel_cap)
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
        encoded = io.BytesIO()
        # A plain copy: the original's metadata (places, names) stays behind.
        Image.frombytes("RGB", image.size, image.tobytes()).save(encoded, "WEBP", quality=_QUALITY, method=4)
        write_once(target, encoded.getvalue())
    return target


def data_uri(dataset: Dataset, sample_id: str, *, size: int = 160, folder: Path) -> str:
    """Return the preview as a ``data:`` address, for a picture inside a plot or a report; see :func:`thumbnail`."""
    encoded = base64.b64encode(thumbnail(dataset, sample_id, size=size, folder=folder).read_bytes()).decode("ascii")
    return f"data:image/webp;base64,{encoded}"


def _image_of(dataset: Dataset, sample_id: str) -> tuple[str, Path]:
    if sample_id not in dataset.index:
        raise InputError(f"`sample_id` must be a sample of '{dataset.name}'; got '{sample_id}'.")
    if sample_id in dataset.quarantine.index:
        raise ImageProblem(str(dataset.quarantine.loc[sample_id, "reason"]))
    if dataset.root is None or IMAGE_COLUMN not in dataset.metadata.columns:
        raise ImageProblem(NO_IMAGE)
    path = dataset.metadata[IMAGE_COLUMN].iloc[_position(dataset, sample_id)]
    if not isinstance(path, str):
        raise ImageProblem(NO_IMAGE)
    return path, dataset.root


def _position(dataset: Dataset, sample_id: str) -> int:
    return int(dataset.index.get_indexer(pd.Index([sample_id]))[0])


def _content_hash(dataset: Dataset, sample_id: str, path: str, root: Path) -> str:
    """Return the hash of one image: the dataset's when it has been computed, else of this file alone."""
    if dataset.content is not None or "content_hashes" in dataset.__dict__:
        known = dataset.content_hashes[_position(dataset, sample_id)]
        if known:
            return known
    real, _ = regular_file(path, root)
    content = hash_file(real)
    if not content:
        raise ImageProblem(MISSING)
    return content
