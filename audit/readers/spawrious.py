"""Spawrious as it is downloaded: ``spawrious224/{0|1}/{background}/{breed}/``.

Lynch et al., arXiv 2303.05470: four breeds on six backgrounds; the first folder counts generations of the images.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from audit.dataset import IMAGE_COLUMN, Dataset
from audit.errors import InputError
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.listing import list_images

title = "Spawrious (background, breed)"
priority = 40

INNER = "spawrious224"
BACKGROUNDS = frozenset({"desert", "jungle", "dirt", "mountain", "snow", "beach"})


def detect(path: Path) -> bool:
    """Return whether numbered folders with the backgrounds lie in the path or in its ``spawrious224``."""
    return path.is_dir() and _root(path) is not None


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return one sample an image with ``label`` (the breed), ``background`` and ``part`` (0 or 1)."""
    root = _root(path)
    assert root is not None
    rows = []
    for image in list_images(root):
        parts = image.split("/")
        if len(parts) >= 4 and parts[0].isdecimal() and parts[1].lower() in BACKGROUNDS:
            rows.append((image, image, parts[2].replace("_", " "), parts[1].lower(), parts[0]))
    if not rows:
        raise InputError(f"`path` must hold images in background/breed folders; '{path}' holds none.")
    frame = pd.DataFrame(rows, columns=["sample_id", IMAGE_COLUMN, "label", "background", "part"], dtype="str")
    name = path.absolute().name
    table = Table(frame=frame, source=path)
    return assemble(table, folder=root.absolute(), name="Spawrious" if name == INNER else name, options=options)


def _root(path: Path) -> Path | None:
    for folder in (path, path / INNER):
        numbered = [folder / number for number in ("0", "1") if (folder / number).is_dir()]
        names = {entry.name.lower() for part in numbered for entry in part.iterdir() if entry.is_dir()}
        if len(names & BACKGROUNDS) >= 2:
            return folder
    return None
