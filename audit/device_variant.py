"""Changes made to whole batches of images on the model's device, where they cost little beside the network.

An image is decoded and resized once, whatever the number of changes; where the subject is comes with it as a mask
of the same size. Each change is then a few tensor operations on the batch that is on the device anyway.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from audit.base import Variant

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from audit.dataset import Dataset
    from audit.models.base import Model, Preprocessing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Region(ABC):  # noqa: B024 - its two kinds have the abstract methods
    """Where the subject of an image is: a field of a variant, so part of its key."""

    version: ClassVar[int] = 1
    """Raised whenever the same fields would give another region."""

    def depends_on(self, dataset: Dataset) -> Mapping[str, Any]:  # noqa: ARG002 - part of the interface
        """Return what else of the dataset the region depends on (hashes of masks, boxes): part of the key."""
        return {}


class DrawnRegion(Region):
    """A region that is known beside the image (mask, box, centre): drawn while the image is decoded."""

    @abstractmethod
    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:
        """Return mode L, 255 on the subject and 0 elsewhere, in the size of the image; called from several threads.

        Raises
        ------
        audit.images.ImageProblem
            If the sample has no region; the reason is shown and the sample left out.
        """


class FoundRegion(Region):
    """A region that the model itself points to: found on the device, once for all changes of a batch."""

    @abstractmethod
    def find(self, model: Model, images: torch.Tensor) -> torch.Tensor:
        """Return uint8 (b, h, w), 255 on the subject and 0 elsewhere, of uint8 (b, 3, h, w) images on the device."""


class Change(Protocol):
    """What a variant does to a batch."""

    def __call__(self, images: torch.Tensor, regions: torch.Tensor | None, samples: Sequence[str]) -> torch.Tensor:
        """Return the changed batch.

        Parameters
        ----------
        images
            uint8 (b, 3, h, w) on the device; must not be written to.
        regions
            uint8 (b, h, w) on the device, 255 on the subject; ``None`` for a variant without a region.
        samples
            The ids of the batch's samples: randomness belongs to a sample, never to its place in a batch.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceVariant(Variant):
    """A change of the prepared pixels, made for a whole batch on the device."""

    def foreground(self) -> Region | None:
        """Return where the subject is, for changes that need to know it."""
        return None

    def depends_on(self, dataset: Dataset) -> Mapping[str, Any]:
        """Return what the region depends on."""
        region = self.foreground()
        return {} if region is None else {"region": dict(region.depends_on(dataset))}

    @abstractmethod
    def bind(self, dataset: Dataset, model: Model, preprocessing: Preprocessing) -> Change:
        """Return the change for a dataset's samples, with whatever it needs loaded onto the model's device."""


def region_batches(region: FoundRegion, model: Model, images: torch.Tensor, size: int) -> torch.Tensor:
    """Return a found region of a whole batch, ``size`` images at once: finding may need more memory than a forward."""
    import torch

    return torch.cat([region.find(model, images[start : start + size]) for start in range(0, len(images), size)])
