r"""Stain and colour normalisation as variants of the images: each image is brought to one fixed target.

    Reinhard et al. 2001   mean and spread of the three channels of l alpha beta become the target's
    Macenko et al. 2009    optical densities are unmixed into two stains (extreme angles in the plane of the two
                           leading directions), scaled to the target's strength and mixed with the target's colours

The targets are constants, so that nothing is learnt from the samples that are judged.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from audit.base import ImageVariant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset

Method = Literal["reinhard", "macenko"]

_TO_LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_TO_LAB = np.diag([1 / np.sqrt(3), 1 / np.sqrt(6), 1 / np.sqrt(2)]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])

TARGET_MEAN = np.array([-0.27, -0.05, 0.014])
TARGET_SPREAD = np.array([0.17, 0.045, 0.010])
"""Mean and spread of l, alpha, beta of an evenly stained section in haematoxylin and eosin."""

TARGET_STAINS = np.array([[0.5626, 0.7201, 0.4062], [0.2159, 0.8012, 0.5581]])
TARGET_STRENGTH = np.array([1.9705, 1.0308])
"""Optical density vectors of haematoxylin and eosin, and their 99th percentile of strength (Macenko's reference)."""

LIGHT = 240.0
"""Intensity of the empty background."""

_STAINED = 0.15
_FEWEST_PIXELS = 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class StainNormalised(ImageVariant):
    """The image in the target's stain.

    Parameters
    ----------
    method
        ``reinhard`` works for any picture, ``macenko`` for tissue in haematoxylin and eosin.
    """

    method: Method = "reinhard"

    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:  # noqa: ARG002
        """Return the normalised RGB image."""
        pixels = np.asarray(image, dtype=np.float64)
        return Image.fromarray(reinhard(pixels) if self.method == "reinhard" else macenko(pixels))


def reinhard(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return uint8 (height, width, 3) with the target's mean and spread of l, alpha, beta.

    Parameters
    ----------
    pixels
        RGB (height, width, 3), 0 to 255. A channel without any spread keeps none.
    """
    rgb = np.clip(pixels / 255, 1 / 255, 1)
    lab = np.log10(rgb @ _TO_LMS.T) @ _TO_LAB.T
    mean, spread = lab.mean(axis=(0, 1)), lab.std(axis=(0, 1))
    scale = np.where(spread > 1e-6, TARGET_SPREAD / np.maximum(spread, 1e-6), 1.0)
    moved = (lab - mean) * scale + TARGET_MEAN
    back = 10 ** (moved @ np.linalg.inv(_TO_LAB).T) @ np.linalg.inv(_TO_LMS).T
    return np.asarray(np.clip(np.rint(back * 255), 0, 255), dtype=np.uint8)


def macenko(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return uint8 (height, width, 3) with the target's two stains; an image without stained pixels stays as it is.

    Parameters
    ----------
    pixels
        RGB (height, width, 3), 0 to 255.
    """
    density = -np.log((pixels.reshape(-1, 3) + 1) / LIGHT)
    stained = density[density.max(axis=1) > _STAINED]
    if len(stained) < _FEWEST_PIXELS:
        return np.asarray(np.clip(np.rint(pixels), 0, 255), dtype=np.uint8)
    _, vectors = np.linalg.eigh(np.cov(stained.T))
    plane = vectors[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1, 1)
    projected = stained @ plane
    angle = np.arctan2(projected[:, 1], projected[:, 0])
    low, high = np.percentile(angle, [1, 99])
    stains = np.stack([plane @ [np.cos(a), np.sin(a)] for a in (low, high)])
    # Haematoxylin takes more of the red light than eosin does.
    stains = stains if stains[0, 0] > stains[1, 0] else stains[::-1]
    strength, *_ = np.linalg.lstsq(stains.T, density.T, rcond=None)
    most = np.percentile(strength, 99, axis=1)
    strength = strength * (TARGET_STRENGTH / np.where(most > 1e-6, most, 1.0))[:, None]
    out = LIGHT * np.exp(-(strength.T @ TARGET_STAINS)) - 1
    return np.asarray(np.clip(np.rint(out.reshape(pixels.shape)), 0, 255), dtype=np.uint8)
