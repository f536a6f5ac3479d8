"""A table becomes a dataset: ids, images, joins, arrays, roles and quarantine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.readers import load_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pets" / "images").mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (8, 8), (number * 40, 0, 0)).save(tmp_path / "pets" / "images" / f"{number}.png")
    return tmp_path / "pets"


def load(folder: Path, content: str, **options: object) -> Dataset:
    (folder / "samples.csv").write_text(content, encoding="utf-8")
    return load_dataset(folder, **options)


@pytest.mark.parametrize(
    "alias", ["filepath", "file_name", "filename", "path", "image", "image_path", "img_path", "img_filename", "file"]
)
def test_the_image_column_has_many_names(folder: Path, alias: str) -> None:
    dataset = load(folder, f"{alias},label\nimages/0.png,cat\nimages/1.png,dog\n")
    assert dataset.metadata["filepath"].tolist() == ["images/0.png", "images/1.png"]
    assert dataset.usable.all()
    assert list(dataset.index) == ["images/0.png", "images/1.png"]


def test_paths_are_relative_to_the_images_folder_when_it_is_given(folder: Path) -> None:
    dataset = load(folder, "sample_id,filepath\na,0.png\nb,1.png\n", images=folder / "images")
    assert dataset.root == (folder / "images").resolve()
    assert dataset.usable.all()


def test_absolute_paths_in_the_root_and_other_spellings_are_made_relative(folder: Path) -> None:
    dataset = load(folder, f"sample_id,filepath\na,{folder}/images/0.png\nb,./images/1.png\nc,images\\2.png\n")
    assert dataset.metadata["filepath"].tolist() == ["images/0.png", "images/1.png", "images/2.png"]
    assert dataset.usable.all()


def test_broken_files_are_quarantined_and_rows_without_a_path_are_not(folder: Path) -> None:
    (folder / "images" / "empty.png").touch()
    dataset = load(
        folder, "sample_id,filepath\na,images/0.png\nb,gone.png\nc,images/empty.png\nd,../../etc/passwd\ne,\n"
    )
    assert dataset.quarantine["reason"].to_dict() == {
        "b": "file missing",
        "c": "empty file",
        "d": "outside the root folder",
    }
    assert dataset.usable.tolist() == [True, False, False, False, False]
    assert len(dataset) == 5


def test_columns_that_the_user_names_are_taken_whatever_they_are_called(folder: Path) -> None:
    content = "filepath,lesion,shot\nx.tif,L1,images/0.png\ny.tif,L2,images/1.png\n"
    dataset = load(folder, content, image_column="shot", id_column="lesion")
    assert list(dataset.index) == ["L1", "L2"]
    assert dataset.metadata["filepath"].tolist() == ["images/0.png", "images/1.png"]
    assert dataset.metadata["filepath of the table"].tolist() == ["x.tif", "y.tif"]
    assert dataset.metadata["lesion"].tolist() == ["L1", "L2"]
    assert dataset.usable.all()
    assert list(load(folder, content, image_column="shot", id_column="filepath").index) == ["x.tif", "y.tif"]
    same = load(folder, content, image_column="shot", id_column="shot")
    assert list(same.index) == ["images/0.png", "images/1.png"]


def test_images_named_after_a_column_that_the_user_names_are_found(folder: Path) -> None:
    dataset = load(folder, "photo,label\n0,cat\n2,dog\n", images=folder / "images", id_column="photo")
    assert dataset.metadata["filepath"].tolist() == ["0.png", "2.png"]
    assert list(dataset.index) == ["0", "2"]


def test_a_further_table_is_matched_by_the_column_that_the_user_names(folder: Path) -> None:
    (folder / "answers.txt").mkdir()
    further = folder / "answers.txt" / "answers.csv"
    further.write_text("id,Photo No,prediction\n9,2,dog\n8,0,cat\n", encoding="utf-8")
    dataset = load(folder, "Photo No,label\n0,cat\n2,dog\n", id_column="Photo No", join=further)
    assert dataset.metadata["prediction"].tolist() == ["cat", "dog"]


def test_a_named_column_that_cannot_be_is_told_with_the_nearest(folder: Path) -> None:
    content = "shot,lesion,size\nimages/0.png,L1,3\nimages/1.png,L1,4\n"
    with pytest.raises(InputError, match=r"`image_column` .* got 'shots'\. Did you mean 'shot'\? Columns: shot"):
        load(folder, content, image_column="shots")
    with pytest.raises(InputError, match=r"`id_column` .* got 'id'\. Columns: "):
        load(folder, content, id_column="id")
    with pytest.raises(InputError, match=r"column `lesion` of samples.csv must hold each id once; 'L1'"):
        load(folder, content, id_column="lesion")
    with pytest.raises(InputError, match=r"`image_column` must name a column of paths; 'size' .* holds int64"):
        load(folder, content, image_column="size")


def test_images_named_after_the_samples_are_found_and_other_rows_have_none(folder: Path) -> None:
    dataset = load(folder, "sample_id,label\n0,cat\n2,dog\n7,cat\n")
    assert dataset.metadata["filepath"].tolist()[:2] == ["images/0.png", "images/2.png"]
    assert dataset.usable.tolist() == [True, True, False]
    assert dataset.quarantine.empty


def test_an_id_column_of_file_names_is_the_image_column(folder: Path) -> None:
    dataset = load(folder, "image_id,Smiling\n0.png,1\n1.png,-1\n", images=folder / "images")
    assert dataset.usable.all()
    assert list(dataset.index) == ["0.png", "1.png"]


def test_two_images_of_one_name_are_refused(folder: Path) -> None:
    Image.new("RGB", (8, 8)).save(folder / "images" / "0.jpg")
    with pytest.raises(InputError, match=r"sample '0' .*'images/0.jpg' and 'images/0.png'"):
        load(folder, "sample_id,label\n0,cat\n")


def test_an_images_folder_without_the_samples_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"none in .* is named like 'x'"):
        load(folder, "sample_id,label\nx,cat\n", images=folder / "images")
    with pytest.raises(InputError, match="`images` must be given for a table that names its images"):
        load(folder, "label\ncat\n", images=folder / "images")


def test_a_table_without_images_has_no_root(tmp_path: Path) -> None:
    dataset = load(tmp_path, "slide_id,medical_center\ns1,A\ns2,B\n")
    assert dataset.root is None
    assert not dataset.has_images
    assert list(dataset.index) == ["0", "1"]


def test_repeated_or_empty_ids_are_named_with_file_column_and_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`sample_id` of samples.csv .*'a' stands in data rows 1 and 3"):
        load(tmp_path, "sample_id,label\na,x\nb,y\na,z\n")
    with pytest.raises(InputError, match=r"`Sample ID` of samples.csv must name every sample; data row 2 is empty"):
        load(tmp_path, "Sample ID,label\na,x\n,y\n")


def test_an_image_that_serves_several_rows_does_not_name_them(folder: Path) -> None:
    dataset = load(folder, "filepath,rater\nimages/0.png,ann\nimages/0.png,bob\n")
    assert list(dataset.index) == ["0", "1"]
    assert dataset.usable.all()


def test_a_role_of_an_unknown_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`center` must name a column of samples.csv; got 'hospitl'. .*'hospital'\?"):
        load(tmp_path, "sample_id,hospital\na,x\n", roles=Roles(center="hospitl"))


def test_a_further_table_is_joined_by_id(tmp_path: Path) -> None:
    (tmp_path / "models.csv").write_text("sample_id,resnet,age\nc,cat,3\na,dog,1\n")
    dataset = load(tmp_path, "sample_id,label\na,dog\nb,cat\nc,cat\n", join=tmp_path / "models.csv")
    assert dataset.metadata["resnet"].tolist()[::2] == ["dog", "cat"]
    assert dataset.metadata["age"].astype("str").tolist()[::2] == ["1", "3"]
    assert dataset.metadata["resnet"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,resnet\na,dog\n", "`join` must name tables with a column `sample_id`; models.csv has name, resnet"),
        ("sample_id,resnet\nx,dog\n", r"no id of models.csv \('x', ...\) is one of the dataset's \('a', ...\)"),
        ("sample_id,resnet\na,dog\na,cat\n", "`sample_id` of models.csv must hold each id once"),
        ("sample_id,label\na,cat\nb,cat\n", "column `label` must come from one table; models.csv has other values"),
    ],
)
def test_a_further_table_that_does_not_fit_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "models.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        load(tmp_path, "sample_id,label\na,dog\nb,cat\n", join=[tmp_path / "models.csv"])


def test_a_repeated_equal_column_of_a_further_table_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "models.csv").write_text("sample_id,label,resnet\nb,cat,x\na,dog,y\n")
    dataset = load(tmp_path, "sample_id,label\na,dog\nb,cat\n", join=[tmp_path / "models.csv"])
    assert list(dataset.metadata.columns) == ["label", "resnet"]


def test_embeddings_come_from_a_file_or_a_list_column(tmp_path: Path) -> None:
    np.save(tmp_path / "e.npy", np.array([[1.0, 2.0], [3.0, 4.0]]))
    beside = load(tmp_path, "sample_id,label\na,x\nb,y\n", embeddings=tmp_path / "e.npy")
    pd.DataFrame({"sample_id": ["a", "b"], "clip": [[1.0, 2.0], [3.0, 4.0]]}).to_parquet(tmp_path / "t.parquet")
    inside = load_dataset(tmp_path / "t.parquet", embeddings="clip")
    assert beside.arrays["embeddings"].tolist() == inside.arrays["embeddings"].tolist() == [[1, 2], [3, 4]]
    assert not inside.has_images
    assert "clip" not in inside.arrays


def test_a_further_table_may_bring_the_embeddings(tmp_path: Path) -> None:
    pd.DataFrame({"sample_id": ["b", "a"], "embedding": [[2.0], [1.0]]}).to_parquet(tmp_path / "e.parquet")
    dataset = load(tmp_path, "sample_id,label\na,x\nb,y\n", join=tmp_path / "e.parquet")
    assert dataset.arrays["embeddings"].tolist() == [[1.0], [2.0]]


def test_a_file_beside_the_table_is_not_loaded_unasked(tmp_path: Path) -> None:
    np.save(tmp_path / "probabilities.npy", np.full((2, 2), 0.5))
    content = "sample_id,label\na,x\nb,y\n"
    assert load(tmp_path, content).arrays == {}
    asked = load(tmp_path, content, probabilities=tmp_path / "probabilities.npy")
    assert asked.arrays["probabilities"].shape == (2, 2)
    assert asked.class_names == ("x", "y")


def test_whole_number_labels_stand_for_columns_even_when_some_class_is_absent(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.full((2, 12), 1 / 12))
    assert load(tmp_path, "sample_id,label\na,10\nb,2\n", probabilities=tmp_path / "p.npy").classes == tuple(
        map(str, range(12))
    )


def test_whole_number_labels_take_the_class_names(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    dataset = load(tmp_path, "sample_id,label,prediction\na,1,0\nb,,1\n", class_names=tmp_path / "names.txt")
    assert dataset.metadata["label"].tolist()[0] == "dog"
    assert dataset.metadata["label"].isna().tolist() == [False, True]
    assert dataset.metadata["prediction"].tolist() == ["cat", "dog"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (None, "has 3, the label column of samples.csv has 2"),
        (["x", "y"], "it has 3, `class_names` has 2"),
        (["x", "z", "w"], "'y' of samples.csv is not among them"),
    ],
)
def test_class_names_that_do_not_fit_the_probabilities_are_refused(
    tmp_path: Path, names: list[str] | None, message: str
) -> None:
    np.save(tmp_path / "p.npy", np.full((2, 3), 1 / 3))
    with pytest.raises(InputError, match=message):
        load(tmp_path, "sample_id,label\na,x\nb,y\n", probabilities=tmp_path / "p.npy", class_names=names)


def test_the_pixel_cap_is_kept_with_the_dataset(folder: Path) -> None:
    dataset = load(folder, "sample_id\n0\n1\n", pixel_cap=63)
    assert dataset.pixel_cap == 63
    assert set(dataset.quarantine["reason"]) == {"larger than the pixel cap (8 x 8)"}
    assert load(folder, "sample_id\n0\n1\n").quarantine.empty


def test_a_wrong_role_is_told_with_the_columns_as_the_file_has_them(folder: Path) -> None:
    content = "path,label,hospital\nimages/0.png,cat,a\nimages/1.png,dog,b\n"
    with pytest.raises(InputError, match=r"got 'diagnosis'\. Columns: path, label, hospital\.$"):
        load(folder, content, roles=Roles(label="diagnosis"))
    with pytest.raises(InputError, match=r"`label` must be another column of samples\.csv than 'path'"):
        load(folder, content, roles=Roles(label="path"))
