"""Hugging Face image folder: images in one folder a split, each with a metadata table that names them."""

from __future__ import annotations

from pathlib import Path

from audit.dataset import Dataset
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.class_folders import SPLITS
from audit.readers.stacking import stacked
from audit.readers.table import tables_of
from audit.readers.table_files import read_table
from audit.roles import PATH_NAMES, find_column

title = "Hugging Face image folder (metadata tables with file_name)"
priority = 30

_TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_DEPTH = 2


def detect(path: Path) -> bool:
    """Return whether a metadata table lies in a folder below the path, or in it with images in folders by split."""
    if not path.is_dir() or any(table.name not in _TABLES for table in tables_of(path)):
        return False
    tables = _metadata_tables(path)
    in_splits = any((path / split).is_dir() for split in SPLITS)
    return any(table.parent != path for table in tables) or (bool(tables) and in_splits)


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the samples of all splits; the column ``split`` is the folder's name unless the tables have one."""
    tables = [_located(read_table(file, options.roles), path) for file in _metadata_tables(path)]
    return assemble(stacked(tables, path), folder=path.absolute(), name=path.absolute().name, options=options)


def _metadata_tables(path: Path) -> list[Path]:
    patterns = [f"{'*/' * depth}{name}" for depth in range(_DEPTH + 1) for name in _TABLES]
    return sorted(file for pattern in patterns for file in path.glob(pattern) if file.is_file())


def _located(table: Table, root: Path) -> Table:
    """Return a split's table with paths relative to the root instead of to itself, and its split."""
    folder = table.source.parent.relative_to(root).as_posix()
    frame = table.frame.copy()
    column = find_column(frame.columns, PATH_NAMES)
    if column is not None and folder != ".":
        paths = frame[column].astype("str")
        frame[column] = paths.where(paths.str.startswith("/"), folder + "/" + paths)
    if column is not None and "split" not in frame.columns:
        split = frame[column].astype("str").map(_split_of, na_action="ignore")
        if split.notna().any():
            frame["split"] = split.astype("str")
    return Table(
        frame=frame,
        source=table.source,
        arrays=table.arrays,
        images=table.images,
        class_names=table.class_names,
    )


def _split_of(path: str) -> str | None:
    """Return the folder of a path that is named like a split, ``None`` without one."""
    return next((part for part in path.split("/")[:-1] if part.lower() in SPLITS), None)
