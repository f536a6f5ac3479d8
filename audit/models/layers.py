"""Activations of named layers, pooled to one vector an image, read in one forward pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from audit.errors import InputError
from audit.models.hooks import hooked
from audit.models.options import near

if TYPE_CHECKING:
    import torch
    from torch import nn

Pool = Literal["cls", "patches", "mean"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layer:
    """Where a layer's activations are read and how they become one vector an image.

    Parameters
    ----------
    module
        Path of the module whose output is read.
    pool
        ``cls``: the class token; ``patches``: the mean of the tokens after the ``prefix`` first ones;
        ``mean``: the mean over space (4-D) or tokens (3-D).
    prefix
        Number of tokens before the patches (class and register tokens).
    channels_last
        Whether a 4-D output is (b, height, width, d) rather than (b, d, height, width).
    """

    module: str
    pool: Pool = "mean"
    prefix: int = 0
    channels_last: bool = False


def pooled(output: Any, layer: Layer) -> torch.Tensor:
    """Return the float32 (b, d) activations of a layer's output."""
    first: torch.Tensor = output[0] if isinstance(output, tuple | list) else output
    tensor = first.float()
    if tensor.ndim == 4:
        result = tensor.mean(dim=(1, 2) if layer.channels_last else (2, 3))
    elif tensor.ndim == 3:
        result = tensor[:, 0] if layer.pool == "cls" else tensor[:, layer.prefix :].mean(dim=1)
    else:
        result = tensor.flatten(1)
    return result.contiguous()


def known_layers(wanted: Sequence[str], layers: Mapping[str, Layer], model: str) -> None:
    """Check that every wanted layer exists.

    Raises
    ------
    InputError
        If one does not; names it and the nearest ones.
    """
    for name in wanted:
        if name not in layers:
            shown = ", ".join(list(layers)[:4])
            raise InputError(
                f"`layers` must be layers of {model} ({shown} ...); got '{name}'.{near(name, layers)}",
            )


def named_layers(
    wanted: Sequence[str], layers: Mapping[str, Layer], network: nn.Module, model: str
) -> dict[str, Layer]:
    """Return where wanted layers are read: those of the default set, and any module by its path, averaged over space.

    Raises
    ------
    InputError
        If a name is neither.
    """
    modules = {name for name, _ in network.named_modules() if name}
    known_layers([name for name in wanted if name not in modules], layers, model)
    return {name: layers[name] if name in layers else Layer(module=name) for name in wanted}


def capture(
    network: nn.Module,
    layers: Mapping[str, Layer],
    forward: Callable[[], object],
) -> dict[str, torch.Tensor]:
    """Return the pooled activations of layers during one forward pass.

    A module is hooked once, however many layers read it; the hooks are removed whatever happens. Where a module
    is called several times in a pass, the last output counts.
    """
    found: dict[str, torch.Tensor] = {}
    by_module: dict[str, list[tuple[str, Layer]]] = {}
    for name, layer in layers.items():
        by_module.setdefault(layer.module, []).append((name, layer))

    def reader(readers: list[tuple[str, Layer]]) -> Callable[[Any, Any, Any], None]:
        def read(_module: Any, _inputs: Any, output: Any) -> None:
            for name, layer in readers:
                found[name] = pooled(output, layer)

        return read

    with hooked((network.get_submodule(module), reader(readers)) for module, readers in by_module.items()):
        forward()
    return {name: found[name] for name in layers}


def captured_input(network: nn.Module, module: str, forward: Callable[[], object]) -> torch.Tensor:
    """Return what a module received during one forward pass, one vector an image: the features before a last layer."""
    found: list[torch.Tensor] = []

    def read(_module: Any, inputs: tuple[Any, ...]) -> None:
        found.append(pooled(inputs[0], Layer(module=module)))

    with hooked([(network.get_submodule(module), read)], before=True):
        forward()
    return found[-1]


def last_layer(network: nn.Module, classes: int) -> str:
    """Return the path of the last linear layer or convolution with that many outputs; empty when there is none."""
    from torch import nn

    path = ""
    for name, module in network.named_modules():
        outputs = module.out_features if isinstance(module, nn.Linear) else None
        outputs = module.out_channels if isinstance(module, nn.Conv2d) else outputs
        if outputs == classes:
            path = name
    return path


def token_layers(
    modules: Sequence[str],
    names: Sequence[str],
    *,
    prefix: int,
    has_class_token: bool,
) -> dict[str, Layer]:
    """Return two layers a transformer block: the class token (where there is one) and the mean of the patches."""
    layers: dict[str, Layer] = {}
    for module, name in zip(modules, names, strict=True):
        if has_class_token:
            layers[f"{name}.cls"] = Layer(module=module, pool="cls")
        layers[f"{name}.patches"] = Layer(module=module, pool="patches", prefix=prefix)
    return layers


def timm_layers(network: nn.Module, path: str = "") -> dict[str, Layer]:
    """Return the layers of a timm network, early to late.

    Parameters
    ----------
    network
        A network made by ``timm.create_model``.
    path
        Where it sits in a larger network, e.g. ``visual.trunk.``.
    """
    blocks = getattr(network, "blocks", None)
    prefix = getattr(network, "num_prefix_tokens", None)
    if blocks is not None and isinstance(prefix, int):
        names = [f"blocks.{i}" for i in range(len(blocks))]
        has_class_token = prefix > 0 and getattr(network, "cls_token", None) is not None
        modules = [path + name for name in names]
        return token_layers(modules, names, prefix=prefix, has_class_token=has_class_token)
    channels_last = getattr(network, "output_fmt", "NCHW") == "NHWC"
    known = dict(network.named_modules())
    info = getattr(network, "feature_info", None) or []
    stages = [str(entry["module"]) for entry in getattr(info, "info", info) if entry.get("module")]
    return {name: Layer(module=path + name, channels_last=channels_last) for name in stages if name in known}
