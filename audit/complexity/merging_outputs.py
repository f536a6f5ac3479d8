"""Merging of channels as outputs: which channels merge at which threshold, and what the merged model answers."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from audit.base import DerivedExtractor, Extractor, ImageExtractor
from audit.complexity.channel_groups import ChannelGroup, channel_groups
from audit.complexity.merging import Merging, merge_into, merge_order
from audit.models.base import Classifier, TextEncoder
from audit.outputs import PROMPTS, PhraseEmbeddings, Predictions, Probabilities, lacking, missing_images, unit_rows

if TYPE_CHECKING:
    import torch

    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs

WIDEST = 4096
"""Channels of a group that is merged at most: the distances of all pairs are held."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MergingCurves(DerivedExtractor):
    """At which threshold channels merge: ``name``, ``width`` and ``homogeneous`` by group, ``threshold`` joined."""

    aligned: ClassVar[bool] = False
    kept: ClassVar[bool] = True

    def missing(self, dataset: Dataset, model: Model) -> list[str]:  # noqa: ARG002
        """Return the reason when the model's weights cannot be read."""
        return [] if _readable(model) else [f"the weights of {model.name} cannot be read"]

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Merge every group of channels to the end; an empty mapping's arrays where there are none."""
        found = mergings(model)
        thresholds = [merging.threshold for merging in found]
        return cast(
            "np.ndarray",
            {
                "name": np.asarray([merging.group.name for merging in found], dtype=np.str_),
                "width": np.asarray([merging.group.width for merging in found], dtype=np.int64),
                "homogeneous": np.asarray([merging.group.homogeneous for merging in found], dtype=bool),
                "threshold": np.concatenate(thresholds) if thresholds else np.zeros(0),
            },
        )


def _readable(model: Model) -> bool:
    return hasattr(model, "module") and hasattr(model, "forward_images")


def groups_of(model: Model) -> list[ChannelGroup]:
    """Return the groups of channels of the part of a model that sees images."""
    import torch

    network: Any = model
    height, width = model.preprocessing.size
    blank = torch.zeros((1, 3, height, width), dtype=torch.uint8, device=model.device)

    def forward() -> None:
        network.forward_images(model.preprocessing.normalise(blank))

    return [group for group in channel_groups(network.module, forward) if group.width <= WIDEST]


def mergings(model: Model) -> list[Merging]:
    """Return the order of merging of every group."""
    network: Any = model
    return [merge_order(group, network.module) for group in groups_of(model)]


@functools.lru_cache(maxsize=2)
def _merged(model: Any, beta: float) -> Model:
    network = copy.copy(model)
    network.module = copy.deepcopy(network.module)
    if hasattr(network, "_network"):
        network._network = network.module  # noqa: SLF001 - the copy's own second name of its network
    for merging in mergings(model):
        merge_into(network.module, merging, beta)
    return cast("Model", network)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MergedOutput(ImageExtractor):
    """Logits (of a classifier) or embeddings (of an encoder) of the merged model, float32 (n, d).

    Parameters
    ----------
    beta
        Threshold of merging.
    """

    beta: float

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what keeps the merged model from answering."""
        able = {"classifier", "image_encoder"} & model.abilities
        reasons = missing_images(dataset) + ([] if able else lacking(model, "classifier"))
        return reasons if _readable(model) else [*reasons, f"the weights of {model.name} cannot be read"]

    def compute(self, model: Model, images: torch.Tensor) -> torch.Tensor:
        """Run the merged model on a batch."""
        network: Any = model
        merged = cast("Any", _merged(network, self.beta))
        return cast(
            "torch.Tensor", merged.logits(images) if "classifier" in model.abilities else merged.encode_image(images)
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class MergedAnswers(DerivedExtractor):
    """The class that the merged model answers, as an index of the dataset's classes, int64 (n,).

    Parameters
    ----------
    beta
        Threshold of merging.
    """

    beta: float

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:
        """Return the merged model's rows, and class names for a zero-shot model."""
        if "classifier" in model.abilities:
            return (MergedOutput(beta=self.beta),)
        phrases = tuple(name.replace("_", " ") for name in dataset.classes)
        return (MergedOutput(beta=self.beta), PhraseEmbeddings(phrases=phrases, templates=PROMPTS))

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what the inputs or the classes lack."""
        source: Any = "classifier" if "classifier" in model.abilities else "zero-shot"
        reasons = super().missing(dataset, model) + Probabilities(source=source).missing(dataset, model)
        return list(dict.fromkeys(reasons))

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the class names."""
        return {"classes": list(dataset.classes)}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Return the arg max."""
        if "classifier" in model.abilities:
            from audit.models.classes import match_classes

            logits = match_classes(cast("Classifier", model), dataset.classes).select(arrays[0])
        else:
            logits = unit_rows(arrays[0]) @ arrays[1].T * cast("TextEncoder", model).logit_scale
        return np.asarray(np.argmax(logits, axis=1), dtype=np.int64)


def merged_agreement(outputs: ModelOutputs, betas: tuple[float, ...]) -> dict[float, tuple[float, float]]:
    """Return accuracy of the merged model and its agreement with the unmerged one, by threshold."""
    dataset = outputs.dataset
    names = np.asarray(dataset.classes, dtype=np.str_)
    found = {}
    for beta in betas:
        merged = names[np.asarray(outputs[MergedAnswers(beta=beta)])]
        truth = dataset.column("label").astype("str").to_numpy(dtype=np.str_)
        before = np.asarray(outputs[Predictions()])
        found[beta] = (float((merged == truth).mean()), float((merged == before).mean()))
    return found
