"""Embeddings and class probabilities from files, checked row by row."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.readers.table_files import read_table
from audit.roles import EMBEDDING_NAMES, ID_NAMES, find_column

ARRAY_SUFFIXES = frozenset({".npy", ".npz"})

_KEYS = {
    "embeddings": (*EMBEDDING_NAMES, "features", "feature", "vectors", "x", "data", "arr_0"),
    "probabilities": ("probabilities", "probs", "proba", "softmax", "predictions", "data", "arr_0"),
}
_CLASS_KEYS = ("class_names", "classes")
_SUM_TOLERANCE = 0.01


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ArrayFile:
    """An array with what the file says about its rows and columns.

    Parameters
    ----------
    rows
        The (n, d) array.
    where
        File and key, for messages.
    ids
        Sample ids of the rows, where the file has them.
    class_names
        Names of the columns, where the file has them.
    """

    rows: np.ndarray
    where: str
    ids: pd.Index[str] | None = None
    class_names: tuple[str, ...] = ()


def load_arrays(path: Path, parameter: str) -> dict[str, np.ndarray]:
    """Return every array of a .npy (named by the parameter) or .npz file.

    Raises
    ------
    InputError
        If the file is missing, damaged, or holds Python objects.
    """
    if not path.is_file():
        raise InputError(f"`{parameter}` must be a file; '{path}' is not there. Check the path.")
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {parameter: loaded}
            with loaded:
                return {key: loaded[key] for key in loaded.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"`{parameter}` must be a plain NumPy file; {path.name} cannot be read ({error}). "
            "Save a numeric array with numpy.save or numpy.savez.",
        ) from error


def read_array(file: str, parameter: str) -> ArrayFile:
    """Return the embeddings or probabilities of a file.

    Parameters
    ----------
    file
        Path of a .npy, .npz or .parquet file; ``file.npz#key`` names one array of several.
    parameter
        ``embeddings`` or ``probabilities``.

    Raises
    ------
    InputError
        If the array cannot be found, or is no table of finite numbers.
    """
    text, _, key = str(file).partition("#")
    path = Path(text)
    if path.suffix.lower() == ".parquet":
        return _array_of_parquet(path, key, parameter)
    if path.suffix.lower() not in ARRAY_SUFFIXES:
        raise InputError(f"`{parameter}` must be a .npy, .npz or .parquet file; got '{path.name}'.")
    arrays = load_arrays(path, parameter)
    chosen = key or chosen_key(arrays, parameter)
    if chosen not in arrays:
        known = ", ".join(arrays) or "none"
        raise InputError(
            f"`{parameter}` must name an array of {path.name}; got '{chosen}'. Arrays: {known}. "
            f"Write {path.name}#NAME.",
        )
    ids = find_column([name for name in arrays if arrays[name].ndim == 1], (*ID_NAMES, "ids", "sample_ids"))
    classes = find_column([name for name in arrays if arrays[name].ndim == 1], _CLASS_KEYS)
    return ArrayFile(
        rows=arrays[chosen],
        where=path.name if path.suffix.lower() == ".npy" else f"{path.name}#{chosen}",
        ids=None if ids is None else pd.Index(arrays[ids].astype(str), dtype="str"),
        class_names=() if classes is None else tuple(map(str, arrays[classes])),
    )


def chosen_key(arrays: dict[str, np.ndarray], parameter: str) -> str:
    """Return the key of the array that is meant: by its usual names, else the only two-dimensional one; "" for none."""
    tables = [name for name, array in arrays.items() if array.ndim == 2]
    named = find_column(tables, _KEYS[parameter])
    return named or (tables[0] if len(tables) == 1 else next(iter(arrays), "") if len(arrays) == 1 else "")


def _array_of_parquet(path: Path, key: str, parameter: str) -> ArrayFile:
    table = read_table(path)
    chosen = key or find_column(table.arrays, _KEYS[parameter]) or (next(iter(table.arrays)) if table.arrays else "")
    if chosen not in table.arrays:
        raise InputError(
            f"`{parameter}` must name a list column of {path.name}; got '{chosen}'. "
            f"List columns: {', '.join(table.arrays) or 'none'}.",
        )
    ids = find_column(table.frame.columns, ID_NAMES)
    index = None if ids is None else pd.Index(table.frame[ids].astype("str"), dtype="str")
    return ArrayFile(rows=table.arrays[chosen], where=f"{path.name}#{chosen}", ids=index)


def aligned(array: ArrayFile, index: pd.Index[str], parameter: str, table: str) -> np.ndarray:
    """Return the array's rows in the order of the samples, checked.

    Rows are matched by id where the file has ids, by position otherwise.

    Raises
    ------
    InputError
        If rows are missing, too many, repeated, ragged or not finite.
    """
    values = array.rows
    if values.ndim != 2 or values.shape[1] == 0 or values.dtype.kind not in "fiu":
        raise InputError(
            f"`{parameter}` must be a numeric array (n, {'classes' if parameter == 'probabilities' else 'd'}); "
            f"{array.where} has shape {values.shape} and type {values.dtype}. Save one row of numbers a sample.",
        )
    ids = array.ids
    if ids is not None and len(ids) == len(values):
        if not ids.is_unique:
            repeated = int(np.flatnonzero(ids.duplicated())[0])
            raise InputError(
                f"`{parameter}` must have each sample id once; in {array.where} '{ids[repeated]}' comes again "
                f"in row {repeated + 1}. Remove one of the rows.",
            )
        positions = ids.get_indexer(index)
        if (positions < 0).any():
            absent = index[int(np.flatnonzero(positions < 0)[0])]
            raise InputError(
                f"`{parameter}` must have a row for every sample of {table}; {array.where} has none for '{absent}' "
                f"({int((positions < 0).sum())} of {len(index)} missing). Add the rows or drop the samples.",
            )
        values = values[positions]
    elif len(values) != len(index):
        raise InputError(
            f"`{parameter}` must have one row a sample: {table} has {len(index)} rows, {array.where} has "
            f"{len(values)}. Give the file that belongs to this table, in the same order.",
        )
    _check_finite(values, index, parameter, array.where)
    if parameter == "probabilities":
        _check_probabilities(values, index, array.where)
    return values


def _check_finite(values: np.ndarray, index: pd.Index[str], parameter: str, where: str) -> None:
    finite = np.isfinite(values)
    if finite.all():
        return
    row, column = (int(position) for position in np.argwhere(~finite)[0])
    raise InputError(
        f"`{parameter}` must be finite; {where} holds {values[row, column]} in row {row + 1} (sample '{index[row]}'), "
        f"column {column + 1}; {int((~finite).any(axis=1).sum())} rows are concerned. Mend or drop them.",
    )


def _check_probabilities(values: np.ndarray, index: pd.Index[str], where: str) -> None:
    total = values.sum(axis=1, dtype=np.float64)
    wrong = (values < 0).any(axis=1) | (np.abs(total - 1) > _SUM_TOLERANCE)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"`probabilities` must be non-negative with rows that sum to 1; in {where} row {row + 1} "
            f"(sample '{index[row]}') sums to {total[row]:.3g} with smallest value {values[row].min():.3g}. "
            "Give probabilities, not logits.",
        )
