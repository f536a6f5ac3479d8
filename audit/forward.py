"""A batch through a model: to the device, computed, and halved when the device's memory does not hold it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from audit.base import ImageExtractor
from audit.errors import InputError
from audit.models.base import Model
from audit.shards import VALUE

if TYPE_CHECKING:
    import torch

    from audit.models.base import Preprocessing

NOT_FINITE = "the model's output is not finite"
"""Reason of a sample whose image is whole but whose output holds NaN or an infinity."""


def default_batch_size(device: str, preprocessing: Preprocessing) -> int:
    """Return the images a batch: 32 of 224 x 224 pixels on the CPU, 256 on an accelerator; of smaller ones more."""
    height, width = preprocessing.size
    # On the CPU more is slower: blocks above 32 MB are given back to the system after every layer, and faulted in anew.
    usual, most = (32, 128) if device == "cpu" else (256, 1024)
    fitting = usual * 224 * 224 / (height * width)
    return min(max(2 ** math.floor(math.log2(fitting)), 8), most) if fitting >= 1 else 8


class DeviceBatches:
    """Sends batches through a model in pieces that its device can hold.

    Parameters
    ----------
    model
        A loaded model.
    size
        Images at once; halved each time the device runs out of memory, and kept at that.
    """

    def __init__(self, model: Model, size: int) -> None:
        self.model = model
        self.size = size

    def launch(
        self,
        extractor: ImageExtractor,
        images: torch.Tensor,
        change: Callable[[torch.Tensor, slice], torch.Tensor] | None = None,
    ) -> list[dict[str, torch.Tensor]]:
        """Return the output tensors of a batch, piece by piece, on the device; on a GPU they may still be computed.

        Parameters
        ----------
        extractor
            What to compute.
        images
            uint8 (b, 3, height, width) in main memory or on the device.
        change
            Made to a piece of the batch on the device before it is computed; told which piece it is.

        Raises
        ------
        InputError
            If a single image does not fit into the device's memory.
        """
        pieces = []
        start = 0
        while start < len(images):
            piece = self._attempt(extractor, images, slice(start, start + self.size), change)
            if piece is not None:
                pieces.append(piece)
                start += self.size
                continue
            if self.size == 1:
                raise InputError(
                    f"`device` {self.model.device} must have memory for one image of {self.model.name}; it has not. "
                    "Choose a smaller model, --dtype bfloat16, or --device cpu.",
                )
            self.size = (min(self.size, len(images) - start) + 1) // 2
            _release_memory(self.model.device)
        return pieces

    def _attempt(
        self,
        extractor: ImageExtractor,
        images: torch.Tensor,
        part: slice,
        change: Callable[[torch.Tensor, slice], torch.Tensor] | None,
    ) -> dict[str, torch.Tensor] | None:
        import torch

        images = images[part]

        try:
            with torch.inference_mode():
                shown = images.to(self.model.device, non_blocking=True)
                if change is not None:
                    # Colours last, as images come from their files: the other order costs a fifth of the speed.
                    shown = change(shown, part).contiguous(memory_format=torch.channels_last)
                found = extractor.compute(self.model, shown)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            return None
        if isinstance(found, Mapping):
            named = {f"{VALUE}/{name}": value for name, value in found.items()}
        else:
            named = {VALUE: found}
        for value in named.values():
            if len(value) != len(images):
                raise InputError(
                    f"`{type(extractor).__name__}` must return one row an image ({len(images)}); got {len(value)}.",
                )
        return named


def collect(pieces: list[dict[str, torch.Tensor]]) -> dict[str, np.ndarray]:
    """Return the pieces of a batch as arrays in main memory, waiting for the device; 16-bit floats become float32."""
    import torch

    arrays = {}
    for name in pieces[0] if pieces else ():
        whole = [piece[name].detach().to("cpu") for piece in pieces]
        tensor = whole[0] if len(whole) == 1 else torch.cat(whole)
        arrays[name] = (tensor.float() if tensor.dtype in {torch.bfloat16, torch.float16} else tensor).numpy()
    return arrays


def finite_rows(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return which rows hold finite values in every array: boolean (rows,)."""
    kinds = [np.isfinite(array).reshape(len(array), -1).all(axis=1) for array in arrays.values()]
    whole: np.ndarray = np.logical_and.reduce(kinds)
    return whole


def _is_out_of_memory(error: RuntimeError) -> bool:
    import torch

    # MPS and the CPU's allocator report it as a plain RuntimeError.
    words = ("out of memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in words)


def _release_memory(device: str) -> None:
    import torch

    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device.startswith("mps"):
        torch.mps.empty_cache()
