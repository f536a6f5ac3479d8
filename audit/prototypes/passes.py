"""Images of chosen samples through a model: as the network receives them, in batches on its device."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from audit.dataset import IMAGE_COLUMN
from audit.forward import default_batch_size
from audit.images import ImageProblem, open_image
from audit.models.base import Preprocessing
from audit.models.preprocessing import resized
from audit.stream import Decoder, View

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from PIL import Image

    from audit.dataset import Dataset
    from audit.device_variant import DrawnRegion
    from audit.models.base import Model
    from audit.models.dense import DenseMap, LinearHead


class PatchEncoder(Protocol):
    """A model that shows features by place of the image."""

    name: str
    device: str
    preprocessing: Preprocessing

    @property
    def dense(self) -> tuple[DenseMap, LinearHead | None]:
        """Where they are read, and the linear head on their mean where there is one."""

    def patch_features(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, h, w, d) of uint8 (b, 3, H, W)."""


def lacking_patches(model: Model) -> list[str]:
    """Return the reason when a model shows no features by place; empty otherwise."""
    from audit.errors import InputError

    if not hasattr(model, "patch_features"):
        return [f"{model.name} shows no features by place of the image"]
    try:
        _ = cast("PatchEncoder", model).dense
    except InputError as error:
        return [str(error)]
    return []


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """A batch of images on the device.

    Parameters
    ----------
    rows
        Rows of the samples whose image could be read: (b,).
    images
        uint8 (b, 3, H, W).
    subject
        Share of each cell of the image that the subject takes, float (b, H, W); ``None`` without masks.
    """

    rows: NDArray[np.int64]
    images: torch.Tensor
    subject: torch.Tensor | None = None


def batches(
    dataset: Dataset, model: Model, rows: NDArray[np.int64], region: DrawnRegion | None = None
) -> Iterator[Shown]:
    """Yield the images of some samples, batch by batch, on the model's device; unreadable ones are left out."""
    rows = np.asarray(rows, dtype=np.int64)
    if len(rows) == 0:
        return
    preprocessing = model.preprocessing
    size = default_batch_size(model.device, preprocessing)
    view = View(preprocessing=preprocessing, region=region)
    decoder = Decoder(dataset, rows, [view], device=model.device)
    spans = [(start, min(start + size, len(rows))) for start in range(0, len(rows), size)]
    for batch in decoder.batches(spans):
        pixels = batch.pixels[view]
        if len(pixels.good):
            subject = None if pixels.regions is None else pixels.regions.to(model.device).float() / 255
            yield Shown(rows[list(pixels.good)], pixels.images.to(model.device), subject)


def prepared(model: Model, images: Sequence[Image.Image]) -> torch.Tensor:
    """Return images as the network receives them, uint8 (b, 3, H, W) on its device."""
    import torch

    arrays = np.stack([model.preprocessing.prepare(image) for image in images])
    return torch.from_numpy(arrays).permute(0, 3, 1, 2).contiguous().to(model.device)


def read_image(dataset: Dataset, row: int) -> Image.Image:
    """Return the image of a sample in its own size.

    Raises
    ------
    ImageProblem
        If it cannot be read.
    """
    path = dataset.metadata[IMAGE_COLUMN].iloc[row] if dataset.has_images else None
    if dataset.root is None or not isinstance(path, str):
        raise ImageProblem("without an image")
    return open_image(path, root=dataset.root, pixel_cap=dataset.pixel_cap)


def on_grid(values: torch.Tensor, grid: tuple[int, int]) -> NDArray[np.float64]:
    """Return the mean of pixel values (b, H, W) in each cell of a grid: (b, h, w)."""
    from torch.nn.functional import adaptive_avg_pool2d

    return np.asarray(adaptive_avg_pool2d(values[:, None].float(), grid)[:, 0].double().cpu().numpy())


def whole_image_box(
    box: tuple[float, float, float, float], size: tuple[int, int], preprocessing: Preprocessing
) -> tuple[float, float, float, float]:
    """Return a box of the network's input as shares of the whole image's sides.

    Parameters
    ----------
    box
        Left, top, right, bottom as shares of the input's sides.
    size
        Width and height of the image in pixels.
    preprocessing
        How the image becomes the input.
    """
    width, height = resized(*size, preprocessing)
    rows, columns = preprocessing.size
    left, top = (width - columns) / 2, (height - rows) / 2
    across = [float(np.clip((left + share * columns) / width, 0, 1)) for share in (box[0], box[2])]
    down = [float(np.clip((top + share * rows) / height, 0, 1)) for share in (box[1], box[3])]
    if across[0] >= across[1] or down[0] >= down[1]:
        return (0.0, 0.0, 1.0, 1.0)
    return across[0], down[0], across[1], down[1]
