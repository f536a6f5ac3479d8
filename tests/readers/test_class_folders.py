"""Folders named after classes, with and without splits."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.readers import load_dataset
from audit.readers.class_folders import folder_columns


def tree(root: Path, *names: str) -> Dataset:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name)
    return load_dataset(root)


def test_the_folder_is_the_class(tmp_path: Path) -> None:
    dataset = tree(tmp_path / "pets", "cat/1.jpg", "cat/2.jpg", "dog/1.jpg")
    assert dataset.name == "pets"
    assert dataset.roles == Roles(label="label")
    assert dataset.metadata["label"].to_dict() == {"cat/1.jpg": "cat", "cat/2.jpg": "cat", "dog/1.jpg": "dog"}
    assert dataset.usable.all()


def test_split_folders_come_before_the_class(tmp_path: Path) -> None:
    dataset = tree(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "test/cat/1.jpg", "test/dog/1.jpg")
    assert dataset.roles.split == "split"
    assert dataset.metadata["split"].tolist() == ["test", "test", "train", "train"]
    assert dataset.classes == ("cat", "dog")


def test_a_split_without_classes_has_no_label(tmp_path: Path) -> None:
    dataset = tree(tmp_path, "train/1.jpg", "test/2.jpg")
    assert dataset.roles.label is None
    assert dataset.metadata["split"].tolist() == ["test", "train"]


def test_images_without_folders_have_no_label(tmp_path: Path) -> None:
    dataset = tree(tmp_path, "1.jpg", "2.jpg")
    assert dataset.roles == Roles()
    assert dataset.usable.all()


def test_loose_images_beside_class_folders_have_a_missing_label(tmp_path: Path) -> None:
    dataset = tree(tmp_path, "cat/1.jpg", "dog/1.jpg", "loose.jpg")
    assert dataset.metadata["label"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ([("images", "cat"), ("images", "dog")], {"label": ["cat", "dog"]}),
        ([("cat",)], {"label": ["cat"]}),
        ([("data", "train", "cat"), ("data", "val", "cat")], {"split": ["train", "val"], "label": ["cat", "cat"]}),
        ([("cat", "a"), ("cat", "b"), ("dog", "c")], {"label": ["cat", "cat", "dog"]}),
        (
            [("photo", "cat"), ("photo", "dog"), ("sketch", "cat"), ("sketch", "dog")],
            {"folder": ["photo", "photo", "sketch", "sketch"], "label": ["cat", "dog", "cat", "dog"]},
        ),
        ([()], {}),
    ],
)
def test_what_nested_folders_stand_for(folders: list[tuple[str, ...]], expected: dict[str, list[str]]) -> None:
    assert folder_columns(folders) == expected


def test_a_class_folder_that_leads_out_is_quarantined(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "outside" / "1.jpg")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "dog").symlink_to(tmp_path / "outside")
    dataset = tree(tmp_path / "root", "cat/1.jpg")
    assert dataset.quarantine["reason"].to_dict() == {"dog": "outside the root folder"}


def test_names_like_missing_values_are_classes(tmp_path: Path) -> None:
    assert tree(tmp_path, "None/1.jpg", "NA/1.jpg", "007/1.jpg").classes == ("007", "NA", "None")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="`path` must hold data that can be read"):
        load_dataset(tmp_path)


def test_real_domains_are_told_from_classes(shared_data: Path) -> None:
    dataset = load_dataset(shared_data / "pacs", reader="class_folders")
    assert len(dataset.classes) == 7
    assert sorted(dataset.metadata["folder"].unique()) == ["art_painting", "cartoon", "photo", "sketch"]
