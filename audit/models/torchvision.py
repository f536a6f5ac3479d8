"""torchvision's classifiers: any architecture and set of weights, or an architecture with local weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.models.base import Ability, Preprocessing
from audit.models.classes import class_list, named_classes
from audit.models.layers import Layer, captured_input, last_layer, token_layers
from audit.models.loading import library_messages, not_available, seeded
from audit.models.network import ClassList, Network
from audit.models.options import channels, choice, integer, model_name, near, number, random_seed, size, untrained
from audit.models.preprocessing import IMAGENET_MEAN, IMAGENET_STD, RESAMPLING
from audit.models.weights import carried, load_into, read_state_dict

if TYPE_CHECKING:
    import torch
    from torch import nn

FAMILY = "torchvision"
title = "torchvision"
abilities_hint = "Class logits, the features before the last layer, and layers of any torchvision classifier."
rank = 40
options: tuple[str, ...] = (
    "num_classes",
    "class_names",
    "class_offset",
    "mean",
    "std",
    "size",
    "crop",
    "interpolation",
    "seed",
)

FILE_OPTIONS = ("num_classes", "mean", "std", "size", "interpolation")
"""Options that a safetensors file may carry as metadata; the specification's own come first."""

OWN_INPUT = ("googlenet", "inception_v3")
"""Networks whose published weights expect the input to be shifted inside the network."""

STAGES = ("features", "trunk_output", "blocks", "layers")
"""Modules that hold a network's stages, by architecture."""


class TorchvisionModel(Network):
    """A torchvision classifier.

    Parameters
    ----------
    last
        Path of the layer that makes the logits; the features are what it receives.
    settings
        Those of :class:`audit.models.network.Network`.
    """

    def __init__(self, *, last: str, **settings: Any) -> None:
        abilities: frozenset[Ability] = frozenset({"image_encoder", "classifier"} if last else {"classifier"})
        super().__init__(abilities=abilities, libraries=("torchvision",), **settings)
        self._last = last

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, d): what the last layer receives, averaged over space where it is a convolution."""
        if not self._last:
            raise self.lacks("an image encoder")
        return self.compute(lambda x: captured_input(self.module, self._last, lambda: self.module(x)), images)

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, classes)."""
        return self.compute(self.module, images)


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,
    dtype: str,
) -> TorchvisionModel:
    """Load ``torchvision:ARCHITECTURE[.WEIGHTS]``, e.g. ``torchvision:resnet50.IMAGENET1K_V2``.

    The tag ``random`` (with ``seed``) leaves the weights untrained. With ``weights`` they are read from a file; the
    preprocessing is that of the architecture's (or the tag's) published weights unless options say otherwise.

    Raises
    ------
    InputError
        If architecture, tag, options or weights do not fit.
    """
    architecture, _, tag = name.partition(".")
    published = _published(architecture, tag)
    seed = random_seed(options, random=tag == "random")
    with library_messages() as messages:
        if weights is not None:
            network, options, notes = _from_file(architecture, options, weights)
        elif seed is not None:
            with seeded(seed):
                network, notes = _create(architecture, integer(options, "num_classes")), untrained(seed)
        else:
            network, notes = _pretrained(architecture, published, options), []
    last = last_layer(network, _count(network))
    classes, assumed = _classes(network, options, published if weights is None else None)
    return TorchvisionModel(
        last=last,
        module=network,
        name=model_name(FAMILY, name, weights=weights, seed=seed, options=options),
        preprocessing=preprocessing(published, options),
        device=device,
        dtype=dtype,
        architecture={"family": FAMILY, "architecture": architecture, "shifted": architecture in OWN_INPUT},
        layers=stages(network, architecture, last),
        classes=classes,
        notes=(*notes, *assumed, *messages),
    )


def _published(architecture: str, tag: str) -> Any:
    """Return the named (or the default) published weights; ``None`` where torchvision has none."""
    import torchvision

    known = torchvision.models.list_models(module=torchvision.models)
    if architecture not in known:
        raise InputError(
            f"`model` must name a torchvision classifier; got '{architecture}'.{near(architecture, known)}",
        )
    enum = torchvision.models.get_model_weights(architecture)
    if tag and tag != "random":
        if tag not in enum.__members__:
            raise InputError(
                f"`model` must name weights of {architecture} ({', '.join(enum.__members__)}, random); got '{tag}'.",
            )
        return enum[tag]
    return getattr(enum, "DEFAULT", None)


def _create(architecture: str, classes: int | None) -> nn.Module:
    import torchvision

    arguments: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    if architecture in OWN_INPUT:
        arguments |= {"transform_input": True, "init_weights": True}
    network: nn.Module = torchvision.models.get_model(architecture, weights=None, **arguments)
    return network


def _pretrained(architecture: str, published: Any, options: Mapping[str, str]) -> nn.Module:
    import torchvision

    if published is None:
        raise InputError(f"`weights` must be a file for {architecture}: torchvision has published none.")
    if "num_classes" in options:
        raise InputError("`num_classes` must be left out with published weights; give weights=FILE with it.")
    try:
        network: nn.Module = torchvision.models.get_model(architecture, weights=published, progress=False)
    except OSError as error:
        remedy = f"Give a local file: torchvision:{architecture}?weights=FILE."
        raise not_available(f"torchvision:{architecture}.{published.name}", error, remedy) from error
    return network


def _from_file(
    architecture: str, options: Mapping[str, str], weights: Path
) -> tuple[nn.Module, Mapping[str, str], list[str]]:
    """Create a network and fill it from a file; return it, the options in force and notes."""
    state = read_state_dict(weights)
    found, notes = carried(weights, FILE_OPTIONS, options)
    options = {**found, **options}
    plain = _create(architecture, None)
    classes = integer(options, "num_classes")
    if classes is None:
        key = f"{last_layer(plain, _count(plain))}.weight"
        classes = int(state[key].shape[0]) if key in state else None
    network = plain if classes in {None, _count(plain)} else _create(architecture, classes)
    load_into(network, state, source=weights.name, remedy="Check the architecture and num_classes.")
    if architecture in OWN_INPUT:
        notes.append("The network shifts its input as torchvision's published weights expect.")
    return network, options, notes


def _count(network: nn.Module) -> int:
    """Return the number of logits: the outputs of the last linear layer, or of squeezenet's last convolution."""
    from torch import nn

    found = 0
    for module in network.modules():
        if isinstance(module, nn.Linear):
            found = module.out_features
    return found or int(getattr(network, "num_classes", 0))


def _classes(network: nn.Module, options: Mapping[str, str], published: Any) -> tuple[ClassList, list[str]]:
    n = _count(network)
    names = published.meta.get("categories") if published is not None else None
    if names and len(names) == n and "class_names" not in options:
        return named_classes(names), []
    return class_list(options, n, certain=False)


def preprocessing(published: Any, options: Mapping[str, str]) -> Preprocessing:
    """Return the preprocessing of published weights, the specification's options first.

    ``crop`` is the share of the resized shorter side that the crop keeps, 1 for no margin.
    """
    own = published.transforms() if published is not None else None
    crop_size = own.crop_size[0] if own is not None else 224
    resize_size = own.resize_size[0] if own is not None else 256
    height, width = size(options, "size") or (crop_size, crop_size)
    crop = number(options, "crop", low=0.05, high=4.0) or crop_size / resize_size
    return Preprocessing(
        size=(height, width),
        resize_to=(math.floor(height / crop), math.floor(width / crop)),
        interpolation=choice(options, "interpolation", tuple(RESAMPLING))  # type: ignore[arg-type]
        or (own.interpolation.value if own is not None else "bilinear"),
        mean=channels(options, "mean") or (tuple(own.mean) if own is not None else IMAGENET_MEAN),
        std=channels(options, "std") or (tuple(own.std) if own is not None else IMAGENET_STD),
    )


def stages(network: Any, architecture: str, last: str) -> dict[str, Layer]:
    """Return the network's stages, early to late; the blocks of a vision transformer by class token and patches."""
    blocks = getattr(getattr(network, "encoder", None), "layers", None)
    if blocks is not None:
        paths = [f"encoder.layers.{name}" for name, _ in blocks.named_children()]
        names = [f"blocks.{i}" for i in range(len(paths))]
        return token_layers(paths, names, prefix=1, has_class_token=True)
    holder = next((name for name in STAGES if hasattr(network, name)), "")
    named = network.get_submodule(holder).named_children()
    learned = [name for name, child in named if next(child.parameters(), None) is not None]
    paths = [f"{holder}.{name}" if holder else name for name in learned]
    kept = [path for path in paths if not last.startswith(path) and not path.lower().startswith("aux")]
    channels_last = architecture.startswith("swin")
    return {path: Layer(module=path, channels_last=channels_last) for path in kept}
