"""A trained ProtoPNet-like model's prototypes, read from its state dict (Chen et al. 2019).

    prototype_vectors             (P, d, 1, 1) or (P, d)
    last_layer.weight             (classes, P): how much each prototype speaks for each class
    add_on_layers.N.weight, bias  (optional) 1 x 1 convolutions between the backbone and the prototypes, ReLU between
                                  them and a sigmoid after the last, as ProtoPNet builds them

Tensors alone are read (``weights_only``). The backbone is the model that is audited; its features must have as many
channels as the first 1 x 1 convolution takes, or as the prototypes have.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from numpy.typing import NDArray

_ADD_ON = re.compile(r"^add_on_layers\.(\d+)\.weight$")


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedPrototypes:
    """Prototypes of a trained model.

    Parameters
    ----------
    vectors
        (P, d).
    weight
        (classes, P).
    layers
        Weight and bias of each 1 x 1 convolution before the prototypes.
    """

    vectors: NDArray[np.float32]
    weight: NDArray[np.float32]
    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]

    @property
    def channels(self) -> int:
        """Channels that the backbone's features must have."""
        return int(self.layers[0][0].shape[1]) if self.layers else self.vectors.shape[1]

    def transform(self, features: torch.Tensor) -> torch.Tensor:
        """Return what the prototypes are compared with, (b, h, w, d), of the backbone's features (b, h, w, c)."""
        import torch

        if not self.layers:
            return features
        with torch.inference_mode():
            found = features
            for place, (weight, bias) in enumerate(self.layers):
                found = found @ weight.to(found.device).T + bias.to(found.device)
                found = found.sigmoid() if place == len(self.layers) - 1 else found.relu()
            return found

    def classes(self) -> NDArray[np.int64]:
        """Return the class that each prototype speaks for most: (P,)."""
        return np.asarray(self.weight.argmax(axis=0), dtype=np.int64)


def read_trained(path: str | Path) -> TrainedPrototypes:
    """Read a ProtoPNet-like state dict.

    Raises
    ------
    InputError
        If prototypes or head are missing, or their shapes do not fit each other.
    """
    from audit.models.weights import as_float32, read_state_dict, strip_prefixes

    state = as_float32(strip_prefixes(read_state_dict(Path(path).expanduser())))
    name = Path(path).name
    for key, shape in (("prototype_vectors", "(P, d, 1, 1)"), ("last_layer.weight", "(classes, P)")):
        if key not in state:
            raise InputError(f"`checkpoint` must hold '{key}' of shape {shape}; {name} does not.")
    vectors = state["prototype_vectors"]
    if vectors.ndim not in {2, 4} or (vectors.ndim == 4 and tuple(vectors.shape[2:]) != (1, 1)):
        raise InputError(
            f"`checkpoint` must hold prototypes of one place, (P, d, 1, 1); {name} has {tuple(vectors.shape)}."
        )
    flat = vectors.flatten(1).numpy()
    weight = state["last_layer.weight"].numpy()
    if weight.ndim != 2 or weight.shape[1] != len(flat):
        raise InputError(
            f"`checkpoint` must have a head with one column a prototype ({len(flat)}); {name} has {weight.shape}."
        )
    layers = _add_on(state, name)
    if layers and int(layers[-1][0].shape[0]) != flat.shape[1]:
        raise InputError(f"`checkpoint` must have add-on layers that end in {flat.shape[1]} channels; {name} has not.")
    return TrainedPrototypes(flat, weight, layers)


def _add_on(state: Mapping[str, torch.Tensor], name: str) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
    places = sorted(int(found[1]) for key in state if (found := _ADD_ON.match(key)))
    layers = []
    for place in places:
        weight = state[f"add_on_layers.{place}.weight"]
        if tuple(weight.shape[2:]) not in {(), (1, 1)}:
            raise InputError(f"`checkpoint` must have 1 x 1 add-on layers; {name} has {tuple(weight.shape)}.")
        matrix = weight.flatten(1)
        layers.append((matrix, state.get(f"add_on_layers.{place}.bias", matrix.new_zeros(len(matrix)))))
    return tuple(layers)
