"""What a model can do, as small protocols, and the preprocessing its weights expect."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    import torch
    from PIL import Image

Ability = Literal[
    "image_encoder",
    "text_encoder",
    "classifier",
    "layer_activations",
    "captioner",
    "language_model",
]

ABILITY_WORDS: Mapping[Ability, str] = {
    "image_encoder": "an image encoder",
    "text_encoder": "a text encoder",
    "classifier": "class logits",
    "layer_activations": "readable layers",
    "captioner": "a captioner",
    "language_model": "a language model",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How the weights want an image: resized and cropped on the CPU, normalised on the device.

    Parameters
    ----------
    size
        (height, width) of the model's input in pixels.
    resize
        ``shortest``: the shorter side becomes ``resize_to``; ``squash``: both sides become ``resize_to``;
        ``longest``: the longer side becomes ``resize_to`` and the rest is padded.
    resize_to
        Pixels before cropping; equal to ``size`` when there is no margin.
    interpolation
        Pillow's name: nearest, bilinear, bicubic, lanczos, box, hamming.
    mean, std
        Per channel, for values in [0, 1].
    fill
        Value (0-255) of padding, one for all channels or one a channel.
    crop_offset
        How half a pixel is rounded when the crop is centered: ``nearest`` (to even, as torchvision, open_clip
        and timm do) or ``down`` (as transformers does).
    """

    size: tuple[int, int]
    resize: Literal["shortest", "squash", "longest"] = "shortest"
    resize_to: tuple[int, int]
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"] = "bicubic"
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    fill: int | tuple[int, int, int] = 0
    crop_offset: Literal["nearest", "down"] = "nearest"

    def prepare(self, image: Image.Image) -> np.ndarray:
        """Return the uint8 (height, width, 3) array of an RGB image, resized and cropped as the weights expect."""
        from audit.models.preprocessing import resize_and_crop

        return resize_and_crop(image, self)

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """Return float (b, 3, h, w) on the same device: ``(x / 255 - mean) / std``."""
        from audit.models.preprocessing import normalise

        return normalise(images, self)


@runtime_checkable
class Model(Protocol):
    """What every model has; the abilities say which of the further protocols it fulfils."""

    name: str
    """Its specification, e.g. ``timm:resnet50.a1_in1k``."""
    fingerprint: str
    """Hash of the weights' content, the preprocessing and the class of number format."""
    device: str
    dtype: str
    preprocessing: Preprocessing
    abilities: frozenset[Ability]
    notes: tuple[str, ...]
    """What the reader of a result should know (QuickGELU, missing keys ...)."""

    def provenance(self) -> dict[str, Any]:
        """Return name, fingerprint, device, dtype, preprocessing and library versions, as plain data."""


@runtime_checkable
class ImageEncoder(Model, Protocol):
    """Images to vectors."""

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, d) embeddings, not normalised, of uint8 (b, 3, h, w) images on the device."""


@runtime_checkable
class TextEncoder(Model, Protocol):
    """Phrases to vectors of the image encoder's space."""

    logit_scale: float
    """Factor on the cosine before the softmax of a zero-shot prediction."""

    def encode_text(self, phrases: Sequence[str]) -> np.ndarray:
        """Return float32 (n, d) embeddings, not normalised."""


@runtime_checkable
class Classifier(Model, Protocol):
    """Images to class logits."""

    class_names: tuple[str, ...]
    """One name a logit; empty when unknown."""

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, classes) of uint8 (b, 3, h, w) images on the device."""


@runtime_checkable
class LayerActivations(Model, Protocol):
    """Activations of named layers."""

    layers: tuple[str, ...]
    """Default layers, early to late."""

    def activations(self, images: torch.Tensor, layers: Sequence[str]) -> dict[str, torch.Tensor]:
        """Return float32 (b, d_layer) pooled activations by layer name of uint8 (b, 3, h, w) images."""


@runtime_checkable
class Captioner(Model, Protocol):
    """Images to sentences."""

    def caption(self, images: Sequence[Image.Image]) -> list[str]:
        """Return one sentence an image."""


@runtime_checkable
class LanguageModel(Protocol):
    """Text to text."""

    def complete(self, prompt: str, *, schema: Mapping[str, Any] | None = None) -> str:
        """Return the answer to a prompt, as JSON of the schema where one is given."""
