"""Tables that repeat a sample once for every subset it belongs to: one row a sample, its subsets joined."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.readers.table import tables_of

SEPARATOR = "|"
"""Parts the subsets of a sample that belongs to several."""


def table_with(path: Path, columns: Collection[str]) -> Path | None:
    """Return the CSV file at a path, or the only table of a folder, if its header holds all columns."""
    file = path
    if path.is_dir():
        found = [table for table in tables_of(path) if table.suffix.lower() == ".csv"]
        found = [table for table in found if set(columns) <= set(header_of(table))]
        if len(found) != 1:
            return None
        file = found[0]
    if file.suffix.lower() != ".csv" or not set(columns) <= set(header_of(file)):
        return None
    return file


def header_of(file: Path) -> list[str]:
    """Return the column names of a CSV file; empty where its first line is none."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return [name.strip() for name in next(csv.reader(lines), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def read_text(file: Path) -> pd.DataFrame:
    """Return a CSV file with every column as text, empty cells missing, names stripped."""
    frame = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    frame.columns = pd.Index([str(column).strip() for column in frame.columns])
    for column in frame.columns:
        text = frame[column].str.strip()
        frame[column] = text.where(text != "").astype("str")
    return frame


def joined_subsets(
    frame: pd.DataFrame, vectors: np.ndarray | None, file: Path
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Return one row a ``sample_id``, its subsets joined by ``|``.

    Parameters
    ----------
    frame
        Rows with a column ``sample_id``, in the order of ``vectors``.
    vectors
        (n, d), or ``None``.
    file
        Where they came from, for messages.

    Raises
    ------
    InputError
        If rows of one sample differ in anything but the subset; the message names sample and column.
    """
    repeated = frame["sample_id"].duplicated(keep=False)
    if not repeated.any():
        return frame, vectors
    first = frame.drop_duplicates("sample_id")
    for column in frame.columns.difference(["sample_id", "subset"]):
        differing = frame[repeated].groupby("sample_id", sort=False)[column].nunique(dropna=False)
        _refuse(differing[differing > 1].index, column, file)
    kept = None
    if vectors is not None:
        place = pd.Index(first["sample_id"]).get_indexer(pd.Index(frame["sample_id"]))
        kept = vectors[first.index.to_numpy()]
        equal = np.isclose(vectors, kept[place], rtol=1e-5, atol=1e-6, equal_nan=True).all(axis=1)
        _refuse(frame.loc[~equal, "sample_id"], "embedding", file)
    first = first.reset_index(drop=True)
    if "subset" in frame.columns:
        named = frame.dropna(subset=["subset"]).groupby("sample_id", sort=False)["subset"]
        joined = named.agg(lambda values: SEPARATOR.join(dict.fromkeys(values)))
        first["subset"] = first["sample_id"].map(joined).astype("str")
    return first, kept


def _refuse(samples: Any, column: str, file: Path) -> None:
    if len(samples):
        raise InputError(
            f"rows of one sample in {file.name} may differ in `subset` only; those of '{next(iter(samples))}' have "
            f"different values of `{column}`. Give them ids of their own."
        )
