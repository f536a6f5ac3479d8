"""Find the image files of a folder, in one order on every machine, without following links out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from audit.images import IMAGE_SUFFIXES


def list_images(folder: Path) -> list[str]:
    """Return the image files below a folder as relative paths with forward slashes, sorted.

    Hidden files and folders are passed over. A linked folder inside the root is searched; one that leads out of it is
    returned as a path of its own, for the quarantine to name.
    """
    return sorted(_walk(os.path.realpath(folder), "", frozenset()))


def has_images(folder: Path) -> bool:
    """Return whether any image file lies below a folder."""
    return next(_walk(os.path.realpath(folder), "", frozenset()), None) is not None


def _walk(root: str, relative: str, above: frozenset[str]) -> Iterator[str]:
    real = os.path.realpath(os.path.join(root, relative))  # noqa: PTH118 - a million files are listed as texts
    if real in above:
        return  # a link back to a folder that is being searched
    with os.scandir(real) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith((".", "__MACOSX")):
            continue
        path = f"{relative}/{entry.name}" if relative else entry.name
        if entry.is_dir():
            target = os.path.realpath(entry.path)
            if entry.is_symlink() and not (target + os.sep).startswith(root.rstrip(os.sep) + os.sep):
                yield path
            else:
                yield from _walk(root, path, above | {real})
        elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:  # noqa: PTH122 - as above
            yield path
