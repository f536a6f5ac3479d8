"""Five changes of an image, one a characteristic: contrast, saturation, hue, shape, texture (Nauta et al. 2020).

With strength s (1: the reference's own)

    contrast     grey + f (x - grey)        f = 1 - .55 s   grey: the rounded mean luma of the image
    saturation   luma + f (x - luma)        f = 1 - .30 s
    hue          H + int(255 * .1 s) mod 256 of Pillow's HSV
    shape        row i rolled by int(a), then column j by int(a), a = 4 s sin(.05 pi i)
    texture      OpenCV's non-local means, h = hColor = 4 s, windows 7 and 21

Pixels are those of Pillow and OpenCV to the last bit, and they are changed in memory as the network receives them.
Contrast, saturation and shape are tensor operations on the model's device; hue and texture are taken from the
libraries themselves, image by image in threads.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from PIL import Image

from audit.device_variant import Change, DeviceVariant
from audit.errors import InputError
from audit.provenance import processors

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Model, Preprocessing

Characteristic = Literal["contrast", "saturation", "hue", "shape", "texture"]
CHARACTERISTICS: tuple[Characteristic, ...] = get_args(Characteristic)
Kind = Literal["contrast", "saturation", "hue", "shape", "texture", "identity"]

CONTRAST, SATURATION, HUE, AMPLITUDE, DENOISING = 0.45, 0.7, 0.1, 4.0, 4.0
"""The reference's strengths."""

_TEMPLATE, _SEARCH = 7, 21
_LUMA = (19595, 38470, 7471)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Modification(DeviceVariant):
    """One characteristic of every image, changed.

    Parameters
    ----------
    kind
        Which; ``identity`` changes nothing: the control.
    strength
        1 is the reference's own strength, 0 changes nothing.

    Raises
    ------
    InputError
        If the strength is negative or not finite.
    """

    kind: Kind
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.strength) and self.strength >= 0):
            raise InputError(f"`strength` must be at least 0; got {self.strength}.")

    def bind(self, dataset: Dataset, model: Model, preprocessing: Preprocessing) -> Change:  # noqa: ARG002
        """Return the change: it is the same for every sample."""

        def change(images: torch.Tensor, regions: torch.Tensor | None, samples: Sequence[str]) -> torch.Tensor:  # noqa: ARG001
            return modified(images, self.kind, self.strength)

        return change


def modified(images: torch.Tensor, kind: Kind, strength: float = 1.0) -> torch.Tensor:
    """Return a changed copy of a batch.

    Parameters
    ----------
    images
        uint8 (b, 3, h, w) on any device; not written to.
    kind, strength
        As in :class:`Modification`.

    Returns
    -------
    Tensor
        uint8, same shape and device.
    """
    if kind == "identity" or strength == 0:
        return images.clone()
    if kind == "contrast":
        return _blended(images, _mean_luma(images), max(1 - (1 - CONTRAST) * strength, 0.0))
    if kind == "saturation":
        return _blended(images, _luma(images), max(1 - (1 - SATURATION) * strength, 0.0))
    if kind == "shape":
        return _rolled(images, AMPLITUDE * strength)
    turn = int(255 * HUE * strength)
    function = functools.partial(turned_hue, turn=turn) if kind == "hue" else functools.partial(denoised, h=strength)
    return _one_by_one(images, function)


def modified_array(image: NDArray[np.uint8], kind: Kind, strength: float = 1.0) -> NDArray[np.uint8]:
    """Return one changed uint8 (h, w, 3) image."""
    import torch

    batch = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
    return np.ascontiguousarray(modified(batch, kind, strength)[0].permute(1, 2, 0).numpy())


def turned_hue(image: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """Return uint8 (h, w, 3) with Pillow's hue moved by ``turn`` of 256."""
    height, width = image.shape[:2]
    hsv = np.asarray(Image.fromarray(image).convert("HSV")).copy()
    hsv[..., 0] += np.uint8(turn % 256)
    turned = Image.frombytes("HSV", (width, height), hsv.tobytes())
    return np.asarray(turned.convert("RGB"))


def denoised(image: NDArray[np.uint8], h: float) -> NDArray[np.uint8]:
    """Return uint8 (h, w, 3) without fine texture: OpenCV's non-local means of strength ``4 h``."""
    import cv2

    strength = DENOISING * h
    flipped = np.ascontiguousarray(image[..., ::-1])
    found = cv2.fastNlMeansDenoisingColored(flipped, None, strength, strength, _TEMPLATE, _SEARCH)
    return np.ascontiguousarray(found[..., ::-1]).astype(np.uint8, copy=False)


def pixel_rms(images: torch.Tensor, changed: torch.Tensor) -> NDArray[np.float64]:
    """Return the root mean square change of each image's values, in grey levels of 0 to 255: (b,)."""
    difference = (images.float() - changed.float()).square().flatten(1).mean(dim=1).sqrt()
    return difference.double().cpu().numpy()


def _luma(images: torch.Tensor) -> torch.Tensor:
    """Return Pillow's grey, int32 (b, 1, h, w)."""
    import torch

    red, green, blue = images.to(torch.int32).unbind(dim=1)
    return ((red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2] + 0x8000) >> 16)[:, None]


def _mean_luma(images: torch.Tensor) -> torch.Tensor:
    """Return each image's mean grey as Pillow's contrast enhancer rounds it, int32 (b, 1, 1, 1)."""
    import torch

    grey = _luma(images)
    mean = grey.sum(dim=(1, 2, 3), dtype=torch.int64).double() / grey[0].numel()
    return (mean + 0.5).to(torch.int32)[:, None, None, None]


def _blended(images: torch.Tensor, grey: torch.Tensor, factor: float) -> torch.Tensor:
    """Return ``grey + factor (x - grey)`` in Pillow's arithmetic: single precision, cut off below the point."""
    import torch

    grey = grey.to(torch.float32)
    mixed = grey + torch.tensor(factor, dtype=torch.float32) * (images.to(torch.float32) - grey)
    return mixed.clamp_(0, 255).to(torch.uint8)


def _rolled(images: torch.Tensor, amplitude: float) -> torch.Tensor:
    import torch

    height, width = images.shape[-2:]
    shifts = [torch.from_numpy(wave(side, amplitude)).to(images.device) for side in (height, width)]
    columns = (torch.arange(width, device=images.device)[None, :] - shifts[0][:, None]) % width
    across = images.gather(3, columns.expand(*images.shape[:2], height, width))
    rows = (torch.arange(height, device=images.device)[:, None] - shifts[1][None, :]) % height
    return across.gather(2, rows.expand(*images.shape[:2], height, width))


def wave(side: int, amplitude: float) -> NDArray[np.int64]:
    """Return by how many pixels each of ``side`` rows is rolled: ``int(amplitude sin(.05 pi i))``."""
    return np.asarray([int(amplitude * np.sin(np.pi * i * 0.05)) for i in range(side)], dtype=np.int64)


def _one_by_one(images: torch.Tensor, function: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> torch.Tensor:
    """Apply a library's function to each image in threads: both libraries release the interpreter's lock."""
    import torch

    arrays = np.ascontiguousarray(images.permute(0, 2, 3, 1).cpu().numpy())
    with ThreadPoolExecutor(max_workers=min(processors(), max(len(arrays), 1))) as pool:
        changed = list(pool.map(function, arrays))
    stacked = np.stack(changed) if changed else arrays
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous().to(images.device)
