"""Readers are found by import, and the path decides which one reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from audit.errors import InputError
from audit.readers import load_dataset, readers


def test_every_reader_says_what_it_reads_and_detects_without_error(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"\0")
    known = readers()
    assert {"table", "class_folders", "image_folder", "saved_dataset", "arrays"} <= set(known)
    for reader in known.values():
        assert reader.title
        assert reader.detect(tmp_path) is False
        assert reader.detect(tmp_path / "file.bin") is False


def test_the_most_particular_reader_comes_first() -> None:
    priorities = [reader.priority for reader in readers().values()]
    assert priorities == sorted(priorities, reverse=True)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`path` must be a file or folder"):
        load_dataset(tmp_path / "gone")


def test_a_path_that_nothing_reads_is_refused_with_the_formats(tmp_path: Path) -> None:
    (tmp_path / "a.docx").touch()
    with pytest.raises(InputError, match=r"holds none of: .*Hugging Face dataset"):
        load_dataset(tmp_path / "a.docx")


def test_a_reader_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "cat" / "1.png")
    (tmp_path / "samples.csv").write_text("filepath,label\ncat/1.png,dog\n")
    assert load_dataset(tmp_path).classes == ("dog",)
    assert load_dataset(tmp_path, reader="class_folders").classes == ("cat",)
    with pytest.raises(InputError, match=r"`reader` must be one of .*; got 'excel'"):
        load_dataset(tmp_path, reader="excel")
    with pytest.raises(InputError, match=r"'arrays' .* cannot read"):
        load_dataset(tmp_path, reader="arrays")


def test_an_images_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("filepath\na.png\n")
    with pytest.raises(InputError, match="`images` must be a folder"):
        load_dataset(tmp_path, images=tmp_path / "gone")


@pytest.mark.parametrize(("name", "content"), [("names.txt", "cat\n\ndog\n"), ("names.json", '["cat", "dog"]')])
def test_class_names_come_from_a_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "samples.csv").write_text("sample_id,label\na,dog\nb,cat\n")
    (tmp_path / name).write_text(content)
    assert load_dataset(tmp_path / "samples.csv", class_names=tmp_path / name).classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("names.json", "{broken", "is not JSON"),
        ("names.json", '{"a": 1}', "holds dict"),
        ("names.txt", "cat\ncat\n", "'cat' occurs more often"),
        ("gone.txt", None, "is not there"),
    ],
)
def test_class_names_that_cannot_be_read_are_refused(
    tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    (tmp_path / "samples.csv").write_text("sample_id,label\na,dog\n")
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "samples.csv", class_names=tmp_path / name)


def test_a_spreadsheet_is_told_to_be_saved_as_csv(tmp_path: Path) -> None:
    (tmp_path / "lesions.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"save 'lesions\.xlsx' as CSV first"):
        load_dataset(tmp_path / "lesions.xlsx")
