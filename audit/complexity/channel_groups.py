"""Channels of a network that can be merged: what makes them, what scales them one by one, and what reads them.

One forward pass is recorded, operation by operation. A group is the channels that one convolution or linear layer
makes, that pass only through operations which treat every channel by itself (activations, pooling, BatchNorm,
depthwise convolutions), and that are then read by convolutions or linear layers. Channels that are added, multiplied
or concatenated with others are left alone: merging two of them would reach into other layers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn

HOMOGENEOUS = frozenset({"relu", "relu_", "leaky_relu", "leaky_relu_"})
"""Activations with f(2x) = 2 f(x)."""

ELEMENTWISE = HOMOGENEOUS | {
    "gelu", "silu", "silu_", "hardswish", "hardswish_", "hardtanh", "hardtanh_", "relu6", "elu", "elu_", "sigmoid",
    "sigmoid_", "tanh", "mish", "softplus", "selu", "celu", "hardsigmoid",
}  # fmt: skip
LINEAR_PER_CHANNEL = frozenset({
    "dropout", "dropout_", "feature_dropout", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d",
    "pad", "contiguous", "clone", "to", "float", "upsample", "interpolate",
})  # fmt: skip
LOOKED_AT = frozenset({"__get__", "size", "dim", "stride", "is_floating_point", "numel", "is_contiguous", "__len__"})
"""Questions about a tensor that do not read its values."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChannelGroup:
    """Channels that can be merged.

    Parameters
    ----------
    name
        The module that makes them.
    rows
        Names of tensors whose first dimension is the channel: the maker's weight and bias, BatchNorm's tensors,
        weights of depthwise convolutions.
    norms
        BatchNorms on the way, as their modules' names.
    columns
        Names of weights whose second dimension is the channel.
    homogeneous
        Whether every activation on the way has f(2x) = 2 f(x).
    width
        Number of channels.
    """

    name: str
    rows: tuple[str, ...]
    norms: tuple[str, ...]
    columns: tuple[str, ...]
    homogeneous: bool
    width: int


def channel_groups(network: nn.Module, forward: Callable[[], object]) -> list[ChannelGroup]:
    """Return the groups of a network in the order of the forward pass.

    Parameters
    ----------
    network
        In evaluation mode.
    forward
        Runs the network once, on any input.
    """
    import torch

    recorder = _Recorder(network)
    with torch.no_grad(), _watch(recorder):
        forward()
    return [found for found in (_group(flow, recorder.width) for flow in recorder.flows) if found is not None]


@dataclasses.dataclass(eq=False)
class _Flow:
    """The channels that one layer makes, followed through the network."""

    maker: str
    width: int
    last: bool
    rows: list[str]
    norms: list[str] = dataclasses.field(default_factory=list)
    columns: list[str] = dataclasses.field(default_factory=list)
    homogeneous: bool = True
    whole: bool = True


def _group(flow: _Flow, width: Callable[[str], int]) -> ChannelGroup | None:
    if not flow.whole or not flow.columns or flow.width < 2:
        return None
    if any(width(column) != flow.width for column in flow.columns) or len(set(flow.columns)) < len(flow.columns):
        return None
    return ChannelGroup(
        name=flow.maker,
        rows=tuple(flow.rows),
        norms=tuple(flow.norms),
        columns=tuple(flow.columns),
        homogeneous=flow.homogeneous,
        width=flow.width,
    )


class _Recorder:
    """What each operation of a forward pass does to the channels that flow through it."""

    def __init__(self, network: nn.Module) -> None:
        named = (*network.named_parameters(), *network.named_buffers())
        self.names = {id(tensor): name for name, tensor in named}
        self.shapes = {name: tuple(tensor.shape) for name, tensor in named}
        self.flows: list[_Flow] = []
        self.of: dict[int, _Flow] = {}
        # Held, so that an id never stands for a second tensor.
        self.held: list[torch.Tensor] = []

    def width(self, name: str) -> int:
        """Return the number of channels that a weight reads."""
        return int(self.shapes[name][1])

    def record(self, name: str, inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> None:
        """Follow the channels through one operation."""
        self.held += [*inputs, *outputs]
        carried = [self.of[id(tensor)] for tensor in inputs if id(tensor) in self.of]
        weights = [self.names[id(tensor)] for tensor in inputs if id(tensor) in self.names]
        one = len(outputs) == 1 and len(carried) <= 1
        if one and weights and name in {"conv2d", "linear"}:
            self._layer(name, inputs, weights, carried[0] if carried else None, outputs[0])
        elif one and carried and self._passes(name, inputs, weights, outputs[0], carried[0]):
            self.of[id(outputs[0])] = carried[0]
        else:
            for flow in carried:
                flow.whole = False

    def _passes(
        self, name: str, inputs: list[torch.Tensor], weights: list[str], output: torch.Tensor, flow: _Flow
    ) -> bool:
        """Whether an operation treats every channel by itself; what it scales them with is added to the flow."""
        if name == "batch_norm":
            flow.rows += [weight for weight in weights if weight not in flow.rows]
            flow.norms.append(weights[0].rpartition(".")[0])
            return True
        if name in ELEMENTWISE:
            flow.homogeneous &= name in HOMOGENEOUS
            return True
        return name in LINEAR_PER_CHANNEL or _drops_places(name, inputs[0], output, last=flow.last)

    def _layer(
        self, name: str, inputs: list[torch.Tensor], weights: list[str], flow: _Flow | None, output: torch.Tensor
    ) -> None:
        weight = weights[0]
        shape = self.shapes[weight]
        if name == "conv2d" and flow is not None and shape[:2] == (flow.width, 1) and flow.width > 1:
            flow.rows += weights
            self.of[id(output)] = flow
            return
        grouped = name == "conv2d" and inputs[0].shape[1] != shape[1]
        if flow is not None:
            flow.columns.append(weight)
            flow.whole &= not grouped
        for other in self.flows:
            if other.rows[0] == weight:
                # A layer that is called twice makes two sets of channels with one set of weights.
                other.whole, grouped = False, True
        made = _Flow(weight.rpartition(".")[0], int(shape[0]), name == "linear", list(weights), whole=not grouped)
        self.flows.append(made)
        self.of[id(output)] = made


def _drops_places(name: str, before: torch.Tensor, after: torch.Tensor, *, last: bool) -> bool:
    """Whether an operation turns (b, channels, h, w) into (b, channels) and mixes no channels."""
    if last or before.ndim != 4:
        return False
    if name == "mean":
        return before.shape[:2] == after.shape[:2] and after.ndim in {2, 4}
    return name in {"flatten", "squeeze"} and before.shape[2:] == (1, 1) and after.shape == before.shape[:2]


def _watch(recorder: _Recorder) -> Any:
    """Return the context in which every operation is told to the recorder."""
    from torch.overrides import TorchFunctionMode

    class Watch(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            del types  # part of torch's interface
            result = func(*args, **(kwargs or {}))
            name, outputs = getattr(func, "__name__", ""), _tensors(result)
            if name not in LOOKED_AT or outputs:
                recorder.record(name, _tensors((args, kwargs or {})), outputs)
            return result

    return Watch()


def _tensors(value: Any) -> list[torch.Tensor]:
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [tensor for inner in value for tensor in _tensors(inner)]
    if isinstance(value, dict):
        return [tensor for inner in value.values() for tensor in _tensors(inner)]
    return []
