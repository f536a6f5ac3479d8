"""Images inside a table are unpacked once, by content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import file_facts
from audit.image_files import hash_file
from audit.readers.base import StoredImages
from audit.readers.stored_images import unpack, unpacked_root


def stored(tmp_path: Path, reads: list[int]) -> StoredImages:
    def rows() -> Iterator[tuple[bytes | None, str | None]]:
        reads.append(1)
        yield from [(b"\xff\xd8\xffone", "1.jpg"), (b"\x89PNGtwo", None), (None, "3.jpg"), (b"\xff\xd8\xffone", None)]

    (tmp_path / "table.parquet").write_bytes(b"table")
    return StoredImages(file=tmp_path / "table.parquet", column="image", rows=rows)


def test_equal_images_are_one_file_under_their_hash(tmp_path: Path) -> None:
    first, second, third, fourth = unpack(stored(tmp_path, []))
    assert first.unpacked == fourth.unpacked
    assert (third.unpacked, third.path) == (None, "3.jpg")
    assert Path(str(second.unpacked)).suffix == ".png"
    file = unpacked_root() / str(first.unpacked)
    assert file.read_bytes() == b"\xff\xd8\xffone"
    assert hash_file(str(file)) == file.stem


def test_an_untouched_table_is_not_read_again_unless_its_images_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_facts, "_SETTLED_NANOSECONDS", 0)
    reads: list[int] = []
    images = stored(tmp_path, reads)
    assert unpack(images) == unpack(images)
    assert len(reads) == 1
    (unpacked_root() / str(unpack(images)[0].unpacked)).unlink()
    assert (unpacked_root() / str(unpack(images)[0].unpacked)).is_file()
    assert len(reads) == 2
