"""open_clip's contrastive models: any architecture and pretrained tag, a local folder, a hub name, or local weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from audit.errors import InputError
from audit.models.base import Ability, Preprocessing
from audit.models.layers import Layer, timm_layers, token_layers
from audit.models.loading import first_line, hub, library_messages, not_available, seeded
from audit.models.network import Network
from audit.models.options import channels, choice, flag, model_name, near, random_seed, size, untrained
from audit.models.weights import load_into, read_state_dict

if TYPE_CHECKING:
    import torch
    from torch import nn

FAMILY = "open_clip"
title = "open_clip"
abilities_hint = "Image and text encoder (zero-shot classification) and layers of any open_clip model."
rank = 10
options: tuple[str, ...] = ("quick_gelu", "seed", "size", "mean", "std", "interpolation", "resize")

TEXT_BATCH = 256
"""Phrases encoded at once."""


class OpenClipModel(Network):
    """A contrastive model: images and phrases to one space.

    Parameters
    ----------
    tokenizer
        From a list of phrases to token ids; ``None`` where it is not available.
    settings
        Those of :class:`audit.models.network.Network`.
    """

    def __init__(self, *, tokenizer: Callable[[list[str]], torch.Tensor] | None, **settings: Any) -> None:
        abilities: set[Ability] = {"image_encoder"} if tokenizer is None else {"image_encoder", "text_encoder"}
        super().__init__(abilities=frozenset(abilities), libraries=("open_clip_torch",), **settings)
        self._tokenizer = tokenizer
        self.logit_scale = float(cast("torch.Tensor", self.module.logit_scale).exp().item())

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, d) embeddings, not normalised."""
        return self.compute(cast("Any", self.module).encode_image, images)

    def encode_text(self, phrases: Sequence[str]) -> np.ndarray:
        """Return float32 (n, d) embeddings, not normalised."""
        import torch

        if self._tokenizer is None:
            raise self.lacks("a text encoder")
        parts = []
        for start in range(0, len(phrases), TEXT_BATCH):
            tokens = self._tokenizer(list(phrases[start : start + TEXT_BATCH])).to(self.device)
            with torch.inference_mode(), self.autocast():
                parts.append(cast("Any", self.module).encode_text(tokens).float().cpu().numpy())
        return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)

    def forward_images(self, images: torch.Tensor) -> object:
        """Run the image tower."""
        return cast("Any", self.module).encode_image(images)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Source:
    """What a name stands for: the configuration open_clip builds, where its weights are, and how they were trained.

    Parameters
    ----------
    model
        Architecture, or ``local-dir:`` or ``hf-hub:`` and a place.
    tag
        Pretrained tag, ``random``, or empty.
    trained
        open_clip's record of the tag (mean, std, quick_gelu ...); empty without a tag.
    """

    model: str
    tag: str = ""
    trained: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,
    dtype: str,
) -> OpenClipModel:
    """Load ``open_clip:ARCHITECTURE/TAG``, ``open_clip:FOLDER`` or ``open_clip:hf-hub:ORG/NAME``.

    A folder holds open_clip_config.json and weights. The tag ``random`` (with ``seed``) leaves the weights
    untrained. With ``weights`` they are read from a file; a tag then only says how they were trained (mean, std,
    QuickGELU).

    Raises
    ------
    InputError
        If architecture, tag, options or weights do not fit.
    """
    source = _source(name, weights)
    seed = random_seed(options, random=source.tag == "random")
    networked = weights is None and source.tag != "random" and not source.model.startswith("local-dir:")
    with library_messages() as messages, hub(allowed=networked):
        quick_gelu, notes = _quick_gelu(source, options, weights)
        try:
            with seeded(seed or 0):
                network = _create(source, options, quick_gelu)
            state_file = weights or _checkpoint(source)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            if isinstance(error, InputError):
                raise
            remedy = "Give a local file, open_clip:ARCHITECTURE?weights=FILE, or a folder with open_clip_config.json."
            raise not_available(f"open_clip:{name}", error, remedy) from error
        if state_file is not None:
            _fill(network, state_file)
        tokenizer, lost = _tokenizer(source)
    said = [message for message in messages if not message.startswith("No pretrained weights loaded")]
    return OpenClipModel(
        module=network,
        tokenizer=tokenizer,
        name=model_name(FAMILY, name, weights=weights, seed=seed, options=options),
        preprocessing=preprocessing(network, options),
        device=device,
        dtype=dtype,
        architecture=_architecture(source, quick_gelu=quick_gelu),
        layers=visual_layers(network),
        notes=(*untrained(seed), *notes, *lost, *said),
    )


def _source(name: str, weights: Path | None) -> _Source:
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

    if name.startswith(("hf-hub:", "local-dir:")):
        return _Source(model=name)
    if name and Path(name).expanduser().is_dir():
        folder = Path(name).expanduser()
        if not (folder / "open_clip_config.json").is_file():
            raise InputError(f"`model` must be a folder with open_clip_config.json and weights; '{folder}' has none.")
        return _Source(model=f"local-dir:{folder}")
    architecture, _, tag = name.partition("/")
    known = open_clip.list_models()
    if architecture not in known:
        raise InputError(
            f"`model` must name an open_clip architecture; got '{architecture}'.{near(architecture, known)} "
            "Or give a folder with open_clip_config.json.",
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag == "random" and weights is not None:
        raise InputError(f"`weights` must be left out for random weights; got '{weights}'.")
    if tag not in {*tags, "random"} and (tag or weights is None):
        raise InputError(
            f"`model` must name a tag of {architecture} ({', '.join(tags) or 'it has none'}); got '{tag}'. "
            f"Write open_clip:{architecture}/TAG, add ?weights=FILE, or take the tag 'random' for untrained weights.",
        )
    return _Source(model=architecture, tag=tag, trained=get_pretrained_cfg(architecture, tag) if tag else {})


def _quick_gelu(source: _Source, options: Mapping[str, str], weights: Path | None) -> tuple[bool, list[str]]:
    """Return whether the network computes QuickGELU, and a note where that is not what its configuration says."""
    import open_clip

    configured = bool((open_clip.get_model_config(source.model) or {}).get("quick_gelu", False))
    wished = flag(options, "quick_gelu")
    if wished is not None:
        return wished, []
    if source.trained:
        trained = bool(source.trained.get("quick_gelu", False))
        if trained == configured:
            return trained, []
        mismatch = (
            f"QuickGELU mismatch: the weights '{source.tag}' were trained {'with' if trained else 'without'} "
            f"QuickGELU, the architecture {source.model} is configured otherwise; the weights' own was used."
        )
        return trained, [mismatch]
    if weights is not None and ":" not in source.model and not configured:
        unknown = (
            "The file does not say whether its weights were trained with QuickGELU (OpenAI's were): GELU was used; "
            f"name the tag (open_clip:{source.model}/TAG) or add quick_gelu=true if they were."
        )
        return False, [unknown]
    return configured, []


def _create(source: _Source, options: Mapping[str, str], quick_gelu: bool) -> nn.Module:
    """Build the network without weights, for its own input size or that of the options."""
    import open_clip

    own = ("mean", "std", "interpolation", "resize_mode", "fill_color")
    network: nn.Module = open_clip.create_model(
        source.model,
        load_weights=False,
        pretrained_text=False,
        force_image_size=size(options, "size"),
        force_preprocess_cfg={key: source.trained[key] for key in own if source.trained.get(key) is not None},
        quick_gelu=quick_gelu,
    )
    return network


def _checkpoint(source: _Source) -> Path | None:
    """Return the file of a source's own weights, from the cache or the hub; ``None`` for random ones."""
    from open_clip.factory import _find_checkpoint_in_dir
    from open_clip.pretrained import download_pretrained, download_pretrained_from_hf

    schema, _, place = source.model.partition(":")
    if schema == "local-dir":
        found = _find_checkpoint_in_dir(Path(place))
        if found is None:
            raise InputError(f"`model` must be a folder with weights beside its configuration; '{place}' has none.")
        return Path(found)
    if schema == "hf-hub":
        return Path(download_pretrained_from_hf(place))
    return Path(download_pretrained(dict(source.trained))) if source.trained else None


def _fill(network: Any, file: Path) -> None:
    """Load weights, converted as open_clip converts older and foreign layouts."""
    from open_clip.convert import convert_state_dict, load_big_vision_weights
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed, resize_text_pos_embed

    if file.suffix in {".npz", ".npy"}:
        load_big_vision_weights(network, str(file))
        return
    state = convert_state_dict(network, read_state_dict(file))
    if "positional_embedding" in state and not hasattr(network, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    if network.logit_bias is not None and "logit_bias" not in state and "logit_scale" in state:
        state["logit_bias"] = state["logit_scale"].new_zeros(network.logit_bias.shape)
    for key in ("text.transformer.embeddings.position_ids", "input_resolution", "context_length", "vocab_size"):
        if key not in network.state_dict():
            state.pop(key, None)
    wanted = network.state_dict()
    positions = state.get("visual.positional_embedding")
    if positions is not None and positions.shape[1:] == wanted.get("visual.positional_embedding", positions).shape[1:]:
        resize_pos_embed(state, network)
        resize_text_pos_embed(state, network)
    load_into(network, state, source=file.name, remedy="Check the architecture named before the slash, and size.")


def _tokenizer(source: _Source) -> tuple[Callable[[list[str]], torch.Tensor] | None, list[str]]:
    """Return the tokenizer, or a note where it would have to be fetched and cannot be."""
    import open_clip

    try:
        return open_clip.get_tokenizer(source.model), []
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        return None, [f"No text encoder: the tokenizer of {source.model} is not available here: {first_line(error)}"]


def preprocessing(network: nn.Module, options: Mapping[str, str]) -> Preprocessing:
    """Return the preprocessing of open_clip's evaluation transform, the specification's options first."""
    config: dict[str, Any] = network.visual.preprocess_cfg  # type: ignore[assignment, union-attr]
    wanted = config["size"]
    height, width = (wanted, wanted) if isinstance(wanted, int) else (int(wanted[0]), int(wanted[-1]))
    mean = channels(options, "mean") or _three(config["mean"])
    resize = choice(options, "resize", ("shortest", "squash", "longest")) or config["resize_mode"] or "shortest"
    interpolation = choice(options, "interpolation", ("bicubic", "bilinear"))
    if interpolation is None:
        # open_clip ignores the weights' choice for a target that is not square, and knows two filters otherwise.
        bilinear = config["interpolation"] == "bilinear" and (height == width or resize != "shortest")
        interpolation = "bilinear" if bilinear else "bicubic"
    return Preprocessing(
        size=(height, width),
        resize=resize,  # type: ignore[arg-type]
        resize_to=(height, width),
        interpolation=interpolation,  # type: ignore[arg-type]
        mean=mean,
        std=channels(options, "std") or _three(config["std"]),
        fill=int(config.get("fill_color") or 0),
    )


def _three(values: float | Sequence[float]) -> tuple[float, float, float]:
    listed = list(values) if isinstance(values, Sequence) else [values] * 3
    return float(listed[0]), float(listed[1]), float(listed[2])


def visual_layers(network: nn.Module) -> dict[str, Layer]:
    """Return the layers of the image tower: blocks of a vision transformer, stages of a ResNet, or timm's."""
    visual: Any = network.visual
    if hasattr(visual, "trunk"):
        return timm_layers(visual.trunk, "visual.trunk.")
    blocks = getattr(getattr(visual, "transformer", None), "resblocks", None)
    if blocks is not None and getattr(visual.transformer, "batch_first", False):
        modules = [f"visual.transformer.resblocks.{i}" for i in range(len(blocks))]
        names = [f"blocks.{i}" for i in range(len(blocks))]
        return token_layers(modules, names, prefix=1, has_class_token=True)
    stages = [name for name, _ in visual.named_children() if name.startswith("layer")]
    return {name: Layer(module=f"visual.{name}") for name in stages}


def _architecture(source: _Source, *, quick_gelu: bool) -> dict[str, Any]:
    import open_clip

    config = open_clip.get_model_config(source.model) or {}
    return {"family": FAMILY, "config": {**config, "quick_gelu": quick_gelu}}
