"""Tissue: four classes of stained-looking tissue from four centers with their own stain and scanner.

Two maps, how much haematoxylin (nuclei) and how much eosin (the rest) lies at a pixel, become
colour by the law of Beer and Lambert, I = 255 exp(-(h H + e E)). A center has its own stain
vectors H and E and its own scanner; every class occurs in every center, patient and slide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from audit.demo.captions import caption
from audit.demo.drawing import Points
from audit.demo.noise import noise_bank, white_noise

Field = NDArray[np.float32]

CLASSES: tuple[str, ...] = ("tumour", "stroma", "gland", "lymphocyte")
SIZE = 128
"""Pixels of a rendered image's side."""
_SCALE = 2

PATIENTS_PER_CENTER: dict[str, int] = {"train": 12, "test": 6}
SLIDES_PER_PATIENT = 2
BORDER_SHARE: tuple[float, float] = (0.0, 0.5)
"""Range of the share of a test picture that shows a neighbouring class; training shows pure tissue."""
COLUMNS: tuple[str, ...] = (
    "sample_id",
    "filepath",
    "label",
    "center",
    "slide",
    "group_id",
    "split",
    "caption",
)


@dataclass(frozen=True)
class _Center:
    haematoxylin: tuple[float, float, float]
    eosin: tuple[float, float, float]
    brightness: float
    blur: float
    grain: float
    vignette: float


_CENTERS: dict[str, _Center] = {
    "alder": _Center((0.78, 0.86, 0.36), (0.10, 0.62, 0.24), 1.00, 0.0, 2.0, 0.00),
    "birch": _Center((0.62, 0.50, 0.16), (0.20, 0.36, 0.06), 1.02, 0.6, 3.0, 0.08),
    "cedar": _Center((0.62, 0.98, 0.44), (0.06, 0.86, 0.34), 0.98, 0.3, 7.0, 0.00),
    "dogwood": _Center((0.60, 0.78, 0.66), (0.16, 0.50, 0.50), 0.90, 1.1, 2.0, 0.28),
}
CENTERS: tuple[str, ...] = tuple(_CENTERS)


def tissue_table(n: int, split: Literal["train", "test"], seed: int) -> pd.DataFrame:
    """Return the attribute rows of n samples, in random order, one row a sample.

    Centers, patients, slides and classes are crossed evenly: row i of the unshuffled table takes
    the next class, then the next center, patient and slide.
    """
    random = np.random.default_rng([seed, crc32(f"tissue/{split}".encode())])
    patients = PATIENTS_PER_CENTER[split]
    rows: list[dict[str, str]] = []
    for i in range(n):
        label = CLASSES[i % len(CLASSES)]
        center = CENTERS[i // len(CLASSES) % len(CENTERS)]
        turn = i // (len(CLASSES) * len(CENTERS))
        patient = f"{center}-{split}-{turn % patients:02d}"
        slide = f"{patient}-{turn // patients % SLIDES_PER_PATIENT}"
        rows.append({"label": label, "center": center, "slide": slide, "group_id": patient})
    table = pd.DataFrame(rows, columns=["label", "center", "slide", "group_id"])
    table = table.iloc[random.permutation(n)].reset_index(drop=True)
    names = [f"tissue-{split}-{i:05d}" for i in range(n)]
    table["sample_id"] = names
    table["filepath"] = [f"images/{name}.jpg" for name in names]
    table["split"] = split
    table["caption"] = [caption(row, random) for row in cast("list[dict[str, str]]", table.to_dict("records"))]
    return table[list(COLUMNS)]


class _Canvas:
    """Nuclei and other bodies, drawn larger and averaged down."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.picture = Image.new("L", (size * _SCALE, size * _SCALE), 0)
        self.draw = ImageDraw.Draw(self.picture)

    def add(self, bodies: Points, amounts: Points) -> None:
        """Fill polygons (n, corners, 2), given in 128ths of the picture, with amounts of 0 to 2."""
        placed = (bodies * (self.size * _SCALE / 128)).reshape(len(bodies), -1).tolist()
        levels = np.clip(amounts * 127, 0, 255).astype(int).tolist()
        for corners, level in zip(placed, levels, strict=True):
            self.draw.polygon(corners, fill=level)

    def amounts(self, softness: float) -> Field:
        small = self.picture.reduce(_SCALE)
        if softness:
            small = small.filter(ImageFilter.GaussianBlur(softness * self.size / 128))
        return np.asarray(small, dtype=np.float32) / np.float32(127)


def _ellipses(
    middles: Points,
    wide: Points | float,
    tall: Points | float,
    tilt: Points | float,
    corners: int = 18,
) -> Points:
    """Return (n, corners, 2) polygons of ellipses with half axes wide and tall; tilt in radians."""
    n = len(middles)
    wide, tall, tilt = (np.broadcast_to(value, n)[:, None] for value in (wide, tall, tilt))
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)[None, :]
    x, y = wide * np.cos(angle), tall * np.sin(angle)
    turned = [x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)]
    return np.stack(turned, axis=2) + middles[:, None, :]


def _fibres(size: int, random: np.random.Generator, angle: float) -> Field:
    """Wavy noise drawn out along the angle; standard deviation about 1."""
    bank = noise_bank(0.5, 4.0, 1.3)
    row, column = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    along = column * np.cos(angle) + row * np.sin(angle)
    across = row * np.cos(angle) - column * np.sin(angle)
    across = across + 4.0 * np.sin(along / random.uniform(12, 22) + random.uniform(0, 6))
    top, left = random.integers(0, 256, size=2)
    fibres: Field = bank[(across * 0.9 + top).astype(int) % 256, (along + left).astype(int) % 256]
    return fibres


def _grain(size: int, random: np.random.Generator, slope: float) -> Field:
    top, left = random.integers(0, 256, size=2)
    return noise_bank(1.0, 1.0, slope)[top : top + size, left : left + size]


def _scattered(n: int, apart: float, random: np.random.Generator) -> Points:
    """Return up to n points about `apart` from each other, in 128ths of the picture."""
    step = apart * 1.18
    row, column = np.meshgrid(np.arange(-4, 132, step * 0.87), np.arange(-4, 132, step), indexing="ij")
    column = column + (np.arange(len(row)) % 2)[:, None] * step / 2
    grid = np.stack([column.ravel(), row.ravel()], axis=1) + random.uniform(-step, step, size=2) / 2
    chosen = random.permutation(len(grid))[:n]
    middles: Points = grid[chosen] + random.uniform(-0.22, 0.22, size=(len(chosen), 2)) * step
    return middles


def _tumour(size: int, random: np.random.Generator, swelling: float) -> tuple[Field, Field]:
    """Large uneven nuclei with nucleoli."""
    canvas = _Canvas(size)
    middles = _scattered(int(random.integers(34, 48)), 12.0, random)
    n = len(middles)
    radius = swelling * random.uniform(5.0, 8.5, n)
    amount = random.uniform(0.75, 1.25, n)
    nuclei = _ellipses(middles, radius, radius * random.uniform(0.65, 1.0, n), random.uniform(0, np.pi, n))
    canvas.add(nuclei + random.uniform(-0.8, 0.8, nuclei.shape), amount)
    for _ in range(2):
        spots = middles + random.uniform(-2, 2, (n, 2))
        canvas.add(_ellipses(spots, 1.5, 1.3, 0.0, 8), amount + 0.6)
    eosin = 0.62 + 0.10 * _grain(size, random, 1.6)
    return canvas.amounts(0.5), np.asarray(eosin, np.float32)


def _stroma(size: int, random: np.random.Generator, swelling: float) -> tuple[Field, Field]:
    """Fibres with a few slender nuclei along them."""
    angle = random.uniform(0, np.pi)
    canvas = _Canvas(size)
    middles = _scattered(int(random.integers(9, 18)), 16.0, random)
    n = len(middles)
    slender = _ellipses(
        middles,
        swelling * random.uniform(6.0, 9.0, n),
        swelling * random.uniform(1.6, 2.4, n),
        angle + random.uniform(-0.26, 0.26, n),
    )
    canvas.add(slender, random.uniform(0.8, 1.15, n))
    eosin = 0.72 + 0.30 * _fibres(size, random, angle)
    return canvas.amounts(0.5), np.asarray(np.clip(eosin, 0.05, None), np.float32)


def _gland(size: int, random: np.random.Generator, swelling: float) -> tuple[Field, Field]:
    """One to three rings of nuclei around an empty middle, in loose fibres."""
    nuclei, bodies = _Canvas(size), _Canvas(size)
    eosin = 0.45 + 0.16 * _fibres(size, random, random.uniform(0, np.pi))
    loose = _scattered(16, 9.0, random)
    nuclei.add(_ellipses(loose, 4.5, 1.8, random.uniform(0, np.pi, len(loose))), np.full(len(loose), 0.8))
    count = int(random.integers(1, 4))
    middles = _scattered(count, 56.0, random) if count > 1 else random.uniform(44, 84, size=(1, 2))
    for middle in np.clip(middles, 12, 116):
        wide = random.uniform(22, 31) if count > 1 else random.uniform(32, 44)
        tall, tilt = wide * random.uniform(0.7, 1.0), random.uniform(0, np.pi)
        at = middle[None, :]
        outer = _ellipses(at, wide, tall, tilt, 36)
        nuclei.add(outer, np.zeros(1))
        bodies.add(outer, np.full(1, 0.85))
        bodies.add(_ellipses(at, wide * 0.48, tall * 0.45, tilt, 28), np.full(1, 0.03))
        around = int(2 * np.pi * wide * 0.82 / (swelling * 6.6))
        ring = _ellipses(at, wide * 0.82, tall * 0.82, tilt, around)[0]
        outward = np.arctan2(ring[:, 1] - middle[1], ring[:, 0] - middle[0])
        shaken = ring + random.uniform(-0.8, 0.8, ring.shape)
        nuclei.add(_ellipses(shaken, swelling * 4.4, swelling * 2.5, outward), random.uniform(0.85, 1.15, around))
    body = bodies.amounts(0.8)
    eosin = np.where(body > 0.01, body + 0.06 * _grain(size, random, 1.4), eosin)
    return nuclei.amounts(0.5), np.asarray(np.clip(eosin, 0.02, None), np.float32)


def _lymphocyte(size: int, random: np.random.Generator, swelling: float) -> tuple[Field, Field]:
    """Many small round dark nuclei."""
    canvas = _Canvas(size)
    middles = _scattered(int(random.integers(110, 150)), 7.4, random)
    n = len(middles)
    radius = swelling * random.uniform(3.0, 3.7, n)
    canvas.add(_ellipses(middles, radius, radius * random.uniform(0.88, 1.0, n), 0.0, 12), random.uniform(1.1, 1.5, n))
    eosin = 0.34 + 0.08 * _grain(size, random, 1.6)
    return canvas.amounts(0.4), np.asarray(eosin, np.float32)


_PAINTERS = {"tumour": _tumour, "stroma": _stroma, "gland": _gland, "lymphocyte": _lymphocyte}


def _border(size: int, random: np.random.Generator, share: float) -> Field:
    """Return a map of 0 and 1 with a soft wavy edge; about `share` of it is 1."""
    angle = random.uniform(0, 2 * np.pi)
    row, column = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    along = column * np.cos(angle) + row * np.sin(angle)
    across = (row * np.cos(angle) - column * np.sin(angle)) * (128 / size)
    across = across + 7 * np.sin(along * (128 / size) / random.uniform(9, 20) + random.uniform(0, 6))
    edge = float(np.quantile(across, share))
    return np.asarray(np.clip((edge - across) / 3 + 0.5, 0, 1), dtype=np.float32)


def render_tissue(row: Mapping[str, str], *, seed: int, size: int = SIZE) -> NDArray[np.uint8]:
    """Draw one sample of the tissue world from its attributes.

    Parameters
    ----------
    row
        A row of `tissue_table`: label, center, slide, group_id, split and sample_id are read.
    seed
        The world's seed; with group_id and slide it fixes the patient's and the slide's look.
    size
        Pixels of the square image's side.

    Returns
    -------
    uint8 (size, size, 3)
    """
    random = np.random.default_rng([seed, crc32(row["sample_id"].encode())])
    patient = np.random.default_rng([seed, crc32(row["group_id"].encode())])
    slide = np.random.default_rng([seed, crc32(row["slide"].encode())])
    center = _CENTERS[row["center"]]
    swelling = patient.uniform(0.92, 1.08)
    strength = patient.uniform(0.90, 1.10) * slide.uniform(0.95, 1.05)
    tint = 1 + patient.uniform(-0.05, 0.05, size=3)
    nuclei, rest = _PAINTERS[row["label"]](size, random, swelling)
    if row["split"] == "test":
        others = [label for label in CLASSES if label != row["label"]]
        beside = _PAINTERS[others[int(random.integers(len(others)))]](size, random, swelling)
        border = _border(size, random, random.uniform(*BORDER_SHARE))
        nuclei = np.asarray(nuclei + (beside[0] - nuclei) * border, np.float32)
        rest = np.asarray(rest + (beside[1] - rest) * border, np.float32)
    nuclei = nuclei * (1 + 0.10 * _grain(size, random, 1.0))
    density = nuclei[:, :, None] * np.asarray(center.haematoxylin, np.float32)
    density += (rest * (1 - 0.6 * np.clip(nuclei, 0, 1)))[:, :, None] * np.asarray(center.eosin, np.float32)
    light = 246.0 * center.brightness * np.exp(-density * strength * tint.astype(np.float32))
    return _scanned(light, center, random)


def _scanned(light: Field, center: _Center, random: np.random.Generator) -> NDArray[np.uint8]:
    size = len(light)
    if center.vignette:
        edge = np.linspace(-1, 1, size, dtype=np.float32) ** 2
        light = light * (1 - center.vignette * 0.5 * (edge[:, None] + edge[None, :]))[:, :, None]
    if center.blur:
        picture = Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))
        blurred = picture.filter(ImageFilter.GaussianBlur(center.blur * size / 128))
        light = np.asarray(blurred, dtype=np.float32)
    light = light + center.grain * white_noise(random, size, 3)
    return np.clip(light, 0, 255).astype(np.uint8)
