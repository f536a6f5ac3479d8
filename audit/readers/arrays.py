"""Embeddings without a table or images: a .npy file, or a .npz file with further arrays as columns."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError
from audit.readers.array_files import ARRAY_SUFFIXES, chosen_key, load_arrays
from audit.readers.arrow_tables import tidy
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table

title = "Embeddings (.npy, .npz)"
priority = 20

_CLASS_NAMES = ("class_names", "classes")


def detect(path: Path) -> bool:
    """Return whether the path is a NumPy file."""
    return path.is_file() and path.suffix.lower() in ARRAY_SUFFIXES


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return one sample a row of the embeddings; arrays of one dimension and the same length become columns."""
    arrays = load_arrays(path, "embeddings")
    key = chosen_key(arrays, "embeddings") if options.embeddings is None else options.embeddings
    if key not in arrays or arrays[key].ndim != 2:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "nothing"
        raise InputError(
            f"`path` must hold embeddings (n, d), named `embeddings` where there are several arrays; {path.name} holds "
            f"{shapes}.",
        )
    count = len(arrays[key])
    columns = {name: _column(array) for name, array in arrays.items() if array.shape == (count,)}
    class_names = next((tuple(map(str, arrays[name])) for name in _CLASS_NAMES if name in arrays), ())
    for name in _CLASS_NAMES:
        columns.pop(name, None)
    others = set(arrays) - set(columns) - {key, *_CLASS_NAMES, "probabilities"}
    if others:
        name = min(others)
        raise InputError(
            f"arrays of {path.name} must have {count} rows, as `{key}` has, and one dimension to be columns; `{name}` "
            f"has shape {arrays[name].shape}. Leave it out.",
        )
    matrices = {"embeddings": arrays[key]}
    if "probabilities" in arrays:
        matrices["probabilities"] = arrays["probabilities"]
    table = Table(
        frame=pd.DataFrame(columns, index=pd.RangeIndex(count)),
        source=path,
        arrays=matrices,
        class_names=dict.fromkeys(columns, class_names) if class_names else {},
    )
    if count == 0:
        raise InputError(f"{path.name} must have at least one row; it has none.")
    options = dataclasses.replace(options, embeddings=None)
    return assemble(table, folder=path.absolute().parent, name=path.stem, options=options)


def _column(array: np.ndarray) -> pd.Series[Any]:
    values = array.astype(str) if array.dtype.kind in "SU" else array
    return tidy(pd.Series(values))
