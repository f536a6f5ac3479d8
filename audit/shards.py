"""The finished rows of an output that is not whole yet: written shard by shard, assembled at the end.

A shard is a run of consecutive positions among the dataset's images. It is finished when its ``.json`` is there,
which is written after its arrays. A run that was stopped goes on behind the finished shards; since the batches are
the same whoever computes them, the assembled arrays are equal bit for bit.
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audit.entries import ArrayFile, write_json
from audit.errors import InputError

SHARD_ROWS = 4096
"""Rows of a shard at most: bounds what a stopped run loses."""

SHARD_BYTES = 64 << 20
"""Bytes of a shard at most: bounds what a run holds in memory."""

SHARD_SECONDS = 10.0
"""Seconds of work in a shard at most: bounds what a stopped run loses on a slow machine."""

PLAN = "plan.json"
ROWS = "rows"
VALUE = "value"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rows:
    """Computed rows of one batch.

    Parameters
    ----------
    start, stop
        Positions of the batch among the dataset's images.
    good
        Positions, ascending, that have a row.
    arrays
        One row a good position, by name (``value`` for an extractor with one array).
    failures
        Reason by position that has none.
    device_batch
        Images that went through the model at once.
    """

    start: int
    stop: int
    good: Sequence[int]
    arrays: Mapping[str, np.ndarray]
    failures: Mapping[int, str]
    device_batch: int


class Partial:
    """The shards of one output.

    Parameters
    ----------
    folder
        Where they lie; made when needed.
    batch_size
        Images a batch, for a new plan; a folder that has a plan keeps its own, so that the batches stay the same.
    provenance
        What the output is, for a new plan.
    """

    def __init__(self, folder: Path, batch_size: int, provenance: Mapping[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / PLAN).is_file():
            self._plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        else:
            self._plan = {
                "batch_size": batch_size,
                "device_batch": batch_size,
                "provenance": dict(provenance),
            }
            write_json(folder / PLAN, self._plan)
        self._shards = finished(folder)
        self._pending: list[Rows] = []
        self._since = time.monotonic()

    @property
    def batch_size(self) -> int:
        """Images a batch."""
        return int(self._plan["batch_size"])

    @property
    def device_batch(self) -> int:
        """Images that go through the model at once: the batch, unless the device's memory was too small for it."""
        return int(self._plan["device_batch"])

    def shrink_to(self, device_batch: int) -> None:
        """Send no more than so many images through the model at once from now on."""
        if device_batch < self.device_batch:
            # Kept at once: a run that goes on later must cut the batches at the same places.
            self._plan["device_batch"] = device_batch
            write_json(self.folder / PLAN, self._plan)

    @property
    def seconds(self) -> float:
        """Seconds of work in the finished shards."""
        return math.fsum(shard["seconds"] for shard in self._shards)

    def covers(self, start: int, stop: int) -> bool:
        """Return whether a batch's rows are finished."""
        return any(shard["start"] <= start and stop <= shard["stop"] for shard in self._shards)

    def add(self, rows: Rows) -> None:
        """Take a batch's rows; they are finished with the shard that they belong to."""
        if self._pending and self._pending[-1].stop != rows.start:
            self.flush()
        self._pending.append(rows)
        size = sum(array.nbytes for pending in self._pending for array in pending.arrays.values())
        count = rows.stop - self._pending[0].start
        if count >= SHARD_ROWS or size >= SHARD_BYTES or time.monotonic() - self._since >= SHARD_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Finish a shard of what was taken so far."""
        if not self._pending:
            return
        start, stop = self._pending[0].start, self._pending[-1].stop
        filled = [rows.arrays for rows in self._pending if rows.good]
        files = {}
        for position, name in enumerate(filled[0] if filled else ()):
            files[name] = f"{start:010d}-{stop:010d}.{position}.npy"
            part = self.folder / f"{files[name]}.part"
            with part.open("wb") as file:
                np.save(file, np.concatenate([arrays[name] for arrays in filled]), allow_pickle=False)
            part.replace(self.folder / files[name])
        shard = {
            "start": start,
            "stop": stop,
            "files": files,
            "good": [position for rows in self._pending for position in rows.good],
            "failures": {str(at): reason for rows in self._pending for at, reason in rows.failures.items()},
            "device_batches": sorted({rows.device_batch for rows in self._pending}, reverse=True),
            "seconds": round(time.monotonic() - self._since, 3),
        }
        write_json(self.folder / f"{start:010d}-{stop:010d}.json", shard)
        self._shards = sorted([*self._shards, shard], key=lambda each: int(each["start"]))
        self._pending = []
        self._since = time.monotonic()

    @property
    def failures(self) -> dict[int, str]:
        """Reason by position among the dataset's images that has no row."""
        return {int(at): reason for shard in self._shards for at, reason in shard["failures"].items()}

    @property
    def device_batches(self) -> list[int]:
        """Every number of images that went through the model at once."""
        return sorted({size for shard in self._shards for size in shard["device_batches"]}, reverse=True)

    def assemble(self, folder: Path, positions: np.ndarray) -> dict[str, str]:
        """Write the whole arrays into a folder, a shard at a time, and return the file of each name.

        Parameters
        ----------
        folder
            Where the files are made.
        positions
            Row of the dataset of each position among its images: int64 (images,).

        Returns
        -------
        dict
            ``rows`` holds the dataset's row of each row of the other arrays: int64 (computed,).
        """
        good = np.asarray([at for shard in self._shards for at in shard["good"]], dtype=np.int64)
        files = {ROWS: "rows.npy"}
        np.save(folder / files[ROWS], positions[good], allow_pickle=False)
        names = next((list(shard["files"]) for shard in self._shards if shard["files"]), [])
        for position, name in enumerate(names):
            files[name] = f"{position}.npy"
            self._join(name, folder / files[name], len(good))
        return files

    def _join(self, name: str, path: Path, count: int) -> None:
        filled = [shard["files"] for shard in self._shards if shard["files"]]
        if not all(name in files for files in filled):
            raise InputError(f"`compute` must return the same arrays for every batch; a batch lacks '{name}'.")
        first = np.load(self.folder / filled[0][name], mmap_mode="r", allow_pickle=False)
        with ArrayFile(path, first.dtype, (count, *first.shape[1:])) as whole:
            for files in filled:
                whole.append(np.load(self.folder / files[name], allow_pickle=False))


def finished(folder: Path) -> list[dict[str, Any]]:
    """Return the facts of the finished shards of a folder, in order; those whose arrays are not whole do not count."""
    shards = []
    for path in sorted(folder.glob("*-*.json")):
        try:
            shard = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # a machine that lost power may leave a name without content
        if all(_whole(folder / file, len(shard["good"])) for file in shard["files"].values()):
            shards.append(shard)
    return shards


def _whole(path: Path, rows: int) -> bool:
    try:
        return len(np.load(path, mmap_mode="r", allow_pickle=False)) == rows
    except (OSError, ValueError, EOFError):
        return False


def done(folder: Path) -> int:
    """Return how many images the finished shards of a folder cover, from their names alone."""
    spans = (path.stem.split("-") for path in folder.glob("*-*.json"))
    return sum(int(stop) - int(start) for start, stop in spans)
