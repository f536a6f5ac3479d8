"""The bundled small CLIP, trained on the example worlds; specification ``demo``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.demo.model import load_demo_model_parts
from audit.errors import InputError
from audit.models.base import Preprocessing
from audit.models.open_clip import OpenClipModel, visual_layers

FAMILY = "demo"
title = "Bundled example"
abilities_hint = "Small CLIP trained on the drawn menagerie and the drawn tissue; no download."
rank = 70
options: tuple[str, ...] = ()

NOTE = "Trained on drawn pictures only: made for the bundled example, not for photographs."


def load(
    name: str,
    options: Mapping[str, str],
    *,
    weights: Path | None,
    device: str,
    dtype: str,
) -> OpenClipModel:
    """Load the bundled model; ``weights`` may name another file written by ``python -m audit.demo.train``.

    Raises
    ------
    InputError
        If a name is given, or the weights are missing.
    """
    del options  # the family has none
    if name:
        raise InputError(f"`model` must be demo, without a name; got demo:{name}.")
    parts = load_demo_model_parts(weights)
    side = (parts.size, parts.size)
    return OpenClipModel(
        module=parts.model,
        tokenizer=parts.tokenizer,
        name=FAMILY if weights is None else f"{FAMILY}?weights={weights.name}",
        preprocessing=Preprocessing(
            size=side,
            resize="shortest",
            resize_to=side,
            interpolation=parts.interpolation,
            mean=parts.mean,
            std=parts.std,
        ),
        device=device,
        dtype=dtype,
        architecture={"family": FAMILY, "config": parts.architecture},
        layers=visual_layers(parts.model),
        notes=(NOTE,),
    )
