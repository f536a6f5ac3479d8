"""What a number was made with: kept beside everything that the store holds."""

from __future__ import annotations

import datetime as dt
import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_LIBRARIES = ("model-audit", "numpy", "pandas", "pillow", "scipy", "torch")


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("python", platform.python_version())]
    for library in _LIBRARIES:
        try:
            found.append((library, version(library)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that numbers depend on, without importing them."""
    return dict(_versions())


def now() -> str:
    """Return the time in UTC as ISO 8601 text, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def processors() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def surroundings() -> dict[str, Any]:
    """Return when, and with which versions, on what machine: the part of a provenance that every entry has."""
    machine = {"machine": platform.machine(), "system": platform.system()}
    return {"created": now(), "versions": library_versions(), **machine}
