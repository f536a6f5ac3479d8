"""PathoROB metadata: ``subset, slide_id, patch_id, biological_class, medical_center``, and one .npz a center.

The .npz files hold one vector a patch under the key ``slide_id-patch_id``; they lie beside the table or in the folder
given as embeddings.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.repeated_rows import joined_subsets, read_text, table_with

title = "PathoROB metadata (slide_id, patch_id, biological_class, medical_center)"
priority = 50

COLUMNS = ("slide_id", "patch_id", "biological_class", "medical_center")

ROLES = Roles(label="biological_class", center="medical_center", group_id="slide_id")


def detect(path: Path) -> bool:
    """Return whether the path is such a table, or a folder with one."""
    return table_with(path, COLUMNS) is not None


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the patches, one row each; patches of several subsets have them joined by ``|``.

    Raises
    ------
    InputError
        If a patch has no vector while others have, or an id is missing.
    """
    file = table_with(path, COLUMNS)
    if file is None:
        raise InputError(f"`path` must be one PathoROB table with the columns {', '.join(COLUMNS)}; '{path}' is none.")
    frame = read_text(file)
    for column in COLUMNS:
        if frame[column].isna().any():
            row = int(np.flatnonzero(frame[column].isna())[0]) + 1
            raise InputError(f"column `{column}` of {file.name} must be filled; data row {row} is empty.")
    frame.insert(0, "sample_id", frame["slide_id"] + "-" + frame["patch_id"])
    frame, _ = joined_subsets(frame, None, file)
    folder = _vector_folder(file, options)
    arrays = {} if folder is None else {"embeddings": _vectors(frame, folder, file)}
    given = options.embeddings if folder is None else None
    chosen = dataclasses.replace(options, embeddings=given, roles=_roles(options.roles))
    table = Table(frame=frame, source=file, arrays=arrays)
    return assemble(table, folder=file.absolute().parent, name=file.stem, options=chosen)


def _roles(given: Roles) -> Roles:
    set_by_user = dict(given.columns())
    attributes = given.attributes or ("medical_center",)
    single = {role: set_by_user.get(role, column) for role, column in ROLES.columns()}
    return dataclasses.replace(given, attributes=attributes, **single)


def _vector_folder(file: Path, options: ReadOptions) -> Path | None:
    """Return the folder of the .npz files; ``None`` when there are none or one array was given instead."""
    if options.embeddings is not None:
        folder = Path(options.embeddings)
        if folder.is_dir() and not any(folder.glob("*.npz")):
            raise InputError(f"`embeddings` must hold .npz files, one a center; '{folder}' holds none.")
        return folder if folder.is_dir() else None
    return file.parent if any(file.parent.glob("*.npz")) else None


def _vectors(frame: pd.DataFrame, folder: Path, file: Path) -> np.ndarray:
    """Return the vectors in row order, each read from the center's own file where several hold its key."""
    rows: dict[str, int] = {sample: row for row, sample in enumerate(frame["sample_id"])}
    centers = frame["medical_center"].tolist()
    found: list[np.ndarray | None] = [None] * len(rows)
    from_own = np.zeros(len(rows), dtype=bool)
    for archive in sorted(folder.glob("*.npz")):
        with np.load(archive, allow_pickle=False) as arrays:
            for key in arrays.files:
                row = rows.get(key)
                if row is None:
                    continue
                own = centers[row].lower() in archive.stem.lower()
                if found[row] is not None and (from_own[row] or not own):
                    continue
                found[row] = np.asarray(arrays[key], dtype=np.float32).ravel()
                from_own[row] = own
    lacking = [sample for sample, row in rows.items() if found[row] is None]
    if lacking:
        raise InputError(
            f"every patch of {file.name} must have a vector under `slide_id-patch_id` in the .npz files of '{folder}'; "
            f"{len(lacking):,} of {len(rows):,} have none, '{lacking[0]}' first."
        )
    vectors = [vector for vector in found if vector is not None]
    lengths = {len(vector) for vector in vectors}
    if len(lengths) > 1:
        raise InputError(
            f"vectors in '{folder}' must have one length; they have {', '.join(map(str, sorted(lengths)))}."
        )
    return np.stack(vectors)
