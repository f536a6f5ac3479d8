"""One entry of the store: a folder of plain ``.npy`` files and an ``entry.json`` that lists them.

``entry.json`` holds ``arrays`` (name, file, dtype, shape and bytes of each array), ``single`` (whether the value is
one array rather than several by name) and ``provenance``. A folder becomes an entry by one rename; what was cut off
or lost afterwards shows because the sizes no longer agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from audit.errors import InputError
from audit.result import plain

MANIFEST = "entry.json"


class DamagedEntry(InputError):  # noqa: N818 - what is there, not only what went wrong
    """An entry whose files do not agree with what was written; it was moved aside and can be computed again."""


class ArrayFile:
    """Rows appended one block after another to a ``.npy`` file, without holding more than a block in memory.

    A context manager; leaving it without an error raises :class:`InputError` unless all announced rows were written.

    Parameters
    ----------
    path
        The file to make.
    dtype
        Of the array.
    shape
        Of the whole array; the blocks must add up to it.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self.path = path
        self.dtype = dtype
        self.shape = shape
        self._rows = 0
        self._file = path.open("wb")
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, block: np.ndarray) -> None:
        """Write the next rows."""
        if block.dtype != self.dtype or block.shape[1:] != self.shape[1:]:
            raise InputError(
                f"`block` must be {self.dtype} of shape (rows, {', '.join(map(str, self.shape[1:]))}); "
                f"got {block.dtype} of shape {block.shape}.",
            )
        self._file.write(np.ascontiguousarray(block).tobytes())
        self._rows += len(block)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None and self._rows != self.shape[0]:
            raise InputError(f"`{self.path.name}` must have {self.shape[0]} rows; got {self._rows}.")


def save_arrays(folder: Path, value: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, str]:
    """Write arrays into a folder and return the file of each name."""
    arrays = value if isinstance(value, Mapping) else {"": value}
    files = {}
    for position, (name, array) in enumerate(arrays.items()):
        files[name] = f"{position}.npy"
        np.save(folder / files[name], np.asarray(array), allow_pickle=False)
    return files


def seal(folder: Path, files: Mapping[str, str], provenance: Mapping[str, Any], *, single: bool) -> None:
    """Write the manifest of a folder whose arrays are all there."""
    arrays = []
    for name, file in files.items():
        array = np.load(folder / file, mmap_mode="r", allow_pickle=False)
        size = (folder / file).stat().st_size
        facts = {"name": name, "file": file, "dtype": array.dtype.str, "shape": list(array.shape), "bytes": size}
        arrays.append(facts)
    manifest = {"single": single, "arrays": arrays, "provenance": plain(dict(provenance))}
    write_json(folder / MANIFEST, manifest)


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(value, indent=1, allow_nan=False), encoding="utf-8")
    part.replace(path)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return an entry's manifest.

    Raises
    ------
    DamagedEntry
        If it is missing or not what was written.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {name: manifest[name] for name in ("single", "arrays", "provenance")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedEntry(f"`{folder.name}` must have a readable {MANIFEST}; got {type(error).__name__}.") from error


def load_arrays(folder: Path) -> np.ndarray | dict[str, np.ndarray]:
    """Return an entry's value as memory-mapped, read-only arrays.

    Raises
    ------
    DamagedEntry
        If a file is missing, cut off, or not of the dtype and shape that were written.
    """
    manifest = read_manifest(folder)
    arrays = {facts["name"]: _load(folder, facts) for facts in manifest["arrays"]}
    return arrays[""] if manifest["single"] else arrays


def _load(folder: Path, facts: Mapping[str, Any]) -> np.ndarray:
    path = folder / facts["file"]
    try:
        size = path.stat().st_size
        if size != facts["bytes"]:
            raise DamagedEntry(f"`{path.name}` of {folder.name} must have {facts['bytes']} bytes; got {size}.")
        # An array without elements cannot be mapped.
        mapped: Literal["r"] | None = None if 0 in facts["shape"] else "r"
        array: np.ndarray = np.load(path, mmap_mode=mapped, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        if isinstance(error, DamagedEntry):
            raise
        raise DamagedEntry(f"`{path.name}` of {folder.name} must be a readable array; got {error}.") from error
    if array.dtype.str != facts["dtype"] or list(array.shape) != facts["shape"]:
        raise DamagedEntry(
            f"`{path.name}` of {folder.name} must be {facts['dtype']} {facts['shape']}; "
            f"got {array.dtype.str} {list(array.shape)}.",
        )
    return array
