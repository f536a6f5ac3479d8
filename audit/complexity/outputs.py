"""What the complexity audit needs of a model beside embeddings and layers: its head, gradients, noise, small pixels."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from audit.base import DerivedExtractor, Extractor, ImageExtractor
from audit.device_variant import Change, DeviceVariant
from audit.models.base import Classifier, Preprocessing, TextEncoder
from audit.models.hooks import hooked
from audit.outputs import PROMPTS, PhraseEmbeddings, Probabilities, lacking, missing_images

if TYPE_CHECKING:
    import torch

    from audit.dataset import Dataset
    from audit.models.base import Model

NOISE = 0.05
"""Standard deviation of input noise, of values in [0, 1]."""

FIELDS = 64
"""Noise images that samples share; which one a sample gets depends on its id."""

SIDE = 32
"""Pixels of the side of the small images that label sharpness is measured on."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputNoise(DeviceVariant):
    """The prepared image with Gaussian noise on every pixel.

    Parameters
    ----------
    strength
        Standard deviation, of values in [0, 1].
    seed
        Seed of the noise.
    """

    strength: float = NOISE
    seed: int = 0

    def bind(self, dataset: Dataset, model: Model, preprocessing: Preprocessing) -> Change:  # noqa: ARG002
        """Return the change; the same numbers whatever the device and the batch."""
        import torch

        generator = torch.Generator().manual_seed(self.seed)
        fields = (255 * self.strength * torch.randn((FIELDS, 3, *preprocessing.size), generator=generator)).to(
            model.device
        )

        def change(images: torch.Tensor, regions: torch.Tensor | None, samples: Sequence[str]) -> torch.Tensor:  # noqa: ARG001
            chosen = [zlib.crc32(f"{self.seed}:{sample}".encode()) % FIELDS for sample in samples]
            return (images.float() + fields[chosen]).round().clamp(0, 255).to(torch.uint8)

        return change


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmallPixels(ImageExtractor):
    """The image's pixels in [0, 1] at a small size, float32 (n, 3 x side x side).

    Parameters
    ----------
    side
        Pixels of the side; the whole image is squashed to it.
    """

    uses_model: ClassVar[bool] = False
    side: int = SIDE

    def missing(self, dataset: Dataset, model: Model) -> list[str]:  # noqa: ARG002
        """Return the reason when there are no images."""
        return missing_images(dataset)

    def preprocessing(self, model: Model) -> Preprocessing:  # noqa: ARG002
        """Return the small size, whatever the model wants."""
        size = (self.side, self.side)
        return Preprocessing(
            size=size,
            resize="squash",
            resize_to=size,
            interpolation="box",
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
        )

    def compute(self, model: Model, images: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """Flatten a batch."""
        return images.float().flatten(1) / 255


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearHead(DerivedExtractor):
    """The linear map from embeddings to the dataset's classes: ``weight`` (classes, d), ``bias`` and ``unit``.

    ``unit`` is 1 where it applies to embeddings of length 1: the zero-shot head of a model that reads text.
    """

    aligned: ClassVar[bool] = False
    kept: ClassVar[bool] = True

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what keeps the head from being read."""
        reasons = super().missing(dataset, model) + Probabilities(source=self._source(model)).missing(dataset, model)
        reasons += lacking(model, "image_encoder")
        if not reasons and self._source(model) == "classifier" and classifier_head(model) is None:
            reasons.append(f"the answers of {model.name} are not a linear map of its embedding")
        return list(dict.fromkeys(reasons))

    @staticmethod
    def _source(model: Model) -> Any:
        return "classifier" if "classifier" in model.abilities else "zero-shot"

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:
        """Return the class names' embeddings for a zero-shot head."""
        if self._source(model) == "classifier":
            return ()
        phrases = tuple(name.replace("_", " ") for name in dataset.classes)
        return (PhraseEmbeddings(phrases=phrases, templates=PROMPTS),)

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the class names."""
        return {"classes": list(dataset.classes)}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Return the mapping of arrays."""
        if arrays:
            weight = np.asarray(arrays[0]) * cast("TextEncoder", model).logit_scale
            bias, unit = np.zeros(len(weight), dtype=np.float32), 1
        else:
            from audit.models.classes import match_classes

            head = classifier_head(model)
            assert head is not None
            matched = match_classes(cast("Classifier", model), dataset.classes)
            weight = np.ascontiguousarray(matched.select(head[0].T).T)
            bias, unit = matched.select(head[1][None])[0], 0
        return cast("np.ndarray", {"weight": weight, "bias": bias, "unit": np.asarray([unit])})


def classifier_head(model: Model) -> tuple[np.ndarray, np.ndarray] | None:
    """Return weight (classes, d) and bias of the linear layer that makes the logits; ``None`` without one."""
    import torch
    from torch import nn

    found = _last(model)
    if not isinstance(found, nn.Linear):
        return None
    weight = found.weight.detach().float().cpu().numpy()
    bias = found.bias if found.bias is not None else torch.zeros(len(weight))
    return weight, bias.detach().float().cpu().numpy()


def _last(model: Model) -> Any:
    """Return the module that makes the logits, ``None`` where that is not known."""
    network: Any = getattr(model, "module", None)
    if network is None or "classifier" not in model.abilities:
        return None
    path = getattr(model, "_last", "")
    if path:
        return network.get_submodule(path)
    get = getattr(network, "get_classifier", None)
    return get() if get is not None else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class AnswerGradients(ImageExtractor):
    """Gradient of the answered logit, less the mean logit, by the embedding: float32 (n, d).

    For heads that are not linear. What the last layer receives may have places (h, w); moving a channel's mean moves
    all of them, so gradients are summed over places.
    """

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what keeps gradients from being taken."""
        reasons = missing_images(dataset) + lacking(model, "classifier") + lacking(model, "image_encoder")
        if not reasons and _last(model) is None:
            reasons.append(f"{model.name} gives no gradients of its answers")
        return reasons

    def compute(self, model: Model, images: torch.Tensor) -> torch.Tensor:
        """Take the gradients of a batch."""
        import torch

        found: list[torch.Tensor] = []

        def read(_module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
            found.append(inputs[0].detach().clone().requires_grad_())
            return (found[-1], *inputs[1:])

        with hooked([(_last(model), read)], before=True), torch.inference_mode(mode=False), torch.enable_grad():
            network: Any = model
            output = network.forward_images(model.preprocessing.normalise(images.clone()))
            logits = (output if isinstance(output, torch.Tensor) else output.logits).float()
            answered = logits.max(dim=1).values - logits.mean(dim=1)
            (gradient,) = torch.autograd.grad(answered.sum(), found[-1])
        return gradient.detach().float().flatten(2).sum(dim=2) if gradient.ndim > 2 else gradient.detach().float()
