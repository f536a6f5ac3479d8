"""A dataset saved by Hugging Face ``datasets`` (``save_to_disk``), or downloaded as Parquet shards.

Both are Arrow tables, so they are read as such: nothing is imported or written beside them, and images that lie in
the tables are unpacked into the cache.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError
from audit.readers.arrow_tables import read_arrow_stream, read_parquet
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.stacking import stacked

title = "Hugging Face dataset (save_to_disk, Parquet shards)"
priority = 40

_SHARD = re.compile(r"(?P<split>[^/]+?)-\d+-of-\d+(-[0-9a-f]+)?\.parquet")
_STATE, _SPLITS = "state.json", "dataset_dict.json"


def detect(path: Path) -> bool:
    """Return whether the path is a saved dataset, several by split, or holds Parquet shards."""
    return path.is_dir() and (_is_saved(path) or (path / _SPLITS).is_file() or bool(_shards(path)))


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the samples of all splits, in the column ``split`` where there are several."""
    tables = list(_tables(path))
    if sum(len(table.frame) for table in tables) == 0:
        raise InputError(f"`path` must be a dataset with at least one row; '{path}' has none. Save it again.")
    table = stacked(tables, path)
    return assemble(table, folder=path.absolute(), name=path.absolute().name, options=options)


def _is_saved(path: Path) -> bool:
    return (path / _STATE).is_file() and (path / "dataset_info.json").is_file()


def _shards(path: Path) -> list[Path]:
    folders = [path, path / "data"]
    files = (file for folder in folders if folder.is_dir() for file in folder.glob("*.parquet"))
    return sorted(file for file in files if _SHARD.fullmatch(file.name))


def _tables(path: Path) -> Iterator[Table]:
    if _is_saved(path):
        yield from _saved(path, None)
    elif (path / _SPLITS).is_file():
        for split in _json(path / _SPLITS, "splits"):
            yield from _saved(path / str(split), str(split))
    else:
        for file in _shards(path):
            match = _SHARD.fullmatch(file.name)
            yield _with_split(read_parquet(file), match["split"] if match else None)


def _saved(folder: Path, split: str | None) -> Iterator[Table]:
    for entry in _json(folder / _STATE, "_data_files"):
        file = folder / Path(entry["filename"]).name
        yield _with_split(read_arrow_stream(file), split)


def _json(file: Path, key: str) -> list[dict[str, str]]:
    try:
        return list(json.loads(file.read_text(encoding="utf-8"))[key])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} must be written by save_to_disk; `{key}` cannot be read. Save it again.") from error


def _with_split(table: Table, split: str | None) -> Table:
    if split is None or "split" in table.frame.columns:
        return table
    column = pd.Series(split, index=table.frame.index, dtype="str")
    return dataclasses.replace(table, frame=table.frame.assign(split=column))
