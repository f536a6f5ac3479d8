"""VisDiffBench as it is on disk: ``<level>/<k>_a``, ``<level>/<k>_b`` with images, and a jsonl of the pairs.

Line k of ``<level>.jsonl`` (or ``benchmark_<level>.jsonl``), from 1, says ``set1``, ``set2`` and ``difference``. The
difficulty is the folder's, whatever else a line says.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pandas as pd

from audit.dataset import IMAGE_COLUMN, Dataset
from audit.errors import InputError
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.listing import list_images

title = "VisDiffBench (level/pair_a, level/pair_b)"
priority = 40

_PAIR = re.compile(r"(\d+)_([ab])")
_MOST_LOOKED_AT = 50


def detect(path: Path) -> bool:
    """Return whether the path, or a folder in it, holds folders ``1_a`` and ``1_b``."""
    return path.is_dir() and bool(_levels(path))


def _levels(path: Path) -> dict[str, Path]:
    """Return the folders of pairs by level; a single one is called after itself."""
    if _has_pairs(path):
        return {path.name: path}
    below = sorted(child for child in path.iterdir() if child.is_dir())[:_MOST_LOOKED_AT]
    return {child.name: child for child in below if _has_pairs(child)}


def _has_pairs(path: Path) -> bool:
    return (path / "1_a").is_dir() and (path / "1_b").is_dir()


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return one sample an image: ``level``, ``pair`` ("easy 1"), ``side`` (a or b), ``set_text``, ``difference``.

    Raises
    ------
    InputError
        If a line of the jsonl is broken, or there are no images.
    """
    rows = []
    for level, folder in _levels(path).items():
        lines = _pairs(folder, level)
        for name in list_images(folder):
            match = _PAIR.fullmatch(name.partition("/")[0])
            if match is None:
                continue
            number, side = int(match[1]), match[2]
            told = lines[number - 1] if 0 < number <= len(lines) else {}
            file = name if folder == path else f"{level}/{name}"
            rows.append(
                {
                    "sample_id": file,
                    IMAGE_COLUMN: file,
                    "level": level,
                    "pair": f"{level} {number}",
                    "side": side,
                    "set_text": told.get("set1" if side == "a" else "set2"),
                    "difference": told.get("difference"),
                }
            )
    if not rows:
        raise InputError(f"`path` must hold images in folders 1_a, 1_b; '{path}' holds none.")
    frame = pd.DataFrame(rows, dtype="str")
    roles = options.roles
    if not roles.attributes:
        roles = dataclasses.replace(roles, attributes=("level", "side"))
    return assemble(
        Table(frame=frame, source=path),
        folder=path.absolute(),
        name=path.absolute().name,
        options=dataclasses.replace(options, roles=roles),
    )


def _pairs(folder: Path, level: str) -> list[dict[str, str]]:
    """Return the pairs' texts in order; none when there is no file of them."""
    names = [f"{level}.jsonl", f"benchmark_{level}.jsonl", "pairs.jsonl"]
    places = [place / name for name in names for place in (folder, folder.parent)]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return []
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            facts = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(
                f"`{file.name}` must hold a JSON object a line; line {number} is none: {error}."
            ) from error
        if not isinstance(facts, dict) or not {"set1", "set2", "difference"} <= set(facts):
            raise InputError(f"`{file.name}` must hold set1, set2 and difference; line {number} lacks one.")
        found.append({name: str(facts[name]) for name in ("set1", "set2", "difference")})
    return found
