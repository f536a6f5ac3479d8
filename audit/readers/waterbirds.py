"""Waterbirds as WILDS and the authors ship it: ``metadata.csv`` with ``y``, ``place`` and ``split`` as numbers.

Sagawa et al., arXiv 1911.08731: y 1 is a waterbird, place 1 is water, split 0, 1, 2 is train, validation, test.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from audit.dataset import Dataset
from audit.readers.assembly import assemble
from audit.readers.base import ReadOptions, Table
from audit.readers.table_files import read_table

title = "Waterbirds (metadata.csv of WILDS)"
priority = 40

FILE = "metadata.csv"
COLUMNS = frozenset({"img_filename", "y", "split", "place"})

_LABELS = {0: "landbird", 1: "waterbird"}
_PLACES = {0: "land", 1: "water"}
_SPLITS = {0: "train", 1: "validation", 2: "test"}


def detect(path: Path) -> bool:
    """Return whether the path is, or directly holds, the table with its columns."""
    file = path / FILE if path.is_dir() else path
    if file.name != FILE or not file.is_file():
        return False
    try:
        with file.open(encoding="utf-8-sig") as opened:
            header = opened.readline()
    except UnicodeDecodeError:
        return False
    return {name.strip().strip('"') for name in header.split(",")} >= COLUMNS


def read(path: Path, options: ReadOptions) -> Dataset:
    """Return the samples with ``label``, ``background`` and ``split`` in words; further columns stay."""
    folder = path if path.is_dir() else path.parent
    table = read_table(folder / FILE, options.roles)
    frame = table.frame.copy()
    for column, name, words in (("y", "label", _LABELS), ("place", "background", _PLACES), ("split", "split", _SPLITS)):
        values = pd.to_numeric(frame[column], errors="coerce").map(words, na_action="ignore")
        frame = frame.drop(columns=column).assign(**{name: values.astype("str").where(values.notna())})
    if "img_id" in frame.columns:
        frame["img_id"] = frame["img_id"].astype("str")
    return assemble(
        Table(frame=frame, source=folder / FILE),
        folder=folder.absolute(),
        name=folder.absolute().name,
        options=options,
    )
