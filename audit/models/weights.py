"""Weights from files: read without running code, checked against the network, and hashed by content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import nn

WRAPPERS = ("state_dict", "model_state_dict", "model", "state_dict_ema", "model_ema")
"""Keys under which training scripts put the state dict of a checkpoint."""

PREFIXES = ("module.", "model.", "_orig_mod.")
"""Prefixes that wrappers (data parallel, Lightning, torch.compile) put before every key."""

_NORM = re.compile(r"\(\s*x\s*-\s*(\d+(?:\.\d+)?)\s*\)\s*/\s*([1-9]\d*(?:\.\d+)?)")
_SAYS_NOTHING = ("format", "arch")
"""Metadata that changes nothing: the library that wrote the file, and the architecture, which the user names."""


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Return a file's tensors by name: float32 where the file is float16 or bfloat16, wrappers and prefixes removed.

    Parameters
    ----------
    path
        A ``.safetensors`` file, or one written by ``torch.save``, which is read with ``weights_only=True``.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, or holds anything but tensors.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no such file"
        raise InputError(f"`weights` must be a file of weights; got '{path}' ({what}).")
    state = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    return as_float32(strip_prefixes(state))


def metadata(path: Path) -> dict[str, str]:
    """Return the text that a safetensors file carries beside its tensors; empty for any other file."""
    if path.suffix != ".safetensors" or not path.is_file():
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            return dict(file.metadata() or {})
    except SafetensorError:
        return {}


def carried(path: Path, known: Collection[str], options: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the options that a file of weights carries as metadata, and notes on what is used and what is not.

    Parameters
    ----------
    path
        The file.
    known
        Names of the options that may be carried. ``norm`` of the form ``(x-A)/B``, in values of 0 to 255, is
        ``mean`` and ``std``.
    options
        Those of the specification, which come first.
    """
    held = {key: value for key, value in metadata(path).items() if key not in _SAYS_NOTHING}
    norm = _NORM.fullmatch(held.get("norm", ""))
    if norm is not None and {"mean", "std"} <= set(known):
        del held["norm"]
        shares = (f"{float(value) / 255:.6g}" for value in norm.groups())
        held = {**dict(zip(("mean", "std"), shares, strict=True)), **held}
    found = {key: value for key, value in held.items() if key in known and key not in options}
    other = {key: value for key, value in held.items() if key not in known}
    notes = [f"Set by the file's metadata: {_facts(found)}."] if found else []
    if other:
        notes.append(
            f"The file's metadata also says {_facts(other)}, which is not read here: check the preprocessing, and set "
            "what differs in the model's options."
        )
    return found, notes


def _facts(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(facts.items()))


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(str(path), device="cpu"))
    except (SafetensorError, OSError) as error:
        raise InputError(f"`weights` must be a complete safetensors file; '{path}' is not: {error}.") from error


def _read_torch(path: Path) -> dict[str, torch.Tensor]:
    import pickle  # only its error class: weights_only=True refuses everything but tensors

    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"`weights` must hold tensors alone; '{path}' holds Python objects, which are not loaded because they "
            "could run code. Save the state dict: torch.save(model.state_dict(), FILE), or safetensors' save_file.",
        ) from error
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        first = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
        raise InputError(
            f"`weights` must be a safetensors file or one written by torch.save; '{path}' cannot be read: {first}",
        ) from error
    return _unwrap(content, path)


def _unwrap(content: object, path: Path) -> dict[str, torch.Tensor]:
    import torch

    for _ in range(3):
        inner = next((content[key] for key in WRAPPERS if _holds(content, key)), None)  # type: ignore[index]
        if inner is None:
            break
        content = inner
    if not isinstance(content, Mapping):
        raise InputError(f"`weights` must hold names to tensors; '{path}' holds {type(content).__name__}.")
    state = {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}
    if not state:
        keys = ", ".join(str(key) for key in list(content)[:6])
        raise InputError(f"`weights` must hold names to tensors; '{path}' holds only: {keys or 'nothing'}.")
    return state


def _holds(content: object, key: str) -> bool:
    return isinstance(content, Mapping) and isinstance(content.get(key), Mapping)


def strip_prefixes(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a state dict without the prefixes that every key shares."""
    found = dict(state)
    for _ in range(3):
        shared = next((prefix for prefix in PREFIXES if found and all(key.startswith(prefix) for key in found)), None)
        if shared is None:
            break
        found = {key.removeprefix(shared): value for key, value in found.items()}
    return found


def as_float32(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a state dict with 16-bit floats widened to float32 (exact); other tensors as they are."""
    import torch

    narrow = (torch.float16, torch.bfloat16)
    return {key: value.float() if value.dtype in narrow else value for key, value in state.items()}


def load_into(module: nn.Module, state: Mapping[str, torch.Tensor], *, source: str, remedy: str) -> None:
    """Copy a state dict into a network, every tensor of both accounted for.

    Parameters
    ----------
    module
        The network.
    state
        Names to tensors.
    source
        What to call the weights in an error.
    remedy
        What the user can change when shapes or names differ.

    Raises
    ------
    InputError
        If shapes differ, or tensors are missing or left over: names the first ones, both shapes and the remedy.
    """
    wanted = module.state_dict()
    for key, value in state.items():
        if key in wanted and _sides(wanted[key]) != _sides(value):
            raise InputError(
                f"`weights` must fit the network: '{key}' has shape {tuple(value.shape)} in {source}, the network "
                f"expects {tuple(wanted[key].shape)}. {remedy}",
            )
    optional = ("num_batches_tracked",)
    missing = [key for key in wanted if key not in state and not key.endswith(optional)]
    surplus = [key for key in state if key not in wanted and not key.endswith(optional)]
    if missing or surplus:
        parts = [_listed(missing, "not in the file"), _listed(surplus, "unknown to the network")]
        raise InputError(
            f"`weights` must be those of this network; {source}: {'; '.join(part for part in parts if part)}. {remedy}",
        )
    fitting = {key: value.reshape(wanted[key].shape) for key, value in state.items() if key in wanted}
    module.load_state_dict(fitting, strict=False)


def _sides(tensor: torch.Tensor) -> tuple[int, ...]:
    """Return the shape without sides of length 1: a scalar equals (1,), a linear layer a 1 x 1 convolution."""
    return tuple(side for side in tensor.shape if side != 1)


def _listed(keys: list[str], what: str) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return f"{', '.join(keys[:3])}{more} {what}"


def content_hash(state: Mapping[str, torch.Tensor]) -> str:
    """Return the hash of a state dict's names, types, shapes and bytes; equal for equal content in any order."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        digests = list(pool.map(lambda key: _tensor_digest(key, state[key]), sorted(state)))
    return hashlib.blake2b(b"".join(digests), digest_size=16).hexdigest()


def _tensor_digest(key: str, tensor: torch.Tensor) -> bytes:
    import torch

    value = tensor.detach().to("cpu").contiguous().reshape(-1)
    digest = hashlib.blake2b(f"{key}:{value.dtype}:{tuple(tensor.shape)};".encode(), digest_size=16)
    if value.numel():
        digest.update(value.view(torch.uint8).numpy().data)
    return digest.digest()


def file_hash(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
