"""Datasets of Hugging Face, saved to disk or as Parquet shards."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from audit.errors import InputError
from audit.images import open_image
from audit.readers import load_dataset


def picture(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def made(count: int = 6) -> datasets.Dataset:
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "label": datasets.ClassLabel(names=["cat", "dog", "cow"]),
            "hospital": datasets.Value("string"),
            "embedding": datasets.Sequence(datasets.Value("float32")),
        }
    )
    rows = {
        "image": [{"bytes": picture(number), "path": f"{number}.png"} for number in range(count)],
        "label": [number % 2 for number in range(count)],
        "hospital": ["A", "B"] * (count // 2),
        "embedding": [[float(number), 1.0] for number in range(count)],
    }
    return datasets.Dataset.from_dict(rows, features=features)


def state_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_saved_dataset_has_its_images_class_names_and_embeddings(tmp_path: Path) -> None:
    made().save_to_disk(tmp_path / "saved")
    dataset = load_dataset(tmp_path / "saved")
    assert dataset.name == "saved"
    assert dataset.usable.all()
    assert dataset.metadata["label"].tolist() == ["cat", "dog"] * 3
    assert dataset.classes == ("cat", "dog", "cow")
    assert dataset.roles.center == "hospital"
    assert dataset.arrays["embeddings"][:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert dataset.root is not None
    third = open_image(dataset.metadata["filepath"].iloc[2], root=dataset.root)
    assert np.asarray(third)[0, 0].tolist() == [40, 0, 0]


def test_nothing_in_the_users_folder_is_touched(tmp_path: Path) -> None:
    made().save_to_disk(tmp_path / "saved")
    before = state_of(tmp_path / "saved")
    load_dataset(tmp_path / "saved")
    assert state_of(tmp_path / "saved") == before


def test_splits_become_a_column(tmp_path: Path) -> None:
    datasets.DatasetDict({"train": made(4), "test": made(2)}).save_to_disk(tmp_path / "saved")
    dataset = load_dataset(tmp_path / "saved")
    assert dataset.roles.split == "split"
    assert dataset.metadata["split"].tolist() == ["train"] * 4 + ["test"] * 2


def test_several_files_and_a_chosen_order_are_followed(tmp_path: Path) -> None:
    made().select([5, 0, 3, 1]).save_to_disk(tmp_path / "saved", num_shards=2)
    assert load_dataset(tmp_path / "saved").arrays["embeddings"][:, 0].tolist() == [5, 0, 3, 1]


def test_parquet_shards_are_read_by_split(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    made().to_parquet(tmp_path / "data" / "train-00000-of-00002.parquet")
    made().to_parquet(tmp_path / "data" / "train-00001-of-00002.parquet")
    made(2).to_parquet(tmp_path / "data" / "test-00000-of-00001.parquet")
    dataset = load_dataset(tmp_path)
    assert dataset.metadata["split"].value_counts().to_dict() == {"train": 12, "test": 2}
    assert dataset.usable.all()
    assert dataset.classes == ("cat", "dog", "cow")


def test_where_it_lies_does_not_change_its_fingerprint(tmp_path: Path) -> None:
    made().save_to_disk(tmp_path / "one")
    made().save_to_disk(tmp_path / "two")
    assert load_dataset(tmp_path / "one").fingerprint == load_dataset(tmp_path / "two").fingerprint


def test_a_broken_image_inside_is_quarantined(tmp_path: Path) -> None:
    rows = {"image": [{"bytes": picture(1), "path": None}, {"bytes": b"hello", "path": None}, None]}
    features = datasets.Features({"image": datasets.Image()})
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "saved")
    dataset = load_dataset(tmp_path / "saved")
    assert dataset.quarantine["reason"].tolist() == ["not an image"]
    assert dataset.usable.tolist() == [True, False, False]


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    made().save_to_disk(tmp_path / "saved")
    (tmp_path / "saved" / "state.json").write_text("{}")
    with pytest.raises(InputError, match=r"state.json must be written by save_to_disk; `_data_files`"):
        load_dataset(tmp_path / "saved")


def test_an_empty_dataset_is_refused(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"label": []}).save_to_disk(tmp_path / "saved")
    with pytest.raises(InputError, match="at least one row"):
        load_dataset(tmp_path / "saved")
