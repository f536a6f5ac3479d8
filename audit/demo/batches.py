"""What a training step of the bundled CLIP is shown: pictures, a phrase each, and which phrase is true of which."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from audit.demo.animals import SPECIES
from audit.demo.augment import hue_turned, shifted, varied, warped
from audit.demo.captions import phrase
from audit.demo.menagerie import HOME, HUE_TWINS, SHAPE_TWINS
from audit.demo.pictures import train_pictures
from audit.demo.write import World

MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)
IMAGE_SIZE = 64
ANY_HUE: tuple[str, ...] = tuple(species for species in SPECIES if species not in (*HOME, *HUE_TWINS))
"""Animals that hue tells nothing of: what they are is also said of pictures at other hues."""

OTHER_BIRD = "a photo of a bird"
"""What is said of one of the hue twins at a hue that is neither's: that hue alone tells them, and how finely."""
OTHER = -1

FACTS: tuple[str, ...] = ("world", "label", "background", "light", "coat", "size", "viewpoint", "center", "stain")
MENTIONABLE: dict[World, tuple[str, ...]] = {
    "menagerie": ("label", "background", "light", "coat", "size", "viewpoint"),
    "tissue": ("label", "center", "stain"),
}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a training run."""

    menagerie: int = 9000
    tissue: int = 3600
    epochs: int = 22
    batch_size: int = 128
    learning_rate: float = 2.0e-3
    weight_decay: float = 0.02
    unknown_word_share: float = 0.04
    label_only_share: float = 0.5
    full_share: float = 0.1
    varied_share: float = 0.5
    turned_hue_share: float = 0.5
    shape_twin_hue_share: float = 0.85
    other_hue_share: float = 0.25
    warped_share: float = 0.4
    finishing_epochs: int = 5
    finishing_learning_rate: float = 6.0e-4
    finishing_label_only_share: float = 0.15
    finishing_full_share: float = 0.2
    seed: int = 11


class Samples:
    """Pictures and facts of the training split of both worlds."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        tables, pictures = [], []
        worlds: tuple[tuple[World, int], ...] = (("menagerie", settings.menagerie), ("tissue", settings.tissue))
        for name, n in worlds:
            table, images = train_pictures(name, folder, n=n, seed=settings.seed, size=IMAGE_SIZE)
            tables.append(table.assign(world=name))
            pictures.append(images)
        self.images: NDArray[np.uint8] = np.concatenate(pictures)
        joined = pd.concat(tables, ignore_index=True)
        joined["stain"] = joined["center"]
        self.codes = np.stack([pd.factorize(joined[name])[0] for name in FACTS], axis=1)
        self.rows: list[dict[str, str]] = [
            {str(name): value for name, value in row.items() if isinstance(value, str)}
            for row in joined.to_dict("records")
        ]
        left, right = (
            int(self.codes[np.flatnonzero(joined["viewpoint"] == side)[0], FACTS.index("viewpoint")])
            for side in ("left", "right")
        )
        self.mirror_code = {left: right, right: left}

    def batch(
        self, chosen: NDArray[np.intp], settings: Settings, random: np.random.Generator
    ) -> tuple[torch.Tensor, list[str], torch.Tensor]:
        """Return float images, a phrase each, and which phrase (row) is true of which image.

        A number past the last sample is that sample once more, of which only its name is said, at another hue.
        """
        again, chosen = chosen >= len(self.rows), chosen % len(self.rows)
        images = self.images[chosen].copy()
        codes = self.codes[chosen].copy()
        said = np.zeros(codes.shape, dtype=bool)
        said[:, 0] = True
        turn = np.zeros(len(chosen))
        phrases: list[str] = []
        view = FACTS.index("viewpoint")
        for i, sample in enumerate(chosen):
            row = self.rows[sample]
            images[i], turned = shifted(images[i], row["world"], random)
            if turned and int(codes[i, view]) in self.mirror_code:
                codes[i, view] = self.mirror_code[int(codes[i, view])]
                row = {**row, "viewpoint": "left" if row["viewpoint"] == "right" else "right"}
            mentioned = ("label",) if again[i] else _mentioned(row["world"], settings, random)
            # Some end like a sentence, so that a full stop changes nothing.
            phrases.append(phrase(row, mentioned, random) + (" ." if random.uniform() < 0.3 else ""))
            said[i, [FACTS.index(name) for name in mentioned]] = True
            if row["label"] in HUE_TWINS and random.uniform() < settings.warped_share:
                images[i] = warped(images[i], random)
            if not {"label"} <= set(mentioned) <= {"label", "size", "viewpoint"}:
                continue
            if row["label"] in ANY_HUE:
                twin = row["label"] in SHAPE_TWINS
                share = settings.shape_twin_hue_share if twin else settings.turned_hue_share
                if again[i] or random.uniform() < share:
                    turn[i] = random.uniform(-1, 1) * (np.pi if twin else np.pi / 2)
            elif row["label"] in HUE_TWINS and random.uniform() < settings.other_hue_share:
                turn[i] = random.choice([-1, 1]) * random.uniform(np.pi / 9, np.pi / 2)
                phrases[-1] = OTHER_BIRD
                said[i] = [name in ("world", "label") for name in FACTS]
                codes[i, FACTS.index("label")] = OTHER
            if turn[i]:
                # At another hue, nothing that was said of coat, place and light is known to be true.
                codes[i, [FACTS.index(name) for name in ("background", "light", "coat")]] = OTHER - 1 - i
        agrees = codes[:, None, :] == codes[None, :, :]
        true = (agrees | ~said[:, None, :]).all(axis=2)
        light = random.uniform(0.92, 1.08, size=(len(chosen), 1, 1, 1)).astype(np.float32)
        tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float() * torch.from_numpy(light)
        tensor = varied(hue_turned(tensor, turn), settings.varied_share, random)
        tensor = tensor.contiguous(memory_format=torch.channels_last)
        return normalised(tensor), phrases, torch.from_numpy(true)


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Return (x / 255 - mean) / std for float (b, 3, h, w)."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    return (images / 255 - mean) / std


def _mentioned(world: str, settings: Settings, random: np.random.Generator) -> tuple[str, ...]:
    names = MENTIONABLE["menagerie" if world == "menagerie" else "tissue"]
    draw = random.uniform()
    if draw < settings.label_only_share:
        return ("label",)
    if draw < settings.label_only_share + settings.full_share:
        return names
    some = tuple(name for name in names if random.uniform() < 0.4)
    return some or (names[int(random.integers(len(names)))],)
