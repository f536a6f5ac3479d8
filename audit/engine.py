"""The engine: names of outputs in, aligned arrays out; each is computed once for a dataset and a model.

Per-image outputs are computed in one pass over the images (:mod:`audit.image_pass`) and kept in the store; derived
ones are made from them, and kept where that is worth it. Samples without a usable image are left out of what an
audit sees, counted and with the reason.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from audit.base import DerivedExtractor, Extractor, ImageExtractor, specification
from audit.dataset import IMAGE_COLUMN, Dataset, empty_quarantine
from audit.entries import DamagedEntry
from audit.errors import InputError
from audit.image_files import regular_file
from audit.image_outputs import ImageOutput, find
from audit.image_pass import compute_missing
from audit.image_request import Request, image_key
from audit.images import ImageProblem
from audit.models.base import Model
from audit.outputs import ModelOutputs
from audit.progress import Progress, listening
from audit.store import Store

__all__ = ["Progress", "compute", "derived_key", "image_extractors", "image_key", "quarantine"]


def compute(
    dataset: Dataset,
    model: Model,
    extractors: Sequence[Extractor],
    *,
    store: Store,
    batch_size: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ModelOutputs:
    """Return the outputs of a model on a dataset; what the store holds is read, the rest is computed and kept.

    Parameters
    ----------
    dataset
        The samples.
    model
        A loaded model.
    extractors
        The outputs wanted; their inputs are found and computed too.
    store
        Where outputs are kept.
    batch_size
        Images a batch; chosen by device and image size when left out. The last bits of an output may depend on
        it, so it is kept in the provenance.
    progress
        Called after every batch.
    cancelled
        Asked after every batch; answering True stops the run and keeps what is finished.

    Returns
    -------
    ModelOutputs
        Its ``dataset`` holds the samples that every image output has a row for; ``notes`` counts the others.

    Raises
    ------
    InputError
        If the dataset or the model lacks something, or no image can be used.
    Cancelled
        If ``cancelled`` answered True.
    """
    if batch_size is not None and batch_size < 1:
        raise InputError(f"`batch_size` must be at least 1; got {batch_size}.")
    lacking = [reason for extractor in extractors for reason in extractor.missing(dataset, model)]
    if lacking:
        raise InputError(f"`{dataset.name}` with {model.name} cannot be computed: {'; '.join(dict.fromkeys(lacking))}.")
    request = Request(
        dataset=dataset,
        model=model,
        store=store,
        batch_size=batch_size,
        progress=progress or (lambda _: None),
        cancelled=cancelled or (lambda: False),
    )
    images, notes = _image_outputs(request, image_extractors(extractors, dataset, model))
    usable = np.logical_and.reduce([np.ones(len(dataset), dtype=bool), *(output.usable for output in images.values())])
    if not usable.any():
        raise InputError(f"`{dataset.name}` must have a sample with every output. {_left_out(request, images)}")
    sub = dataset
    if not usable.all():
        sub = _kept_samples(dataset, usable)
        notes.append(_left_out(request, images))
    values: dict[Extractor, Any] = {extractor: output.take(usable) for extractor, output in images.items()}
    derivation = _Derivation(request, sub, values)
    arrays = {extractor: derivation.value(extractor) for extractor in dict.fromkeys(extractors)}
    assumed = [note for extractor in extractors for note in extractor.assumed(sub, model)]
    return ModelOutputs(sub, model.name, arrays, notes=tuple(dict.fromkeys((*notes, *assumed, *derivation.notes))))


def quarantine(dataset: Dataset, store: Store) -> pd.DataFrame:
    """Return the samples whose image cannot be used, found when the data was loaded or when it was decoded.

    Returns
    -------
    DataFrame
        Index ``sample_id`` in the dataset's row order, columns ``filepath`` and ``reason``.
    """
    tables = [dataset.quarantine, store.read_quarantine(dataset.images_fingerprint), _unreadable_files(dataset)]
    if dataset.parent is not None:
        tables.append(store.read_quarantine(dataset.parent.images_fingerprint))
    found = pd.concat([table for table in tables if len(table)] or [dataset.quarantine])
    found = found[~found.index.duplicated() & found.index.isin(dataset.index)]
    return found.loc[dataset.index[dataset.index.isin(found.index)]].rename_axis("sample_id")


def derived_key(extractor: Extractor, dataset: Dataset, model: Model) -> str:
    """Return the key of any output on exactly the samples of a dataset: a derived one's holds those of its inputs."""
    if isinstance(extractor, ImageExtractor):
        return image_key(extractor, dataset, model)
    derived = cast("DerivedExtractor", extractor)
    return Store.key(
        {
            "kind": "output",
            "extractor": specification(derived),
            "model": model.fingerprint if derived.uses_model else None,
            "depends_on": dict(derived.depends_on(dataset, model)),
            "inputs": [derived_key(source, dataset, model) for source in derived.inputs(dataset, model)],
        },
    )


def image_extractors(extractors: Sequence[Extractor], dataset: Dataset, model: Model) -> list[ImageExtractor]:
    """Return every per-image output that the wanted ones rest on, each once.

    Parameters
    ----------
    extractors
        The outputs wanted.
    dataset, model
        What they are wanted of.
    """
    found: dict[ImageExtractor, None] = {}
    for extractor in extractors:
        if isinstance(extractor, ImageExtractor):
            found[extractor] = None
        else:
            inputs = cast("DerivedExtractor", extractor).inputs(dataset, model)
            found.update(dict.fromkeys(image_extractors(inputs, dataset, model)))
    return list(found)


def _image_outputs(
    request: Request,
    extractors: Sequence[ImageExtractor],
) -> tuple[dict[ImageExtractor, ImageOutput], list[str]]:
    notes: list[str] = []
    found: dict[ImageExtractor, ImageOutput] = {}
    # A damaged entry is set aside when it is read: a second round computes it again.
    for _ in range(2):
        lost = []
        for extractor in extractors:
            try:
                output = find(extractor, request.dataset, request.model, request.store)
            except DamagedEntry as error:
                notes.append(f"A stored output was damaged and has been computed again ({error})")
                output = None
            if output is None:
                lost.append(extractor)
            else:
                found[extractor] = output
        if not lost:
            break
        compute_missing(request, lost)
        for extractor in lost:
            output = find(extractor, request.dataset, request.model, request.store)
            assert output is not None
            found[extractor] = output
    return found, notes


def _kept_samples(dataset: Dataset, usable: np.ndarray) -> Dataset:
    """Return the usable samples; a class whose last image is broken stays among the classes to choose from."""
    return dataclasses.replace(dataset.subset(usable), class_names=dataset.classes)


def _left_out(request: Request, images: Mapping[ImageExtractor, ImageOutput]) -> str:
    dataset = request.dataset
    known = quarantine(dataset, request.store)["reason"]
    named = dataset.metadata[IMAGE_COLUMN].notna().to_numpy(dtype=bool)
    reasons: dict[str, str] = {}
    for output in images.values():
        for row in np.flatnonzero(~output.usable).tolist():
            sample = dataset.index[row]
            reasons[sample] = (output.failures.get(row) or str(known[sample])) if named[row] else "without an image"
    counted = ", ".join(f"{count:,} {reason}" for reason, count in Counter(reasons.values()).most_common())
    return f"{len(reasons):,} of {len(dataset):,} samples were left out: {counted}."


def _unreadable_files(dataset: Dataset) -> pd.DataFrame:
    """Return the samples that name a file that could not be hashed, with the reason."""
    if dataset.root is None or not dataset.has_images:
        return empty_quarantine()
    paths = dataset.metadata[IMAGE_COLUMN]
    hashed = np.asarray([content != "" for content in dataset.content_hashes], dtype=bool)
    paths = paths[~hashed & paths.notna().to_numpy(dtype=bool)].astype("str")
    reasons = []
    for path in paths:
        try:
            regular_file(path, dataset.root)
        except ImageProblem as problem:
            reasons.append(problem.reason)
        else:
            reasons.append("unreadable when the data was loaded")
    return pd.DataFrame({IMAGE_COLUMN: paths, "reason": pd.Series(reasons, index=paths.index, dtype="str")})


class _Derivation:
    """Makes derived outputs on the samples that all image outputs have."""

    def __init__(self, request: Request, dataset: Dataset, values: Mapping[Extractor, Any]) -> None:
        self.request = request
        self.dataset = dataset
        self.values = dict(values)
        self.notes: list[str] = []

    def value(self, extractor: Extractor) -> Any:
        """Return an output, made once."""
        if extractor not in self.values:
            derived = cast("DerivedExtractor", extractor)
            self.values[extractor] = self._kept(derived) if derived.kept else self._made(derived)
        return self.values[extractor]

    def _made(self, extractor: DerivedExtractor) -> Any:
        inputs = extractor.inputs(self.dataset, self.request.model)
        arrays = [self.value(source) for source in inputs]
        self.request.check()
        with listening(self._hear):
            return extractor.compute(self.dataset, self.request.model, *arrays)

    def _hear(self, progress: Progress) -> None:
        self.request.check()
        self.request.progress(progress)

    def _kept(self, extractor: DerivedExtractor) -> Any:
        store = self.request.store
        key = derived_key(extractor, self.dataset, self.request.model)
        if store.has(key):
            try:
                return store.read(key)
            except DamagedEntry as error:
                self.notes.append(f"A stored output was damaged and has been computed again ({error})")
        for source in extractor.inputs(self.dataset, self.request.model):
            self.value(source)
        name = type(extractor).__name__
        with contextlib.ExitStack() as held:
            self.request.hold(key, held, f"Another run is computing {name}", 1, lambda: 0)
            if not store.has(key):
                self.request.progress(Progress(stage=f"Computing {name}", done=0, total=1))
                started = time.perf_counter()
                value = self._made(extractor)
                facts = {
                    "extractor": name,
                    "specification": specification(extractor),
                    "model": self.request.model.name,
                    "dataset": self.dataset.name,
                    "seconds": round(time.perf_counter() - started, 3),
                    "seed": getattr(extractor, "seed", None),
                }
                store.write(key, value, facts)
                self.request.progress(Progress(stage=f"Computing {name}", done=1, total=1))
        return store.read(key)
