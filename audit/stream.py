"""From files to uint8 batches: decode threads, a few batches ahead of the device.

Pillow decodes and resizes without holding the interpreter's lock, so threads are enough and a batch is written once,
straight into the memory that goes to the device. On an accelerator the next batches are decoded while it computes.
On the CPU the network itself uses every core: decoding beside it would make its threads wait for one another, so
decoding (on all cores) and computing (on all cores) take turns.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from audit.base import ImageVariant
from audit.dataset import IMAGE_COLUMN, Dataset
from audit.device_variant import DrawnRegion
from audit.images import ImageProblem, open_image
from audit.models.base import Preprocessing
from audit.provenance import processors

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

BATCHES_AHEAD = 3
"""Batches decoded ahead of an accelerator; bounds the memory that waits."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """How an image is shown to a model; extractors with equal views share the pixels.

    Parameters
    ----------
    preprocessing
        Resizing and cropping.
    variant
        The change made before, if any.
    region
        Where the subject is, drawn beside the image, if it is wanted.
    """

    preprocessing: Preprocessing
    variant: ImageVariant | None = None
    region: DrawnRegion | None = None

    def mask(self, image: Image.Image, dataset: Dataset, sample: str) -> np.ndarray:
        """Return the subject's mask as the model's input shows the image: uint8 (height, width), 255 or 0."""
        from PIL import Image as Pillow

        assert self.region is not None
        drawn = self.region(image, dataset, sample)
        if drawn.size != image.size:
            drawn = drawn.resize(image.size, Pillow.Resampling.NEAREST)
        exact = dataclasses.replace(self.preprocessing, interpolation="nearest", fill=0)
        return exact.prepare(drawn.convert("RGB"))[:, :, 0]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Pixels:
    """One batch in one view.

    Parameters
    ----------
    good
        Positions among the dataset's images, ascending, that could be read.
    images
        uint8 (good, 3, height, width) in main memory; stored channels last, as decoders leave them.
    failures
        Reason by position that could not.
    regions
        uint8 (good, height, width), 255 on the subject, where the view wants it.
    """

    good: Sequence[int]
    images: torch.Tensor
    failures: dict[int, str]
    regions: torch.Tensor | None = None


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Batch:
    """A run of consecutive images in every view.

    Parameters
    ----------
    start, stop
        Positions among the dataset's images.
    pixels
        By view.
    """

    start: int
    stop: int
    pixels: dict[View, Pixels]


class Decoder:
    """Reads a dataset's images batch by batch.

    Parameters
    ----------
    dataset
        The samples.
    rows
        Row of each image to read: int64 (images,).
    views
        What is made of each image.
    device
        Where the batches go: ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.
    threads
        Decode threads; one a core when left out.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: np.ndarray,
        views: Sequence[View],
        *,
        device: str,
        threads: int | None = None,
    ) -> None:
        self._dataset = dataset
        self._paths = dataset.metadata[IMAGE_COLUMN].iloc[rows].astype("str").tolist()
        self._samples = dataset.index[rows].tolist()
        self._views = tuple(dict.fromkeys(views))
        self._threads = threads or processors()
        self._pinned = device.startswith("cuda")
        self._ahead = 0 if device == "cpu" else BATCHES_AHEAD

    def batches(self, spans: Iterable[tuple[int, int]]) -> Generator[Batch]:
        """Yield the batch of every (start, stop), in order."""
        waiting: deque[_Pending] = deque()
        spans = iter(spans)
        pool = ThreadPoolExecutor(max_workers=self._threads, thread_name_prefix="decode")
        try:
            while True:
                while len(waiting) <= self._ahead and (span := next(spans, None)) is not None:
                    waiting.append(self._begin(pool, *span))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, pool: ThreadPoolExecutor, start: int, stop: int) -> _Pending:
        import torch

        buffers, masks = {}, {}
        for view in self._views:
            shape = (stop - start, *view.preprocessing.size)
            buffers[view] = torch.empty((*shape, 3), dtype=torch.uint8, pin_memory=self._pinned)
            if view.region is not None:
                masks[view] = torch.empty(shape, dtype=torch.uint8, pin_memory=self._pinned)
        failures: dict[View, dict[int, str]] = {view: {} for view in self._views}
        pending = _Pending(start=start, stop=stop, buffers=buffers, masks=masks, failures=failures)
        # The threads take the next image from one iterator: no thread waits for another's slow image.
        turn = iter(range(start, stop))
        for _ in range(min(self._threads, stop - start)):
            pending.workers.append(pool.submit(self._work, turn, pending))
        return pending

    def _work(self, turn: Iterator[int], pending: _Pending) -> None:
        arrays = {view: buffer.numpy() for view, buffer in pending.buffers.items()}
        masks = {view: buffer.numpy() for view, buffer in pending.masks.items()}
        assert self._dataset.root is not None
        for at in turn:
            try:
                image = open_image(self._paths[at], root=self._dataset.root, pixel_cap=self._dataset.pixel_cap)
            except ImageProblem as problem:
                for view in self._views:
                    pending.failures[view][at] = problem.reason
                continue
            # Views that differ in the region alone show the same pixels: they are resized once.
            prepared: dict[tuple[Preprocessing, ImageVariant | None], np.ndarray] = {}
            for view, array in arrays.items():
                look = (view.preprocessing, view.variant)
                try:
                    if view.region is not None:
                        masks[view][at - pending.start] = view.mask(image, self._dataset, self._samples[at])
                    if look not in prepared:
                        shown = image if view.variant is None else view.variant(image, self._dataset, self._samples[at])
                        prepared[look] = view.preprocessing.prepare(shown)
                except ImageProblem as problem:
                    pending.failures[view][at] = problem.reason
                else:
                    array[at - pending.start] = prepared[look]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Pending:
    start: int
    stop: int
    buffers: dict[View, torch.Tensor]
    masks: dict[View, torch.Tensor]
    failures: dict[View, dict[int, str]]
    workers: list[Future[None]] = dataclasses.field(default_factory=list)

    def result(self) -> Batch:
        for worker in self.workers:
            worker.result()
        pixels = {}
        for view, buffer in self.buffers.items():
            failures = self.failures[view]
            good = [at for at in range(self.start, self.stop) if at not in failures]
            kept = [at - self.start for at in good]
            regions = self.masks.get(view)
            if failures and regions is not None:
                regions = regions[kept]
            pixels[view] = Pixels(
                good=good,
                images=(buffer[kept] if failures else buffer).permute(0, 3, 1, 2),
                failures=dict(sorted(failures.items())),
                regions=regions,
            )
        return Batch(start=self.start, stop=self.stop, pixels=pixels)
