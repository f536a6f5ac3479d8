"""From an image to a network's input, pixel for pixel as the weights' own library does it.

Resizing and cropping happen on the CPU with Pillow and leave uint8; the division by 255, the mean and the
standard deviation are applied on the device: ``(x / 255 - mean) / std``.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from audit.errors import InputError

if TYPE_CHECKING:
    import torch

    from audit.models.base import Preprocessing

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

RESAMPLING: dict[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}


def resized(width: int, height: int, preprocessing: Preprocessing) -> tuple[int, int]:
    """Return the (width, height) of an image after resizing, before cropping.

    For a square target, ``shortest`` truncates the longer side as torchvision's ``Resize`` does; for any other
    target, and for ``longest``, both sides are rounded as open_clip's and timm's ``ResizeKeepRatio`` do.
    """
    target_height, target_width = preprocessing.resize_to
    if preprocessing.resize == "squash":
        return target_width, target_height
    if preprocessing.resize == "shortest" and target_height == target_width:
        if width <= height:
            return target_width, int(target_width * height / width)
        return int(target_width * width / height), target_width
    ratios = (height / target_height, width / target_width)
    ratio = max(ratios) if preprocessing.resize == "longest" else min(ratios)
    return max(round(width / ratio), 1), max(round(height / ratio), 1)


def resize_and_crop(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """Return what the network sees, as uint8 (height, width, 3).

    Parameters
    ----------
    image
        An RGB image.
    preprocessing
        The weights' own.
    """
    if image.mode != "RGB":
        raise InputError(f"`image` must be RGB; got mode {image.mode}. Read it with audit.images.open_image.")
    size = resized(*image.size, preprocessing)
    if size != image.size:
        image = image.resize(size, RESAMPLING[preprocessing.interpolation])
    return np.asarray(_center_crop(image, preprocessing))


def _center_crop(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    height, width = preprocessing.size
    image = _padded(image, preprocessing)
    if preprocessing.crop_offset == "down":
        left, top = (image.width - width) // 2, (image.height - height) // 2
    else:
        left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    if (image.width, image.height) == (width, height):
        return image
    return image.crop((left, top, left + width, top + height))


def _padded(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    """Return the image padded to at least the crop; the odd pixel goes right and below (left and above for "down")."""
    missing_width = max(preprocessing.size[1] - image.width, 0)
    missing_height = max(preprocessing.size[0] - image.height, 0)
    if not missing_width and not missing_height:
        return image
    near = math.ceil if preprocessing.crop_offset == "down" else math.floor
    left, top = near(missing_width / 2), near(missing_height / 2)
    fill = preprocessing.fill if isinstance(preprocessing.fill, tuple) else (preprocessing.fill,) * 3
    return ImageOps.expand(image, (left, top, missing_width - left, missing_height - top), fill)


def normalise(images: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """Return ``(images / 255 - mean) / std`` as float32 (b, 3, h, w) on the images' device.

    The operations and their order are those of ``ToTensor`` and ``Normalize``, so that the values are equal to
    the last bit.
    """
    import torch

    mean, std = _constants(preprocessing.mean, preprocessing.std, str(images.device))
    return images.to(torch.float32).div_(255).sub_(mean).div_(std)


@functools.lru_cache(maxsize=64)
def _constants(
    mean: tuple[float, ...],
    std: tuple[float, ...],
    device: str,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and std as (3, 1, 1); kept on the device, because copying them there would stall every batch."""
    import torch

    with torch.inference_mode(mode=False):
        return (
            torch.tensor(mean, dtype=torch.float32, device=device).view(-1, 1, 1),
            torch.tensor(std, dtype=torch.float32, device=device).view(-1, 1, 1),
        )
