"""A loaded torch network: the part that every family shares."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from audit.errors import InputError
from audit.models.base import Ability, Preprocessing
from audit.models.dense import DenseMap, LinearHead, choose_dense, find_dense, linear_head, read_dense
from audit.models.device import placement
from audit.models.layers import Layer, capture, last_layer, named_layers
from audit.models.loading import versions
from audit.models.weights import content_hash

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassList:
    """What a classifier's logits stand for.

    Parameters
    ----------
    names
        One name a logit, synonyms separated by commas; empty when unknown.
    aliases
        Further names a logit (WordNet ids), aligned to ``names``.
    offset
        Number of leading logits that are no class of the list, e.g. 1 for a background logit: the class of
        index i is logit i + offset.
    """

    names: tuple[str, ...] = ()
    aliases: tuple[tuple[str, ...], ...] = ()
    offset: int = 0


Answer = TypeVar("Answer")


class Network:
    """A torch network on its device, with what its weights expect and what a reader should know.

    Parameters
    ----------
    module
        The network; put into evaluation mode and moved to the device.
    name
        Its specification.
    preprocessing
        The weights' own.
    device, dtype
        As the user wished; resolved here.
    abilities
        What it can do.
    architecture
        Everything beside the weights that changes the numbers (options, activation function ...): plain data,
        part of the fingerprint.
    libraries
        Packages whose versions belong to the provenance.
    layers
        Where named layers are read, early to late.
    classes
        What the logits stand for.
    notes
        What the reader of a result should know.
    """

    def __init__(
        self,
        *,
        module: nn.Module,
        name: str,
        preprocessing: Preprocessing,
        device: str,
        dtype: str,
        abilities: frozenset[Ability],
        architecture: Mapping[str, Any],
        libraries: Sequence[str],
        layers: Mapping[str, Layer] | None = None,
        classes: ClassList | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.device, self.dtype = placement(device, dtype)
        self.name = name
        self.preprocessing = preprocessing
        self.notes = tuple(notes)
        self.architecture = dict(architecture)
        self.weights_hash = content_hash(module.state_dict())
        classes = classes or ClassList()
        self.class_names = classes.names
        self.class_aliases = classes.aliases
        self.class_offset = classes.offset
        self._layers = dict(layers or {})
        self.layers = tuple(self._layers)
        self.abilities: frozenset[Ability] = abilities | ({"layer_activations"} if self._layers else set())
        self.fingerprint = self._fingerprint()
        self._libraries = ("torch", *libraries)
        self.module = module.eval().requires_grad_(requires_grad=False).to(self.device)

    def _fingerprint(self) -> str:
        facts = {
            "weights": self.weights_hash,
            "architecture": self.architecture,
            "preprocessing": dataclasses.asdict(self.preprocessing),
            "dtype": self.dtype,
            "classes": [self.class_names, self.class_offset],
        }
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def provenance(self) -> dict[str, Any]:
        """Return name, fingerprint, weights' hash, device, dtype, preprocessing, notes and library versions."""
        import torch

        hardware = torch.cuda.get_device_name(self.device) if self.device.startswith("cuda") else self.device
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "weights": self.weights_hash,
            "architecture": self.architecture,
            "device": self.device,
            "hardware": hardware,
            "dtype": self.dtype,
            "preprocessing": dataclasses.asdict(self.preprocessing),
            "notes": list(self.notes),
            "versions": versions(*self._libraries),
        }

    def compute(self, function: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor) -> torch.Tensor:
        """Return a function of the normalised images as float32, without gradients, in the model's number format.

        Parameters
        ----------
        function
            From float32 (b, 3, h, w) to any tensor.
        images
            uint8 (b, 3, h, w) on the model's device.
        """
        import torch

        with torch.inference_mode(), self.autocast():
            return function(self.preprocessing.normalise(images)).float()

    def autocast(self) -> torch.autocast:
        """Return the context in which the network computes: its own number format, or float32 unchanged."""
        import torch

        kind = self.device.partition(":")[0]
        if self.dtype == "float32":
            return torch.autocast(kind, enabled=False)
        return torch.autocast(kind, dtype=getattr(torch, self.dtype))

    def activations(self, images: torch.Tensor, layers: Sequence[str]) -> dict[str, torch.Tensor]:
        """Return float32 (b, d_layer) pooled activations by layer name of uint8 (b, 3, h, w) images.

        Raises
        ------
        InputError
            If a layer is unknown.
        """
        import torch

        wanted = named_layers(layers, self._layers, self.module, self.name)
        with torch.inference_mode(), self.autocast():
            normalised = self.preprocessing.normalise(images)
            return capture(self.module, wanted, lambda: self.forward_images(normalised))

    @functools.cached_property
    def dense(self) -> tuple[DenseMap, LinearHead | None]:
        """Where features by place are read, and the linear head on their mean where the network has one.

        Raises
        ------
        InputError
            If the network has no features with rows and columns.
        """
        import torch

        height, width = self.preprocessing.size
        noise = torch.randint(0, 256, (2, 3, height, width), generator=torch.Generator().manual_seed(0))
        with torch.inference_mode(), torch.autocast(self.device.partition(":")[0], enabled=False):
            shown = self.preprocessing.normalise(noise.to(torch.uint8).to(self.device))
            places = find_dense(self.module, lambda: self.forward_images(shown), self._layers, (height, width))
            place = choose_dense(places, self.name)
            if "classifier" not in self.abilities:
                return place, None
            output: Any = self.module(shown)
            logits = getattr(output, "logits", output)
            path = last_layer(self.module, int(logits.shape[-1]))
            last = self.module.get_submodule(path) if path else None
            for candidate in dict.fromkeys((places[0], place)):
                features = read_dense(self.module, candidate, lambda: self.forward_images(shown))
                head = linear_head(last, features, logits.float())
                if head is not None:
                    return candidate, head
            return place, None

    def patch_features(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, h, w, d), one vector a place, of uint8 (b, 3, H, W) images."""
        import torch

        place, _ = self.dense
        with torch.inference_mode(), self.autocast():
            shown = self.preprocessing.normalise(images)
            return read_dense(self.module, place, lambda: self.forward_images(shown))

    def patch_features_during(self, run: Callable[[], Answer]) -> tuple[torch.Tensor, Answer]:
        """Return float32 (b, h, w, d) features by place of a pass that the model makes anyway, and what it returns.

        Parameters
        ----------
        run
            Sends one batch through the network, for instance for its logits.
        """
        place, _ = self.dense
        answers: list[Answer] = []
        features = read_dense(self.module, place, lambda: answers.append(run()))
        return features, answers[0]

    def forward_images(self, images: torch.Tensor) -> object:
        """Run the part of the network that sees images; layers are read on the way."""
        return self.module(images)

    def lacks(self, ability: str) -> InputError:
        """Return the error for a method that this model's weights do not support."""
        able = ", ".join(sorted(self.abilities)) or "none"
        return InputError(f"`model` must have {ability}; {self.name} has not (its abilities: {able}).")
