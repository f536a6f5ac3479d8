"""Per-image outputs computed by several processes or machines, unseen by everything that uses them.

The batches of an output are cut as the local engine cuts them, and handed out in runs of consecutive batches. Every
worker reads the data and the model for itself, and writes finished shards into the folder that the local engine
would write to, which therefore has to be on a file system that all of them share. What the workers leave, stopped or
failed, the local engine computes; it also assembles the shards. Batches being the same whoever computes them, the
arrays are equal bit for bit on equal hardware.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from audit.errors import InputError

if TYPE_CHECKING:
    from audit.base import ImageExtractor
    from audit.progress import Progress
    from audit.sources import DatasetSource, ModelSource

Backend = Literal["processes", "ray"]

PARTS_A_WORKER = 4
"""Runs of batches a worker: a slow one leaves some of its share to the others."""

RAY_EXTRA = 'pip install "model-audit[ray]"'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """One worker's order: plain data and extractors, no arrays.

    Parameters
    ----------
    dataset, model
        Where they come from; paths hold on every machine.
    fingerprints
        Of the dataset's images and of the model, as the one who hands out the parts found them.
    extractors
        The outputs to compute.
    store
        Folder of the store, on a file system that all share.
    start, stop
        Positions among the dataset's images.
    batch_size
        Images a batch; chosen by device and image size when left out.
    """

    dataset: DatasetSource
    model: ModelSource
    fingerprints: tuple[str, str]
    extractors: tuple[ImageExtractor, ...]
    store: str
    start: int
    stop: int
    batch_size: int | None = None


def compute_shards(
    dataset: DatasetSource,
    model: ModelSource,
    extractors: Sequence[ImageExtractor],
    *,
    store: str | Path,
    workers: int,
    backend: Backend = "processes",
    batch_size: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> int:
    """Let several workers fill the shards of per-image outputs; :func:`audit.engine.compute` then finds them there.

    Parameters
    ----------
    dataset, model
        Where they come from.
    extractors
        Per-image outputs, as :func:`audit.engine.image_extractors` lists them for an audit.
    store
        Folder of the store.
    workers
        How many work at once.
    backend
        ``processes`` of this machine, or tasks of ``ray``: of the cluster that ``RAY_ADDRESS`` names, or a local one.
    batch_size
        Images a batch; chosen by device and image size when left out.
    progress
        Called after every part.

    Returns
    -------
    int
        Images that the parts covered; 0 when everything is there already.

    Raises
    ------
    InputError
        If ``workers`` is below 1, the backend is not installed, or a worker finds other data than was meant.
    """
    from audit.image_pass import lacking_spans
    from audit.image_request import Request, image_key, image_rows
    from audit.progress import Meter
    from audit.store import Store

    if workers < 1:
        raise InputError(f"`workers` must be at least 1; got {workers}.")
    mapped = _backend(backend)
    source, network = dataset.resolved(), model.resolved()
    data, loaded = source.load(), network.load()
    kept = Store(Path(store))
    request = Request(
        dataset=data,
        model=loaded,
        store=kept,
        batch_size=batch_size,
        progress=progress or (lambda _: None),
        cancelled=lambda: False,
    )
    wanted = tuple(each for each in extractors if not kept.has(image_key(each, data, loaded)))
    if not wanted:
        return 0
    with contextlib.ExitStack() as held:
        # Nobody else may write these shards meanwhile.
        for key in sorted(image_key(each, data, loaded) for each in wanted):
            request.hold(key, held, "Another run is computing these images", len(image_rows(data)), lambda: 0)
        spans = lacking_spans(request, wanted)
        order = functools.partial(
            Part,
            dataset=source,
            model=network,
            fingerprints=(data.images_fingerprint, loaded.fingerprint),
            extractors=wanted,
            store=str(kept.root.resolve()),
            batch_size=batch_size,
        )
        parts = [order(start=start, stop=stop) for start, stop in cut(spans, workers * PARTS_A_WORKER)]
        meter = Meter("Images", sum(part.stop - part.start for part in parts))
        for done in mapped(parts, workers):
            request.progress(meter.advance(done))
    return sum(part.stop - part.start for part in parts)


def cut(spans: Sequence[tuple[int, int]], parts: int) -> list[tuple[int, int]]:
    """Return runs of consecutive spans, about as many as wanted and about equally long.

    Parameters
    ----------
    spans
        Batches (start, stop), ascending.
    parts
        Runs wanted; there are more where batches between are missing.
    """
    size = max(1, -(-len(spans) // max(parts, 1)))
    runs: list[list[int]] = []
    count = 0
    for start, stop in spans:
        if runs and runs[-1][1] == start and count < size:
            runs[-1][1] = stop
            count += 1
        else:
            runs.append([start, stop])
            count = 1
    return [(start, stop) for start, stop in runs]


def compute_part(part: Part) -> int:
    """Compute the batches of one part and return how many images they hold; runs in a worker.

    Raises
    ------
    InputError
        If the data or the model are others than those meant.
    """
    from audit.image_pass import compute_spans
    from audit.image_request import Request
    from audit.store import Store

    data, model = _loaded(part.dataset, part.model)
    if (data.images_fingerprint, model.fingerprint) != part.fingerprints:
        raise InputError(
            f"`dataset` and `model` must be the same on every machine; '{data.name}' or {model.name} differ on a "
            "worker. Check that the folders are the same."
        )
    request = Request(
        dataset=data,
        model=model,
        store=Store(Path(part.store)),
        batch_size=part.batch_size,
        progress=lambda _: None,
        cancelled=lambda: False,
    )
    compute_spans(request, part.extractors, part.start, part.stop)
    return part.stop - part.start


@functools.lru_cache(maxsize=1)
def _loaded_once(dataset: str, model: str) -> tuple[Any, Any]:
    import json

    from audit.sources import DatasetSource, ModelSource

    return DatasetSource(**json.loads(dataset)).load(), ModelSource(**json.loads(model)).load()


def _loaded(dataset: DatasetSource, model: ModelSource) -> tuple[Any, Any]:
    """Return data and model, read once a worker."""
    import json

    return _loaded_once(*(json.dumps(dataclasses.asdict(source), sort_keys=True) for source in (dataset, model)))


def _backend(name: str) -> Callable[[Sequence[Part], int], Any]:
    known: Mapping[str, Callable[[Sequence[Part], int], Any]] = {"processes": _processes, "ray": _ray}
    if name not in known:
        raise InputError(f"`backend` must be one of {', '.join(known)}; got '{name}'.")
    if name == "ray":
        from importlib.util import find_spec

        if find_spec("ray") is None:
            raise InputError(f"`backend` 'ray' needs Ray: {RAY_EXTRA}.")
    return known[name]


def _processes(parts: Sequence[Part], workers: int) -> Any:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    # A fork would share the threads' locks of torch.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        with _without_main():
            orders = [pool.submit(compute_part, part) for part in parts]
        for done in as_completed(orders):
            yield done.result()


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that import what they need: the program that asked is not run again in each of them."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _ray(parts: Sequence[Part], workers: int) -> Any:
    # Typed as anything, so that types are the same with and without Ray beside them.
    ray: Any = import_module("ray")
    started = not ray.is_initialized()
    if started:
        ray.init(ignore_reinit_error=True, log_to_driver=False)
    try:
        graphics = float(ray.cluster_resources().get("GPU", 0))
        task = ray.remote(num_gpus=1 if graphics else 0)(compute_part)
        waiting: list[Any] = []
        left = list(parts)
        while waiting or left:
            while left and len(waiting) < workers:
                waiting.append(task.remote(left.pop(0)))
            ready, waiting = ray.wait(waiting, num_returns=1)
            yield from ray.get(ready)
    finally:
        if started:
            ray.shutdown()
