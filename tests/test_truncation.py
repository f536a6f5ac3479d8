"""A file that ends early is told from one that is damaged."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from audit.truncation import is_truncated


def content_of(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "AVIF"])
def test_a_whole_file_is_not_truncated_and_its_first_half_is(kind: str) -> None:
    content = content_of(kind)
    assert not is_truncated(io.BytesIO(content), len(content), "")
    half = content[: len(content) // 2]
    # The directory of an uncompressed TIFF stands in front: there the decoder notices.
    message = "image file is truncated" if kind == "TIFF" else ""
    assert is_truncated(io.BytesIO(half), len(half), message)


def test_a_tiff_without_its_directory_is_truncated() -> None:
    assert is_truncated(io.BytesIO(b"II*\0\x00\x10\0\0abc"), 11, "")


@pytest.mark.parametrize("content", [b"", b"hello", b"BMW is a brand", b"<html></html>", bytes(64)])
def test_other_content_is_not_truncated(content: bytes) -> None:
    assert not is_truncated(io.BytesIO(content), len(content), "")
