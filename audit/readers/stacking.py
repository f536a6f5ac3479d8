"""Several tables of the same columns as one: the splits or shards of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.readers.base import Table


def stacked(tables: Sequence[Table], source: Path) -> Table:
    """Return the rows of several tables below each other; a column that some lack is missing there.

    Parameters
    ----------
    tables
        At least one.
    source
        What the whole is called in messages.

    Raises
    ------
    InputError
        If arrays or images are in some tables only, or arrays differ in width.
    """
    if len(tables) == 1:
        return tables[0]
    names = list(dict.fromkeys(name for table in tables for name in table.frame.columns))
    frame = pd.DataFrame({name: _column(name, tables) for name in names}, index=pd.RangeIndex(_length(tables)))
    arrays = {name: _array(name, tables) for name in dict.fromkeys(name for table in tables for name in table.arrays)}
    images = {}
    for name in dict.fromkeys(name for table in tables for name in table.images):
        without = next((table for table in tables if name not in table.images), None)
        if without is not None:
            raise InputError(f"column `{name}` must hold images in every part of {source}; {without.source} has none.")
        images[name] = tuple(part for table in tables for part in table.images[name])
    return Table(frame=frame, source=source, arrays=arrays, images=images, class_names=dict(tables[0].class_names))


def _length(tables: Sequence[Table]) -> int:
    return sum(len(table.frame) for table in tables)


def _column(name: str, tables: Sequence[Table]) -> pd.Series[Any]:
    """Return a column of all tables: as it is where the types agree, as text where they do not."""
    parts = [
        table.frame[name] if name in table.frame.columns else pd.Series(None, index=table.frame.index, dtype="str")
        for table in tables
    ]
    present = {part.dtype for part in parts if part.notna().any()}
    if len(present) > 1 or not all(part.dtype in present for part in parts):
        parts = [part.astype("str") for part in parts]
    return pd.concat(parts, ignore_index=True)


def _array(name: str, tables: Sequence[Table]) -> np.ndarray:
    first = tables[0]
    for table in tables:
        width = table.arrays[name].shape[1] if name in table.arrays else None
        required = first.arrays[name].shape[1] if name in first.arrays else None
        if width is None or width != required:
            raise InputError(
                f"column `{name}` must hold lists of one length in every part; {first.source.name} has {required}, "
                f"{table.source.name} has {width}.",
            )
    return np.concatenate([table.arrays[name] for table in tables])
