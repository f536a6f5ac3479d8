"""Where derived files that may be deleted at any time are kept: content hashes, thumbnails, unpacked images."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the cache folder: ``MODEL_AUDIT_CACHE``, else ``MODEL_AUDIT_HOME``/cache, else the user's cache folder.

    Returns
    -------
    Path
        Absolute; it need not exist yet.
    """
    if folder := os.environ.get("MODEL_AUDIT_CACHE"):
        return Path(folder).absolute()
    if home := os.environ.get("MODEL_AUDIT_HOME"):
        return Path(home).absolute() / "cache"
    return platformdirs.user_cache_path("model-audit")


def write_once(target: Path, content: bytes) -> None:
    """Write a file under its content's name: whole or not at all, and never over one that is there.

    Parameters
    ----------
    target
        Where the file belongs; its folder is made when needed.
    content
        What it holds.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
