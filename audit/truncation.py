"""Tell a file that was cut off from one that is damaged, where the decoder's message does not."""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

_MESSAGE = re.compile(r"truncat|premature|\beof\b|end of file|not enough image data|expected to read", re.IGNORECASE)
_TAIL = 32


def is_truncated(file: BinaryIO, size: int, message: str) -> bool:
    """Return whether an image that could not be decoded ends before its own format says it should.

    Parameters
    ----------
    file
        The open file; its position is moved.
    size
        Its length in bytes.
    message
        What the decoder said.
    """
    if _MESSAGE.search(message):
        return True
    file.seek(0)
    head = file.read(32)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    if head.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in tail
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" not in tail
    if head.startswith((b"GIF87a", b"GIF89a")):
        return b"\x3b" not in tail[-2:]
    if head.startswith(b"RIFF"):
        return size < 12 or struct.unpack("<I", head[4:8])[0] + 8 > size
    if head.startswith(b"BM") and head[6:10] in {b"", bytes(4)}:
        return size < 14 or struct.unpack("<I", head[2:6])[0] > size
    if head.startswith((b"II*\0", b"MM\0*")):
        return _tiff_is_cut(file, head, size)
    if head.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")):
        return not tail.endswith(b"\xff\xd9")
    return head[4:8] == b"ftyp" and _boxes_run_over(file, size)


def _tiff_is_cut(file: BinaryIO, head: bytes, size: int) -> bool:
    """Return whether a TIFF's first directory, or anything it points to, lies behind the end of the file."""
    order = "<" if head.startswith(b"II") else ">"
    if size < 8:
        return True
    (start,) = struct.unpack(f"{order}I", head[4:8])
    file.seek(min(start, size))
    count_bytes = file.read(2)
    if len(count_bytes) < 2:
        return True
    (count,) = struct.unpack(f"{order}H", count_bytes)
    entries = file.read(12 * count)
    if len(entries) < 12 * count or start + 2 + 12 * count + 4 > size:
        return True
    widths = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
    for position in range(0, len(entries), 12):
        _, kind, number, offset = struct.unpack(f"{order}HHII", entries[position : position + 12])
        length = widths.get(kind, 1) * number
        if length > 4 and offset + length > size:
            return True
    return False


def _boxes_run_over(file: BinaryIO, size: int) -> bool:
    """Return whether a box of an ISO media file (AVIF) says that it ends behind the end of the file."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        (length,) = struct.unpack(">I", file.read(4))
        if length == 0:
            return False
        if length < 8:
            return False
        position += length
    return position != size
