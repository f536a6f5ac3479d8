"""Local instruct models of transformers: text to text on this machine, nothing sent anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.models.base import Preprocessing
from audit.models.loading import first_line, hub, library_messages, not_available
from audit.models.network import Network
from audit.models.options import integer, model_name

FAMILY = "instruct"
title = "Local instruct model of Hugging Face transformers"
abilities_hint = "Answers requests in words, on this machine: proposes differences between sets."
rank = 90
options: tuple[str, ...] = ("max_tokens",)

TOKENS = 600


class InstructModel(Network):
    """A language model that follows instructions.

    Parameters
    ----------
    tokenizer
        Of the model; its chat template is used where it has one.
    tokens
        Most tokens of an answer.
    settings
        Those of :class:`audit.models.network.Network`.
    """

    def __init__(self, *, tokenizer: Any, tokens: int, **settings: Any) -> None:
        super().__init__(abilities=frozenset({"language_model"}), libraries=("transformers",), **settings)
        self._network: Any = self.module
        self._tokenizer = tokenizer
        self._tokens = tokens

    def complete(self, prompt: str, *, schema: Mapping[str, Any] | None = None) -> str:
        """Return the answer, greedily decoded; a schema is told in words."""
        import torch

        if schema is not None:
            prompt = f"{prompt}\nThe JSON follows this schema: {json.dumps(dict(schema), sort_keys=True)}"
        text = prompt
        if getattr(self._tokenizer, "chat_template", None):
            said = [{"role": "user", "content": prompt}]
            text = self._tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        inputs = self._tokenizer(text, return_tensors="pt", return_token_type_ids=False).to(self.device)
        with torch.inference_mode(), self.autocast(), library_messages():
            tokens = self._network.generate(**inputs, max_new_tokens=self._tokens, do_sample=False)
        return str(self._tokenizer.decode(tokens[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)).strip()


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,
    dtype: str,
) -> InstructModel:
    """Load ``instruct:ORG/NAME`` or ``instruct:FOLDER``.

    Raises
    ------
    InputError
        If the model is neither a folder, nor in the cache, nor within reach; or lacks weights.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if weights is not None or not name:
        raise InputError(f"`model` must be instruct:ORG/NAME or instruct:FOLDER; got '{name}' and '{weights}'.")
    folder = Path(name).expanduser()
    place = str(folder) if folder.is_dir() else name
    loader: Any = AutoModelForCausalLM
    with library_messages() as messages, hub(allowed=not folder.is_dir()):
        try:
            network, report = loader.from_pretrained(place, dtype=torch.float32, output_loading_info=True)
            tokenizer: Any = AutoTokenizer.from_pretrained(place)
        except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
            if folder.is_dir():
                raise InputError(f"`model` must be a folder to load; '{place}': {first_line(error)}") from error
            raise not_available(f"instruct:{name}", error, "Give a local folder: instruct:FOLDER.") from error
    if report["missing_keys"]:
        lost = ", ".join(sorted(map(str, report["missing_keys"]))[:3])
        raise InputError(f"`model` must come with all its weights; '{name}' lacks {lost}, which would be random.")
    plain = (1, 1)
    return InstructModel(
        tokenizer=tokenizer,
        tokens=integer(options, "max_tokens", low=1) or TOKENS,
        module=network,
        name=model_name(FAMILY, name, weights=None, seed=None),
        preprocessing=Preprocessing(size=plain, resize_to=plain, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),
        device=device,
        dtype=dtype,
        architecture={"family": FAMILY, "kind": network.config.model_type},
        notes=tuple(message for message in messages if "LOAD REPORT" not in message.upper()),
    )
