"""The data model keeps its promises."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.dataset import Dataset, Roles, empty_quarantine, sorted_classes
from audit.errors import InputError


def metadata(**columns: list[object]) -> pd.DataFrame:
    columns = columns or {"label": ["cat", "dog", "cat"]}
    count = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.Index([f"s{row}" for row in range(count)], name="sample_id"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "images"
    root.mkdir()
    for number in range(3):
        Image.new("RGB", (8, 8), (number * 40, 0, 0)).save(root / f"{number}.png")
    return root


def with_images(root: Path, **fields: object) -> Dataset:
    table = metadata(filepath=["0.png", "1.png", "2.png"], label=["cat", "dog", "cat"])
    return Dataset(**{"name": "pets", "metadata": table, "root": root, "roles": Roles(label="label"), **fields})


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(InputError, match="at least one row; got 0"):
        Dataset(name="x", metadata=metadata().iloc[:0])


def test_repeated_ids_are_refused_with_the_id() -> None:
    table = metadata()
    table.index = pd.Index(["a", "b", "a"], name="sample_id")
    with pytest.raises(InputError, match="'a' occurs more than once"):
        Dataset(name="x", metadata=table)


def test_ids_that_are_no_texts_are_refused() -> None:
    table = metadata()
    table.index = pd.Index([0, 1, 2], name="sample_id")
    with pytest.raises(InputError, match="0 is no text"):
        Dataset(name="x", metadata=table)


def test_an_index_of_another_name_is_refused() -> None:
    with pytest.raises(InputError, match="its name is 'id'"):
        Dataset(name="x", metadata=metadata().rename_axis("id"))


def test_a_role_without_its_column_is_refused_with_the_columns() -> None:
    with pytest.raises(InputError, match=r"`center` must name a column of 'x'; got 'site'. Columns: label"):
        Dataset(name="x", metadata=metadata(), roles=Roles(center="site"))


def test_an_array_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match=r"one row a sample \(3\); got 2 rows"):
        Dataset(name="x", metadata=metadata(), arrays={"embeddings": np.zeros((2, 4))})


def test_a_pixel_cap_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="`pixel_cap` must be at least 1; got 0"):
        Dataset(name="x", metadata=metadata(), pixel_cap=0)


def test_a_role_that_is_not_set_says_how_to_set_it() -> None:
    with pytest.raises(InputError, match=r"pass --group-id COLUMN"):
        Dataset(name="x", metadata=metadata()).column("group_id")


def test_whole_number_classes_are_in_numeric_order_and_names_in_alphabetical() -> None:
    assert sorted_classes(pd.Series([10, 9, 1, 9])) == ("1", "9", "10")
    assert sorted_classes(pd.Series(["10", "9", "cat"])) == ("10", "9", "cat")
    assert sorted_classes(pd.Series([2, None, 1], dtype="Int64")) == ("1", "2")


def test_classes_are_those_given_before_those_of_the_labels() -> None:
    dataset = Dataset(name="x", metadata=metadata(), roles=Roles(label="label"), class_names=("dog", "cat"))
    assert dataset.classes == ("dog", "cat")
    assert dataclasses.replace(dataset, class_names=()).classes == ("cat", "dog")


def test_class_names_go_when_another_column_becomes_the_label() -> None:
    table = metadata(label=["cat", "dog", "cat"], light=["day", "night", "day"])
    dataset = Dataset(name="x", metadata=table, roles=Roles(label="label"), class_names=("dog", "cat"))
    assert dataset.with_roles(Roles(label="light")).classes == ("day", "night")
    assert dataset.with_roles(Roles(label="label", attributes=("light",))).classes == ("dog", "cat")


def test_a_subset_is_a_dataset_with_its_rows_of_everything(folder: Path) -> None:
    quarantine = pd.DataFrame(
        {"filepath": ["1.png"], "reason": ["not an image"]}, index=pd.Index(["s1"], name="sample_id")
    )
    whole = with_images(folder, arrays={"embeddings": np.arange(6).reshape(3, 2)}, quarantine=quarantine)
    part = whole.subset(["s2", "s0"])
    assert list(part.index) == ["s0", "s2"]
    assert part.arrays["embeddings"].tolist() == [[0, 1], [4, 5]]
    assert part.quarantine.empty
    assert part.parent is whole
    assert part.content_hashes == (whole.content_hashes[0], whole.content_hashes[2])
    assert part.subset(np.array([True, False])).parent is whole


def test_a_subset_of_unknown_samples_or_none_is_refused() -> None:
    dataset = Dataset(name="x", metadata=metadata())
    with pytest.raises(InputError, match="'s9' is not"):
        dataset.subset(["s9"])
    with pytest.raises(InputError, match="at least one sample"):
        dataset.subset(np.zeros(3, dtype=bool))
    with pytest.raises(InputError, match="mask of length 3; got 2"):
        dataset.subset(np.ones(2, dtype=bool))


def test_usable_samples_name_an_image_that_is_not_quarantined(folder: Path) -> None:
    table = metadata(filepath=["0.png", None, "2.png"])
    quarantine = pd.DataFrame({"filepath": ["2.png"], "reason": ["x"]}, index=pd.Index(["s2"], name="sample_id"))
    assert with_images(folder, metadata=table, roles=Roles(), quarantine=quarantine).usable.tolist() == [
        True,
        False,
        False,
    ]
    assert not Dataset(name="x", metadata=metadata()).usable.any()


def test_touching_or_moving_the_images_does_not_change_the_fingerprint(folder: Path, tmp_path: Path) -> None:
    before = with_images(folder).fingerprint
    os.utime(folder / "0.png", (1, 1))
    assert with_images(folder).fingerprint == before
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert with_images(tmp_path / "elsewhere").fingerprint == before


def test_a_renamed_image_of_the_same_sample_does_not_change_the_fingerprint(folder: Path) -> None:
    before = with_images(folder).fingerprint
    (folder / "0.png").rename(folder / "new.png")
    table = metadata(filepath=["new.png", "1.png", "2.png"], label=["cat", "dog", "cat"])
    assert with_images(folder, metadata=table).fingerprint == before


def test_a_changed_byte_changes_both_fingerprints(folder: Path) -> None:
    before = with_images(folder)
    images, everything = before.images_fingerprint, before.fingerprint
    content = bytearray((folder / "0.png").read_bytes())
    content[-1] ^= 1
    (folder / "0.png").write_bytes(bytes(content))
    assert with_images(folder).images_fingerprint != images
    assert with_images(folder).fingerprint != everything


def test_labels_roles_arrays_and_ids_change_the_fingerprint_but_the_name_does_not(folder: Path) -> None:
    base = with_images(folder)
    table = base.metadata
    changed = [
        dataclasses.replace(base, metadata=table.assign(label=["cat", "cat", "cat"])),
        dataclasses.replace(base, metadata=table.assign(light="day")),
        dataclasses.replace(base, metadata=table.set_axis(["a", "b", "c"]).rename_axis("sample_id")),
        base.with_roles(Roles()),
        dataclasses.replace(base, arrays={"embeddings": np.zeros((3, 2))}),
        dataclasses.replace(base, arrays={"embeddings": np.ones((3, 2))}),
        dataclasses.replace(base, pixel_cap=10),
        dataclasses.replace(base, class_names=("dog", "cat")),
    ]
    prints = {dataset.fingerprint for dataset in (base, *changed)}
    assert len(prints) == len(changed) + 1
    assert dataclasses.replace(base, name="other").fingerprint == base.fingerprint


def test_labels_alone_do_not_change_the_images_fingerprint(folder: Path) -> None:
    base = with_images(folder)
    relabelled = base.with_metadata(base.metadata.assign(label=["dog", "dog", "dog"]))
    assert relabelled.images_fingerprint == base.images_fingerprint


def test_a_changed_mask_file_changes_the_fingerprint(folder: Path) -> None:
    table = metadata(filepath=["0.png", "1.png", "2.png"], mask=["0.png", "1.png", "m.png"])
    Image.new("L", (8, 8)).save(folder / "m.png")
    before = with_images(folder, metadata=table, roles=Roles(mask="mask")).fingerprint
    Image.new("L", (8, 8), 255).save(folder / "m.png")
    assert with_images(folder, metadata=table, roles=Roles(mask="mask")).fingerprint != before


def test_metadata_of_other_samples_is_refused() -> None:
    dataset = Dataset(name="x", metadata=metadata())
    with pytest.raises(InputError, match="same sample ids"):
        dataset.with_metadata(metadata().iloc[::-1])


def test_an_empty_quarantine_has_its_columns() -> None:
    assert list(empty_quarantine().columns) == ["filepath", "reason"]
    assert empty_quarantine().index.name == "sample_id"
