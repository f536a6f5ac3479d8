"""Backgrounds named by the model itself, for data that does not say them; a person can correct them.

Corrections come as a column of the metadata (``background_corrected``), which overrides whatever was there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from audit.base import DerivedExtractor, Extractor
from audit.outputs import Embeddings, PhraseEmbeddings, lacking, unit_rows

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model, TextEncoder

VOCABULARY: tuple[str, ...] = (
    "ground",
    "water",
    "earth",
    "sand",
    "snow",
    "grass",
    "human",
    "sky",
    "road",
    "rock",
    "shrub",
    "indoor",
    "tree",
    "outdoor",
)
"""The backgrounds of CounterAnimal."""

TEMPLATE = "a photo with {} in the background"
CORRECTED = "background_corrected"
"""Column of corrections."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BackgroundProbabilities(DerivedExtractor):
    """How likely each background is by the model's own comparison of image and words: float32 (n, backgrounds).

    Parameters
    ----------
    backgrounds
        Words to choose from.
    template
        Sentence with one ``{}``.
    """

    backgrounds: tuple[str, ...] = VOCABULARY
    template: str = TEMPLATE

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return embeddings of images and words."""
        return Embeddings(), PhraseEmbeddings(phrases=self.backgrounds, templates=(self.template,))

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return the reasons when the model cannot compare images with words."""
        reasons = lacking(model, "image_encoder") + lacking(model, "text_encoder")
        return reasons or super().missing(dataset, model)

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the words: all else is in the inputs."""
        return {"backgrounds": list(self.backgrounds)}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Return the softmax of the scaled cosines."""
        from audit.outputs import softmax

        images, words = arrays
        return softmax(unit_rows(images) @ words.T * cast("TextEncoder", model).logit_scale)
