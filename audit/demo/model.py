"""The bundled small CLIP: open_clip's architecture, trained on the two worlds alone.

The token table of open_clip's tokenizer (49,408 rows) would be most of the file. Only the rows
of words seen in training are stored; every other token gets the one row that training learned
for unknown words, so any phrase can be encoded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audit.errors import InputError

if TYPE_CHECKING:
    import open_clip
    import torch

WEIGHTS_NAME = "demo_clip.safetensors"
CONFIG_NAME = "demo_clip.json"

TOKEN_TABLE = "token_embedding.weight"  # noqa: S105 - a tensor's name
SEEN_TOKENS = "token_embedding.seen"
UNKNOWN_TOKEN = "token_embedding.unknown"  # noqa: S105


@dataclass(frozen=True)
class DemoModelParts:
    """What a model family needs to wrap the bundled CLIP."""

    model: open_clip.CLIP
    """In evaluation mode, float32, on the CPU."""
    tokenizer: open_clip.tokenizer.SimpleTokenizer
    """Phrases to int64 (n, context length)."""
    weights: Path
    size: int
    """Pixels of the square input; images are resized by their shorter side and cropped."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Literal["bicubic"]
    architecture: dict[str, Any]
    """Arguments of `open_clip.CLIP`."""


def assets_folder() -> Path:
    """Return the folder of the bundled assets: inside an installed wheel, or of the checkout.

    Raises
    ------
    InputError
        Neither place holds the demo weights.
    """
    package = Path(__file__).resolve().parent.parent
    places = (package / "assets", package.parent / "assets")
    for place in places:
        if (place / WEIGHTS_NAME).is_file():
            return place
    raise InputError(
        f"`{WEIGHTS_NAME}` must lie in {places[0]} or {places[1]}; it is in neither. "
        "Install the package again, or train the model with `python -m audit.demo.train`."
    )


def build_clip(architecture: dict[str, Any], *, vocabulary: int | None = None) -> open_clip.CLIP:
    """Return an untrained CLIP of this architecture; `vocabulary` replaces its number of tokens."""
    import open_clip

    text = dict(architecture["text_cfg"])
    if vocabulary is not None:
        text["vocab_size"] = vocabulary
    return open_clip.CLIP(
        embed_dim=architecture["embed_dim"], vision_cfg=dict(architecture["vision_cfg"]), text_cfg=text
    )


def full_state(stored: dict[str, torch.Tensor], vocabulary: int) -> dict[str, torch.Tensor]:
    """Return the model's state in float32, with a token table of `vocabulary` rows."""
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in stored.items()}
    seen = state.pop(SEEN_TOKENS).long()
    unknown = state.pop(UNKNOWN_TOKEN)
    table = unknown.expand(vocabulary, -1).clone()
    table[seen] = state[TOKEN_TABLE]
    return {**state, TOKEN_TABLE: table}


def load_demo_model_parts(weights: Path | None = None) -> DemoModelParts:
    """Load the bundled CLIP, its tokenizer and its preprocessing.

    Parameters
    ----------
    weights
        A file written by `audit.demo.train`, with its `.json` beside it; the bundled one by default.

    Raises
    ------
    InputError
        The weights or their configuration are missing.
    """
    import open_clip
    from safetensors.torch import load_file

    weights = assets_folder() / WEIGHTS_NAME if weights is None else Path(weights)
    described = weights.with_suffix(".json")
    for path in (weights, described):
        if not path.is_file():
            raise InputError(f"`weights` must be a file with its .json beside it; {path} is missing.")
    facts = json.loads(described.read_text(encoding="utf-8"))
    architecture = facts["architecture"]
    model = build_clip(architecture)
    model.load_state_dict(full_state(load_file(weights), architecture["text_cfg"]["vocab_size"]))
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=False)
    tokenizer = open_clip.tokenizer.SimpleTokenizer(context_length=architecture["text_cfg"]["context_length"])
    images = facts["preprocessing"]
    return DemoModelParts(
        model=model,
        tokenizer=tokenizer,
        weights=weights,
        size=images["size"],
        mean=tuple(images["mean"]),
        std=tuple(images["std"]),
        interpolation=images["interpolation"],
        architecture=architecture,
    )
