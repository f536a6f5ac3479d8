"""What was once found out about a file, remembered as long as the file is untouched."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from audit.cache import cache_folder
from audit.errors import InputError

_SCHEMA = """
create table if not exists facts (
  path text not null, kind text not null,
  size integer not null, modified integer not null, changed integer not null, inode integer not null,
  value text not null, primary key (path, kind)
) without rowid
"""
_BATCH = 500
# A change within the clock tick of the last one leaves no trace in the times, so very young files are not remembered.
_SETTLED_NANOSECONDS = 2_000_000_000


@dataclasses.dataclass(frozen=True)
class Stamp:
    """A file's identity: equal stamps mean an untouched file.

    Parameters
    ----------
    path
        Absolute, links resolved.
    size
        Bytes.
    modified, changed
        Times of the last change of content and of status, nanoseconds.
    inode
        The file's number on its disk.
    """

    path: str
    size: int
    modified: int
    changed: int
    inode: int


def stamp_of(path: str, status: os.stat_result) -> Stamp:
    """Return the stamp of a file from its status."""
    return Stamp(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class FileFacts:
    """A small table on disk of facts (hash, header) by file and kind; shared by processes and threads.

    Parameters
    ----------
    connection
        The open database; use :meth:`open`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[FileFacts]:
        """Open the facts in the cache folder.

        Raises
        ------
        InputError
            If the cache folder cannot be written.
        """
        folder = cache_folder()
        with _needs_writable(folder):
            folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(folder / "files-v1.sqlite", timeout=60)
        with closing(connection):
            with _needs_writable(folder):
                connection.execute("pragma journal_mode=wal")
                connection.execute("pragma synchronous=normal")
                connection.execute(_SCHEMA)
            yield cls(connection)

    def recall(self, kind: str, stamps: Sequence[Stamp]) -> dict[str, str]:
        """Return the facts of a kind, by path, of the files that are as they were."""
        found: dict[str, str] = {}
        for start in range(0, len(stamps), _BATCH):
            batch = {stamp.path: stamp for stamp in stamps[start : start + _BATCH]}
            marks = ",".join("?" * len(batch))
            rows = self._connection.execute(
                "select path, size, modified, changed, inode, value from facts "  # noqa: S608 - marks are only '?'
                f"where kind = ? and path in ({marks})",
                (kind, *batch),
            )
            found.update({path: value for path, *rest, value in rows if Stamp(path, *rest) == batch[path]})
        return found

    def remember(self, kind: str, stamps: Sequence[Stamp], values: Sequence[str]) -> None:
        """Keep the facts, empty ones left out, of files old enough for a further change to show in their times."""
        latest = time.time_ns() - _SETTLED_NANOSECONDS
        rows = [
            (stamp.path, kind, stamp.size, stamp.modified, stamp.changed, stamp.inode, value)
            for stamp, value in zip(stamps, values, strict=True)
            if value and max(stamp.modified, stamp.changed) < latest
        ]
        with _needs_writable(cache_folder()), self._connection:
            self._connection.executemany("insert or replace into facts values (?, ?, ?, ?, ?, ?, ?)", rows)


@contextmanager
def _needs_writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise InputError(
            f"the cache folder must be writable; {folder} is not ({error}). Set MODEL_AUDIT_CACHE to a folder that is.",
        ) from error
