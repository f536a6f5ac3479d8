"""What a path may reach, and what is remembered of a file."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from audit import file_facts, image_files
from audit.image_files import ImageProblem, hash_file, hash_paths, regular_file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.jpg").write_bytes(b"content")
    (tmp_path / "root_beside").mkdir()
    (tmp_path / "root_beside" / "b.jpg").write_bytes(b"other")
    return folder


def test_paths_that_leave_the_root_are_refused(root: Path) -> None:
    (root / "file.jpg").symlink_to(root.parent / "root_beside" / "b.jpg")
    (root / "folder").symlink_to(root.parent / "root_beside")
    outside = [
        "../root_beside/b.jpg",
        "../nothing.jpg",
        str(root.parent / "root_beside" / "b.jpg"),
        "inner/../../root_beside/b.jpg",
        "file.jpg",
        "folder/b.jpg",
        "/etc/passwd",
        "..",
        ".",
        "",
    ]
    for path in outside:
        with pytest.raises(ImageProblem, match="outside the root folder"):
            regular_file(path, root)


def test_paths_and_links_inside_the_root_are_followed(root: Path) -> None:
    (root / "link.jpg").symlink_to(root / "inner" / "a.jpg")
    (root / "linked").symlink_to(root / "inner")
    paths = [
        "inner/a.jpg",
        "link.jpg",
        "linked/a.jpg",
        "inner/../inner/a.jpg",
        str(root / "inner" / "a.jpg"),
        "./inner/a.jpg",
    ]
    for path in paths:
        real, status = regular_file(path, root)
        assert real == os.path.realpath(root / "inner" / "a.jpg")
        assert status.st_size == 7


def test_a_folder_replaced_by_a_link_leads_out_at_once(root: Path) -> None:
    assert regular_file("inner/a.jpg", root)
    (root / "inner").rename(root / "before")
    (root.parent / "root_beside" / "a.jpg").write_bytes(b"secret")
    (root / "inner").symlink_to(root.parent / "root_beside")
    with pytest.raises(ImageProblem, match="outside the root folder"):
        regular_file("inner/a.jpg", root)


def test_a_root_that_is_a_link_itself_is_no_escape(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    assert regular_file("inner/a.jpg", tmp_path / "alias")[0].endswith("root/inner/a.jpg")


def test_a_link_in_circles_and_an_impossible_name_are_missing(root: Path) -> None:
    (root / "circle.jpg").symlink_to(root / "circle.jpg")
    for path in ("circle.jpg", "a\0b.jpg", "x" * 5000, "inner/a.jpg/b.jpg"):
        with pytest.raises(ImageProblem, match="file missing"):
            regular_file(path, root)


def test_equal_content_has_an_equal_hash_and_nothing_else_has(root: Path) -> None:
    (root / "same.jpg").write_bytes(b"content")
    (root / "other.jpg").write_bytes(b"contenT")
    paths = pd.Series(
        ["inner/a.jpg", "same.jpg", "other.jpg", None, "../root_beside/b.jpg", "missing.jpg"], dtype="str"
    )
    first, same, other, *none = hash_paths(paths, root)
    assert first == same != other
    assert none == ["", "", ""]


def test_the_hash_of_an_untouched_file_is_not_computed_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_facts, "_SETTLED_NANOSECONDS", 0)
    paths = pd.Series(["inner/a.jpg"], dtype="str")
    before = hash_paths(paths, root)
    monkeypatch.setattr(image_files, "hash_file", lambda path: pytest.fail(f"{path} was read again"))
    assert hash_paths(paths, root) == before


def test_a_file_rewritten_with_its_old_size_and_time_is_noticed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_facts, "_SETTLED_NANOSECONDS", 0)
    file = root / "inner" / "a.jpg"
    paths = pd.Series(["inner/a.jpg"], dtype="str")
    before = hash_paths(paths, root)
    status = file.stat()
    file.write_bytes(b"CONTENT")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert hash_paths(paths, root) != before


def test_a_very_young_file_is_hashed_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(image_files, "hash_file", lambda path: read.append(path) or hash_file(path))
    paths = pd.Series(["inner/a.jpg"], dtype="str")
    assert hash_paths(paths, root) == hash_paths(paths, root)
    assert len(read) == 2
