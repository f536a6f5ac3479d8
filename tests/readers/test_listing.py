"""Image files of a folder are found in one order, and no link leads out."""

from __future__ import annotations

from pathlib import Path

from audit.readers.listing import has_images, list_images


def test_images_are_listed_in_order_and_other_files_are_not(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "a/1.png", "a/notes.txt", ".hidden/x.jpg", "a/.x.jpg", "__MACOSX/y.jpg", "3.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_images(tmp_path) == ["3.webp", "a/1.png", "b/2.JPG"]


def test_a_linked_folder_inside_is_searched_and_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert list_images(tmp_path) == ["a/1.png", "b/1.png"]


def test_a_linked_folder_outside_is_named_but_not_searched(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "root_outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.png").touch()
    (root / "link").symlink_to(outside)
    assert list_images(root) == ["link"]


def test_a_folder_without_images_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    assert not has_images(tmp_path)
