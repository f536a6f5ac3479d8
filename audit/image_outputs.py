"""A kept per-image output seen from a dataset: which sample has which row, its own entry's or its parent's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.base import ImageExtractor
from audit.dataset import Dataset
from audit.image_request import image_key
from audit.models.base import Model
from audit.shards import ROWS, VALUE
from audit.store import Store


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ImageOutput:
    """Arrays of the samples whose image could be computed.

    Parameters
    ----------
    arrays
        Memory-mapped, by name.
    position
        Row of the arrays of each sample of the dataset, -1 where it has none: int64 (n,).
    failures
        Reason by row of the dataset that has none although it has an image file.
    """

    arrays: Mapping[str, np.ndarray]
    position: np.ndarray
    failures: Mapping[int, str]

    @property
    def usable(self) -> np.ndarray:
        """Which samples have a row: boolean (n,)."""
        return self.position >= 0

    def take(self, chosen: np.ndarray) -> Any:
        """Return the rows of the samples of a boolean mask: an array, or arrays by name.

        Nothing is copied when these are all rows that there are.
        """
        wanted = self.position[chosen]
        taken = {name.removeprefix(f"{VALUE}/"): _rows(array, wanted) for name, array in self.arrays.items()}
        return taken[VALUE] if set(self.arrays) == {VALUE} else taken


def find(extractor: ImageExtractor, dataset: Dataset, model: Model, store: Store) -> ImageOutput | None:
    """Return a kept output of a dataset, from its own entry or from that of the dataset it is a subset of.

    Returns
    -------
    ImageOutput or None
        ``None`` when neither is there.
    """
    key = image_key(extractor, dataset, model)
    if store.has(key):
        return _read(key, len(dataset), store)
    parent = dataset.parent
    if parent is None or parent.pixel_cap != dataset.pixel_cap:
        return None
    rows = parent.index.get_indexer(dataset.index)
    # The same ids with other images are other samples.
    if (rows < 0).any() or tuple(parent.content_hashes[row] for row in rows) != dataset.content_hashes:
        return None
    key = image_key(extractor, parent, model)
    if not store.has(key):
        return None
    whole = _read(key, len(parent), store)
    failures = {at: whole.failures[row] for at, row in enumerate(rows.tolist()) if row in whole.failures}
    return ImageOutput(arrays=whole.arrays, position=whole.position[rows], failures=failures)


def _read(key: str, count: int, store: Store) -> ImageOutput:
    value = store.read(key)
    assert isinstance(value, dict)
    rows = value.pop(ROWS)
    position = np.full(count, -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    failures = {int(row): reason for row, reason in store.provenance(key)["failures"].items()}
    return ImageOutput(arrays=value, position=position, failures=failures)


def _rows(array: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if len(wanted) == len(array) and np.array_equal(wanted, np.arange(len(array))):
        return array
    taken: np.ndarray = array[wanted]
    return taken
