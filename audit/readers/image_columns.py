"""The images of a table: which column names them, where they lie, and those that are named after the samples."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import pandas as pd

from audit.dataset import IMAGE_COLUMN
from audit.errors import InputError
from audit.images import IMAGE_SUFFIXES
from audit.readers.base import ReadOptions, Table, given_column
from audit.readers.listing import list_images
from audit.readers.stored_images import unpack, unpacked_root
from audit.roles import ID_NAMES, PATH_NAMES, find_column

IMAGE_FOLDERS = ("images", "imgs", "img", "image")
"""Folders beside a table that are searched for images named after the samples."""


def with_images(table: Table, folder: Path, options: ReadOptions) -> tuple[pd.DataFrame, Path | None]:
    """Return a table's rows with a column ``filepath``, and the root of the paths; ``None`` without a path.

    Parameters
    ----------
    table
        The rows, as read.
    folder
        Folder that paths are relative to unless ``options.images`` says otherwise.
    options
        What the user said; ``image_column`` is taken as it is, otherwise the column is known by its name.

    Raises
    ------
    InputError
        If ``image_column`` is no column of the table, or holds no text.
    """
    frame = table.frame.copy()
    inside = []
    for name, parts in table.images.items():
        unpacked = [row for part in parts for row in unpack(part)]
        stored = any(row.unpacked for row in unpacked)
        inside += [name] if stored else []
        paths = [row.unpacked if stored else row.path for row in unpacked]
        frame[name] = pd.Series(paths, index=frame.index, dtype="str")
    column = _given_path_column(frame, options, table)
    if column is None:
        column = find_column(inside, PATH_NAMES) or next(iter(inside), None) or _path_column(frame)
    if column is None:
        return frame, None
    inside = [column] if column in inside else []
    root = Path(os.path.realpath(unpacked_root() if inside else options.images or folder))
    # Another column of that name is no longer the one of the images, but what it holds is the user's.
    frame = frame.rename(columns={IMAGE_COLUMN: f"{IMAGE_COLUMN} of the table"} if column != IMAGE_COLUMN else {})
    frame = frame.rename(columns={column: IMAGE_COLUMN})
    frame[IMAGE_COLUMN] = pd.Series(
        [None if pd.isna(path) else _relative(str(path), root) for path in frame[IMAGE_COLUMN]],
        index=frame.index,
        dtype="str",
    )
    return frame, root


def _given_path_column(frame: pd.DataFrame, options: ReadOptions, table: Table) -> str | None:
    column = given_column(frame, options.image_column, "image_column", table.source.name)
    kind = None if column is None else frame[column].dtype
    if kind is not None and not pd.api.types.is_string_dtype(kind):
        raise InputError(
            f"`image_column` must name a column of paths; '{column}' of {table.source.name} holds {kind}. "
            "Images that are named after such numbers are found by it as `id_column`, in the folder `images`.",
        )
    return column


def _path_column(frame: pd.DataFrame) -> str | None:
    """Return the column of image paths: by its name, or an id column of file names; ``None`` for bare stems."""
    for name in PATH_NAMES:
        column = find_column(frame.columns, (name,))
        if column is not None and pd.api.types.is_string_dtype(frame[column].dtype):
            values = frame[column].dropna().head(1000)
            if any("/" in value or "\\" in value or os.path.splitext(value)[1] for value in values):  # noqa: PTH122
                return column
    for name in ID_NAMES[1:]:
        column = find_column(frame.columns, (name,))
        if column is not None and pd.api.types.is_string_dtype(frame[column].dtype):
            values = frame[column].dropna().head(1000)
            if len(values) and all(os.path.splitext(value)[1].lower() in IMAGE_SUFFIXES for value in values):  # noqa: PTH122
                return column
    return None


def _relative(path: str, root: Path) -> str:
    """Return a path with forward slashes, relative to the root where it lies in it; the quarantine judges the rest."""
    if "\\" in path and "/" not in path:
        path = path.replace("\\", "/")
    path = path.removeprefix("./")
    # A path object costs as much as all the rest of a row: only absolute paths need one.
    if os.path.isabs(path) and Path(path).is_relative_to(root):  # noqa: PTH117
        return Path(path).relative_to(root).as_posix()
    return path


def matched_by_stem(
    metadata: pd.DataFrame,
    folder: Path,
    options: ReadOptions,
    table: Table,
) -> tuple[pd.DataFrame, Path | None]:
    """Return the metadata with the images that are named after the samples, and their root.

    Raises
    ------
    InputError
        If a folder of images was named and nothing in it fits, or two images fit one sample.
    """
    places = [options.images] if options.images else [folder / name for name in IMAGE_FOLDERS]
    place = next((place for place in places if place.is_dir()), None)
    named = options.id_column or find_column(table.frame.columns, (*ID_NAMES, *PATH_NAMES))
    if place is None or named is None:
        if options.images:
            raise InputError(
                f"`images` must be given for a table that names its images; {table.source.name} has neither a path nor "
                f"an id column, or '{options.images}' is no folder. Name one by `image_column` or `id_column`.",
            )
        return metadata, None
    root = Path(os.path.realpath(options.images or folder))
    prefix = "" if options.images else f"{place.name}/"
    by_name: dict[str, list[str]] = {}
    for path in list_images(place):
        file = path.rpartition("/")[2]
        for key in {file, os.path.splitext(file)[0], os.path.splitext(path)[0]}:  # noqa: PTH122 - many files
            by_name.setdefault(key, []).append(prefix + path)
    matches = [by_name.get(sample, []) for sample in metadata.index]
    for sample, found in zip(metadata.index, matches, strict=True):
        if len(found) > 1:
            raise InputError(
                f"sample '{sample}' of {table.source.name} must match one image; '{found[0]}' and '{found[1]}' "
                "both fit. Name a column of paths by `image_column`.",
            )
    if not any(matches):
        if options.images:
            raise InputError(
                f"`images` must hold files named after the samples of {table.source.name}; none in '{place}' is named "
                f"like '{metadata.index[0]}'. Name the column of paths or ids by `image_column` or `id_column`.",
            )
        return metadata, None
    paths = pd.Series([found[0] if found else None for found in matches], index=metadata.index, dtype="str")
    return metadata.assign(**{IMAGE_COLUMN: paths}), root


def likely_image_column(metadata: pd.DataFrame) -> str | None:
    """Return the first column whose values look like names of image files, ``None`` when there is none."""
    return next((str(name) for name in metadata.columns if _holds_images(metadata[name])), None)


def _holds_images(values: pd.Series) -> bool:
    if not pd.api.types.is_string_dtype(values.dtype):
        return False
    present = values.dropna().head(100)
    return len(present) > 0 and all(PurePath(str(value)).suffix.lower() in IMAGE_SUFFIXES for value in present)
