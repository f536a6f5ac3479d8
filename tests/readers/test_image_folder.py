"""Hugging Face image folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers import load_dataset


def split(root: Path, name: str, rows: list[dict[str, object]]) -> None:
    (root / name).mkdir(parents=True)
    for row in rows:
        Image.new("RGB", (4, 4)).save(root / name / str(row["file_name"]))
    lines = "\n".join(json.dumps(row) for row in rows)
    (root / name / "metadata.jsonl").write_text(lines, encoding="utf-8")


def test_every_split_has_its_table(tmp_path: Path) -> None:
    split(tmp_path, "train", [{"file_name": "1.png", "text": "a cat"}, {"file_name": "2.png", "text": "a dog"}])
    split(tmp_path, "test", [{"file_name": "1.png", "text": "a cow"}])
    dataset = load_dataset(tmp_path)
    assert dataset.metadata["filepath"].tolist() == ["test/1.png", "train/1.png", "train/2.png"]
    assert dataset.metadata["split"].tolist() == ["test", "train", "train"]
    assert dataset.roles == Roles(caption="text", split="split")
    assert dataset.usable.all()


def test_one_table_above_the_splits_names_them_in_its_paths(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (4, 4)).save(tmp_path / name / "1.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\ntrain/1.png,cat\ntest/1.png,dog\n")
    dataset = load_dataset(tmp_path)
    assert dataset.metadata["split"].tolist() == ["train", "test"]
    assert dataset.usable.all()


def test_ids_that_repeat_between_splits_are_refused(tmp_path: Path) -> None:
    split(tmp_path, "train", [{"file_name": "1.png", "sample_id": "a"}])
    split(tmp_path, "test", [{"file_name": "1.png", "sample_id": "a"}])
    with pytest.raises(InputError, match="'a' stands in data rows 1 and 2"):
        load_dataset(tmp_path)


def test_a_table_of_samples_above_wins(tmp_path: Path) -> None:
    split(tmp_path, "extra", [{"file_name": "1.png"}])
    (tmp_path / "samples.csv").write_text("sample_id,label\na,x\nb,y\n")
    assert len(load_dataset(tmp_path)) == 2
