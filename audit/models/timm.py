"""timm's networks: any architecture and pretrained tag, a local folder, or an architecture with local weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audit.errors import InputError
from audit.models.base import Ability, Preprocessing
from audit.models.classes import class_list, named_classes
from audit.models.layers import Layer, pooled, timm_layers
from audit.models.loading import first_line, hub, library_messages, not_available, seeded
from audit.models.network import ClassList, Network
from audit.models.options import channels, choice, integer, model_name, near, number, random_seed, size, untrained
from audit.models.preprocessing import IMAGENET_MEAN, IMAGENET_STD, RESAMPLING
from audit.models.weights import carried, load_into, read_state_dict

if TYPE_CHECKING:
    import torch
    from torch import nn

FAMILY = "timm"
title = "timm"
abilities_hint = "Image encoder, class logits and layers of any timm network."
rank = 20
options: tuple[str, ...] = (
    "num_classes",
    "class_names",
    "class_offset",
    "mean",
    "std",
    "size",
    "crop",
    "crop_mode",
    "interpolation",
    "pad_type",
    "global_pool",
    "seed",
)

CROP_MODES: Mapping[str, Literal["shortest", "squash", "longest"]] = {
    "center": "shortest",
    "squash": "squash",
    "border": "longest",
}

FILE_OPTIONS = ("num_classes", "pad_type", "mean", "std", "size", "crop", "crop_mode", "interpolation", "global_pool")
"""Options that a safetensors file may carry as metadata; the specification's own come first."""


class TimmModel(Network):
    """A timm network: pooled features before the head, logits, and the stages or blocks as layers."""

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, d): what the classification head receives."""
        if "image_encoder" not in self.abilities:
            raise self.lacks("an image encoder")
        return self.compute(self._features, images)

    def _features(self, images: torch.Tensor) -> torch.Tensor:
        network: Any = self.module
        return pooled(network.forward_head(network.forward_features(images), pre_logits=True), Layer(module=""))

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, classes)."""
        if "classifier" not in self.abilities:
            raise self.lacks("class logits")
        return self.compute(self.module, images)


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,
    dtype: str,
) -> TimmModel:
    """Load ``timm:ARCHITECTURE[.TAG]``, ``timm:FOLDER`` (config.json and weights) or ``timm:hf-hub:ORG/NAME``.

    The tag ``random`` (with ``seed``) leaves the weights untrained. With ``weights`` the architecture's are read
    from a file; the number of classes is then read from the classifier in it.

    Raises
    ------
    InputError
        If architecture, tag, options or weights do not fit.
    """
    identifier = _identifier(name)
    seed = random_seed(options, random=identifier.endswith(".random"))
    with library_messages() as messages:
        if weights is not None:
            network, options, notes = _from_file(identifier, options, weights)
        elif seed is not None:
            with seeded(seed):
                network = _create(identifier.removesuffix(".random"), _arguments(options))
            notes = untrained(seed)
        else:
            network, notes = _pretrained(identifier, options), []
    classes, assumed = _classes(network, options, certain=weights is None and seed is None)
    return TimmModel(
        module=network,
        name=model_name(FAMILY, name, weights=weights, seed=seed, options=options),
        preprocessing=preprocessing(network, options),
        device=device,
        dtype=dtype,
        abilities=_abilities(network),
        architecture=_architecture(network, options),
        libraries=("timm",),
        layers=timm_layers(network),
        classes=classes,
        notes=(*notes, *assumed, *messages),
    )


def _identifier(name: str) -> str:
    """Return the name as timm wants it; a folder gets its prefix, an unknown architecture an error."""
    import timm

    if name.startswith(("hf-hub:", "local-dir:")):
        return name
    if name and Path(name).expanduser().is_dir():
        return f"local-dir:{Path(name).expanduser()}"
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise InputError(
            f"`model` must name a timm architecture; got '{architecture}'.{near(architecture, timm.list_models())} "
            "Or give a folder with config.json and weights.",
        )
    tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in {*tags, "random"}:
        raise InputError(
            f"`model` must name a tag of {architecture} ({', '.join(tags) or 'it has none'}); got '{tag}'. "
            "'random' leaves it untrained.",
        )
    return name


def _arguments(options: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that shape the network, as timm's arguments."""
    arguments: dict[str, Any] = {
        "num_classes": integer(options, "num_classes"),
        "pad_type": choice(options, "pad_type", ("same", "")),
        "global_pool": options.get("global_pool"),
        "img_size": size(options, "size"),
    }
    return {key: value for key, value in arguments.items() if value is not None}


def _create(identifier: str, arguments: Mapping[str, Any], *, pretrained: bool = False, **overlay: Any) -> nn.Module:
    """Create a network; an argument that the architecture does not take becomes an error in plain words."""
    import timm

    arguments = dict(arguments)
    if "img_size" in arguments and not _has_fixed_size(identifier):
        del arguments["img_size"]
    try:
        network: nn.Module = timm.create_model(
            identifier,
            pretrained=pretrained,
            pretrained_cfg_overlay=overlay or None,
            **arguments,
        )
    except (TypeError, AssertionError) as error:
        given = ", ".join(f"{key}={value}" for key, value in arguments.items())
        message = f"`model` must take the options given ({given or 'none'}); '{identifier}' does not: {error}."
        raise InputError(message) from error
    return network


def _has_fixed_size(identifier: str) -> bool:
    import timm

    config = None if ":" in identifier else timm.get_pretrained_cfg(identifier.partition(".")[0])
    return bool(config is not None and config.fixed_input_size)


def _pretrained(identifier: str, options: Mapping[str, str]) -> nn.Module:
    """Create a network with the weights of its tag or folder, from the cache or the hub."""
    try:
        with hub(allowed=not identifier.startswith("local-dir:")):
            return _create(identifier, _arguments(options), pretrained=True)
    except InputError:
        raise
    except Exception as error:  # every library below has its own errors for "not there"
        if identifier.startswith("local-dir:"):
            message = f"`model` must be a folder with config.json and weights that fit; {first_line(error)}"
            raise InputError(message) from error
        architecture = identifier.partition(".")[0]
        remedy = f"Give a local file: timm:{architecture}?weights=FILE, or timm:{architecture}.random for none."
        raise not_available(f"timm:{identifier}", error, remedy) from error


def _from_file(
    identifier: str,
    options: Mapping[str, str],
    weights: Path,
) -> tuple[nn.Module, dict[str, str], list[str]]:
    """Create a network and fill it from a file; return it, the options in force and notes."""
    import timm

    if identifier.endswith(".random"):
        raise InputError(f"`weights` must be left out for random weights; got '{weights}'.")
    state = read_state_dict(weights)
    found, notes = carried(weights, FILE_OPTIONS, options)
    merged = {**found, **options}
    arguments = _arguments(merged)
    if "num_classes" not in arguments and ":" not in identifier:
        head = timm.get_pretrained_cfg(identifier.partition(".")[0])
        arguments["num_classes"] = _classes_in(state, getattr(head, "classifier", None))
    network = _create(identifier, arguments)
    remedy = "Check the architecture, num_classes and size."
    try:
        load_into(network, state, source=weights.name, remedy=remedy)
    except InputError as mismatch:
        network = _converted(identifier, arguments, state, mismatch)
        notes.append(f"{weights.name} was converted from its authors' layout by timm.")
    return network, merged, notes


def _classes_in(state: Mapping[str, torch.Tensor], classifier: Any) -> int:
    """Return the number of rows of the classifier's weight; 0 when the file has none."""
    head = classifier[0] if isinstance(classifier, tuple | list) else classifier
    weight = state.get(f"{head}.weight")
    return 0 if weight is None else int(weight.shape[0])


def _converted(
    identifier: str,
    arguments: Mapping[str, Any],
    state: dict[str, torch.Tensor],
    mismatch: InputError,
) -> nn.Module:
    """Create a network through timm's own conversion of foreign layouts and position embeddings."""
    try:
        overlay = {"num_classes": arguments.get("num_classes"), "state_dict": state}
        network = _create(identifier, arguments, pretrained=True, **{k: v for k, v in overlay.items() if v is not None})
    except Exception as error:  # timm's conversion fails in as many ways as there are layouts
        raise mismatch from error
    network.pretrained_cfg.pop("state_dict", None)  # type: ignore[operator, union-attr]
    return network


def preprocessing(network: nn.Module, options: Mapping[str, str]) -> Preprocessing:
    """Return the preprocessing of timm's evaluation transform, the specification's options first."""
    from timm.data.config import resolve_data_config

    config: dict[str, Any] = resolve_data_config(model=network)  # type: ignore[no-untyped-call]
    height, width = size(options, "size") or tuple(config["input_size"][-2:])
    crop = number(options, "crop", low=0.05, high=100.0) or config["crop_pct"]
    crop = crop / 100 if crop > 4 else crop
    mode = choice(options, "crop_mode", tuple(CROP_MODES)) or config["crop_mode"]
    mean = channels(options, "mean") or tuple(config["mean"] or IMAGENET_MEAN)
    return Preprocessing(
        size=(height, width),
        resize=CROP_MODES[mode],
        resize_to=(math.floor(height / crop), math.floor(width / crop)),
        interpolation=choice(options, "interpolation", tuple(RESAMPLING)) or config["interpolation"],  # type: ignore[arg-type]
        mean=mean,
        std=channels(options, "std") or tuple(config["std"] or IMAGENET_STD),
        fill=(round(255 * mean[0]), round(255 * mean[1]), round(255 * mean[2])) if mode == "border" else 0,
    )


def _classes(network: nn.Module, options: Mapping[str, str], *, certain: bool) -> tuple[ClassList, list[str]]:
    n = int(getattr(network, "num_classes", 0) or 0)
    names = getattr(network, "pretrained_cfg", {}).get("label_names")
    if n == 0:
        if "class_names" in options:
            raise InputError("`class_names` must be left out for a network without a classifier.")
        return ClassList(), []
    if names and len(names) == n and "class_names" not in options:
        return named_classes(names), []
    return class_list(options, n, certain=certain)


def _abilities(network: nn.Module) -> frozenset[Ability]:
    import inspect

    found: set[Ability] = set()
    head = getattr(network, "forward_head", None)
    if head is not None and "pre_logits" in inspect.signature(head).parameters:
        found.add("image_encoder")
    if getattr(network, "num_classes", 0):
        found.add("classifier")
    return frozenset(found)


def _architecture(network: nn.Module, options: Mapping[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
    shaping = {key: options[key] for key in ("pad_type", "global_pool", "size") if key in options}
    return {"family": FAMILY, "architecture": config.get("architecture", type(network).__name__), **shaping}
