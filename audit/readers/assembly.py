"""Make a dataset of a table: ids, images, further tables, arrays, roles and quarantine, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import IMAGE_COLUMN, Dataset, Roles, empty_quarantine, sorted_classes
from audit.errors import InputError
from audit.images import check_files
from audit.readers.array_files import ArrayFile, aligned, read_array
from audit.readers.base import ReadOptions, Table, given_column, no_such_column
from audit.readers.image_columns import matched_by_stem, with_images
from audit.readers.table_files import read_table
from audit.roles import EMBEDDING_NAMES, ID_NAMES, PATH_NAMES, find_column, guess_roles


def assemble(table: Table, *, folder: Path, name: str, options: ReadOptions) -> Dataset:
    """Return the dataset that a table describes.

    Parameters
    ----------
    table
        The rows, as read.
    folder
        Folder that image paths are relative to unless ``options.images`` says otherwise.
    name
        Name of the dataset unless ``options.name`` says otherwise.
    options
        What the user said.

    Raises
    ------
    InputError
        If ids repeat, columns are unknown, or arrays do not fit; the message names file, column, row and remedy.
    """
    frame, root = with_images(table, folder, options)
    metadata = _with_ids(frame, table, options)
    if root is None:
        metadata, root = matched_by_stem(metadata, folder, options, table)
    arrays = dict(table.arrays)
    for further in options.join:
        metadata = _joined(metadata, further, options, arrays)
    _check_roles(options.roles, metadata, table)
    arrays, found_names = _arrays(arrays, metadata, table, options)
    roles = guess_roles(metadata, options.roles)
    class_names = options.class_names or found_names or table.class_names.get(roles.label or "", ())
    metadata = _named_classes(metadata, roles, class_names)
    if "probabilities" in arrays:
        class_names = _class_columns(metadata, roles, class_names, arrays["probabilities"], table)
    has_paths = root is not None and IMAGE_COLUMN in metadata.columns
    return Dataset(
        name=options.name or name,
        metadata=metadata,
        roles=roles,
        root=root if has_paths else None,
        arrays=arrays,
        class_names=class_names,
        quarantine=check_files(metadata, root, options.pixel_cap) if has_paths and root else empty_quarantine(),
        pixel_cap=options.pixel_cap,
    )


def _with_ids(frame: pd.DataFrame, table: Table, options: ReadOptions) -> pd.DataFrame:
    """Return the table indexed by ``sample_id``: its own, an id column, the image path, or the row number."""
    given = given_column(table.frame, options.id_column, "id_column", table.source.name)
    if given is not None:
        # As it was read: the column may have another name by now, or another column its own.
        ids = _id_texts(table.frame[given])
        _check_ids(ids, given, table.source.name)
        return frame.set_index(pd.Index(ids, name="sample_id"))
    own = find_column(frame.columns, ("sample_id",))
    if own is not None:
        ids = _id_texts(frame[own])
        _check_ids(ids, own, table.source.name)
        return frame.drop(columns=own).set_index(pd.Index(ids, name="sample_id"))
    for candidate in (*ID_NAMES[1:], *PATH_NAMES, IMAGE_COLUMN):
        column = find_column(frame.columns, (candidate,))
        if column is None or pd.api.types.is_float_dtype(frame[column].dtype):
            continue
        ids = _id_texts(frame[column])
        if ids.notna().all() and ids.is_unique:
            return frame.set_index(pd.Index(ids, name="sample_id"))
    return frame.set_index(pd.Index([str(row) for row in range(len(frame))], name="sample_id", dtype="str"))


def _id_texts(values: pd.Series[Any]) -> pd.Series[str]:
    return values.astype("str")


def _check_ids(ids: pd.Series[str], column: str, file: str) -> None:
    if ids.isna().any():
        row = int(np.flatnonzero(ids.isna())[0])
        raise InputError(
            f"column `{column}` of {file} must name every sample; data row {row + 1} is empty. Fill it in."
        )
    if not ids.is_unique:
        second = int(np.flatnonzero(ids.duplicated())[0])
        first = int(np.flatnonzero(ids == ids.iloc[second])[0])
        raise InputError(
            f"column `{column}` of {file} must hold each id once; '{ids.iloc[second]}' stands in data rows {first + 1} "
            f"and {second + 1}. Give each row its own id.",
        )


def _joined(metadata: pd.DataFrame, path: Path, options: ReadOptions, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the metadata with a further table's columns beside it, matched by sample id."""
    table = read_table(path, options.roles)
    column = options.id_column
    if column not in table.frame.columns:
        column = find_column(table.frame.columns, (*ID_NAMES, *PATH_NAMES))
    if column is None:
        raise InputError(
            f"`join` must name tables with a column `sample_id`; {path.name} has "
            f"{', '.join(map(str, table.frame.columns))}. Add one.",
        )
    ids = _id_texts(table.frame[column])
    _check_ids(ids, column, path.name)
    further = table.frame.drop(columns=column).set_index(pd.Index(ids, name="sample_id"))
    if not further.index.isin(metadata.index).any():
        raise InputError(
            f"`join` must name tables of the same samples; no id of {path.name} ('{further.index[0]}', ...) is one of "
            f"the dataset's ('{metadata.index[0]}', ...).",
        )
    for name, array in table.arrays.items():
        arrays[name] = aligned(
            ArrayFile(rows=array, where=f"{path.name}#{name}", ids=further.index),
            metadata.index,
            name,
            "the dataset",
        )
    further = _reordered(further, metadata.index)
    for name in further.columns.intersection(metadata.columns):
        if not further[name].astype("str").equals(metadata[name].astype("str")):
            raise InputError(
                f"column `{name}` must come from one table; {path.name} has other values than the dataset. "
                "Rename it in one of them.",
            )
        further = further.drop(columns=name)
    return pd.concat([metadata, further], axis="columns")


def _reordered(table: pd.DataFrame, index: pd.Index[str]) -> pd.DataFrame:
    """Return the rows of an index; where some are missing, whole numbers stay whole and flags become text."""
    if not index.isin(table.index).all():
        whole = [name for name in table.columns if pd.api.types.is_integer_dtype(table[name].dtype)]
        flags = [name for name in table.columns if pd.api.types.is_bool_dtype(table[name].dtype)]
        table = table.astype({**dict.fromkeys(whole, "Int64"), **dict.fromkeys(flags, "str")})
    return table.reindex(index)


def _check_roles(roles: Roles, metadata: pd.DataFrame, table: Table) -> None:
    for role, column in roles.columns():
        if column in metadata.columns:
            continue
        own = [str(name) for name in table.frame.columns]
        if column in own:
            raise InputError(
                f"`{role}` must be another column of {table.source.name} than '{column}', which names the samples or "
                "their images."
            )
        # As the user's file has them: the column of image paths may be called otherwise there.
        columns = [*own, *(str(name) for name in metadata.columns if name not in own and name != IMAGE_COLUMN)]
        raise no_such_column(role, column, columns, table.source.name)


def _arrays(
    found: dict[str, np.ndarray],
    metadata: pd.DataFrame,
    table: Table,
    options: ReadOptions,
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the checked arrays, and class names where the file of probabilities holds them."""
    class_names: tuple[str, ...] = ()
    named = find_column(found, EMBEDDING_NAMES)
    chosen: dict[str, ArrayFile] = {}
    for parameter, given in (("embeddings", options.embeddings), ("probabilities", options.probabilities)):
        column = given if given in found else named if given is None and parameter == "embeddings" else None
        column = parameter if given is None and column is None and parameter in found else column
        if column is not None:
            chosen[parameter] = ArrayFile(rows=found.pop(column), where=f"{table.source.name}#{column}")
        elif given is not None:
            chosen[parameter] = read_array(given, parameter)
            class_names = chosen[parameter].class_names or class_names
    checked = {
        parameter: aligned(array, metadata.index, parameter, table.source.name) for parameter, array in chosen.items()
    }
    return {**found, **checked}, class_names


def _named_classes(metadata: pd.DataFrame, roles: Roles, class_names: Sequence[str]) -> pd.DataFrame:
    """Return the metadata with labels and predictions that are positions in the class names replaced by the names."""
    for column in (roles.label, roles.prediction):
        if column is None or not class_names or not pd.api.types.is_integer_dtype(metadata[column].dtype):
            continue
        values = metadata[column]
        present = values.dropna()
        is_position = present.between(0, len(class_names) - 1).all()
        if is_position and not present.astype("str").isin(list(class_names)).all():
            names = dict(enumerate(class_names))
            metadata = metadata.assign(**{column: values.map(names, na_action="ignore").astype("str")})
    return metadata


def _class_columns(
    metadata: pd.DataFrame,
    roles: Roles,
    class_names: Sequence[str],
    probabilities: np.ndarray,
    table: Table,
) -> tuple[str, ...]:
    """Return one class name a column of the probabilities.

    Raises
    ------
    InputError
        If their number differs, or a label is none of them.
    """
    width = probabilities.shape[1]
    labels = sorted_classes(metadata[roles.label]) if roles.label else ()
    counted = bool(labels) and all(name.isdecimal() for name in labels)
    if not class_names and counted and len(labels) < width and int(labels[-1]) < width:
        return tuple(map(str, range(width)))
    names = tuple(class_names) or labels
    if len(names) != width:
        origin = "`class_names` has" if class_names else f"the label column of {table.source.name} has"
        raise InputError(
            f"`probabilities` must have one column a class; it has {width}, {origin} {len(names)}. "
            "Give `class_names` in the order of the columns.",
        )
    strange = [label for label in labels if label not in names]
    if strange:
        raise InputError(
            f"`class_names` must hold every label; '{strange[0]}' of {table.source.name} is not among them "
            f"({', '.join(names[:5])}{', ...' if len(names) > 5 else ''}). Use the same spelling in both.",
        )
    return names
