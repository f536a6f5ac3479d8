"""Selections and corrected sets as files that other programs read; the user's folder stays as it is."""

import gc
import hashlib
import io
import json

import pandas as pd
import pytest

from audit.curation.exports import (
    FILES,
    csv_file,
    export_table,
    fiftyone_file,
    filename_list,
    image_folder,
    parquet_file,
)
from audit.errors import InputError


@pytest.fixture
def curated(curation):
    curation.tag(["s0", "s1"], "=cmd", author="Ann")
    curation.tag(["s1"], "cropped", author="Bob")
    curation.correct_label(["s1"], "cat", author="Bob")
    return curation.current()


def state(folder):
    return {
        p.name: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in sorted(folder.rglob("*"))
    }


def test_the_table_holds_original_correction_and_final_label(dataset, curated):
    table = export_table(dataset, curated, ["s1", "s0"])
    assert table.index.tolist() == ["s1", "s0"]
    assert table.loc["s1", ["label", "corrected_label", "final_label"]].tolist() == ["dog", "cat", "cat"]
    assert table.loc["s0", "final_label"] == "cat"


def test_cells_that_a_spreadsheet_would_run_are_guarded(dataset, curated):
    read = pd.read_csv(io.BytesIO(csv_file(dataset, curated, ["s0", "s1"])))
    assert read["tags"].tolist() == ["'=cmd", "'=cmd; cropped"]
    assert pd.read_parquet(io.BytesIO(parquet_file(dataset, curated, ["s1"])))["tags"].tolist() == ["=cmd; cropped"]


def test_the_list_of_files_has_the_names_of_the_users_own_table(dataset, curated):
    assert filename_list(dataset, curated, ["s2", "s0"]) == b"2.png\n0.png\n"


def test_fiftyone_gets_absolute_paths_tags_and_classifications(dataset, curated):
    (sample,) = json.loads(fiftyone_file(dataset, curated, ["s1"]))["samples"]
    assert sample["filepath"] == str(dataset.root / "1.png")
    assert sample["tags"] == ["=cmd", "cropped"]
    assert sample["ground_truth"] == {"_cls": "Classification", "tags": [], "label": "dog"}
    assert sample["predictions"]["label"] == "cat"
    assert sample["corrected"]["label"] == "cat"
    assert sample["light"] == "night"


# The library leaves a file open behind itself.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_image_folder_is_read_by_hugging_face_and_the_users_folder_is_not_touched(dataset, curated, tmp_path):
    before = state(dataset.root)
    folder = image_folder(dataset, curated, ["s1", "s0"], home=tmp_path / "home")
    assert state(dataset.root) == before
    assert folder.is_relative_to(tmp_path / "home" / "exports")
    from datasets import load_dataset

    loaded = load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"), split="train")
    assert sorted(loaded["final_label"]) == ["cat", "cat"]
    assert loaded[0]["image"].size == (8, 8)
    assert sorted(p.name for p in folder.iterdir()) == ["metadata.csv", "s0.png", "s1.png"]
    del loaded
    gc.collect()


def test_names_of_samples_never_leave_the_folder(dataset, curation, tmp_path):
    names = ["../../evil", "a/b", "a-b", "s3", "s4", "s5"]
    metadata = dataset.metadata.set_axis(pd.Index(names, name="sample_id"))
    other = dataset.__class__(name="../x", metadata=metadata, root=dataset.root, roles=dataset.roles)
    folder = image_folder(other, curation.current(), ["../../evil", "a/b", "a-b"], home=tmp_path / "home")
    assert folder.parent == tmp_path / "home" / "exports"
    assert sorted(p.name for p in folder.iterdir()) == ["a-b-2.png", "a-b.png", "evil.png", "metadata.csv"]


def test_without_a_usable_image_no_folder_is_left_behind(dataset, curated, tmp_path):
    (dataset.root / "2.png").unlink()
    with pytest.raises(InputError, match="usable image"):
        image_folder(dataset, curated, ["s2"], home=tmp_path / "home")
    assert list((tmp_path / "home" / "exports").iterdir()) == []


@pytest.mark.parametrize("kind", list(FILES))
def test_nothing_and_strangers_are_refused(dataset, curated, kind):
    write = FILES[kind][0]
    with pytest.raises(InputError, match="at least one"):
        write(dataset, curated, [])
    with pytest.raises(InputError, match="'s9'"):
        write(dataset, curated, ["s9"])
