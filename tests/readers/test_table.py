"""A folder is read as the table that describes it; real tables load as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers import load_dataset
from audit.readers.table import detect, table_of


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("sample_id,label\na,x\n")


def test_the_table_with_the_surest_name_describes_the_folder(tmp_path: Path) -> None:
    touch(tmp_path, "samples.csv", "metadata.csv", "model_predictions.csv")
    assert table_of(tmp_path).name == "samples.csv"


def test_the_only_table_describes_the_folder_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "birds.tsv", "readme.txt", ".hidden.csv")
    assert table_of(tmp_path).name == "birds.tsv"


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("samples.csv", "samples.parquet")])
def test_a_folder_with_several_tables_asks_for_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    touch(tmp_path, *names)
    with pytest.raises(InputError, match=f"holds {names[0]}, {names[1]}. Give the path of the table itself"):
        table_of(tmp_path)


def test_folders_and_files_without_a_table_are_not_its_format(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    assert not detect(tmp_path)
    assert not detect(tmp_path / "notes.txt")


def test_a_dataset_is_named_after_its_folder_or_its_own_file(tmp_path: Path) -> None:
    folder = tmp_path / "birds"
    folder.mkdir()
    touch(folder, "samples.csv", "camelyon.csv")
    assert load_dataset(folder).name == "birds"
    assert load_dataset(folder / "samples.csv").name == "birds"
    assert load_dataset(folder / "camelyon.csv").name == "camelyon"
    assert load_dataset(folder, name="mine").name == "mine"


def test_cifar10_with_background_groups(shared_data: Path) -> None:
    folder = shared_data / "cifar10_b"
    dataset = load_dataset(folder, join=folder / "model_predictions.csv", probabilities=folder / "probabilities.npy")
    assert (len(dataset), int(dataset.usable.sum()), len(dataset.quarantine)) == (10000, 2000, 0)
    assert dataset.roles == Roles(
        label="label", prediction="prediction", background="background", attributes=("background",)
    )
    assert dataset.classes[:3] == ("airplane", "automobile", "bird")
    assert dataset.index[12] == "00012"
    assert dataset.metadata["vgg16_keras"].notna().all()
    agreement = dataset.arrays["probabilities"].argmax(axis=1) == dataset.metadata["prediction"].map(
        dataset.classes.index
    )
    assert agreement.mean() > 0.99


def test_the_real_image_folders_load_without_a_broken_file(shared_data: Path) -> None:
    counts = {"imagenet_sample": 1000, "pacs": 1120, "visdiff_example": 200}
    for name, count in counts.items():
        dataset = load_dataset(shared_data / name)
        assert (int(dataset.usable.sum()), len(dataset.quarantine)) == (count, 0), name


def test_the_real_patch_tables_load_without_images(shared_data: Path) -> None:
    expected = Roles(
        label="biological_class",
        group_id="slide_id",
        center="medical_center",
        attributes=("subset", "medical_center"),
    )
    for name in ("camelyon", "tcga_4x4", "tolkach_esca", "camelyon_reduced", "tolkach_esca_reduced"):
        dataset = load_dataset(shared_data / "pathorob" / f"{name}.csv", reader="table")
        assert dataset.roles == expected, name
        assert not dataset.has_images
