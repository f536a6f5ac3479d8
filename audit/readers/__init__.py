"""Datasets from files: each module with a ``read`` function is a format, found by import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from audit import registry
from audit.dataset import PIXEL_CAP, Dataset, Roles
from audit.errors import InputError
from audit.readers.base import Reader, ReadOptions

__all__ = ["ReadOptions", "Reader", "load_dataset", "readers"]


def readers() -> dict[str, Reader]:
    """Return the readers by their module's name, the most particular format first."""
    found = {
        module.__name__.rpartition(".")[2]: cast("Reader", module)
        for module in registry.modules("audit.readers")
        if hasattr(module, "detect") and hasattr(module, "read")
    }
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].priority, pair[0])))


def load_dataset(
    path: str | Path,
    *,
    images: str | Path | None = None,
    image_column: str | None = None,
    id_column: str | None = None,
    embeddings: str | Path | None = None,
    probabilities: str | Path | None = None,
    class_names: Sequence[str] | str | Path | None = None,
    join: Sequence[str | Path] | str | Path = (),
    roles: Roles | None = None,
    reader: str | None = None,
    name: str | None = None,
    pixel_cap: int = PIXEL_CAP,
) -> Dataset:
    """Return the dataset at a path.

    Parameters
    ----------
    path
        A table (.csv, .tsv, .parquet, .jsonl), a folder that holds one, a tree of class folders, a Hugging Face image
        folder or saved dataset, or an array of embeddings (.npy, .npz).
    images
        Folder that the table's image paths are relative to; the table's own folder otherwise.
    image_column
        Column of the table that holds the images or their paths; known by its name (``filepath``, ``image``, ...)
        otherwise.
    id_column
        Column of the table that names the samples, each by a value of its own; known by its name otherwise. Images
        in the folder ``images`` may be named after it.
    embeddings
        File of (n, d) vectors (.npy, .npz, .parquet; ``file.npz#key``) or the name of a list column. Rows are matched
        by sample id where the file has ids, by position otherwise.
    probabilities
        The same for (n, classes) class probabilities.
    class_names
        Names of the columns of ``probabilities``: a sequence, or a text file with one a line, or a JSON list.
    join
        Further tables, matched by sample id.
    roles
        Column roles; each one set overrides what the column names suggest.
    reader
        Name of the reader, for a path that several could read.
    name
        Name of the dataset; taken from the path otherwise.
    pixel_cap
        Largest width x height of an image; larger ones are quarantined.

    Raises
    ------
    InputError
        If something cannot be read; the message names file, column, row and remedy. Files that are no usable images
        raise nothing: they are listed in ``Dataset.quarantine``.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"`path` must be a file or folder; '{path}' is not there. Check the spelling.")
    options = ReadOptions(
        images=_folder(images),
        image_column=image_column,
        id_column=id_column,
        embeddings=None if embeddings is None else str(embeddings),
        probabilities=None if probabilities is None else str(probabilities),
        class_names=_class_names(class_names),
        join=(Path(join),) if isinstance(join, str | Path) else tuple(map(Path, join)),
        roles=roles or Roles(),
        name=name,
        pixel_cap=pixel_cap,
    )
    return _reader_of(path, reader).read(path, options)


def _reader_of(path: Path, name: str | None) -> Reader:
    known = readers()
    if name is not None:
        if name not in known:
            raise InputError(f"`reader` must be one of {', '.join(known)}; got '{name}'.")
        if not known[name].detect(path):
            raise InputError(f"`reader` must fit the path; '{name}' ({known[name].title}) cannot read '{path}'.")
        return known[name]
    for candidate in known.values():
        if candidate.detect(path):
            return candidate
    if path.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        raise InputError(f"`path` must be a table in a format that can be read; save '{path.name}' as CSV first.")
    formats = "; ".join(candidate.title for candidate in known.values())
    raise InputError(f"`path` must hold data that can be read; '{path}' holds none of: {formats}.")


def _folder(images: str | Path | None) -> Path | None:
    if images is None:
        return None
    folder = Path(images)
    if not folder.is_dir():
        raise InputError(f"`images` must be a folder; '{folder}' is none. Check the path.")
    return folder


def _class_names(given: Sequence[str] | str | Path | None) -> tuple[str, ...]:
    """Return class names from a sequence, a text file with one a line, or a JSON list."""
    if given is None:
        return ()
    if isinstance(given, str | Path):
        file = Path(given)
        if not file.is_file():
            raise InputError(f"`class_names` must be a sequence or a file; '{file}' is not there. Check the path.")
        text = file.read_text(encoding="utf-8-sig")
        try:
            names = json.loads(text) if file.suffix.lower() == ".json" else text.splitlines()
        except json.JSONDecodeError as error:
            raise InputError(
                f"`class_names` must be a JSON list of names; {file.name} is not JSON ({error})."
            ) from error
        if not isinstance(names, list):
            raise InputError(f"`class_names` must be a JSON list of names; {file.name} holds {type(names).__name__}.")
        given = [str(name).strip() for name in names if str(name).strip()]
    repeated = sorted({name for name in given if list(given).count(name) > 1})
    if repeated:
        raise InputError(f"`class_names` must name each class once; '{repeated[0]}' occurs more often.")
    return tuple(given)
