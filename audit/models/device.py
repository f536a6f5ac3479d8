"""Where a network runs and in which number format."""

from __future__ import annotations

from typing import Literal

from audit.errors import InputError

DtypeClass = Literal["float32", "bfloat16", "float16"]

DTYPES: dict[str, DtypeClass] = {
    "float32": "float32",
    "fp32": "float32",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "float16": "float16",
    "fp16": "float16",
}
"""Accepted spellings of the number formats."""


def resolve_device(device: str) -> str:
    """Return the device that a wish stands for.

    Parameters
    ----------
    device
        ``auto`` (cuda, else mps, else cpu), ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    InputError
        If the name is unknown or the machine has no such device.
    """
    import torch

    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, index = device.partition(":")
    if kind not in {"cpu", "cuda", "mps"} or (index and not index.isdecimal()) or (index and kind != "cuda"):
        raise InputError(f"`device` must be auto, cpu, mps, cuda or cuda:N; got '{device}'.")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise InputError("`device` must be available on this machine; got 'mps', but there is none. Use --device cpu.")
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if count == 0:
            raise InputError(
                f"`device` must be available on this machine; got '{device}', but PyTorch {torch.__version__} "
                "finds no CUDA device. Use --device cpu, or install a driver that fits this PyTorch build.",
            )
        if index and int(index) >= count:
            raise InputError(f"`device` must be below cuda:{count} on this machine; got '{device}'.")
    return device


def resolve_dtype(dtype: str, device: str) -> DtypeClass:
    """Return the number format that a wish stands for on a device.

    Parameters
    ----------
    dtype
        ``auto`` (float32 on the CPU; bfloat16 on CUDA where the card supports it, float16 otherwise and
        on mps), or one of :data:`DTYPES`. The 16-bit formats are used through autocast: weights stay float32.
    device
        A resolved device.

    Raises
    ------
    InputError
        If the name is unknown or the device cannot compute in it.
    """
    import torch

    kind = device.partition(":")[0]
    if dtype == "auto":
        if kind == "cpu":
            return "float32"
        return "bfloat16" if kind == "cuda" and torch.cuda.is_bf16_supported() else "float16"
    if dtype not in DTYPES:
        raise InputError(f"`dtype` must be auto, {', '.join(DTYPES)}; got '{dtype}'.")
    return DTYPES[dtype]


def placement(device: str, dtype: str) -> tuple[str, DtypeClass]:
    """Return the resolved device and number format of a model about to be loaded."""
    place = resolve_device(device)
    return place, resolve_dtype(dtype, place)
