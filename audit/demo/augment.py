"""Changes of the training pictures that leave true what is said of them."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from numpy.typing import NDArray

LUMA = (0.299, 0.587, 0.114)
BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def hue_turned(images: torch.Tensor, angle: NDArray[np.float64]) -> torch.Tensor:
    """Turn all colours about the grey axis: float (b, 3, h, w) in [0, 255], angles (b,) in radians."""
    axis = np.ones(3) / math.sqrt(3)
    across = np.cross(np.eye(3), axis)
    along = np.outer(axis, axis)
    cosine, sine = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    turns = torch.from_numpy((cosine * (np.eye(3) - along) + sine * across + along).astype(np.float32))
    return torch.einsum("bij,bjhw->bihw", turns, images).clamp(0, 255)


def varied(images: torch.Tensor, share: float, random: np.random.Generator) -> torch.Tensor:
    """Take contrast, colour strength and fine texture from some images: none of them tells what an animal is.

    Parameters
    ----------
    images
        Float (b, 3, h, w) in [0, 255].
    share
        Of the images that lose some of each.
    random
        Draws which, and how much: contrast down to .35, saturation to .55, texture to that of a Gaussian blur.
    """

    def drawn(low: float) -> torch.Tensor:
        kept = np.where(random.uniform(size=len(images)) < share, random.uniform(low, 1.05, size=len(images)), 1.0)
        return torch.from_numpy(kept.astype(np.float32))[:, None, None, None]

    luma = (images * torch.tensor(LUMA)[:, None, None]).sum(dim=1, keepdim=True)
    changed = luma + drawn(0.55) * (images - luma)
    mean = luma.mean(dim=(2, 3), keepdim=True)
    changed = mean + drawn(0.35) * (changed - mean)
    smooth = drawn(0.0).clamp_max(1.0)
    weights = torch.tensor(BINOMIAL)
    kernel = (weights[:, None] * weights).expand(3, 1, -1, -1)
    reach = len(BINOMIAL) // 2
    padded = F.pad(changed, (reach, reach, reach, reach), mode="replicate")
    blurred = F.conv2d(padded, kernel, groups=3)
    return (blurred + smooth * (changed - blurred)).clamp(0, 255)


def shifted(image: NDArray[np.uint8], world: str, random: np.random.Generator) -> tuple[NDArray[np.uint8], bool]:
    """Shift the image by up to three pixels; mirror it; turn tissue by quarters."""
    mirrored = bool(random.integers(2))
    if mirrored:
        image = image[:, ::-1]
    if world == "tissue":
        image = np.rot90(image, int(random.integers(4)))
    down, right = random.integers(0, 7, size=2)
    padded = np.pad(image, ((3, 3), (3, 3), (0, 0)), mode="edge")
    return padded[down : down + len(image), right : right + len(image)], mirrored


def warped(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Roll rows and columns by waves of any phase, up to five pixels: what is told by hue alone keeps its name."""
    for axis in (0, 1):
        side = image.shape[axis]
        reach, period, phase = random.uniform(0, 5), random.uniform(20, 60), random.uniform(0, 2 * np.pi)
        shift = np.rint(reach * np.sin(2 * np.pi * np.arange(side) / period + phase)).astype(int)
        across = (np.arange(image.shape[1 - axis])[None, :] - shift[:, None]) % image.shape[1 - axis]
        image = np.take_along_axis(image, across[..., None] if axis == 0 else across.T[..., None], axis=1 - axis)
    return image
