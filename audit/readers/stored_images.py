"""Images that lie inside a table are unpacked once into the cache, each under its content's hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from audit.cache import cache_folder, write_once

_ENDINGS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG", ".png"),
    (b"GIF8", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"BM", ".bmp"),
)


def unpacked_root() -> Path:
    """Return the folder that unpacked images lie in."""
    return cache_folder() / "images-v1"


def unpack(content: Sequence[bytes | None]) -> list[str | None]:
    """Write each image's bytes under their hash and return the paths below :func:`unpacked_root`.

    A row without bytes has no path. Files that are there already are left alone.
    """
    root = unpacked_root()
    paths: list[str | None] = []
    for data in content:
        if data is None:
            paths.append(None)
            continue
        name = hashlib.blake2b(data, digest_size=16).hexdigest()
        relative = f"{name[:2]}/{name}{_ending(data)}"
        write_once(root / relative, data)
        paths.append(relative)
    return paths


def _ending(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((ending for start, ending in _ENDINGS if data.startswith(start)), ".bin")
