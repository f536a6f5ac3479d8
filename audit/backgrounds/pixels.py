"""What can be done to the pixels of a region, for a whole batch at once.

Images are uint8 (b, 3, h, w), regions boolean (b, h, w) and true where the pixels are changed. Every function
answers with a new uint8 batch that equals the old one outside the region.
"""

from __future__ import annotations

import functools

import torch
from torch.nn import functional

COARSE = 56
"""Sides above this are blurred at a fraction of their size: a blur has no detail to lose."""

LUMA = (0.299, 0.587, 0.114)


def boxes(regions: torch.Tensor) -> torch.Tensor:
    """Return the bounding box of each region, filled: boolean (b, h, w); empty regions stay empty."""
    rows, columns = _between(regions.any(dim=2)), _between(regions.any(dim=1))
    return rows[:, :, None] & columns[:, None, :]


def _between(line: torch.Tensor) -> torch.Tensor:
    """Return true from the first to the last true of each row."""
    count = line.to(torch.int32).cumsum(dim=1)
    return (count > 0) & ((count < count[:, -1:]) | line)


def compose(images: torch.Tensor, changed: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
    """Return the changed pixels in the region and the images' own elsewhere."""
    return torch.where(regions[:, None], changed, images)


def blurred(images: torch.Tensor, regions: torch.Tensor, strength: float) -> torch.Tensor:
    """Blur a region with pixels of the region alone, so that nothing from outside bleeds into it.

    Parameters
    ----------
    strength
        Standard deviation of the Gaussian, as a share of the shorter side.
    """
    return compose(images, smoothed(images, regions, strength), regions)


def smoothed(images: torch.Tensor, regions: torch.Tensor, strength: float) -> torch.Tensor:
    """Return the Gaussian mean of the region's pixels at every place, inside the region and beyond it: uint8."""
    height, width = images.shape[-2:]
    factor = max(1, min(height, width) // COARSE)
    weight = regions[:, None].to(torch.float32)
    both = torch.cat([images.to(torch.float32) * weight, weight], dim=1)
    coarse = functional.avg_pool2d(both, factor, ceil_mode=True) if factor > 1 else both
    kernel = _gaussian(strength * min(height, width) / factor, str(images.device))
    reach = len(kernel) // 2
    across = kernel.view(1, 1, 1, -1).expand(4, -1, -1, -1)
    coarse = functional.conv2d(coarse, across, padding=(0, reach), groups=4)
    coarse = functional.conv2d(coarse, across.transpose(2, 3), padding=(reach, 0), groups=4)
    # Far from the region nothing has weight: its mean colour is taken there.
    total = both.sum(dim=(2, 3), keepdim=True)
    mean = total[:, :3] / total[:, 3:].clamp_min(1)
    near = coarse[:, 3:]
    filled = torch.where(near > 1e-4, coarse[:, :3] / near.clamp_min(1e-4), mean)
    if factor > 1:
        filled = functional.interpolate(filled, size=(height, width), mode="bilinear", align_corners=False)
    return filled.round().clamp(0, 255).to(torch.uint8)


@functools.lru_cache(maxsize=16)
def _gaussian(sigma: float, device: str) -> torch.Tensor:
    with torch.inference_mode(mode=False):
        reach = max(1, int(3 * sigma))
        places = torch.arange(-reach, reach + 1, dtype=torch.float32, device=device)
        kernel = torch.exp(-0.5 * (places / max(sigma, 1e-3)) ** 2)
        kernel /= kernel.sum()
    return kernel


def greyed(images: torch.Tensor, regions: torch.Tensor, fill: tuple[int, int, int]) -> torch.Tensor:
    """Fill a region with one colour."""
    colour = torch.tensor(fill, dtype=torch.uint8, device=images.device).view(1, 3, 1, 1)
    return compose(images, colour.expand_as(images), regions)


def shuffled(images: torch.Tensor, regions: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """Exchange square patches that lie wholly in a region.

    Parameters
    ----------
    keys
        Random numbers in [0, 1), (b, cells²): patches are put in their order. A rest of the image that is narrower
        than a patch stays.
    """
    count, _, height, width = images.shape
    cells = round(keys.shape[1] ** 0.5)
    tall, wide = height // cells, width // cells
    tiles = images[:, :, : tall * cells, : wide * cells].reshape(count, 3, cells, tall, cells, wide)
    tiles = tiles.permute(0, 2, 4, 1, 3, 5).reshape(count, cells * cells, 3, tall, wide)
    part = regions[:, : tall * cells, : wide * cells].reshape(count, cells, tall, cells, wide)
    free = part.all(dim=4).all(dim=2).reshape(count, -1)
    # Both orders end with the patches that stay, alike: those take their own place.
    places = torch.arange(cells * cells, device=images.device, dtype=torch.float32).expand(count, -1)
    target = torch.where(free, places, places + 2 * cells * cells).argsort(dim=1)
    origin = torch.where(free, keys, places + 2 * cells * cells).argsort(dim=1)
    source = torch.empty_like(origin).scatter_(1, target, origin)
    moved = torch.gather(tiles, 1, source[:, :, None, None, None].expand_as(tiles))
    moved = moved.reshape(count, cells, cells, 3, tall, wide).permute(0, 3, 1, 4, 2, 5)
    result = images.clone()
    result[:, :, : tall * cells, : wide * cells] = moved.reshape(count, 3, tall * cells, wide * cells)
    return result


def noisy(images: torch.Tensor, regions: torch.Tensor, noise: torch.Tensor, strength: float) -> torch.Tensor:
    """Add Gaussian noise to a region, of one length for every image and region.

    Parameters
    ----------
    noise
        Standard normal numbers, (b, 3, h, w).
    strength
        The noise vector's length, as the standard deviation (of values in [0, 1]) that it would have if it were
        spread over the whole image: a small region is hit harder. Values are cut at black and white.
    """
    placed = noise * regions[:, None]
    length = placed.flatten(1).norm(dim=1).clamp_min(1e-6)
    wanted = 255 * strength * float(noise[0].numel()) ** 0.5
    scale: torch.Tensor = wanted / length
    changed: torch.Tensor = images + placed * scale[:, None, None, None]
    return changed.round().clamp(0, 255).to(torch.uint8)


def hue_turned(images: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
    """Turn every colour of a region by half the circle and keep its luma: ``2 Y - x``, cut at black and white."""
    weights = torch.tensor(LUMA, device=images.device).view(1, 3, 1, 1)
    values = images.to(torch.float32)
    turned = 2 * (values * weights).sum(dim=1, keepdim=True) - values
    return compose(images, turned.round().clamp(0, 255).to(torch.uint8), regions)
