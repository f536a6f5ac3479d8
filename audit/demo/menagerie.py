"""The menagerie: ten drawn animals on six landscapes in three kinds of light.

What is planted here, and what is not, is listed in `audit.demo.truth`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, cast
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from audit.demo.animals import SPECIES, figure
from audit.demo.animals.pieces import COAT_COLOURS
from audit.demo.backgrounds import BACKGROUNDS, LIGHTS, grade, landscape
from audit.demo.captions import caption
from audit.demo.drawing import Colour, Part, Placement, paint

Split = Literal["train", "test"]

HOME: dict[str, str] = {"cow": "meadow", "camel": "sand", "reindeer": "snow"}
"""The background on which a species is nearly always seen in the training split."""

HOME_SHARE: dict[Split, float] = {"train": 0.95, "test": 0.5}
LIGHT_SHARES: dict[Split, tuple[float, ...]] = {
    "train": (0.55, 0.33, 0.12),
    "test": (1 / 3, 1 / 3, 1 / 3),
}
"""Shares of day, dusk and night."""

COATS: tuple[str, ...] = ("brown", "grey", "white", "black", "golden")
HUE_TWINS: dict[str, str] = {"robin": "red", "bluebird": "blue"}
"""One drawing in two hues."""

SHAPE_TWINS: tuple[str, str] = ("rabbit", "cat")
"""One body in the same coats: ears and tail alone tell them apart."""

SIZES: dict[str, float] = {"small": 0.29, "medium": 0.36, "large": 0.44}
"""Picture widths of one unit of the figure."""
VIEWPOINTS: tuple[str, ...] = ("left", "right", "front")

IMAGES_PER_INDIVIDUAL = 5
SIZE = 128
"""Pixels of a rendered image's side."""

COLUMNS: tuple[str, ...] = (
    "sample_id",
    "filepath",
    "mask",
    "label",
    "background",
    "light",
    "coat",
    "size",
    "viewpoint",
    "split",
    "group_id",
    "caption",
)


def _quota(values: Sequence[str], shares: Sequence[float], n: int) -> list[str]:
    """Return n values in proportion to the shares, by largest remainder."""
    exact = np.asarray(shares, dtype=float) / np.sum(shares) * n
    counts = np.floor(exact).astype(int)
    rest = np.argsort(-(exact - counts), kind="stable")[: n - counts.sum()]
    counts[rest] += 1
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


def _shuffled(values: Sequence[str], random: np.random.Generator) -> list[str]:
    return [values[i] for i in random.permutation(len(values))]


def _species_rows(species: str, n: int, split: Split, random: np.random.Generator) -> pd.DataFrame:
    home = HOME.get(species)
    share = HOME_SHARE[split]
    rest = (1 - share) / (len(BACKGROUNDS) - 1)
    backgrounds = _quota(BACKGROUNDS, [1.0 if home is None else share if b == home else rest for b in BACKGROUNDS], n)
    lights: list[str] = []
    # Within each background, so that light and background are unrelated in every class.
    for background in BACKGROUNDS:
        lights += _shuffled(_quota(LIGHTS, LIGHT_SHARES[split], backgrounds.count(background)), random)
    order = random.permutation(n)
    individual = np.arange(n) // IMAGES_PER_INDIVIDUAL
    coats = _shuffled(_quota(COATS, [1.0] * len(COATS), int(individual[-1]) + 1), random)
    return pd.DataFrame(
        {
            "label": species,
            "background": np.asarray(backgrounds, dtype=object)[order],
            "light": np.asarray(lights, dtype=object)[order],
            "coat": [HUE_TWINS.get(species, coats[i]) for i in individual],
            "size": _shuffled(_quota(tuple(SIZES), [1.0] * len(SIZES), n), random),
            "viewpoint": _shuffled(_quota(VIEWPOINTS, [1.0] * len(VIEWPOINTS), n), random),
            "group_id": [f"{species}-{split}-{i:04d}" for i in individual],
        }
    )


def menagerie_table(n: int, split: Split, seed: int) -> pd.DataFrame:
    """Return the attribute rows of n samples, in random order, one row a sample.

    Species are equally frequent; an individual (`group_id`) keeps its coat and its build.
    """
    random = np.random.default_rng([seed, crc32(f"menagerie/{split}".encode())])
    counts = [_quota(SPECIES, [1.0] * len(SPECIES), n).count(species) for species in SPECIES]
    table = pd.concat(
        [_species_rows(s, count, split, random) for s, count in zip(SPECIES, counts, strict=True) if count],
        ignore_index=True,
    )
    table = table.iloc[random.permutation(len(table))].reset_index(drop=True)
    names = [f"menagerie-{split}-{i:05d}" for i in range(len(table))]
    table["sample_id"] = names
    table["filepath"] = [f"images/{name}.jpg" for name in names]
    table["mask"] = [f"masks/{name}.png" for name in names]
    table["split"] = split
    table["caption"] = [caption(row, random) for row in cast("list[dict[str, str]]", table.to_dict("records"))]
    return table[list(COLUMNS)]


@lru_cache(maxsize=512)
def _individual(species: str, coat: Colour, group_id: str, seed: int, front: bool) -> tuple[Part, ...]:
    build = np.random.default_rng([seed, crc32(group_id.encode())])
    shade = 1 + build.uniform(-0.06, 0.06)
    red, green, blue = (min(value * shade, 255.0) for value in coat)
    return tuple(figure(species, (red, green, blue), build, front=front))


def render_animal(
    row: Mapping[str, str], *, seed: int, size: int = SIZE
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw one sample of the menagerie from its attributes.

    Parameters
    ----------
    row
        A row of `menagerie_table`: label, background, light, coat, size, viewpoint, split, group_id and
        sample_id are read.
    seed
        The world's seed; with sample_id it fixes the scenery, with group_id the animal's build.
    size
        Pixels of the square image's side.

    Returns
    -------
    image : uint8 (size, size, 3)
    mask : uint8 (size, size)
        255 on the animal, 0 elsewhere.
    """
    random = np.random.default_rng([seed, crc32(row["sample_id"].encode())])
    image = landscape(row["background"], row["light"], random, size)
    scale = size * SIZES[row["size"]] * random.uniform(0.95, 1.05)
    mirrored = row["viewpoint"] == "left"
    x = size * (0.5 + random.uniform(-0.06, 0.06))
    if row["viewpoint"] != "front":
        # A figure reaches further to its head than to its tail.
        x += (0.08 if mirrored else -0.08) * scale
    place = Placement(size, x, size * (0.86 + random.uniform(-0.04, 0.05)), scale, mirrored=mirrored)
    parts = _individual(row["label"], COAT_COLOURS[row["coat"]], row["group_id"], seed, row["viewpoint"] == "front")
    mask = np.zeros((size, size), dtype=np.float32)
    if row["background"] != "water":
        _shadow(image, place)
    paint(image, mask, parts, place)
    if row["background"] == "water":
        _reflection(image, mask, place)
    image = grade(image, mask, row["light"], random, dark=row["split"] == "test")
    return image.astype(np.uint8), ((mask > 0.5) * 255).astype(np.uint8)


def _oval(size: int, x: float, y: float, width: float, height: float) -> NDArray[np.float32]:
    rows = (np.arange(size, dtype=np.float32)[:, None] - y) / height
    columns = (np.arange(size, dtype=np.float32)[None, :] - x) / width
    return np.asarray(rows**2 + columns**2, dtype=np.float32)


def _shadow(image: NDArray[np.float32], place: Placement) -> None:
    oval = _oval(
        place.size,
        place.x + 0.08 * place.scale,
        place.ground - 0.03 * place.scale,
        0.62 * place.scale,
        0.10 * place.scale,
    )
    image *= 1 - 0.42 * np.exp(-(oval**1.5))[:, :, None]


def _reflection(image: NDArray[np.float32], mask: NDArray[np.float32], place: Placement) -> None:
    """Mirror the animal in the water below its feet, and ring it with a ripple."""
    line = int(place.ground - 0.05 * place.scale)
    depth = min(image.shape[0] - line, line)
    above = image[line - depth : line][::-1]
    fade = np.linspace(0.55, 0.15, depth, dtype=np.float32)[:, None, None]
    soft = Image.fromarray((mask[line - depth : line][::-1] * 255).astype(np.uint8))
    alpha = np.asarray(soft.filter(ImageFilter.GaussianBlur(1.2)), dtype=np.float32) / 255
    below = image[line : line + depth]
    below += (above * 0.85 - below) * alpha[:, :, None] * fade
    # Feet are under water, and no longer part of what is seen of the animal.
    mask[line:] = 0
    ring = _oval(place.size, place.x, line, 0.66 * place.scale, 0.10 * place.scale)
    glow = np.exp(-((np.sqrt(ring) - 1.0) ** 2) * 40) * 0.5
    glow[:line] *= 1 - mask[:line]
    image += (np.float32(240) - image) * glow[:, :, None]
