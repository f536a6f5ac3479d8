"""The manifest of the library croma: ``sample_id, image_path, label, group_id, <confounder> [, subset]``, one array.

The array is aligned to the manifest's rows, which repeat a sample once for every subset it belongs to.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.readers.array_files import chosen_key, load_arrays
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.repeated_rows import header_of, joined_subsets, read_text, table_with

title = "croma manifest (sample_id, image_path, label, group_id, confounder)"
priority = 40

COLUMNS = ("sample_id", "image_path", "label", "group_id")
_ARRAY_STEMS = ("embeddings", "features")


def detect(path: Path) -> bool:
    """Return whether the path is such a manifest, or a folder with one, that has a confounder column."""
    file = table_with(path, COLUMNS)
    return file is not None and len(_others(file)) > 0


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the samples, one row each; samples of several subsets have them joined by ``|``.

    Raises
    ------
    InputError
        If the array's rows differ from the manifest's, or rows of one sample contradict each other.
    """
    file = table_with(path, COLUMNS)
    if file is None:
        raise InputError(f"`path` must be one manifest with the columns {', '.join(COLUMNS)}; '{path}' is none.")
    frame = read_text(file)
    for column in ("sample_id", "group_id"):
        if frame[column].isna().any():
            row = int(np.flatnonzero(frame[column].isna())[0]) + 1
            raise InputError(f"column `{column}` of {file.name} must be filled; data row {row} is empty.")
    vectors = _vectors(file, options)
    aligned = vectors is not None and len(vectors) == len(frame)
    rows, kept = joined_subsets(frame, vectors if aligned else None, file)
    if vectors is not None and not aligned:
        if len(vectors) != len(rows):
            raise InputError(
                f"the array of {file.name} must have one vector a row ({len(frame):,}) or a sample ({len(rows):,}); "
                f"it has {len(vectors):,}."
            )
        kept = vectors
    table = Table(frame=rows, source=file, arrays={} if kept is None else {"embeddings": kept})
    chosen = dataclasses.replace(
        options,
        embeddings=options.embeddings if vectors is None else None,
        roles=_roles(options.roles, _others(file)),
    )
    return assemble(table, folder=file.absolute().parent, name=file.stem, options=chosen)


def _others(file: Path) -> list[str]:
    return [column for column in header_of(file) if column not in (*COLUMNS, "subset", "dataset")]


def _roles(given: Roles, others: list[str]) -> Roles:
    """Name label and group as the manifest does; its only further column is the confounder."""
    center = given.center or (others[0] if len(others) == 1 else None)
    return dataclasses.replace(
        given, label=given.label or "label", group_id=given.group_id or "group_id", center=center
    )


def _vectors(file: Path, options: ReadOptions) -> np.ndarray | None:
    """Return the array given, or the one beside the manifest; ``None`` without any."""
    if options.embeddings is not None:
        name, _, key = options.embeddings.partition("#")
        if Path(name).suffix.lower() not in (".npy", ".npz") or not Path(name).is_file():
            return None
        arrays = load_arrays(Path(name), "embeddings")
        return arrays[key or chosen_key(arrays, "embeddings")]
    for stem in (file.stem, *_ARRAY_STEMS):
        for suffix in (".npy", ".npz"):
            beside = file.with_name(stem + suffix)
            if beside.is_file():
                arrays = load_arrays(beside, "embeddings")
                return arrays[chosen_key(arrays, "embeddings")]
    return None
