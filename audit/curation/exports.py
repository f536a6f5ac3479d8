"""Selections and corrected sets as files for other programs; the user's own folder is only ever read."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.curation.board import TAG_COLUMN, corrected_labels, curated_table
from audit.dataset import IMAGE_COLUMN
from audit.errors import InputError
from audit.export import to_csv, to_parquet
from audit.image_files import ImageProblem, regular_file
from audit.result import plain

if TYPE_CHECKING:
    from audit.curation.board import Curated
    from audit.dataset import Dataset

FOLDER = "exports"
"""Folder below the home folder that image folders are written to."""

FINAL_LABEL = "final_label"
"""Column with the label as it should be: the correction where there is one."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def export_table(dataset: Dataset, curated: Curated, samples: Sequence[str]) -> pd.DataFrame:
    """Return samples with everything known and added, and ``final_label``.

    Parameters
    ----------
    dataset
        The samples.
    curated
        What people added.
    samples
        Ids to export, in order.

    Raises
    ------
    InputError
        If there is none, or one is unknown.
    """
    ids = _checked(dataset, samples)
    table = curated_table(dataset, curated)
    table[FINAL_LABEL] = corrected_labels(dataset, table)
    return table.loc[ids]


def csv_file(dataset: Dataset, curated: Curated, samples: Sequence[str]) -> bytes:
    """Return the table as CSV; cells that a spreadsheet would run are guarded."""
    return to_csv(export_table(dataset, curated, samples))


def parquet_file(dataset: Dataset, curated: Curated, samples: Sequence[str]) -> bytes:
    """Return the table as Parquet."""
    return to_parquet(export_table(dataset, curated, samples))


def filename_list(dataset: Dataset, curated: Curated, samples: Sequence[str]) -> bytes:  # noqa: ARG001
    """Return one file name a line as the dataset's own table has it; the sample id where there is no image."""
    ids = _checked(dataset, samples)
    if not dataset.has_images:
        return "".join(f"{sample}\n" for sample in ids).encode()
    names = dataset.metadata.loc[ids, IMAGE_COLUMN]
    lines = [name if isinstance(name, str) else sample for sample, name in zip(ids, names, strict=True)]
    return "".join(f"{line}\n" for line in lines).encode()


def fiftyone_file(dataset: Dataset, curated: Curated, samples: Sequence[str]) -> bytes:
    """Return the samples as FiftyOne's ``samples.json``: ``filepath``, ``tags``, and labels as classifications.

    Each entry of ``samples`` has the shape of FiftyOne's own ``Sample.to_dict``, so that ``Sample.from_dict`` reads it;
    file paths are absolute, images are not copied.
    """
    table = export_table(dataset, curated, samples)
    return json.dumps({"samples": _fiftyone(dataset, table)}, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _fiftyone(dataset: Dataset, table: pd.DataFrame) -> list[dict[str, Any]]:
    label, prediction = dataset.roles.label, dataset.roles.prediction
    own = [c for c in table.columns if c not in (IMAGE_COLUMN, TAG_COLUMN, label, prediction, FINAL_LABEL)]
    entries = []
    for sample, row in table.iterrows():
        path = row.get(IMAGE_COLUMN)
        tags = row[TAG_COLUMN]
        entry: dict[str, Any] = {
            "filepath": str(dataset.root / path) if dataset.root is not None and isinstance(path, str) else "",
            "tags": tags.split("; ") if isinstance(tags, str) else [],
            "metadata": None,
            "sample_id": str(sample),
        }
        for field, column in (("ground_truth", label), ("predictions", prediction), ("corrected", FINAL_LABEL)):
            value = row[column] if column else None
            if isinstance(value, str) and value:
                entry[field] = {"_cls": "Classification", "tags": [], "label": value}
        entries.append({**{_field_name(c): plain(row[c]) for c in own}, **entry})
    return entries


def _field_name(column: object) -> str:
    """Return a name that FiftyOne takes for a field: letters, digits and underscores, not beginning with either."""
    name = re.sub(r"\W+", "_", str(column)).strip("_") or "column"
    return f"column_{name}" if name[0].isdigit() or name in ("filepath", "tags", "metadata", "id") else name


def image_folder(dataset: Dataset, curated: Curated, samples: Sequence[str], *, home: Path, name: str = "") -> Path:
    """Copy the samples' images into a new folder with a ``metadata.csv``, as Hugging Face's imagefolder reads it.

    Parameters
    ----------
    dataset, curated, samples
        As in :func:`export_table`; samples without a usable image are left out.
    home
        The folder is made below ``home/exports``.
    name
        Beginning of the folder's name; the dataset's name otherwise.

    Returns
    -------
    Path
        The folder; it appears whole or not at all.

    Raises
    ------
    InputError
        If no sample has a usable image.
    """
    table = export_table(dataset, curated, samples)
    if dataset.root is None or IMAGE_COLUMN not in table.columns:
        raise InputError(f"`samples` must have images to be copied; '{dataset.name}' has none.")
    place = Path(home) / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=place, prefix=".part-"))
    try:
        names = _copied(dataset, table, part)
        if not names:
            raise InputError("`samples` must have at least one usable image; none of them has.")
        kept = table.loc[list(names)].drop(columns=[IMAGE_COLUMN])
        kept.insert(0, "file_name", list(names.values()))
        (part / "metadata.csv").write_bytes(to_csv(kept))
        part.chmod(0o755)
        return _placed(part, place, name or dataset.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _copied(dataset: Dataset, table: pd.DataFrame, folder: Path) -> dict[str, str]:
    """Copy every usable image under a name of its own and return the names by sample."""
    assert dataset.root is not None
    names: dict[str, str] = {}
    taken: set[str] = set()
    broken = set(dataset.quarantine.index)
    for sample, path in table[IMAGE_COLUMN].items():
        if sample in broken or not isinstance(path, str):
            continue
        try:
            real, _ = regular_file(path, dataset.root)
        except ImageProblem:
            continue
        stem = _UNSAFE.sub("-", str(sample)).strip("-.") or "sample"
        name, number = f"{stem}{Path(path).suffix.lower()}", 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}{Path(path).suffix.lower()}"
        taken.add(name.lower())
        shutil.copyfile(real, folder / name)
        names[str(sample)] = name
    return names


def _placed(part: Path, place: Path, name: str) -> Path:
    stem = _UNSAFE.sub("-", name).strip("-.") or "export"
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    number = 1
    while True:
        target = place / (f"{stem}-{stamp}" if number == 1 else f"{stem}-{stamp}-{number}")
        if not target.exists():
            return part.rename(target)
        number += 1


def _checked(dataset: Dataset, samples: Sequence[str]) -> list[str]:
    ids = list(dict.fromkeys(str(sample) for sample in samples))
    if not ids:
        raise InputError("`samples` must name at least one sample; got none.")
    unknown = [sample for sample in ids if sample not in dataset.index]
    if unknown:
        raise InputError(f"`samples` must be of '{dataset.name}'; '{unknown[0]}' is not one.")
    return ids


FILES: Mapping[str, tuple[Callable[[Dataset, Curated, Sequence[str]], bytes], str, str]]
"""What can be downloaded: writer, file ending and media type by name."""
FILES = {
    "CSV": (csv_file, "csv", "text/csv"),
    "Parquet": (parquet_file, "parquet", "application/vnd.apache.parquet"),
    "File names": (filename_list, "txt", "text/plain"),
    "FiftyOne": (fiftyone_file, "samples.json", "application/json"),
}
