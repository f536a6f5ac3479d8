"""ImageNet-9 as it is downloaded: ``{variant}/val/{00_dog, ..., 08_fish}/*.JPEG``, masks ``fg_mask/val/{class}/*.npy``.

Xiao et al., arXiv 2006.09994. Names of mixed images hold the foreground's and the background's own name.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from audit.dataset import IMAGE_COLUMN, Dataset
from audit.errors import InputError
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.listing import list_images

title = "ImageNet-9 (variants with changed backgrounds)"
priority = 40

VARIANTS = (
    "original",
    "mixed_same",
    "mixed_rand",
    "mixed_next",
    "no_fg",
    "only_fg",
    "only_bg_b",
    "only_bg_t",
)
MASKS = "fg_mask"
SIDES = {"mixed_same": "common", "mixed_rand": "counter"}

_CLASS = re.compile(r"\d{2}_(.+)")
_MIXED = re.compile(r"fg_(?P<foreground>.+?)_bg_(?P<background>.+)")
_WNID = re.compile(r"n\d{8}")


def detect(path: Path) -> bool:
    """Return whether the path holds folders ``{variant}/val/NN_class``."""
    return path.is_dir() and any(_classes(path / variant) for variant in VARIANTS)


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the images of all variants.

    Columns ``label``, ``variant``, ``side`` (mixed-same is common, mixed-rand is counter), ``foreground`` and
    ``background_image`` (names of the images that they were cut from), ``wnid`` of the foreground, and ``mask`` of the
    original images.
    """
    masks = _masks(path)
    rows = []
    for variant in VARIANTS:
        for folder in _classes(path / variant):
            matched = _CLASS.fullmatch(folder.name)
            assert matched is not None
            for image in list_images(folder):
                where = folder.relative_to(path).as_posix()
                rows.append(_row(f"{where}/{image}", variant, matched.group(1).replace("_", " "), masks))
    if not rows:
        raise InputError(f"`path` must hold images of ImageNet-9; '{path}' holds none below its class folders.")
    frame = pd.DataFrame(rows, dtype="str").dropna(axis="columns", how="all")
    return assemble(Table(frame=frame, source=path), folder=path.absolute(), name=path.absolute().name, options=options)


def _classes(variant: Path) -> list[Path]:
    inner = variant / "val"
    if not inner.is_dir():
        return []
    return sorted(entry for entry in inner.iterdir() if entry.is_dir() and _CLASS.fullmatch(entry.name))


def _masks(path: Path) -> dict[tuple[str, str], str]:
    """Return the mask file of every (class folder, image)."""
    found = sorted((path / MASKS / "val").glob("*/*.npy")) if (path / MASKS / "val").is_dir() else []
    return {(file.parent.name, file.stem): file.relative_to(path).as_posix() for file in found}


def _row(image: str, variant: str, label: str, masks: dict[tuple[str, str], str]) -> dict[str, str | None]:
    folder, stem = image.split("/")[-2], Path(image).stem
    mixed = _MIXED.fullmatch(stem)
    foreground = mixed.group("foreground") if mixed else stem
    wnid = _WNID.match(foreground)
    return {
        "sample_id": image,
        IMAGE_COLUMN: image,
        "label": label,
        "variant": variant,
        "side": SIDES.get(variant),
        "foreground": foreground,
        "background_image": mixed.group("background") if mixed else None,
        "wnid": wnid.group() if wnid else None,
        "mask": masks.get((folder, stem)) if variant == "original" else None,
    }
