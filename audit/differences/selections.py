"""Named selections of samples: id lists that are too long for a link, kept as small files of the home folder.

A selection's name is the hash of its ids, so it never changes under its name, and the same selection has one file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from audit.cache import write_once
from audit.dataset import Dataset
from audit.errors import InputError
from audit.locations import home_folder
from audit.readers.table_files import read_table
from audit.roles import ID_NAMES, find_column

FOLDER = "selections"
_NAME = re.compile(r"[0-9a-f]{16}")


def save_selection(ids: Sequence[str], words: str, home: Path | None = None) -> str:
    """Keep sample ids and return the name to refer to them by.

    Parameters
    ----------
    ids
        Sample ids; their order does not matter.
    words
        What the selection is, in a few words, for the page.
    home
        The home folder; that of the environment when left out.

    Raises
    ------
    InputError
        If there is no id.
    """
    listed = sorted(set(map(str, ids)))
    if not listed:
        raise InputError("`ids` must hold at least one sample; got none. Select some first.")
    content = json.dumps({"words": words, "ids": listed}, ensure_ascii=False, sort_keys=True).encode()
    name = hashlib.blake2b(content, digest_size=8).hexdigest()
    write_once(_folder(home) / f"{name}.json", content)
    return name


def read_selection(name: str, home: Path | None = None) -> tuple[list[str], str]:
    """Return the sample ids and the words of a selection.

    Raises
    ------
    InputError
        If there is no selection of that name.
    """
    file = _folder(home) / f"{name}.json"
    if not _NAME.fullmatch(name) or not file.is_file():
        raise InputError(f"`selection` must be the name of a kept selection; got '{name}'. Select the samples again.")
    facts = json.loads(file.read_text(encoding="utf-8"))
    return list(facts["ids"]), str(facts["words"])


def read_id_file(path: str, dataset: Dataset) -> list[str]:
    """Return the sample ids of a CSV: its id column, or its only one.

    Only files below the data's folder, the home folder or the working folder are read, because a link can name one.

    Raises
    ------
    InputError
        If the file is elsewhere, is no table, or has no column of ids.
    """
    given = Path(path).expanduser()
    places = [dataset.root, Path.cwd()] if dataset.root is not None else [Path.cwd()]
    tried = [given] if given.is_absolute() else [place / given for place in places]
    file = next((place for place in tried if place.is_file()), None)
    allowed = [place.resolve() for place in (*places, home_folder())]
    if file is None or file.suffix.lower() not in {".csv", ".tsv"}:
        raise InputError(f"`file` must name a CSV of sample ids; there is none at '{path}'. Check the path.")
    if not any(file.resolve().is_relative_to(place) for place in allowed):
        raise InputError(f"`file` must lie below the data's folder or the working folder; '{path}' does not. Copy it.")
    frame = read_table(file).frame
    column = find_column(frame.columns, ID_NAMES) or (frame.columns[0] if frame.shape[1] == 1 else None)
    if column is None:
        raise InputError(f"`file` must have a column `sample_id`; '{path}' has none. Name one so.")
    return [str(value) for value in frame[column].dropna()]


def mask_of(ids: Sequence[str], dataset: Dataset) -> np.ndarray:
    """Return which samples are named; ids of samples that were left out since are passed over.

    Raises
    ------
    InputError
        If no id is a sample of the dataset.
    """
    mask = np.asarray(dataset.index.isin(pd.Index(list(ids))))
    if not mask.any():
        raise InputError(f"`ids` must name samples of '{dataset.name}'; none of the {len(ids):,} given ones does.")
    return mask


def _folder(home: Path | None) -> Path:
    return (home_folder() if home is None else Path(home)) / FOLDER
