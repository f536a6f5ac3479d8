"""Heat drawn over what the network saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from audit.prototypes.parts import scaled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

WARM = np.asarray([230, 97, 1], dtype=np.float64)
STRENGTH = 0.65
SHOWN = 256
"""Pixels of the shorter side at least: a network's own input may be too small to look at."""


def overlay(pixels: NDArray[np.uint8], heat: ArrayLike) -> Image.Image:
    """Return an image with heat over it: its warmest places orange, its coldest in faded grey.

    Parameters
    ----------
    pixels
        uint8 (height, width, 3).
    heat
        Any scale (h, w); a constant map colours nothing.
    """
    image = Image.fromarray(pixels)
    factor = max(1.0, SHOWN / min(image.size))
    size = (round(image.width * factor), round(image.height * factor))
    shown = np.asarray(image.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)
    small = Image.fromarray(scaled(heat).astype(np.float32))
    warmth = np.clip(np.asarray(small.resize(size, Image.Resampling.BICUBIC), dtype=np.float64), 0, 1)[..., None]
    grey = shown.mean(axis=2, keepdims=True) * 0.6 + 60
    cold = 0.55 * shown + 0.45 * grey
    mixed = cold * (1 - warmth) + (shown * (1 - STRENGTH * warmth) + WARM * STRENGTH * warmth) * warmth
    return Image.fromarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))
