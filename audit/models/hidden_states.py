"""How a transformers vision model is read: its hidden states as layers, and which output is the image's embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from audit.models.base import Preprocessing
from audit.models.layers import Layer, token_layers

if TYPE_CHECKING:
    import torch


def forward_images(network: Any, images: torch.Tensor, **settings: Any) -> Any:
    """Return what a model says of images alone, whatever else it can read."""
    if hasattr(network, "get_image_features"):
        return network.get_image_features(pixel_values=images, **settings)
    return network(pixel_values=images, **settings)


def hidden_states(network: Any, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return the hidden states of the image tower, the embedding's output first; empty where it gives none."""
    output = forward_images(network, images, output_hidden_states=True)
    states = getattr(output, "hidden_states", None)
    return tuple(states) if states is not None else ()


def reading(network: Any, blank: torch.Tensor, *, missing: set[str], last: str) -> str:
    """Return how image embeddings are read: trained pooling where there is one, else class token, else mean."""
    if hasattr(network, "get_image_features"):
        return "contrastive"
    if last:
        return "last"
    output = network(pixel_values=blank)
    trained = not any("pooler" in key for key in missing)
    if trained and getattr(output, "pooler_output", None) is not None:
        return "pooler"
    return "cls" if prefix_tokens(network, output.last_hidden_state, blank) else "mean"


def prefix_tokens(network: Any, state: torch.Tensor, images: torch.Tensor) -> int:
    """Return the number of tokens before the patches: all tokens but those of the grid; 0 where that is unclear."""
    config = getattr(network.config, "vision_config", None) or network.config
    patch = getattr(config, "patch_size", None)
    if not isinstance(patch, int | list | tuple) or state.ndim != 3:
        return 0
    rows, columns = (patch, patch) if isinstance(patch, int) else (int(patch[0]), int(patch[-1]))
    grid = (images.shape[2] // rows) * (images.shape[3] // columns)
    extra = int(state.shape[1]) - grid
    return extra if 0 < extra <= 16 else 0


def state_layers(network: Any, states: Sequence[torch.Tensor], prepare: Preprocessing) -> dict[str, Layer]:
    """Return the hidden states as layers, the embedding's output left out; a layer's ``module`` is its position."""
    import torch

    found: dict[str, Layer] = {}
    blank = torch.zeros(1, 3, *prepare.size)
    for position, state in enumerate(states[1:], start=1):
        name = f"blocks.{position - 1}"
        prefix = prefix_tokens(network, state, blank)
        if prefix:
            found |= token_layers([str(position)], [name], prefix=prefix, has_class_token=True)
        else:
            found[name] = Layer(module=str(position))
    return found
