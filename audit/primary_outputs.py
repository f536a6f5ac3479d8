"""The outputs that come straight from images or with the data; everything else is derived from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from audit.base import DerivedExtractor, ImageExtractor, Variant
from audit.models.base import ABILITY_WORDS, Ability, Classifier, ImageEncoder

if TYPE_CHECKING:
    import torch

    from audit.dataset import Dataset
    from audit.models.base import Model


def lacking(model: Model, ability: Ability) -> list[str]:
    """Return the reason why a model without an ability cannot serve; empty when it has it."""
    if ability in model.abilities:
        return []
    return [f"{model.name} has no {ABILITY_WORDS[ability].removeprefix('an ').removeprefix('a ')}"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class GivenEmbeddings(DerivedExtractor):
    """Embeddings that came with the dataset, as (n, d) float32."""

    uses_model: ClassVar[bool] = False

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the array's content hash."""
        from audit.store import array_hash

        return {"embeddings": array_hash(dataset.arrays["embeddings"])}

    def missing(self, dataset: Dataset, model: Model) -> list[str]:  # noqa: ARG002
        """Return the reason when no embeddings were given."""
        if "embeddings" in dataset.arrays:
            return []
        remedy = "give --embeddings FILE or choose a model with an image encoder"
        return [f"no embeddings came with '{dataset.name}': {remedy}"]

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Return the given array."""
        return np.asarray(dataset.arrays["embeddings"], dtype=np.float32)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EncodedImages(ImageExtractor):
    """Image embeddings as the model's encoder leaves them: float32 (n, d), not normalised.

    Parameters
    ----------
    variant
        A change made to every image before; ``None`` leaves them as they are.
    """

    variant: Variant | None = None

    def image_variant(self) -> Variant | None:
        """Return the change made to every image."""
        return self.variant

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return the reasons when there are no images or no encoder."""
        return missing_images(dataset) + lacking(model, "image_encoder")

    def compute(self, model: Model, images: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        return cast("ImageEncoder", model).encode_image(images)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassLogits(ImageExtractor):
    """Logits of the model's own classes: float32 (n, classes).

    Parameters
    ----------
    variant
        A change made to every image before; ``None`` leaves them as they are.
    """

    variant: Variant | None = None

    def image_variant(self) -> Variant | None:
        """Return the change made to every image."""
        return self.variant

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return the reasons when there are no images or no classifier."""
        return missing_images(dataset) + lacking(model, "classifier")

    def compute(self, model: Model, images: torch.Tensor) -> torch.Tensor:
        """Classify a batch."""
        return cast("Classifier", model).logits(images)


def missing_images(dataset: Dataset) -> list[str]:
    """Return the reason when a dataset has no images; empty otherwise."""
    return [] if dataset.has_images else [f"'{dataset.name}' has no images"]
