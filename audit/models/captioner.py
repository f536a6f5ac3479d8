"""Captioners of transformers: BLIP, or any model of ``AutoModelForImageTextToText``, by hub name or local folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.models.base import Preprocessing
from audit.models.loading import first_line, hub, library_messages, not_available
from audit.models.network import Network
from audit.models.options import flag, integer, model_name

if TYPE_CHECKING:
    from PIL import Image

FAMILY = "captioner"
title = "Captioner of Hugging Face transformers"
abilities_hint = "One sentence an image: BLIP, BLIP-2, Florence-2, SmolVLM, Qwen-VL and others."
rank = 80
options: tuple[str, ...] = ("max_tokens", "trust_remote_code")

REQUEST = "Describe this image in one short sentence."
"""What models that hold a conversation are asked."""

TASKS: Mapping[str, str] = {"florence2": "<CAPTION>"}
"""Words that stand for the request in models trained on fixed tasks."""

TOKENS = 40


class TransformersCaptioner(Network):
    """A model that describes images.

    Parameters
    ----------
    processor
        From images and text to the model's inputs.
    tokens
        Most tokens of a caption.
    settings
        Those of :class:`audit.models.network.Network`.
    """

    def __init__(self, *, processor: Any, tokens: int, **settings: Any) -> None:
        super().__init__(abilities=frozenset({"captioner"}), libraries=("transformers",), **settings)
        self._network: Any = self.module
        self._processor = processor
        self._tokens = tokens

    def caption(self, images: Sequence[Image.Image]) -> list[str]:
        """Return one sentence an image, greedily decoded, so that it is the same each time."""
        import torch

        if not images:
            return []
        inputs = self._inputs(list(images)).to(self.device)
        with torch.inference_mode(), self.autocast(), library_messages():
            tokens = self._network.generate(**inputs, max_new_tokens=self._tokens, do_sample=False)
        # Decoders that go on from the request repeat it; encoder-decoders begin anew.
        asked = inputs["input_ids"].shape[1] if "input_ids" in inputs and not self._begins_anew() else 0
        texts: list[str] = self._processor.batch_decode(tokens[:, asked:], skip_special_tokens=True)
        return [" ".join(text.split()) for text in texts]

    def _begins_anew(self) -> bool:
        config = self._network.config
        return bool(getattr(config, "is_encoder_decoder", False)) or config.model_type in {
            "blip",
            "blip-2",
            "florence2",
        }

    def _inputs(self, images: list[Image.Image]) -> Any:
        kind = str(self._network.config.model_type)
        if kind == "blip":
            return self._processor(images=images, return_tensors="pt")
        if kind in TASKS:
            return self._processor(images=images, text=[TASKS[kind]] * len(images), return_tensors="pt", padding=True)
        if getattr(self._processor, "chat_template", None):
            parts = [{"type": "image"}, {"type": "text", "text": REQUEST}]
            text = self._processor.apply_chat_template([{"role": "user", "content": parts}], add_generation_prompt=True)
            prompts, pictures = [text] * len(images), [[image] for image in images]
            return self._processor(images=pictures, text=prompts, return_tensors="pt", padding=True)
        return self._processor(images=images, return_tensors="pt")


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,
    dtype: str,
) -> TransformersCaptioner:
    """Load ``captioner:ORG/NAME`` or ``captioner:FOLDER``.

    Code that comes with a model runs only with ``trust_remote_code=true``.

    Raises
    ------
    InputError
        If the model is neither a folder, nor in the cache, nor within reach; or does not describe images.
    """
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, BlipForConditionalGeneration

    if weights is not None or not name:
        raise InputError(f"`model` must be captioner:ORG/NAME or captioner:FOLDER; got '{name}' and '{weights}'.")
    folder = Path(name).expanduser()
    place, trust = str(folder) if folder.is_dir() else name, bool(flag(options, "trust_remote_code"))
    with library_messages() as messages, hub(allowed=not folder.is_dir()):
        try:
            config = AutoConfig.from_pretrained(place, trust_remote_code=trust)
            loader: Any = BlipForConditionalGeneration if config.model_type == "blip" else AutoModelForImageTextToText
            network, report = loader.from_pretrained(
                place, dtype=torch.float32, trust_remote_code=trust, output_loading_info=True
            )
            processing: Any = AutoProcessor
            processor: Any = processing.from_pretrained(place, trust_remote_code=trust)
        except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
            if folder.is_dir():
                raise InputError(f"`captioner` must be a folder to load; '{place}': {first_line(error)}") from error
            raise not_available(f"captioner:{name}", error, "Give a local folder: captioner:FOLDER.") from error
    if report["missing_keys"]:
        lost = ", ".join(sorted(map(str, report["missing_keys"]))[:3])
        raise InputError(f"`captioner` must come with all its weights; '{name}' lacks {lost}, which would be random.")
    tokenizer = getattr(processor, "tokenizer", None)
    if tokenizer is not None and network.config.model_type != "blip":
        tokenizer.padding_side = "left"  # a decoder goes on at the right end
    plain = (1, 1)
    return TransformersCaptioner(
        processor=processor,
        tokens=integer(options, "max_tokens", low=1) or TOKENS,
        module=network,
        name=model_name(FAMILY, name, weights=None, seed=None),
        preprocessing=Preprocessing(size=plain, resize_to=plain, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),
        device=device,
        dtype=dtype,
        architecture={"family": FAMILY, "kind": network.config.model_type, "request": REQUEST},
        notes=tuple(message for message in messages if "LOAD REPORT" not in message.upper()),
    )
