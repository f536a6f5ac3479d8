"""No network at all: predictions, probabilities or embeddings that came with the data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.models.base import Ability, Preprocessing

FAMILY = "precomputed"
title = "What came with the data"
abilities_hint = "Predictions from a column, or probabilities and embeddings from files; no images are read."
rank = 60
options: tuple[str, ...] = ("prediction",)


class Precomputed:
    """A stand-in for the model whose outputs are in the data.

    Parameters
    ----------
    prediction
        Column that holds the predicted class; empty for the dataset's own prediction column.
    """

    abilities: frozenset[Ability] = frozenset()
    device = "cpu"
    dtype = "float32"
    notes: tuple[str, ...] = ()

    def __init__(self, prediction: str = "") -> None:
        self.prediction = prediction
        self.name = f"{FAMILY}?prediction={prediction}" if prediction else FAMILY
        self.fingerprint = hashlib.blake2b(self.name.encode(), digest_size=16).hexdigest()
        self.preprocessing = Preprocessing(size=(1, 1), resize_to=(1, 1), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))

    def provenance(self) -> dict[str, Any]:
        """Return name and fingerprint; there is no device, number format or preprocessing to record."""
        return {"name": self.name, "fingerprint": self.fingerprint, "prediction": self.prediction or None}


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,  # noqa: ARG001 - every family has the same signature
    dtype: str,  # noqa: ARG001
) -> Precomputed:
    """Return the stand-in; ``precomputed?prediction=COLUMN`` reads the predictions from a column.

    Raises
    ------
    InputError
        If a name or weights are given.
    """
    if name:
        raise InputError(f"`model` must be 'precomputed' or 'precomputed?prediction=COLUMN'; got '{FAMILY}:{name}'.")
    if weights is not None:
        raise InputError(f"`weights` must be left out for a precomputed model; got '{weights}'.")
    return Precomputed(options.get("prediction", ""))
