"""A table of samples: CSV, TSV, Parquet or JSON lines, or a folder that holds one."""

from __future__ import annotations

from pathlib import Path

from audit.dataset import Dataset
from audit.errors import InputError
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions
from audit.readers.table_files import TABLE_SUFFIXES, read_table

title = "Table (CSV, TSV, Parquet, JSON lines)"
priority = 20

TABLE_STEMS = ("samples", "metadata", "data", "dataset", "index", "labels", "annotations")
"""Names, without their ending, of the table that describes a folder, the surest first."""


def detect(path: Path) -> bool:
    """Return whether the path is a table file or a folder that directly holds one."""
    return path.suffix.lower() in TABLE_SUFFIXES if path.is_file() else bool(tables_of(path))


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the samples of a table; image paths are relative to its folder unless ``options.images`` is given."""
    file = table_of(path) if path.is_dir() else path
    describes_folder = path.is_dir() or file.stem.lower() in TABLE_STEMS
    name = file.absolute().parent.name if describes_folder else file.stem
    return assemble(read_table(file, options.roles), folder=file.absolute().parent, name=name, options=options)


def tables_of(folder: Path) -> list[Path]:
    """Return the table files directly in a folder, sorted by name."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in TABLE_SUFFIXES and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def table_of(folder: Path) -> Path:
    """Return the table that describes a folder.

    Raises
    ------
    InputError
        If several could.
    """
    found = tables_of(folder)
    for stem in TABLE_STEMS:
        named = [path for path in found if path.stem.lower() == stem]
        if len(named) == 1:
            return named[0]
        if named:
            found = named
            break
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found[:8])
    raise InputError(
        f"`path` must hold one table that describes it; '{folder}' holds {names}. Give the path of the table itself.",
    )
