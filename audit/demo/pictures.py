"""Training pictures at the model's input size, drawn once and kept as one array."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from audit.demo.write import WORLD_VERSION, World, world_table, write_world


def train_pictures(
    name: World, folder: Path, *, n: int, seed: int, size: int
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Return the training table of a world and its pictures, uint8 (n, size, size, 3).

    They are drawn, compressed and resized exactly as a test image is. The array is kept in
    `folder` and read from there the next time.
    """
    table = world_table(name, n=n, split="train", seed=seed)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}-v{WORLD_VERSION}-{n}-{seed}-{size}.npy"
    if kept.is_file():
        return table, np.load(kept, allow_pickle=False)
    samples = write_world(name, folder / name, n=n, split="train", seed=seed)
    pictures = np.stack([_small(samples.parent / path, size) for path in table["filepath"]])
    scratch = kept.with_suffix(f".{os.getpid()}.npy")
    np.save(scratch, pictures, allow_pickle=False)
    scratch.replace(kept)
    return table, pictures


def _small(path: Path, size: int) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))
