"""VisDiff's table of images: CSV with ``path``, ``group_name`` and, where they exist, ``subset`` and ``prompt``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from audit.dataset import Dataset
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions
from audit.readers.table_files import read_table

title = "VisDiff (path, group_name)"
priority = 40

COLUMNS = frozenset({"path", "group_name"})
ATTRIBUTES = ("group_name", "subset")


def detect(path: Path) -> bool:
    """Return whether the path is a CSV with VisDiff's columns."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8-sig") as opened:
            header = opened.readline()
    except UnicodeDecodeError:
        return False
    return {name.strip().strip('"') for name in header.split(",")} >= COLUMNS


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the samples with ``group_name`` and ``subset`` as attributes, however many groups there are."""
    table = read_table(path, options.roles)
    present = tuple(name for name in ATTRIBUTES if name in table.frame.columns)
    roles = options.roles
    if not roles.attributes:
        roles = dataclasses.replace(roles, attributes=present)
    folder = path.absolute().parent
    return assemble(table, folder=folder, name=path.stem, options=dataclasses.replace(options, roles=roles))
