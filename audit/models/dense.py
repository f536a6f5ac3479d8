"""Dense features: one vector a place of the image, read where a network still has places.

The module that is read is found by running the network once: the last one whose output still has rows and columns
(or as many tokens as the grid has places) and at least :data:`FEWEST` cells a side where there is a choice. A network
whose logits are a linear layer on the mean of that map is *pooled linear*: there a class's weights split over places
and parts exactly. Whether it is, is measured, not guessed from its name.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.models.hooks import hooked

if TYPE_CHECKING:
    import torch
    from torch import nn

    from audit.models.layers import Layer

FEWEST = 4
"""Cells a side below which an earlier, finer map is read instead, unless the coarse one is pooled linearly."""

TOLERANCE = 1e-3
"""Largest difference, relative to the spread of the logits, between a linear head on the mean and the network."""

_POOLERS = ("attn_pool", "attnpool", "head", "pooler")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DenseMap:
    """Where dense features are read.

    Parameters
    ----------
    module
        Path of the module whose output is read.
    grid
        Rows and columns of places.
    prefix
        Tokens before the places; -1 for a map with rows and columns.
    channels_last
        Whether a map is (b, h, w, d).
    """

    module: str
    grid: tuple[int, int]
    prefix: int = -1
    channels_last: bool = False

    def read(self, output: Any) -> torch.Tensor:
        """Return float32 (b, h, w, d) of the module's output."""
        tensor = tensor_of(output)
        assert tensor is not None
        if self.prefix >= 0:
            places = tensor[:, self.prefix :]
            return places.reshape(len(tensor), *self.grid, tensor.shape[-1]).float()
        return (tensor if self.channels_last else tensor.permute(0, 2, 3, 1)).float()


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LinearHead:
    """A linear layer on the mean of the dense features: ``logits = weight mean(F) + bias``.

    Parameters
    ----------
    weight
        float32 (logits, d).
    bias
        float32 (logits,).
    """

    weight: torch.Tensor
    bias: torch.Tensor


def tensor_of(output: Any) -> torch.Tensor | None:
    """Return the tensor in a module's output: itself, the first of several, or the last hidden state."""
    import torch

    found = output[0] if isinstance(output, tuple | list) and output else output
    found = getattr(found, "last_hidden_state", found)
    return found if isinstance(found, torch.Tensor) else None


def read_dense(network: nn.Module, place: DenseMap, forward: Callable[[], object]) -> torch.Tensor:
    """Return float32 (b, h, w, d) dense features during one forward pass."""
    found: list[torch.Tensor] = []

    def read(_module: Any, _inputs: Any, output: Any) -> None:
        found.append(place.read(output))

    with hooked([(network.get_submodule(place.module), read)]):
        forward()
    return found[-1].contiguous()


def find_dense(
    network: nn.Module,
    forward: Callable[[], object],
    layers: Mapping[str, Layer],
    size: tuple[int, int],
) -> tuple[DenseMap, ...]:
    """Return the places where dense features can be read, the last one in the network first.

    Parameters
    ----------
    network
        The network.
    forward
        Runs the part that sees images on a batch of two.
    layers
        The network's named layers: those of tokens say how many come before the patches.
    size
        Height and width of the input in pixels.
    """
    fired: list[tuple[str, torch.Tensor]] = []

    def recorder(name: str) -> Callable[[Any, Any, Any], None]:
        def record(_module: Any, _inputs: Any, output: Any) -> None:
            tensor = tensor_of(output)
            if tensor is not None and tensor.ndim in {3, 4} and len(tensor) == 2:
                fired.append((name, tensor))

        return record

    with hooked((module, recorder(name)) for name, module in network.named_modules() if name):
        forward()
    prefixes = sorted({layer.prefix for layer in layers.values() if layer.pool == "patches"})
    found: dict[tuple[int, int, int], DenseMap] = {}
    for name, tensor in reversed(fired):
        if any(part.startswith(_POOLERS) for part in name.split(".")):
            continue
        place = _token_map(name, tensor, prefixes, size) if tensor.ndim == 3 else _spatial_map(name, tensor)
        if place is not None:
            found.setdefault((*place.grid, place.prefix), place)
    return tuple(found.values())


def _spatial_map(name: str, tensor: torch.Tensor) -> DenseMap | None:
    one, two, three = (int(side) for side in tensor.shape[1:])
    # Rows and columns are alike, channels are many: (d, h, w) or (h, w, d).
    channels_last = abs(math.log(one / two)) < abs(math.log(two / three)) if one != three else two == one
    grid = (one, two) if channels_last else (two, three)
    return DenseMap(module=name, grid=grid, channels_last=channels_last) if min(grid) > 1 else None


def _token_map(name: str, tensor: torch.Tensor, prefixes: list[int], size: tuple[int, int]) -> DenseMap | None:
    tokens = int(tensor.shape[1])
    for prefix in [*prefixes, *(p for p in (0, 1, 5) if p not in prefixes)]:
        places = tokens - prefix
        if places < 4:
            continue
        rows = round(math.sqrt(places * size[0] / size[1]))
        if rows > 1 and places % rows == 0 and math.isclose(rows / (places // rows), size[0] / size[1], rel_tol=0.2):
            return DenseMap(module=name, grid=(rows, places // rows), prefix=prefix)
    return None


def choose_dense(places: tuple[DenseMap, ...], name: str) -> DenseMap:
    """Return the last place with enough cells, else the last one.

    Raises
    ------
    InputError
        If the network has no place with rows and columns.
    """
    if not places:
        raise InputError(f"`model` must have features by place of the image; {name} shows none. Choose another model.")
    if places[0].prefix >= 0:
        return places[0]
    return next((place for place in places if min(place.grid) >= FEWEST), places[0])


def linear_head(
    last: nn.Module | None,
    features: torch.Tensor,
    logits: torch.Tensor,
) -> LinearHead | None:
    """Return the head that makes logits of the features' mean, or ``None`` where the network does otherwise.

    Parameters
    ----------
    last
        The layer that makes the logits.
    features
        Dense features (b, h, w, d) of some images.
    logits
        The network's own logits (b, classes) of the same images.
    """
    import torch

    weight = getattr(last, "weight", None)
    if not isinstance(weight, torch.Tensor) or weight.ndim not in {2, 4} or logits.ndim != 2:
        return None
    matrix = weight.detach().float().flatten(1)
    if matrix.shape != (logits.shape[1], features.shape[-1]) or not matrix.any():
        return None
    bias = getattr(last, "bias", None)
    offset = bias.detach().float() if isinstance(bias, torch.Tensor) else matrix.new_zeros(len(matrix))
    told = features.mean(dim=(1, 2)) @ matrix.T + offset
    spread = float(logits.std()) or 1.0
    exact = float((told - logits).abs().max()) <= TOLERANCE * spread
    return LinearHead(weight=matrix, bias=offset) if exact else None
