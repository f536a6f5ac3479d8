"""Activations of a model's layers as an output of its own: one pass over the images, all layers in one entry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from audit.base import ImageExtractor
from audit.models.base import LayerActivations
from audit.primary_outputs import lacking, missing_images

if TYPE_CHECKING:
    import torch

    from audit.dataset import Dataset
    from audit.models.base import Model


@dataclasses.dataclass(frozen=True, kw_only=True)
class PooledLayers(ImageExtractor):
    """Pooled activations of layers: float32 (n, d) by layer, early to late.

    Parameters
    ----------
    layers
        Names of layers, or paths of modules; the model's default layers when empty.
    """

    layers: tuple[str, ...] = ()

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return the reasons when there are no images or no readable layers."""
        return missing_images(dataset) + lacking(model, "layer_activations")

    def compute(self, model: Model, images: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """Read the layers of a batch."""
        source = cast("LayerActivations", model)
        return source.activations(images, self.layers or source.layers)
