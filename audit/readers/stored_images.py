"""Images that lie inside a table are unpacked once into the cache, each under its content's hash."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from audit.cache import cache_folder, write_once
from audit.file_facts import FileFacts, stamp_of
from audit.readers.base import StoredImages

_ENDINGS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG", ".png"),
    (b"GIF8", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"BM", ".bmp"),
)


@dataclasses.dataclass(frozen=True)
class UnpackedImage:
    """Where a row's image is.

    Parameters
    ----------
    unpacked
        Path below :func:`unpacked_root`; ``None`` when the table holds no bytes.
    path
        The path that the table gives beside or instead of the bytes.
    """

    unpacked: str | None
    path: str | None


def unpacked_root() -> Path:
    """Return the folder that unpacked images lie in."""
    return cache_folder() / "images-v1"


def unpack(images: StoredImages) -> list[UnpackedImage]:
    """Write each image's bytes under their hash, unless this was done before for the untouched file.

    Parameters
    ----------
    images
        A column of a table file; the file itself is only read.

    Returns
    -------
    list
        One entry a row.
    """
    kind = f"unpacked {images.column}"
    stamp = stamp_of(os.path.realpath(images.file), images.file.stat())
    with FileFacts.open() as facts:
        known = facts.recall(kind, [stamp])
        if known:
            rows = [UnpackedImage(unpacked, path) for unpacked, path in json.loads(known[stamp.path])]
            if _all_there(rows):
                return rows
        rows = [UnpackedImage(None if data is None else _write(data), path) for data, path in images.rows()]
        facts.remember(kind, [stamp], [json.dumps([(row.unpacked, row.path) for row in rows])])
    return rows


def _all_there(rows: Sequence[UnpackedImage]) -> bool:
    root = unpacked_root()
    return all(row.unpacked is None or (root / row.unpacked).is_file() for row in rows)


def _write(data: bytes) -> str:
    name = hashlib.blake2b(data, digest_size=16).hexdigest()
    relative = f"{name[:2]}/{name}{_ending(data)}"
    write_once(unpacked_root() / relative, data)
    return relative


def _ending(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((ending for start, ending in _ENDINGS if data.startswith(start)), ".bin")
