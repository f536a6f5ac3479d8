"""Small deterministic models on uint8 tensors, one an ability, for tests that need a model but no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from audit.models.base import Ability, Preprocessing

SIDE = 16


def small_preprocessing(side: int = SIDE) -> Preprocessing:
    return Preprocessing(size=(side, side), resize_to=(side, side), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


class FakeModel:
    """A model without abilities: name, fingerprint and preprocessing alone."""

    abilities: frozenset[Ability] = frozenset()

    def __init__(self, name: str = "fake", *, notes: tuple[str, ...] = ()) -> None:
        self.name = name
        self.device = "cpu"
        self.dtype = "float32"
        self.notes = notes
        self.preprocessing = small_preprocessing()
        text = f"{type(self).__name__}:{name}"
        self.fingerprint = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name, "fingerprint": self.fingerprint, "device": self.device, "dtype": self.dtype}


class FakeEncoder(FakeModel):
    """Means of the colours in each quarter of the image, in [-1, 1]: (b, 12)."""

    abilities: frozenset[Ability] = frozenset({"image_encoder"})

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        normalised = self.preprocessing.normalise(images)
        return torch.nn.functional.adaptive_avg_pool2d(normalised, 2).flatten(1)


class FakeClassifier(FakeModel):
    """Logits that prefer red, green or blue, whichever the image has most of; further classes get none."""

    abilities: frozenset[Ability] = frozenset({"classifier"})

    def __init__(self, class_names: Sequence[str] = ("red", "green", "blue"), name: str = "fake-classifier") -> None:
        super().__init__(name)
        self.class_names = tuple(class_names)

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        colours = self.preprocessing.normalise(images).mean(dim=(2, 3)) * 5
        found = torch.full((len(images), len(self.class_names)), -5.0)
        k = min(3, len(self.class_names))
        found[:, :k] = colours[:, :k]
        return found


class FakeCLIP(FakeEncoder):
    """Image and text encoder of one space: a phrase that names a colour lies near images of that colour."""

    abilities: frozenset[Ability] = frozenset({"image_encoder", "text_encoder"})
    logit_scale = 20.0

    def encode_text(self, phrases: Sequence[str]) -> np.ndarray:
        colours = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.float32)
        rows = []
        for phrase in phrases:
            named = [i for i, word in enumerate(("red", "green", "blue")) if word in phrase]
            colour = colours[named].sum(axis=0) if named else np.full(3, 0.1, dtype=np.float32)
            rows.append(np.repeat(colour, 4))
        return np.stack(rows).astype(np.float32)


class FakeLayers(FakeModel):
    """Three layers of growing resolution of the same colours."""

    abilities: frozenset[Ability] = frozenset({"layer_activations"})
    layers = ("early", "middle", "late")

    def activations(self, images: torch.Tensor, layers: Sequence[str]) -> dict[str, torch.Tensor]:
        normalised = self.preprocessing.normalise(images)
        sides = {"early": 1, "middle": 2, "late": 4}
        return {name: torch.nn.functional.adaptive_avg_pool2d(normalised, sides[name]).flatten(1) for name in layers}
