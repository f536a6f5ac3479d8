"""Fixed fields of noise, of which pictures take windows at random places: quicker than fresh noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

_BANK = 256


@lru_cache(maxsize=8)
def noise_bank(down: float, across: float, slope: float) -> Picture:
    """Tileable noise with standard deviation 1; `down` and `across` stretch its grain."""
    generator = np.random.default_rng(20240607)
    row = np.fft.fftfreq(_BANK)[:, None] * down
    column = np.fft.rfftfreq(_BANK)[None, :] * across
    distance = np.sqrt(row**2 + column**2)
    distance[0, 0] = np.inf
    # Nothing coarser than 96 pixels: a picture must not be lighter as a whole.
    weight = np.where(distance < 1 / 96, 0.0, distance**-slope)
    phase = generator.standard_normal(weight.shape) + 1j * generator.standard_normal(weight.shape)
    noise = np.fft.irfft2(weight * phase, s=(_BANK, _BANK))
    tiled = np.tile(noise / noise.std(), (2, 2))
    return np.asarray(tiled, dtype=np.float32)


def texture(random: np.random.Generator, rows: int, columns: int, kind: str) -> Picture:
    """Return a window of soft, grain, tall (grass) or wide (ripples) noise of standard deviation 1."""
    down, across, slope = {
        "soft": (1.0, 1.0, 1.9),
        "grain": (1.0, 1.0, 0.8),
        "tall": (3.5, 0.6, 1.1),
        "wide": (0.5, 4.0, 1.3),
    }[kind]
    top, left = random.integers(0, _BANK, size=2)
    return noise_bank(down, across, slope)[top : top + rows, left : left + columns]


@lru_cache(maxsize=1)
def _white_bank() -> Picture:
    return np.random.default_rng(20240608).standard_normal((2 * _BANK, 2 * _BANK, 3), dtype="f4")


def white_noise(random: np.random.Generator, size: int, channels: int) -> Picture:
    """Return sensor noise (size, size, channels) of standard deviation 1; size at most 512.

    A window of a fixed field at a random place, flipped at random: much quicker than fresh noise.
    """
    top, left = random.integers(0, 2 * _BANK - size + 1, size=2)
    flips = random.choice((-1, 1), size=2)
    window = _white_bank()[top : top + size, left : left + size, :channels]
    return window[:: flips[0], :: flips[1]]
