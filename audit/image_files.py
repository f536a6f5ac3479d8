"""Image files on disk: whether a path may be read, and what is known of its file, without opening it as an image."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from audit.dataset import IMAGE_COLUMN
from audit.file_facts import FileFacts, Stamp, stamp_of

if TYPE_CHECKING:
    from audit.dataset import Dataset

MISSING = "file missing"
EMPTY = "empty file"
NOT_A_FILE = "not a file"
OUTSIDE = "outside the root folder"
TRUNCATED = "truncated image"
NOT_AN_IMAGE = "not an image"
NO_IMAGE = "no image"


class ImageProblem(Exception):  # noqa: N818 - a property of a file, listed rather than raised to the user
    """A file that cannot be used as an image.

    Parameters
    ----------
    reason
        What is wrong with it, in plain words, from a small fixed set.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def contained_path(path: str | Path, root: Path, *, folders: dict[str, str] | None = None) -> str:
    """Return the path with every link resolved.

    Parameters
    ----------
    path
        The file, relative to ``root`` or absolute.
    root
        Folder that it must lie in; resolved already when ``folders`` is given.
    folders
        Folders resolved before, added to: for many files in one go.

    Raises
    ------
    ImageProblem
        If it does not lie in the root folder.
    """
    base = os.path.realpath(root) if folders is None else str(root)
    whole = os.path.join(base, path)  # noqa: PTH118 - a third of pathlib's time, once an image
    folder, name = os.path.split(whole)
    try:
        if folders is None or name in {"", ".", ".."} or os.path.islink(whole):  # noqa: PTH114
            real = os.path.realpath(whole)
        else:
            if folder not in folders:
                folders[folder] = os.path.realpath(folder)
            real = os.path.join(folders[folder], name)  # noqa: PTH118
    except ValueError as error:  # a NUL byte
        raise ImageProblem(MISSING) from error
    if not real.startswith(base if base.endswith(os.sep) else base + os.sep):
        raise ImageProblem(OUTSIDE)
    return real


def regular_file(
    path: str | Path,
    root: Path,
    *,
    folders: dict[str, str] | None = None,
) -> tuple[str, os.stat_result]:
    """Return the resolved path and status of a file with content in the root folder; see :func:`contained_path`.

    Raises
    ------
    ImageProblem
        If it leads out of the root, is missing, empty, or a folder, pipe or device.
    """
    real = contained_path(path, root, folders=folders)
    try:
        status = os.stat(real)  # noqa: PTH116 - as above
    except PermissionError as error:
        raise ImageProblem("unreadable: permission denied") from error
    except (OSError, ValueError) as error:
        raise ImageProblem(MISSING) from error
    if not stat.S_ISREG(status.st_mode):
        raise ImageProblem(NOT_A_FILE)
    if status.st_size == 0:
        raise ImageProblem(EMPTY)
    return real, status


def hash_files(dataset: Dataset) -> tuple[str, ...]:
    """Return a hash of each sample's image bytes, in row order; empty where there is no readable file in the root.

    The hash of an unchanged file (same size, times and inode) is remembered, so that a second load is quick.
    """
    if dataset.root is None or IMAGE_COLUMN not in dataset.metadata.columns:
        return ("",) * len(dataset)
    return hash_paths(dataset.metadata[IMAGE_COLUMN], dataset.root)


def hash_paths(paths: pd.Series[str], root: Path) -> tuple[str, ...]:
    """Return the hash of each file of a column; empty where there is no path or no readable file in the root."""
    named = paths.dropna().astype("str")
    answers = facts_of_files("blake2b", list(named), root, hash_file)
    found = {row: answer for row, (answer, problem) in zip(named.index, answers, strict=True) if problem is None}
    return tuple(found.get(row, "") for row in paths.index)


def hash_file(path: str) -> str:
    """Return the 128-bit BLAKE2b hash of a file as hexadecimal text, or nothing when it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def facts_of_files(
    kind: str,
    paths: list[str],
    root: Path,
    measure: Callable[[str], str],
) -> list[tuple[str, str | None]]:
    """Return (fact, problem) of each path; the fact comes from the cache while the file is unchanged.

    Parameters
    ----------
    kind
        What is measured, as a name in the cache.
    paths
        Files, relative to the root or absolute.
    root
        Folder that they must lie in.
    measure
        Finds the fact out from a resolved path; an empty text is not remembered.
    """
    stamps: list[Stamp | None] = []
    problems: list[str | None] = []
    folders: dict[str, str] = {}
    root = Path(os.path.realpath(root))
    for path in paths:
        try:
            real, status = regular_file(path, root, folders=folders)
        except ImageProblem as problem:
            stamps.append(None)
            problems.append(problem.reason)
        else:
            stamps.append(stamp_of(real, status))
            problems.append(None)
    wanted = [stamp for stamp in stamps if stamp is not None]
    with FileFacts.open() as facts:
        known = facts.recall(kind, wanted)
        new = list({stamp.path: stamp for stamp in wanted if stamp.path not in known}.values())
        if new:
            with ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1))) as pool:
                fresh = list(pool.map(measure, (stamp.path for stamp in new)))
            facts.remember(kind, new, fresh)
            known.update({stamp.path: value for stamp, value in zip(new, fresh, strict=True)})
    return [
        ("", problem) if stamp is None else (known[stamp.path], None)
        for stamp, problem in zip(stamps, problems, strict=True)
    ]
