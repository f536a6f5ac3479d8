"""Whose background a sample gets when backgrounds are exchanged.

As in the Backgrounds Challenge (Xiao et al., arXiv 2006.09994): a background of the same class (mixed-same) or of
another class (mixed-rand). A few donors of each class serve all samples; the choice belongs to the sample's id and
the seed, not to its place in a batch.
"""

from __future__ import annotations

import functools
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from audit.counts import code
from audit.dataset import IMAGE_COLUMN
from audit.device_variant import DrawnRegion, FoundRegion, Region, region_batches
from audit.errors import InputError
from audit.images import ImageProblem, open_image
from audit.provenance import processors
from audit.stream import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Model, Preprocessing

Rule = Literal["swap_same", "swap_random"]

POOL = 256
"""Donors aimed at over all classes; every class has 2 to 8."""

_FOUND_AT_ONCE = 16


def label_codes(dataset: Dataset) -> NDArray[np.int64]:
    """Return the class of every sample, -1 without one: all the same class for data without labels."""
    if dataset.roles.label is None:
        return np.zeros(len(dataset), dtype=np.int64)
    return code(dataset.column("label").astype("str").where(dataset.column("label").notna())).codes


@functools.lru_cache(maxsize=4)
def donor_rows(dataset: Dataset, rule: Rule, seed: int) -> NDArray[np.int64]:
    """Return the row whose background each sample gets: int64 (n,), -1 where there is no donor.

    Parameters
    ----------
    dataset
        Donors are samples with a usable image and a label.
    rule
        ``swap_same``: another sample of the same class; ``swap_random``: a sample of another class (any other
        sample where there is one class only).
    seed
        Seed of the choice of donors.
    """
    labels = label_codes(dataset)
    pool = _pool(dataset, labels, seed)
    by_class = {label: pool[labels[pool] == label] for label in np.unique(labels[pool]).tolist()}
    single = len(by_class) == 1
    result = np.full(len(dataset), -1, dtype=np.int64)
    for row, (sample, label) in enumerate(zip(dataset.index, labels.tolist(), strict=True)):
        if label < 0:
            continue
        number = zlib.crc32(f"{seed}:{rule}:{sample}".encode())
        if rule == "swap_same" or single:
            own = by_class.get(label, np.empty(0, dtype=np.int64))
            candidates = own[own != row]
        else:
            others = [other for other in by_class if other != label]
            # The class first, then its donor: large classes give no more backgrounds than small ones.
            candidates = by_class[others[number % len(others)]] if others else np.empty(0, dtype=np.int64)
        if len(candidates):
            result[row] = candidates[(number >> 8) % len(candidates)]
    result.setflags(write=False)
    return result


def _pool(dataset: Dataset, labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    usable = np.flatnonzero(dataset.usable & (labels >= 0))
    order = np.random.default_rng(seed).permutation(usable)
    each = int(np.clip(POOL // max(len(np.unique(labels[usable])), 1), 2, 8))
    chosen = [order[labels[order] == label][:each] for label in np.unique(labels[usable])]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)


class Backgrounds:
    """The donors' backgrounds on the device, their subjects painted over with what surrounds them.

    Parameters
    ----------
    dataset, model, preprocessing
        As given to :meth:`audit.device_variant.DeviceVariant.bind`.
    region
        Where subjects are.
    donors
        Row of each sample's donor, -1 for none.
    samples
        Rows whose donors are needed; all by default.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: Model,
        preprocessing: Preprocessing,
        region: Region,
        *,
        donors: NDArray[np.int64],
        samples: NDArray[np.int64] | None = None,
    ) -> None:
        wanted = donors if samples is None else donors[samples]
        rows = np.unique(wanted[wanted >= 0])
        self.pixels: torch.Tensor | None = None
        kept = rows
        if len(rows):
            self.pixels, kept = self._load(dataset, model, preprocessing, region, rows)
        place = np.full(len(dataset) + 1, -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        lost = np.setdiff1d(rows, kept)
        if len(lost):
            place[lost] = _replacements(label_codes(dataset), lost, kept)
        self._place = place[donors]
        self._rows = dataset.index

    def of(self, samples: Sequence[str], images: torch.Tensor) -> torch.Tensor:
        """Return the donor's background of each sample, the sample's own image where it has no donor."""
        import torch

        if self.pixels is None:
            return images
        places = torch.as_tensor(self._place[self._rows.get_indexer(pd.Index(samples))], device=images.device)
        chosen = self.pixels[places.clamp_min(0)]
        return torch.where((places >= 0).view(-1, 1, 1, 1), chosen, images)

    @staticmethod
    def _load(
        dataset: Dataset, model: Model, preprocessing: Preprocessing, region: Region, rows: NDArray[np.int64]
    ) -> tuple[torch.Tensor, NDArray[np.int64]]:
        import torch

        view = View(preprocessing=preprocessing, region=region if isinstance(region, DrawnRegion) else None)
        with ThreadPoolExecutor(processors()) as pool:
            read = list(pool.map(lambda row: _read(dataset, view, int(row)), rows))
        kept = np.asarray([row for row, found in zip(rows, read, strict=True) if found], dtype=np.int64)
        found = [pair for pair in read if pair]
        if not found:
            raise InputError(
                f"`interventions` must find a background to exchange; no image of '{dataset.name}' gives one. "
                "Leave the swaps out.",
            )
        images = torch.from_numpy(np.stack([image for image, _ in found])).permute(0, 3, 1, 2).to(model.device)
        if isinstance(region, FoundRegion):
            regions = region_batches(region, model, images, _FOUND_AT_ONCE)
        else:
            regions = torch.from_numpy(np.stack([mask for _, mask in found])).to(model.device)
        return _painted_over(images, regions), kept


def _painted_over(images: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
    import torch

    from audit.backgrounds.pixels import boxes, compose, smoothed

    parts = []
    for start in range(0, len(images), 64):
        some, box = images[start : start + 64], boxes(regions[start : start + 64] > 0)
        parts.append(compose(some, smoothed(some, ~box, 0.05), box))
    return torch.cat(parts)


def _read(dataset: Dataset, view: View, row: int) -> tuple[np.ndarray, np.ndarray] | None:
    assert dataset.root is not None
    path, sample = str(dataset.metadata[IMAGE_COLUMN].iloc[row]), dataset.index[row]
    try:
        image = open_image(path, root=dataset.root, pixel_cap=dataset.pixel_cap)
        mask = view.mask(image, dataset, sample) if view.region is not None else np.empty(0, dtype=np.uint8)
    except ImageProblem:
        return None
    return view.preprocessing.prepare(image), mask


def _replacements(labels: NDArray[np.int64], lost: NDArray[np.int64], kept: NDArray[np.int64]) -> list[int]:
    """Return the place of another donor, of the same class where one is left, for those that cannot be read."""
    same = [np.flatnonzero(labels[kept] == labels[row]) for row in lost]
    return [int(places[0]) if len(places) else int(row % len(kept)) for row, places in zip(lost, same, strict=True)]
