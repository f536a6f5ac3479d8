"""CounterAnimal as it is downloaded: ``LAION-final/{index} {name}/{common|counter}-{background}/``.

Wang et al., arXiv 2403.11497. A class folder is named by its ImageNet index and a name; its backgrounds are told by the
beginning of their folders' names, of which there may be several a side.
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

title = "CounterAnimal (class folders with common- and counter- backgrounds)"
priority = 40

NAMES_FILE = "imagenet_names.txt"
INNER = "LAION-final"

_CLASS = re.compile(r"(\d+)\s+(\S.*)")
_SIDE = re.compile(r"(common|counter)(?:[-_ ]+(.*))?", re.IGNORECASE)


def detect(path: Path) -> bool:
    """Return whether class folders with a common- or counter- folder lie in the path or in its ``LAION-final``."""
    return path.is_dir() and _root(path) is not None


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return one sample an image with ``label``, ``imagenet_index``, ``side`` and ``background``, without strays."""
    root = _root(path)
    assert root is not None
    rows = [row for image in list_images(root) if (row := _row(image)) is not None]
    if not rows:
        raise InputError(f"`path` must hold images in common- and counter- folders; '{path}' holds none.")
    frame = pd.DataFrame(rows, columns=["sample_id", IMAGE_COLUMN, "label", "imagenet_index", "side", "background"])
    names = _names(root)
    if names:
        frame["synset"] = frame["imagenet_index"].map(names).astype("str").where(frame["imagenet_index"].isin(names))
    name = path.absolute().name
    table = Table(frame=frame, source=path)
    return assemble(table, folder=root.absolute(), name="CounterAnimal" if name == INNER else name, options=options)


def _root(path: Path) -> Path | None:
    for folder in (path, path / INNER):
        if not folder.is_dir():
            continue
        for entry in sorted(folder.iterdir()):
            sided = (child for child in entry.iterdir() if child.is_dir()) if entry.is_dir() else ()
            if _CLASS.fullmatch(entry.name) and any(_SIDE.fullmatch(child.name) for child in sided):
                return folder
    return None


def _row(image: str) -> tuple[str, str, str, int, str, str] | None:
    """Return a sample of a path below class and side; ``None`` for a stray file."""
    parts = image.split("/")
    if len(parts) < 3:
        return None
    named, sided = _CLASS.fullmatch(parts[0]), _SIDE.fullmatch(parts[1])
    if named is None or sided is None:
        return None
    background = (sided.group(2) or "").strip().lower()
    return image, image, named.group(2).strip(), int(named.group(1)), sided.group(1).lower(), background


def _names(root: Path) -> dict[int, str]:
    """Return the synset string of every index of ``imagenet_names.txt``, which lies beside the classes or above."""
    for folder in (root, root.parent):
        file = folder / NAMES_FILE
        if file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines()
            pairs = [line.split("\t", 1) for line in lines if "\t" in line]
            return {int(index): name.strip() for index, name in pairs if index.strip().isdecimal()}
    return {}
