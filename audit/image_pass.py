"""One pass over a dataset's images for all outputs that are still missing, resumed where a former one stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audit import shards
from audit.base import ImageExtractor, ImageVariant, specification
from audit.dataset import Dataset
from audit.device_variant import Change, DeviceVariant, DrawnRegion, FoundRegion, region_batches
from audit.errors import InputError
from audit.forward import NOT_FINITE, DeviceBatches, collect, default_batch_size, finite_rows
from audit.image_request import Request, image_key, image_rows
from audit.models.base import Model
from audit.progress import Meter
from audit.stream import Batch, Decoder, View

if TYPE_CHECKING:
    import torch


def compute_missing(request: Request, extractors: Sequence[ImageExtractor]) -> None:
    """Compute and keep the per-image outputs that the store lacks.

    Raises
    ------
    Cancelled
        If the user asked to stop; finished shards are kept.
    InputError
        If no image could be read.
    """
    keys = {image_key(each, request.dataset, request.model): each for each in extractors}
    rows = image_rows(request.dataset)
    with contextlib.ExitStack() as held:
        # In one order everywhere: two runs that want the same outputs cannot wait for each other.
        for key in sorted(keys):
            folder = request.store.partial_folder(key)
            finished = functools.partial(shards.done, folder)
            request.hold(key, held, "Another run is computing these images", len(rows), finished)
        lacking = {key: extractor for key, extractor in keys.items() if not request.store.has(key)}
        if not lacking:
            return
        outputs = [_Output.begin(request, key, extractor) for key, extractor in lacking.items()]
        for size in sorted({output.partial.batch_size for output in outputs}):
            _Pass(request, rows, [output for output in outputs if output.partial.batch_size == size]).run()
        for output in outputs:
            output.finish(request, rows)


def lacking_spans(request: Request, extractors: Sequence[ImageExtractor]) -> list[tuple[int, int]]:
    """Return the batches (start, stop) among the images that some output lacks."""
    rows = image_rows(request.dataset)
    outputs = [_Output.begin(request, image_key(each, request.dataset, request.model), each) for each in extractors]
    spans: set[tuple[int, int]] = set()
    for size in {output.partial.batch_size for output in outputs}:
        some = [output for output in outputs if output.partial.batch_size == size]
        spans.update(_Pass(request, rows, some).lacking())
    return sorted(spans)


def compute_spans(request: Request, extractors: Sequence[ImageExtractor], start: int, stop: int) -> None:
    """Finish the shards of the batches between two positions; whoever hands them out holds the outputs' locks."""
    rows = image_rows(request.dataset)
    outputs = [_Output.begin(request, image_key(each, request.dataset, request.model), each) for each in extractors]
    for size in sorted({output.partial.batch_size for output in outputs}):
        some = [output for output in outputs if output.partial.batch_size == size]
        _Pass(request, rows, some, between=(start, stop)).run()


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Output:
    key: str
    extractor: ImageExtractor
    view: View
    partial: shards.Partial
    device: DeviceBatches
    change: Change | None
    found: FoundRegion | None

    @classmethod
    def begin(cls, request: Request, key: str, extractor: ImageExtractor) -> _Output:
        """Open the shards of an output, with the batch size that they were begun with."""
        model = request.model
        preprocessing = extractor.preprocessing(model)
        size = request.batch_size or default_batch_size(model.device, preprocessing)
        facts = {
            "extractor": type(extractor).__name__,
            "model": model.name,
            "dataset": request.dataset.name,
            "specification": specification(extractor),
        }
        partial = shards.Partial(request.store.partial_folder(key), size, facts)
        if request.batch_size is not None:
            partial.shrink_to(request.batch_size)
        device = DeviceBatches(model, partial.device_batch)
        variant = extractor.image_variant()
        region = variant.foreground() if isinstance(variant, DeviceVariant) else None
        view = View(
            preprocessing=preprocessing,
            variant=variant if isinstance(variant, ImageVariant) else None,
            region=region if isinstance(region, DrawnRegion) else None,
        )
        return cls(
            key=key,
            extractor=extractor,
            view=view,
            partial=partial,
            device=device,
            change=variant.bind(request.dataset, model, preprocessing) if isinstance(variant, DeviceVariant) else None,
            found=region if isinstance(region, FoundRegion) else None,
        )

    def finish(self, request: Request, rows: np.ndarray) -> None:
        """Assemble the shards into an entry of the store."""
        self.partial.flush()
        failures = self.partial.failures
        _keep_quarantine(request, rows, failures)
        if len(failures) == len(rows):
            shutil.rmtree(self.partial.folder)
            raise InputError(_nothing_readable(request.dataset, failures))
        with request.store.temporary() as folder:
            files = self.partial.assemble(folder, rows)
            request.store.adopt(self.key, folder, files, self._provenance(request, rows, failures))
        shutil.rmtree(self.partial.folder, ignore_errors=True)

    def _provenance(self, request: Request, rows: np.ndarray, failures: Mapping[int, str]) -> dict[str, Any]:
        import torch

        model = request.model
        return {
            "extractor": type(self.extractor).__name__,
            "specification": specification(self.extractor),
            "model": model.name,
            "model_facts": model.provenance(),
            "dataset": request.dataset.name,
            "images_fingerprint": request.dataset.images_fingerprint,
            "images": len(rows),
            "failures": {str(rows[at]): reason for at, reason in sorted(failures.items())},
            "device": model.device,
            "dtype": model.dtype,
            "torch_threads": torch.get_num_threads(),
            "seed": None,
            "batch_size": self.partial.batch_size,
            # More than one: the device's memory was too small for the batch, and last bits may differ.
            "device_batch_sizes": self.partial.device_batches,
            "seconds": round(self.partial.seconds, 3),
        }


class _Pass:
    """One pass over the images for outputs whose batches are cut alike."""

    def __init__(
        self,
        request: Request,
        rows: np.ndarray,
        outputs: Sequence[_Output],
        *,
        between: tuple[int, int] | None = None,
    ) -> None:
        self.request = request
        self.rows = rows
        self.outputs = outputs
        self.between = between or (0, len(rows))
        self.accelerated = request.model.device != "cpu"
        self.meter = Meter("Images", len(rows))
        self.samples = request.dataset.index[rows]

    def run(self) -> None:
        """Compute every batch that some output lacks; what is finished is kept whatever stops the pass."""
        spans = list(self.lacking())
        self.meter.start_at(len(self.rows) - sum(stop - start for start, stop in spans))
        views = [output.view for output in self.outputs]
        decoder = Decoder(self.request.dataset, self.rows, views, device=self.request.model.device)
        # On an accelerator the results of a batch are fetched after the next one has been sent.
        flying: deque[tuple[Batch, list[_Launched]]] = deque()
        try:
            with contextlib.closing(decoder.batches(spans)) as batches:
                for batch in batches:
                    sent = _Sent(self.request.model, batch)
                    flying.append((batch, [self._launch(output, sent) for output in self._wanting(batch)]))
                    if len(flying) > int(self.accelerated):
                        self._land(*flying.popleft())
                    self.request.check()
            while flying:
                self._land(*flying.popleft())
        finally:
            for output in self.outputs:
                output.partial.flush()

    def lacking(self) -> Iterator[tuple[int, int]]:
        """Yield the batches that some output lacks."""
        size = self.outputs[0].partial.batch_size
        for start in range(0, len(self.rows), size):
            stop = min(start + size, len(self.rows))
            inside = self.between[0] <= start and stop <= self.between[1]
            if inside and not all(output.partial.covers(start, stop) for output in self.outputs):
                yield start, stop

    def _wanting(self, batch: Batch) -> list[_Output]:
        return [output for output in self.outputs if not output.partial.covers(batch.start, batch.stop)]

    def _launch(self, output: _Output, sent: _Sent) -> _Launched:
        view, change = output.view, output.change
        good = sent.batch.pixels[view].good
        changed: Callable[[torch.Tensor, slice], torch.Tensor] | None = None
        if change is not None and good:
            regions = sent.regions(view, output.found, output.device.size)
            samples = self.samples[list(good)].tolist()

            def changed(images: torch.Tensor, part: slice) -> torch.Tensor:
                return change(images, None if regions is None else regions[part], samples[part])

        pieces = output.device.launch(output.extractor, sent.images(view), changed)
        output.partial.shrink_to(output.device.size)
        return _Launched(output=output, pieces=pieces, device_batch=output.device.size)

    def _land(self, batch: Batch, launched: Sequence[_Launched]) -> None:
        for each in launched:
            pixels = batch.pixels[each.output.view]
            arrays = collect(each.pieces)
            good = list(pixels.good)
            failures = dict(pixels.failures)
            whole = finite_rows(arrays) if arrays else np.ones(0, dtype=bool)
            if not whole.all():
                failures.update({at: NOT_FINITE for at, fine in zip(good, whole, strict=True) if not fine})
                good = [at for at, fine in zip(good, whole, strict=True) if fine]
                arrays = {name: array[whole] for name, array in arrays.items()}
            rows = shards.Rows(
                start=batch.start,
                stop=batch.stop,
                good=good,
                arrays=arrays,
                failures=failures,
                device_batch=each.device_batch,
            )
            each.output.partial.add(rows)
        self.request.progress(self.meter.advance(batch.stop - batch.start))


class _Sent:
    """A batch on the device: moved there once for every output that looks at it."""

    def __init__(self, model: Model, batch: Batch) -> None:
        self.model = model
        self.batch = batch
        self._images: dict[View, torch.Tensor] = {}
        self._regions: dict[tuple[View, FoundRegion | None], torch.Tensor | None] = {}

    def images(self, view: View) -> torch.Tensor:
        """Return a view's uint8 (good, 3, height, width)."""
        if view not in self._images:
            self._images[view] = self.batch.pixels[view].images.to(self.model.device, non_blocking=True)
        return self._images[view]

    def regions(self, view: View, found: FoundRegion | None, size: int) -> torch.Tensor | None:
        """Return where the subjects are, drawn beside the images or found by the model; ``None`` for neither."""
        if (view, found) not in self._regions:
            drawn = self.batch.pixels[view].regions
            if found is not None:
                # Finding may take the gradient, which needs several times the memory of a forward pass.
                drawn = region_batches(found, self.model, self.images(view), max(1, size // 4))
            self._regions[view, found] = None if drawn is None else drawn.to(self.model.device, non_blocking=True)
        return self._regions[view, found]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Launched:
    output: _Output
    pieces: list[dict[str, torch.Tensor]]
    device_batch: int


def _keep_quarantine(request: Request, rows: np.ndarray, failures: Mapping[int, str]) -> None:
    broken = {at: reason for at, reason in failures.items() if reason != NOT_FINITE}
    if not broken:
        return
    positions = rows[sorted(broken)]
    table = request.dataset.metadata.iloc[positions][["filepath"]].astype("str")
    table["reason"] = [broken[at] for at in sorted(broken)]
    request.store.write_quarantine(request.dataset.images_fingerprint, table)


def _nothing_readable(dataset: Dataset, failures: Mapping[int, str]) -> str:
    if not failures:
        return f"`images` of '{dataset.name}' must hold at least one readable file; got none. Check the images' folder."
    counted = "; ".join(f"{count} {reason}" for reason, count in Counter(failures.values()).most_common(3))
    return f"`images` of '{dataset.name}' must hold at least one usable image; got {counted}. Check the images' folder."
