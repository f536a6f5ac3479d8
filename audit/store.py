"""The store: everything computed, under the hash of what it was computed from; written once, never changed.

Below the root lies one folder a format version, ``v1``, with

- ``outputs/ab/KEY/``: arrays and their manifest (:mod:`audit.entries`); ``KEY.partial/`` holds finished shards,
- ``results/KEY/``: the three tables of a result as Parquet, the rest as JSON, and ``provenance.json``,
- ``quarantine/IMAGES/quarantine.csv``: the images of a dataset that could not be decoded,
- ``locks/``, ``temporary/`` and ``damaged/``.

Whatever is written appears by one rename, whole or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from filelock import BaseFileLock, FileLock, Timeout

from audit.base import canonical
from audit.dataset import empty_quarantine
from audit.entries import MANIFEST, DamagedEntry, load_arrays, read_manifest, save_arrays, seal, write_json
from audit.errors import InputError
from audit.provenance import surroundings
from audit.result import Result, plain

FORMAT = "v1"
"""Raised when the layout changes; older layouts are left alone."""

PROVENANCE = "provenance.json"

Kind = Literal["output", "partial", "result", "damaged"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """A thing that the store holds.

    Parameters
    ----------
    key
        Hash of what it was computed from.
    kind
        ``output``: arrays; ``partial``: shards of an output that is not finished; ``result``: an audit's tables;
        ``damaged``: an entry that was set aside.
    what
        What it is, in words.
    bytes
        Size on disk.
    created
        When it was written, ISO 8601 in UTC.
    path
        Its folder.
    """

    key: str
    kind: Kind
    what: str
    bytes: int
    created: str
    path: Path


def array_hash(array: np.ndarray) -> str:
    """Return a hash of dtype, shape and content of an array."""
    values = np.asarray(array)
    if values.dtype.hasobject:
        raise InputError(f"`array` must hold plain values; got {values.dtype}. Convert it to numbers or text first.")
    digest = hashlib.blake2b(f"{values.dtype.str}:{values.shape};".encode(), digest_size=16)
    contiguous = np.ascontiguousarray(values)
    if contiguous.size:
        digest.update(contiguous.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


class Store:
    """Outputs and results in a folder.

    Parameters
    ----------
    root
        The folder; made when something is first written.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self._base = self.root / FORMAT

    @staticmethod
    def key(spec: Mapping[str, Any]) -> str:
        """Return the key of a specification: plain data, equal for equal content whatever the order of its names."""
        return hashlib.blake2b(canonical(spec).encode(), digest_size=16).hexdigest()

    def folder(self, key: str) -> Path:
        """Return where an output lies or would lie."""
        return self._base / "outputs" / key[:2] / key

    def partial_folder(self, key: str) -> Path:
        """Return where an output's finished shards lie until it is whole."""
        return self._base / "outputs" / key[:2] / f"{key}.partial"

    def has(self, key: str) -> bool:
        """Return whether an output is there."""
        return (self.folder(key) / MANIFEST).is_file()

    def read(self, key: str) -> np.ndarray | dict[str, np.ndarray]:
        """Return an output as memory-mapped read-only arrays.

        Raises
        ------
        DamagedEntry
            If its files do not agree with what was written; the entry is moved to ``damaged``, so that the next
            run computes it again.
        InputError
            If there is no such output.
        """
        if not self.folder(key).exists():
            raise InputError(f"`key` must be that of a stored output; got {key}. Compute it first.")
        try:
            return load_arrays(self.folder(key))
        except DamagedEntry as error:
            raise self._set_aside(self.folder(key), error) from error

    def provenance(self, key: str) -> dict[str, Any]:
        """Return what an output was made with and from."""
        return dict(read_manifest(self.folder(key))["provenance"])

    def write(self, key: str, value: np.ndarray | Mapping[str, np.ndarray], provenance: Mapping[str, Any]) -> None:
        """Keep an array, or several by name; what is already there stays as it is."""
        with self.temporary() as folder:
            files = save_arrays(folder, value)
            self.adopt(key, folder, files, provenance, single=not isinstance(value, Mapping))

    def adopt(
        self,
        key: str,
        folder: Path,
        files: Mapping[str, str],
        provenance: Mapping[str, Any],
        *,
        single: bool = False,
    ) -> None:
        """Make an output of a folder of :meth:`temporary` that holds finished arrays.

        Parameters
        ----------
        key
            The output's key.
        folder
            Where the ``.npy`` files lie.
        files
            File by array name.
        provenance
            Plain data; time and versions are added.
        single
            Whether the value is the one array named "" rather than a mapping.
        """
        seal(folder, files, {**surroundings(), **provenance, "key": key}, single=single)
        self._place(folder, self.folder(key), MANIFEST)

    @contextlib.contextmanager
    def temporary(self) -> Iterator[Path]:
        """Yield a new folder on the store's own disk; what is left of it afterwards is removed."""
        base = self._base / "temporary"
        base.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=base))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def lock(self, key: str) -> BaseFileLock:
        """Return the lock of a key: whoever holds it computes, others wait and then read; freed when a process dies."""
        folder = self._base / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{key}.lock")

    def has_result(self, key: str) -> bool:
        """Return whether a result is there."""
        return (self._result_folder(key) / PROVENANCE).is_file()

    def write_result(self, key: str, result: Result, provenance: Mapping[str, Any]) -> None:
        """Keep a result; one that is already there stays as it is."""
        with self.temporary() as folder:
            result.save(folder)
            write_json(folder / PROVENANCE, plain({**surroundings(), **provenance, "key": key}))
            self._place(folder, self._result_folder(key), PROVENANCE)

    def read_result(self, key: str) -> tuple[Result, dict[str, Any]]:
        """Return a result and its provenance.

        Raises
        ------
        DamagedEntry
            If its files cannot be read; it is moved to ``damaged``.
        InputError
            If there is no such result.
        """
        folder = self._result_folder(key)
        if not folder.exists():
            raise InputError(f"`key` must be that of a stored result; got {key}. Run the audit first.")
        try:
            return Result.load(folder), self._facts(folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._set_aside(folder, error) from error

    def list_results(self) -> list[dict[str, Any]]:
        """Return the provenance of every result, the newest first; unreadable ones are left out."""
        found = []
        for path in (self._base / "results").glob(f"*/{PROVENANCE}"):
            with contextlib.suppress(OSError, ValueError):
                found.append(self._facts(path.parent))
        return sorted(found, key=lambda facts: str(facts.get("created", "")), reverse=True)

    def write_quarantine(self, images: str, found: pd.DataFrame) -> None:
        """Add images that could not be decoded to the quarantine of a dataset's ``images_fingerprint``."""
        path = self._base / "quarantine" / images / "quarantine.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.lock(f"quarantine-{images}"):
            known = self.read_quarantine(images)
            table = pd.concat([known, found[~found.index.isin(known.index)]]).rename_axis("sample_id")
            part = path.with_name(f"{path.name}.part")
            table.to_csv(part)
            part.replace(path)

    def read_quarantine(self, images: str) -> pd.DataFrame:
        """Return the images that could not be decoded: index ``sample_id``, columns ``filepath`` and ``reason``."""
        path = self._base / "quarantine" / images / "quarantine.csv"
        if not path.is_file():
            return empty_quarantine()
        return pd.read_csv(path, dtype="str", keep_default_na=False).set_index("sample_id")

    def entries(self) -> list[Entry]:
        """Return everything that the store holds, the newest first."""
        found = [self._entry(path, kind) for kind, path in self._paths()]
        return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.created, reverse=True)

    def size(self) -> int:
        """Return the bytes on disk of all entries."""
        return sum(entry.bytes for entry in self.entries())

    def prune(
        self,
        *,
        older_than_days: float | None = None,
        kind: Kind | None = None,
        keep: Collection[str] = (),
    ) -> list[Entry]:
        """Remove entries and return them; shards of a computation that is running are never touched.

        Parameters
        ----------
        older_than_days
            Only entries written longer ago; any age when left out.
        kind
            Only entries of this kind.
        keep
            Keys that stay.
        """
        if older_than_days is not None and older_than_days < 0:
            raise InputError(f"`older_than_days` must be at least 0; got {older_than_days}.")
        limit = dt.datetime.now(dt.UTC) - dt.timedelta(days=older_than_days or 0)
        removed = []
        for entry in self.entries():
            recent = older_than_days is not None and dt.datetime.fromisoformat(entry.created) > limit
            if not recent and entry.key not in keep and kind in {None, entry.kind} and self._remove(entry):
                removed.append(entry)
        return removed

    def _remove(self, entry: Entry) -> bool:
        try:
            with self.lock(entry.key).acquire(timeout=0), self.temporary() as folder:
                entry.path.rename(folder / "removed")
        except (Timeout, OSError):
            return False
        return True

    def _result_folder(self, key: str) -> Path:
        return self._base / "results" / key

    @staticmethod
    def _facts(folder: Path) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        return facts

    def _place(self, folder: Path, target: Path, manifest: str) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not (target / manifest).is_file():
            self._move_aside(target)
        try:
            # A rename onto a folder with content fails: whoever was first stays.
            folder.rename(target)
        except OSError:
            if not (target / manifest).is_file():
                raise

    def _set_aside(self, folder: Path, error: Exception) -> DamagedEntry:
        place = self._move_aside(folder)
        return DamagedEntry(f"{error} The entry was moved to {place}; run again to compute it anew.")

    def _move_aside(self, folder: Path) -> Path:
        base = self._base / "damaged"
        base.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=base, prefix=f"{folder.name}-"))
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            folder.rename(place / "entry")
        return place

    def _paths(self) -> Iterator[tuple[Kind, Path]]:
        for path in (self._base / "outputs").glob("*/*"):
            yield ("partial" if path.suffix == ".partial" else "output"), path
        for path in (self._base / "results").glob("*"):
            yield "result", path
        for path in (self._base / "damaged").glob("*"):
            yield "damaged", path

    def _entry(self, path: Path, kind: Kind) -> Entry | None:
        try:
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            modified = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).isoformat(timespec="seconds")
        except FileNotFoundError:  # finished or removed by another process meanwhile
            return None
        facts: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError, DamagedEntry):
            if kind == "output":
                facts = read_manifest(path)["provenance"]
            elif kind == "result":
                facts = self._facts(path)
            elif kind == "partial":
                facts = json.loads((path / "plan.json").read_text(encoding="utf-8"))["provenance"]
        made = facts.get("audit") or facts.get("extractor") or facts.get("what")
        words = (made, facts.get("model"), facts.get("dataset"))
        return Entry(
            key=path.name.removesuffix(".partial").partition("-")[0],
            kind=kind,
            what=" · ".join(str(word) for word in words if word) or "unknown",
            bytes=size,
            created=str(facts.get("created", modified)),
            path=path,
        )
