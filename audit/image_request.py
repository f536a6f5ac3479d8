"""What a pass over images was asked for: whom it reports to, which keys its outputs have, which rows it reads."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable

import numpy as np
from filelock import Timeout

from audit.base import ImageExtractor, specification
from audit.dataset import Dataset
from audit.errors import Cancelled
from audit.models.base import Model
from audit.progress import Progress
from audit.store import Store

WAITING_SECONDS = 0.2
"""How often a process that waits for another one looks again."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """What a computation was asked for, and whom it reports to.

    Parameters
    ----------
    dataset, model, store
        As given to :func:`audit.engine.compute`.
    batch_size
        Images a batch; chosen by device and image size when left out.
    progress, cancelled
        As given to :func:`audit.engine.compute`.
    """

    dataset: Dataset
    model: Model
    store: Store
    batch_size: int | None
    progress: Callable[[Progress], None]
    cancelled: Callable[[], bool]

    def check(self) -> None:
        """Raise :class:`Cancelled` when the user asked for it."""
        if self.cancelled():
            raise Cancelled

    def hold(self, key: str, held: contextlib.ExitStack, stage: str, total: int, done: Callable[[], int]) -> None:
        """Take a key's lock for as long as ``held`` lives; while another process has it, report how far that one is."""
        lock = self.store.lock(key)
        while True:
            try:
                held.enter_context(lock.acquire(timeout=0))
            except Timeout:
                self.check()
                self.progress(Progress(stage=stage, done=done(), total=total))
                time.sleep(WAITING_SECONDS)
            else:
                return


def image_key(extractor: ImageExtractor, dataset: Dataset, model: Model) -> str:
    """Return the key of a per-image output: extractor, preprocessing, model and the images' content."""
    variant = extractor.image_variant()
    return Store.key(
        {
            "kind": "output",
            "extractor": specification(extractor),
            "preprocessing": dataclasses.asdict(extractor.preprocessing(model)),
            "model": model.fingerprint if extractor.uses_model else None,
            "images": dataset.images_fingerprint,
            "variant": dict(variant.depends_on(dataset)) if variant is not None else {},
        },
    )


def image_rows(dataset: Dataset) -> np.ndarray:
    """Return the rows whose image file could be hashed: int64 (images,); the others have no image to compute."""
    return np.flatnonzero(np.asarray([content != "" for content in dataset.content_hashes], dtype=bool))
