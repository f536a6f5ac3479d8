"""What a reader is given, and the shape in which tables travel to :mod:`audit.readers.assembly`."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from audit.dataset import PIXEL_CAP, Dataset, Roles
from audit.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the user said beside the path; every reader honours all of it.

    Parameters
    ----------
    images
        Folder that image paths are relative to; the table's folder otherwise.
    image_column, id_column
        The column of image paths, and the one that names the samples; known by their names otherwise.
    embeddings
        File (.npy, .npz, .parquet) of (n, d) vectors, ``file.npz#key``, or the name of a list column.
    probabilities
        File (.npy, .npz) of (n, classes) class probabilities, or the name of a list column.
    class_names
        Names of the columns of ``probabilities``.
    join
        Further tables, joined by sample id.
    roles
        Column roles; each one set overrides the guess.
    name
        Name of the dataset; taken from the path otherwise.
    pixel_cap
        Largest width x height of an image.
    """

    images: Path | None = None
    image_column: str | None = None
    id_column: str | None = None
    embeddings: str | None = None
    probabilities: str | None = None
    class_names: tuple[str, ...] = ()
    join: tuple[Path, ...] = ()
    roles: Roles = dataclasses.field(default_factory=Roles)
    name: str | None = None
    pixel_cap: int = PIXEL_CAP


def given_column(frame: pd.DataFrame, column: str | None, parameter: str, file: str) -> str | None:
    """Return the column that the user named, ``None`` when none was.

    Raises
    ------
    InputError
        If the table has no such column.
    """
    if column is None or column in frame.columns:
        return column
    raise no_such_column(parameter, column, [str(name) for name in frame.columns], file)


def no_such_column(parameter: str, column: str, columns: Sequence[str], file: str) -> InputError:
    """Return the error that a file has no such column, with the nearest one and all there are."""
    close = difflib.get_close_matches(column, columns, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    names = ", ".join(columns) or "none"
    return InputError(f"`{parameter}` must name a column of {file}; got '{column}'.{hint} Columns: {names}.")


class Reader(Protocol):
    """A module of this package that reads one format; found by import."""

    title: str
    """What it reads, in plain words."""
    priority: int
    """Of the readers that detect their format in a path, the one of highest priority reads it."""

    def detect(self, path: Path) -> bool:
        """Return whether the path holds this format; quick, and without an error for any path that exists."""

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """Return the dataset."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class StoredImages:
    """A column of images kept inside a table file rather than beside it.

    Parameters
    ----------
    file
        The table's file.
    column
        The column's name.
    rows
        Iterates over the rows anew each time it is called: (the image's bytes or ``None``, its path or ``None``).
    """

    file: Path
    column: str
    rows: Callable[[], Iterator[tuple[bytes | None, str | None]]]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table as it was read, before ids, images and roles are worked out.

    Parameters
    ----------
    frame
        One row a sample; a plain range as index.
    source
        The file, for messages.
    arrays
        List columns of numbers with one length, as (n, d).
    images
        Columns that hold images, in one part a file.
    class_names
        Class names by label column, where the format knows them.
    """

    frame: pd.DataFrame
    source: Path
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    images: Mapping[str, tuple[StoredImages, ...]] = dataclasses.field(default_factory=dict)
    class_names: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
