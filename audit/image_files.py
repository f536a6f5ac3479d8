"""Image files on disk: whether a path may be read, and what is known of its file, without opening it as an image."""

from __future__ import annotations

import functools
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
FORBIDDEN = "unreadable: permission denied"

# The empty part is the front of an absolute path.
_STEPS = frozenset({"", ".", ".."})


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


def regular_file(path: str | Path, root: str | Path) -> tuple[str, os.stat_result]:
    """Return the resolved path and status of a file with content in the root folder.

    Parameters
    ----------
    path
        The file, relative to ``root`` or absolute.
    root
        Folder that it must lie in once every link is followed.

    Raises
    ------
    ImageProblem
        If it leads out of the root, is missing, empty, or a folder, pipe or device.
    """
    base = _real_root(str(root))
    try:
        real, status = _plain_path(str(path), base) or _followed_path(str(path), base)
    except PermissionError as error:
        raise ImageProblem(FORBIDDEN) from error
    except (OSError, ValueError) as error:  # no such file, a circle of links, a name too long, a NUL byte
        raise ImageProblem(MISSING) from error
    if not stat.S_ISREG(status.st_mode):
        raise ImageProblem(NOT_A_FILE)
    if status.st_size == 0:
        raise ImageProblem(EMPTY)
    return real, status


@functools.lru_cache(maxsize=64)
def _real_root(root: str) -> str:
    return os.path.realpath(root)


def _plain_path(path: str, base: str) -> tuple[str, os.stat_result] | None:
    """Return path and status where no part below the root is a link or a step up, else ``None``.

    Resolving a path costs a look at each of its parts from the top of the disk; this is done for every image opened,
    and only the parts below the root can lead out of it.
    """
    parts = path.split(os.sep)  # noqa: PTH206 - a path object would take longer than the looks
    if any(part in _STEPS for part in parts):
        return None
    status: os.stat_result | None = None
    real = base.rstrip(os.sep)
    for part in parts:
        real = f"{real}{os.sep}{part}"
        status = os.lstat(real)
        if stat.S_ISLNK(status.st_mode):
            return None
    return None if status is None else (real, status)


def _followed_path(path: str, base: str) -> tuple[str, os.stat_result]:
    real = os.path.realpath(Path(base) / path)
    if not Path(real).is_relative_to(base) or real == base:
        raise ImageProblem(OUTSIDE)
    return real, Path(real).stat()


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
    # Rows may share an image: a file is looked at once.
    distinct = list(dict.fromkeys(paths))
    for path in distinct:
        try:
            real, status = regular_file(path, root)
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
    answers: dict[str, tuple[str, str | None]] = {
        path: ("", problem) if stamp is None else (known[stamp.path], None)
        for path, stamp, problem in zip(distinct, stamps, problems, strict=True)
    }
    return [answers[path] for path in paths]
