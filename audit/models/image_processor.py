"""The preprocessing that a transformers image processor describes, for Pillow.

transformers resizes with torchvision's tensor kernels by default and with Pillow on request; the weights of CLIP,
DINOv2, ViT and their kin were trained on Pillow's, which is what is used here. The two differ by a few grey levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.errors import InputError
from audit.models.base import Preprocessing
from audit.models.loading import first_line
from audit.models.options import channels, choice, size
from audit.models.preprocessing import RESAMPLING

OWN_CROP = 384
"""Below this size ConvNeXT's processor leaves a margin (its ``crop_pct``) around the crop."""


def preprocessing(name: str, place: str, options: Mapping[str, str], *, trust: bool) -> Preprocessing:
    """Return the preprocessing of the model's image processor, the specification's options first.

    Raises
    ------
    InputError
        If there is no processor and the options do not stand in for it, or it does what no fixed size can express.
    """
    from transformers import AutoImageProcessor

    given = {"mean": channels(options, "mean"), "std": channels(options, "std"), "size": size(options, "size")}
    try:
        processor: Any = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            place,
            trust_remote_code=trust,
            backend="pil",
        )
    except (OSError, ValueError, ImportError, KeyError) as error:
        if None in given.values():
            raise InputError(
                f"`model` must come with an image processor (preprocessor_config.json); '{name}' does not: "
                f"{first_line(error)} Or give size, mean and std as options.",
            ) from error
        processor = None
    resize, resize_to, crop = _geometry(name, processor, given["size"])  # type: ignore[arg-type]
    normalises = processor is None or getattr(processor, "do_normalize", True)
    return Preprocessing(
        size=crop,
        resize=resize,  # type: ignore[arg-type]
        resize_to=resize_to,
        interpolation=choice(options, "interpolation", tuple(RESAMPLING)) or _filter(processor),  # type: ignore[arg-type]
        mean=given["mean"] or (_three(processor.image_mean) if normalises else (0.0, 0.0, 0.0)),  # type: ignore[arg-type]
        std=given["std"] or (_three(processor.image_std) if normalises else (1.0, 1.0, 1.0)),  # type: ignore[arg-type]
        crop_offset="down",
    )


def _geometry(
    name: str,
    processor: Any,
    wished: tuple[int, int] | None,
) -> tuple[str, tuple[int, int], tuple[int, int]]:
    """Return the kind of resizing, its target and the crop, scaled to the wished size."""
    own = _own_geometry(processor) if processor is not None else None
    if wished is None:
        if own is None:
            raise InputError(
                f"`size` must be given for '{name}': its image processor leaves images of several sizes "
                f"({dict(processor.size or {})}). Add ?size=PIXELS.",
            )
        return own
    if own is None:
        return "squash", wished, wished
    resize, (height, width), crop = own
    return resize, (height * wished[0] // crop[0], width * wished[1] // crop[1]), wished


def _own_geometry(processor: Any) -> tuple[str, tuple[int, int], tuple[int, int]] | None:
    """Return the processor's kind of resizing, target and crop; ``None`` where it has no fixed output size."""
    wanted = dict(processor.size or {})
    shortest = int(wanted.get("shortest_edge") or 0)
    cropped = dict(processor.crop_size or {}) if getattr(processor, "do_center_crop", False) else {}
    crop = (int(cropped["height"]), int(cropped["width"])) if cropped else None
    margin = getattr(processor, "crop_pct", None)
    if shortest and margin and crop is None:
        if shortest >= OWN_CROP:
            return "squash", (shortest, shortest), (shortest, shortest)
        target = int(shortest / margin)
        return "shortest", (target, target), (shortest, shortest)
    if shortest and crop and "longest_edge" not in wanted:
        return "shortest", (shortest, shortest), crop
    if "height" in wanted:
        box = (int(wanted["height"]), int(wanted["width"]))
        return "squash", box, crop or box
    return None


def _filter(processor: Any) -> str:
    """Return Pillow's name of the processor's interpolation; bilinear, transformers' default, where it names none."""
    names = {int(filtering): text for text, filtering in RESAMPLING.items()}
    resample = getattr(processor, "resample", None)
    if resample is None:
        return "bilinear"
    return names[int(resample)] if isinstance(resample, int) else str(getattr(resample, "value", resample))


def _three(values: float | Sequence[float]) -> tuple[float, float, float]:
    listed = list(values) if isinstance(values, Sequence) else [values] * 3
    return float(listed[0]), float(listed[1]), float(listed[2])
