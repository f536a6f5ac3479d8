"""Which data was named on the command line: kept in the home folder, so that a report finds it again."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from audit.sources import DatasetSource

if TYPE_CHECKING:
    from audit.dataset import Dataset

FILE = "given-data.json"
MOST = 200
"""Datasets that are remembered; the oldest are forgotten first."""


def remember(home: Path, dataset: Dataset, source: DatasetSource) -> None:
    """Keep where a dataset was read from, by its content.

    Nobody but the person who types commands can add to this file, so what it names may be read again for them,
    wherever it lies; the dashboard never looks at it.

    Parameters
    ----------
    home
        The home folder.
    dataset
        As it was read.
    source
        Where from.
    """
    home.mkdir(parents=True, exist_ok=True)
    facts = dataclasses.asdict(source.resolved())
    with FileLock(home / f"{FILE}.lock"):
        known = _read(home)
        known.pop(dataset.fingerprint, None)
        kept = dict([*known.items(), (dataset.fingerprint, facts)][-MOST:])
        descriptor, temporary = tempfile.mkstemp(dir=home, prefix=f".{FILE}-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
        Path(temporary).replace(home / FILE)


def recall(home: Path, fingerprint: str) -> DatasetSource | None:
    """Return where data of this content was read from, ``None`` when this home does not know."""
    facts = _read(home).get(fingerprint)
    if not isinstance(facts, dict):
        return None
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    try:
        return DatasetSource(**plain)
    except TypeError:
        # Written by a version with other parameters.
        return None


def _read(home: Path) -> dict[str, Any]:
    try:
        known = json.loads((home / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
