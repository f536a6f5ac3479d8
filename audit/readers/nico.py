"""NICO++ as it is downloaded: ``{train|test}/{context}/{label}/``, the context being the background.

Zhang et al., arXiv 2204.08040. Contexts of the track with common contexts: autumn, dim, grass, outdoor, rock, water.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from audit.dataset import IMAGE_COLUMN, Dataset
from audit.errors import InputError
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.class_folders import SPLITS
from audit.readers.listing import list_images

title = "NICO++ (split, context, label)"
priority = 40

CONTEXTS = frozenset({"autumn", "dim", "grass", "outdoor", "rock", "water"})
"""Contexts of the public track: a tree counts as NICO++ when it has at least three of them and no other."""


def detect(path: Path) -> bool:
    """Return whether folders of contexts, each with label folders, lie below a split or in the path."""
    return path.is_dir() and bool(_split_folders(path))


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return one sample an image with ``label``, ``background`` (the context) and ``split``."""
    rows = []
    for split, folder in _split_folders(path):
        before = "" if folder == path else f"{folder.name}/"
        for image in list_images(folder):
            parts = image.split("/")
            if len(parts) >= 3 and parts[0].lower() in CONTEXTS:
                rows.append((before + image, before + image, parts[1], parts[0].lower(), split))
    if not rows:
        raise InputError(f"`path` must hold images in context/label folders; '{path}' holds none.")
    frame = pd.DataFrame(rows, columns=["sample_id", IMAGE_COLUMN, "label", "background", "split"], dtype="str")
    frame = frame.dropna(axis="columns", how="all")
    return assemble(Table(frame=frame, source=path), folder=path.absolute(), name=path.absolute().name, options=options)


def _split_folders(path: Path) -> list[tuple[str | None, Path]]:
    below = [entry for entry in sorted(path.iterdir()) if entry.is_dir() and entry.name.lower() in SPLITS]
    found = [(entry.name.lower(), entry) for entry in below if _has_contexts(entry)]
    if found:
        return list(found)
    return [(None, path)] if _has_contexts(path) else []


def _has_contexts(folder: Path) -> bool:
    inner = {entry.name.lower() for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    return len(inner) >= 3 and inner <= CONTEXTS
