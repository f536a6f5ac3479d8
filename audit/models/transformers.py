"""Hugging Face transformers' vision models: a hub name or a local folder with config, weights and image processor."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import InputError
from audit.models.base import Ability
from audit.models.classes import class_list, named_classes
from audit.models.hidden_states import forward_images, hidden_states, reading, state_layers
from audit.models.image_processor import preprocessing
from audit.models.layers import Layer, captured_input, known_layers, last_layer, pooled
from audit.models.loading import first_line, hub, library_messages, not_available
from audit.models.network import ClassList, Network
from audit.models.options import flag, model_name

if TYPE_CHECKING:
    import torch
    from torch import nn

FAMILY = "transformers"
title = "Hugging Face transformers"
abilities_hint = "Image encoder; text encoder of CLIP-like models; class logits of classifiers; hidden states."
rank = 30
options: tuple[str, ...] = (
    "class_names",
    "class_offset",
    "mean",
    "std",
    "size",
    "interpolation",
    "trust_remote_code",
)

TEXT_BATCH = 256
"""Phrases encoded at once."""


class TransformersModel(Network):
    """A transformers vision model.

    Parameters
    ----------
    features
        How image embeddings are read: ``contrastive`` (get_image_features), ``last`` (what the classifier's last
        layer receives), ``pooler`` (pooler_output), ``cls`` (first token) or ``mean`` (over tokens or space).
    last
        Path of the classifier's last layer; empty without a classifier.
    tokenizer
        From phrases to the text tower's inputs; ``None`` without a text tower.
    settings
        Those of :class:`audit.models.network.Network`.
    """

    def __init__(
        self,
        *,
        features: str,
        last: str,
        tokenizer: Callable[[list[str]], Mapping[str, torch.Tensor]] | None,
        **settings: Any,
    ) -> None:
        found: set[Ability] = {"image_encoder"}
        if last:
            found.add("classifier")
        if tokenizer is not None:
            found.add("text_encoder")
        super().__init__(abilities=frozenset(found), libraries=("transformers",), **settings)
        self._network: Any = self.module
        self._features = features
        self._last = last
        self._tokenizer = tokenizer
        scale = getattr(self.module, "logit_scale", None)
        self.logit_scale = float(scale.exp().reshape(-1)[0].item()) if scale is not None else 1.0

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, d) embeddings, not normalised."""
        return self.compute(self._embed, images)

    def _embed(self, images: torch.Tensor) -> torch.Tensor:
        if self._features == "last":
            return captured_input(self.module, self._last, lambda: self.forward_images(images))
        output: Any = self.forward_images(images)
        if self._features in {"contrastive", "pooler"}:
            pooler = output if hasattr(output, "ndim") else output.pooler_output
            return pooled(pooler, Layer(module=""))
        return pooled(output.last_hidden_state, Layer(module="", pool="cls" if self._features == "cls" else "mean"))

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (b, classes)."""
        if not self._last:
            raise self.lacks("class logits")
        return self.compute(lambda x: self._network(pixel_values=x).logits, images)

    def encode_text(self, phrases: Sequence[str]) -> np.ndarray:
        """Return float32 (n, d) embeddings, not normalised."""
        import torch

        if self._tokenizer is None:
            raise self.lacks("a text encoder")
        parts = []
        for start in range(0, len(phrases), TEXT_BATCH):
            tokens = self._tokenizer(list(phrases[start : start + TEXT_BATCH]))
            placed = {key: value.to(self.device) for key, value in tokens.items()}
            with torch.inference_mode(), self.autocast():
                output = self._network.get_text_features(**placed)
                features = output if isinstance(output, torch.Tensor) else output.pooler_output
                parts.append(features.float().cpu().numpy())
        return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)

    def forward_images(self, images: torch.Tensor, **settings: Any) -> object:
        """Run the part of the network that sees images."""
        return forward_images(self._network, images, **settings)

    def activations(self, images: torch.Tensor, layers: Sequence[str]) -> dict[str, torch.Tensor]:
        """Return float32 (b, d_layer) pooled hidden states by layer name of uint8 (b, 3, h, w) images."""
        import torch

        known_layers(layers, self._layers, self.name)
        with torch.inference_mode(), self.autocast():
            states = hidden_states(self._network, self.preprocessing.normalise(images))
            return {name: pooled(states[int(self._layers[name].module)], self._layers[name]) for name in layers}


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,
    dtype: str,
) -> TransformersModel:
    """Load ``transformers:ORG/NAME`` or ``transformers:FOLDER`` (config.json, weights, preprocessor_config.json).

    Code that comes with a model runs only with ``trust_remote_code=true``.

    Raises
    ------
    InputError
        If the model is neither a folder, nor in the cache, nor within reach; or is no vision model.
    """
    import torch

    place, local = _place(name, weights)
    trust = bool(flag(options, "trust_remote_code"))
    with library_messages() as messages, hub(allowed=not local), _without_bars():
        network, missing = _network(name, place, trust=trust)
        prepare = preprocessing(name, place, options, trust=trust)
        tokenizer, notes = _tokenizer(place, network)
    with torch.inference_mode(), library_messages():
        blank = torch.zeros(1, 3, *prepare.size)
        states = hidden_states(network.eval(), blank)
        last = _last(network)
        features = reading(network, blank, missing=missing, last=last)
    classes, assumed = _classes(network, options) if last else (ClassList(), [])
    return TransformersModel(
        features=features,
        last=last,
        tokenizer=tokenizer,
        module=network,
        name=model_name(FAMILY, name, weights=None, seed=None, options=options),
        preprocessing=prepare,
        device=device,
        dtype=dtype,
        architecture={"family": FAMILY, "features": features, "config": _plain_config(network)},
        layers=state_layers(network, states, prepare),
        classes=classes,
        notes=(*notes, *assumed, *_about(messages)),
    )


@contextlib.contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar a file while the block runs."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _place(name: str, weights: Path | None) -> tuple[str, bool]:
    """Return the hub name or folder, and whether it is a folder here."""
    if weights is not None:
        if not weights.is_dir() or name:
            raise InputError(
                f"`weights` must be left out, or be a folder given instead of a name; got '{weights}' for "
                f"'{FAMILY}:{name}'. Write transformers:FOLDER, where FOLDER holds config.json and weights.",
            )
        return str(weights), True
    if not name:
        raise InputError("`model` must be transformers:ORG/NAME or transformers:FOLDER; got no name.")
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder), True
    if name.startswith((".", "/", "~")):
        raise InputError(f"`model` must be a folder with config.json and weights; '{name}' is none.")
    return name, False


def _network(name: str, place: str, *, trust: bool) -> tuple[nn.Module, set[str]]:
    """Return the model in float32 and the tensors that its weights lack."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForImageClassification

    try:
        config = AutoConfig.from_pretrained(place, trust_remote_code=trust)
        named = str((getattr(config, "architectures", None) or [""])[0])
        loader = AutoModelForImageClassification if named.endswith("ForImageClassification") else AutoModel
        network, report = loader.from_pretrained(
            place,
            config=config,
            dtype=torch.float32,
            trust_remote_code=trust,
            output_loading_info=True,
        )
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        raise _refused(name, place, error, trust=trust) from error
    missing = {str(key) for key in report["missing_keys"]}
    lost = sorted(key for key in missing if "pooler" not in key)
    if lost or report["mismatched_keys"]:
        wrong = lost or [str(key) for key in report["mismatched_keys"]]
        raise InputError(
            f"`model` must come with all its weights; '{name}' lacks {', '.join(wrong[:3])}"
            f"{f' and {len(wrong) - 3} more' if len(wrong) > 3 else ''}, which would be random.",
        )
    if not _sees(network):
        raise InputError(f"`model` must read images; '{name}' is a {type(network).__name__}.")
    return network, missing


def _sees(network: nn.Module) -> bool:
    import inspect

    return hasattr(network, "get_image_features") or "pixel_values" in inspect.signature(network.forward).parameters


def _refused(name: str, place: str, error: Exception, *, trust: bool) -> InputError:
    if "trust_remote_code" in str(error) and not trust:
        return InputError(
            f"`trust_remote_code` must be true for '{name}', which comes with code of its own: read that code, then "
            f"write transformers:{name}?trust_remote_code=true.",
        )
    if Path(place).is_dir():
        return InputError(f"`model` must be a folder that transformers can load; '{place}': {first_line(error)}")
    remedy = "Give a local folder with config.json and weights: transformers:FOLDER."
    return not_available(f"{FAMILY}:{name}", error, remedy)


def _last(network: Any) -> str:
    """Return the path of the layer that makes a classifier's logits; empty for any other model."""
    classifies = type(network).__name__.endswith("ForImageClassification")
    return last_layer(network, int(network.config.num_labels)) if classifies else ""


def _classes(network: Any, options: Mapping[str, str]) -> tuple[ClassList, list[str]]:
    n = int(network.config.num_labels)
    if "class_names" in options:
        return class_list(options, n, certain=False)
    labels = {int(key): str(value) for key, value in (network.config.id2label or {}).items()}
    return named_classes([labels.get(i, "") for i in range(n)]), []


def _tokenizer(
    place: str,
    network: Any,
) -> tuple[Callable[[list[str]], Mapping[str, torch.Tensor]] | None, list[str]]:
    """Return the tokenizer of a model with a text tower, or a note where its files are missing."""
    if not hasattr(network, "get_text_features"):
        return None, []
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(place)
    except (OSError, ValueError, ImportError, KeyError, TypeError, AttributeError) as error:
        return None, [f"No text encoder: the tokenizer of {place} is not available here: {first_line(error)}"]
    text = getattr(network.config, "text_config", network.config)
    if len(tokenizer) * 2 < int(getattr(text, "vocab_size", 0)):
        # Without its files transformers makes an empty tokenizer, which turns every phrase into unknown tokens.
        return None, [f"No text encoder: the tokenizer's files are missing beside the weights of {place}."]
    length = int(getattr(text, "max_position_embeddings", 77))
    # SigLIP was trained on phrases padded to full length and reads the last position.
    padding = "max_length" if "siglip" in str(network.config.model_type) else True

    def tokenize(phrases: list[str]) -> Mapping[str, torch.Tensor]:
        found: Mapping[str, torch.Tensor] = tokenizer(
            phrases,
            padding=padding,
            truncation=True,
            max_length=length,
            return_tensors="pt",
        )
        return found

    return tokenize, []


def _plain_config(network: Any) -> dict[str, Any]:
    """Return the configuration without what says where and by which version it was written."""
    config: dict[str, Any] = network.config.to_dict()
    passing = {"_name_or_path", "transformers_version", "dtype", "torch_dtype", "id2label", "label2id", "architectures"}
    return {key: value for key, value in config.items() if key not in passing}


def _about(messages: Sequence[str]) -> list[str]:
    """Return the messages that concern the model's numbers, without the library's table of loaded tensors."""
    return [message for message in messages if "LOAD REPORT" not in message.upper()]
