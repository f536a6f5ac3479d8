"""A small network whose features are known by hand, and worlds whose classes depend on hue alone or on shape alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

from audit.dataset import Dataset, Roles
from audit.models.base import Preprocessing
from audit.models.dense import DenseMap, LinearHead

SIDE, GRID = 32, 8


class PlantedModel:
    """Dense features by hand: hue as a direction (``hue``), or how edges are turned (``shape``), a cell."""

    abilities = frozenset({"image_encoder"})

    def __init__(self, sees: str) -> None:
        self.name = self.fingerprint = f"planted-{sees}"
        self.sees, self.device, self.dtype, self.notes = sees, "cpu", "float32", ()
        self.preprocessing = Preprocessing(
            size=(SIDE, SIDE), resize_to=(SIDE, SIDE), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
        )

    @property
    def dense(self) -> tuple[DenseMap, LinearHead | None]:
        return DenseMap(module="", grid=(GRID, GRID)), None

    def patch_features(self, images: torch.Tensor) -> torch.Tensor:
        maps = _hue(images) if self.sees == "hue" else _edges(images)
        return torch.nn.functional.adaptive_avg_pool2d(maps, GRID).permute(0, 2, 3, 1).contiguous()

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        return self.patch_features(images).mean(dim=(1, 2))

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name, "fingerprint": self.fingerprint}


def _hue(images: torch.Tensor) -> torch.Tensor:
    red, green, blue = (images.float() / 255).unbind(dim=1)
    x, y = red - 0.5 * (green + blue), (3**0.5 / 2) * (green - blue)
    length = (x.square() + y.square()).sqrt()
    # The direction of the colour alone: how saturated or how bright it is does not matter.
    return torch.stack([x, y], dim=1) / length.clamp_min(1e-3)[:, None]


def _edges(images: torch.Tensor) -> torch.Tensor:
    grey = images.float().mean(dim=1, keepdim=True)
    padded = torch.nn.functional.pad(grey, (1, 1, 1, 1), mode="replicate")
    across = (padded[:, 0, 1:-1, 2:] - padded[:, 0, 1:-1, :-2]).abs()
    down = (padded[:, 0, 2:, 1:-1] - padded[:, 0, :-2, 1:-1]).abs()
    pooled = torch.nn.functional.avg_pool2d(torch.stack([across, down], dim=1), 4, stride=4)
    total = pooled.sum(dim=1, keepdim=True)
    # The share of each direction alone: how strong the edges are does not matter.
    maps = torch.where(total > 1, pooled / total.clamp_min(1), torch.full_like(pooled, 0.5))
    return maps - maps.mean(dim=1, keepdim=True) + 0.1


def world(folder: Path, kind: str, n: int = 12) -> Dataset:
    """Return images of two classes: one hue against another, or upright against lying stripes in any hue."""
    rows = []
    for i in range(2 * n):
        draw = np.random.default_rng([i, len(kind)])
        label = i % 2
        canvas = np.zeros((SIDE, SIDE, 3))
        if kind == "hue":
            colour = np.asarray([(200, 60, 60), (60, 60, 200)][label]) + draw.integers(-15, 15, 3)
            canvas[:] = colour
            canvas += draw.normal(0, 3, (SIDE, SIDE, 1))
        else:
            stripes = np.where(np.arange(SIDE) // 4 % 2 == 0, 60.0, 180.0)
            canvas += stripes[None, :, None] if label else stripes[:, None, None]
            canvas += draw.integers(-25, 25, 3)
        name = f"{kind}{i:02d}.png"
        Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8)).save(folder / name)
        rows.append({"filepath": name, "label": ["first", "second"][label], "patient": f"p{i // 2}"})
    index = pd.Index([f"s{i:02d}" for i in range(2 * n)], name="sample_id")
    content = tuple(hashlib.sha256((folder / row["filepath"]).read_bytes()).hexdigest() for row in rows)
    return Dataset(
        name=kind,
        metadata=pd.DataFrame(rows, index=index),
        roles=Roles(label="label", group_id="patient"),
        root=folder,
        content=content,
    )
