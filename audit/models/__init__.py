"""Models: one module a family, found by import; ``load_model`` turns a short text into a model.

A specification reads ``family:name?key=value&key=value``, for example ``open_clip:ViT-B-32/laion2b_s34b_b79k``,
``timm:resnet50.a1_in1k``, ``transformers:facebook/dinov2-base`` or ``precomputed?prediction=COLUMN``.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import ModuleType
from typing import cast
from urllib.parse import unquote

from audit import registry
from audit.errors import InputError
from audit.models.base import Model
from audit.models.options import near

MIDDLE_RANK = 50
"""Place of a family that names no ``rank``: after the libraries of networks, before what no audit is about."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Specification:
    """The parts of a model's specification.

    Parameters
    ----------
    family
        Who loads it.
    name
        Architecture, tag, hub name or local path; empty where the family needs none.
    options
        The rest, by key.
    """

    family: str
    name: str
    options: dict[str, str]


def parse(spec: str) -> Specification:
    """Return the parts of ``family:name?key=value&key=value``; ``%XX`` in a value stands for that character.

    Raises
    ------
    InputError
        If an option has no value or appears twice.
    """
    head, _, tail = spec.strip().partition("?")
    family, _, name = head.partition(":")
    options: dict[str, str] = {}
    for part in tail.split("&") if tail else []:
        key, equals, value = part.partition("=")
        if not equals or not key or key in options:
            raise InputError(f"`model` must have options written key=value, each once; got '{part}' in '{spec}'.")
        options[key.strip()] = unquote(value)
    return Specification(family=family.strip(), name=unquote(name.strip()), options=options)


def families() -> dict[str, ModuleType]:
    """Return the modules of all model families by name, built-in and of other packages.

    Those that most audits are about come first, by the modules' ``rank``, then those that only help an audit.

    Raises
    ------
    InputError
        If two modules claim one name.
    """
    found: dict[str, ModuleType] = {}
    for module in registry.modules("audit.models"):
        name = getattr(module, "FAMILY", None)
        if not isinstance(name, str):
            continue
        if name in found:
            raise InputError(
                f"`{name}` must be one model family; both {found[name].__name__} and {module.__name__} claim it.",
            )
        found[name] = module
    return dict(sorted(found.items(), key=lambda pair: (getattr(pair[1], "rank", MIDDLE_RANK), pair[0])))


def load_model(
    spec: str,
    *,
    weights: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
) -> Model:
    """Load a model.

    Parameters
    ----------
    spec
        ``family:name?key=value&...``; the families and their options are those of :func:`families`.
    weights
        Local file of weights (safetensors, or a state dict of ``torch.save``), or folder; may also be given
        as the option ``weights``.
    device
        ``auto`` (cuda, else mps, else cpu), ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.
    dtype
        ``auto`` (16-bit autocast on a GPU, float32 on the CPU), ``float32``, ``bfloat16`` or ``float16``.

    Returns
    -------
    Model
        With the abilities its weights give it.

    Raises
    ------
    InputError
        If the family, the architecture, an option or the weights are unknown or do not fit; says what would.
    """
    parsed = parse(spec)
    known = families()
    if parsed.family not in known:
        raise InputError(_unknown_family(spec, parsed, known))
    module = known[parsed.family]
    options = dict(parsed.options)
    given = options.pop("weights", None)
    if weights is not None and given is not None:
        raise InputError(f"`weights` must be given once; got '{weights}' and '{given}' in the specification.")
    path = weights if weights is not None else given
    for key in options:
        if key not in module.options:
            allowed = ", ".join(dict.fromkeys((*module.options, "weights")))
            raise InputError(
                f"`{key}` must be an option of {parsed.family} ({allowed}).{near(key, module.options)}",
            )
    return cast(
        "Model",
        module.load(
            parsed.name,
            options,
            weights=Path(path).expanduser() if path is not None else None,
            device=device,
            dtype=dtype,
        ),
    )


def _unknown_family(spec: str, parsed: Specification, known: dict[str, ModuleType]) -> str:
    listed = f"Families: {', '.join(known)}; `audit list` shows them with their options."
    if not spec.strip():
        return f"`model` must be FAMILY:NAME; got nothing. {listed}"
    hint = near(parsed.family, known)
    if hint:
        return f"`model` must begin with a family; got '{parsed.family}'.{hint} `audit list` shows all families."
    if ":" not in spec:
        hint = _of_name(parsed.family)
    return f"`model` must begin with a family; got '{parsed.family}'.{hint} {listed}"


def _of_name(name: str) -> str:
    """Return which libraries have a network of a name, as a sentence with a blank before."""
    import timm
    import torchvision

    found = [
        *([f"torchvision:{name}"] if name in torchvision.models.list_models() else []),
        *([f"timm:{name}"] if timm.is_model(name.partition(".")[0]) else []),
    ]
    if found:
        return f" To load the network called '{name}', write {' or '.join(found)}."
    return f" No network of timm or torchvision is called '{name}'."
