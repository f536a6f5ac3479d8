"""A tree of folders named after classes: root/class/image, or root/split/class/image."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from audit.dataset import IMAGE_COLUMN, Dataset
from audit.errors import InputError
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.listing import has_images, list_images

title = "Folders named after classes"
priority = 10

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "dev", "eval", "test", "testing"})
"""Folder names that are a part of the data, not a class."""


def detect(path: Path) -> bool:
    """Return whether the path is a folder with images below it."""
    return path.is_dir() and has_images(path)


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return one sample an image, labelled by its folder.

    The class is the folder below the root (or below the split), as in torchvision; when the same folder names come
    again below several of them (domain/class), the inner folder is the class and the outer one the column ``folder``.
    """
    paths = list_images(options.images or path)
    if not paths:
        raise InputError(
            f"`path` must hold images; '{path}' holds none. Give the folder that the class folders lie in."
        )
    columns = folder_columns([tuple(name.split("/")[:-1]) for name in paths])
    frame = pd.DataFrame({"sample_id": paths, IMAGE_COLUMN: paths, **columns}, dtype="str")
    table = Table(frame=frame, source=path)
    return assemble(table, folder=path.absolute(), name=path.absolute().name, options=options)


def folder_columns(folders: list[tuple[str, ...]]) -> dict[str, list[str | None]]:
    """Return the columns (``label``, ``split``, ``folder``) that the images' folders stand for."""
    depth = max(map(len, folders))
    # Folders that hold everything say nothing: root/images/cat has the classes of root/cat.
    while depth > 1 and len({parts[:1] for parts in folders}) == 1 and folders[0][0].lower() not in SPLITS:
        folders = [parts[1:] for parts in folders]
        depth -= 1
    columns: dict[str, list[str | None]] = {}
    outer = {parts[0].lower() for parts in folders if parts}
    if outer and outer <= SPLITS:
        columns["split"] = [parts[0] if parts else None for parts in folders]
        folders = [parts[1:] for parts in folders]
        depth -= 1
    if depth == 0:
        return columns
    if depth == 2 and _is_crossed(folders):
        columns["folder"] = [parts[0] if parts else None for parts in folders]
        folders = [parts[1:] for parts in folders]
    columns["label"] = [parts[0] if parts else None for parts in folders]
    return columns


def _is_crossed(folders: list[tuple[str, ...]]) -> bool:
    """Return whether the inner folders' names come again below several outer folders."""
    pairs = {parts for parts in folders if len(parts) == 2}
    inner = {parts[1] for parts in pairs}
    return len({parts[0] for parts in pairs}) > 1 and len(pairs) > len(inner) and 2 * len(inner) <= len(pairs) + 1
