from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit import shards
from audit.errors import InputError
from audit.shards import Partial, Rows, done, finished


def rows(start: int, stop: int, *, failures: dict[int, str] | None = None, device_batch: int = 4) -> Rows:
    good = [at for at in range(start, stop) if at not in (failures or {})]
    values = np.asarray(good, dtype=np.float32)[:, None] * np.ones(3, dtype=np.float32)
    arrays = {"value": values} if good else {}
    return Rows(start=start, stop=stop, good=good, arrays=arrays, failures=failures or {}, device_batch=device_batch)


@pytest.fixture
def partial(tmp_path: Path) -> Partial:
    return Partial(tmp_path / "k.partial", 4, {"extractor": "x"})


def assembled(partial: Partial, folder: Path, count: int) -> dict[str, Any]:
    folder.mkdir()
    files = partial.assemble(folder, np.arange(count) * 10)
    return {name: np.load(folder / file, allow_pickle=False) for name, file in files.items()}


def test_shards_are_assembled_in_order_without_the_failed_rows(partial: Partial, tmp_path: Path) -> None:
    for batch in (rows(4, 8), rows(0, 4, failures={1: "empty file"}), rows(8, 10)):
        partial.add(batch)
    partial.flush()
    arrays = assembled(partial, tmp_path / "out", 10)
    assert arrays["value"][:, 0].tolist() == [0, 2, 3, 4, 5, 6, 7, 8, 9]
    assert arrays["rows"].tolist() == [0, 20, 30, 40, 50, 60, 70, 80, 90]
    assert partial.failures == {1: "empty file"}


def test_batches_without_a_single_row_leave_no_gap(partial: Partial, tmp_path: Path) -> None:
    broken = dict.fromkeys(range(4), "empty file")
    partial.add(rows(0, 4, failures=broken))
    partial.flush()
    partial.add(rows(4, 6))
    partial.flush()
    assert assembled(partial, tmp_path / "out", 6)["value"][:, 0].tolist() == [4, 5]


@pytest.mark.parametrize(("limit", "value"), [("SHARD_ROWS", 8), ("SHARD_BYTES", 96), ("SHARD_SECONDS", 0)])
def test_a_shard_is_finished_at_each_of_its_limits(
    partial: Partial, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(shards, limit, value)
    partial.add(rows(0, 4))
    partial.add(rows(4, 8))
    assert partial.covers(4, 8)
    assert done(partial.folder) == 8


def test_rows_that_were_not_flushed_are_not_finished(partial: Partial) -> None:
    partial.add(rows(0, 4))
    assert not partial.covers(0, 4)
    assert finished(partial.folder) == []


def test_a_later_process_goes_on_with_the_plan_that_was_begun(partial: Partial) -> None:
    partial.shrink_to(2)
    partial.add(rows(0, 4, device_batch=2))
    partial.flush()
    again = Partial(partial.folder, 100, {})
    assert (again.batch_size, again.device_batch) == (4, 2)
    assert again.covers(0, 4)
    assert not again.covers(0, 8)
    assert again.device_batches == [2]


def test_the_device_batch_never_grows(partial: Partial) -> None:
    partial.shrink_to(2)
    partial.shrink_to(3)
    assert partial.device_batch == 2


@pytest.mark.parametrize("damage", ["array cut off", "array lost", "facts cut off"])
def test_a_shard_that_is_not_whole_does_not_count(partial: Partial, damage: str) -> None:
    partial.add(rows(0, 4))
    partial.flush()
    [array], [facts] = partial.folder.glob("*.0.npy"), partial.folder.glob("0*.json")
    if damage == "array lost":
        array.unlink()
    else:
        cut = array if damage.startswith("array") else facts
        cut.write_bytes(cut.read_bytes()[:20])
    assert finished(partial.folder) == []


def test_batches_with_different_arrays_are_an_error(partial: Partial, tmp_path: Path) -> None:
    partial.add(rows(0, 4))
    partial.flush()
    other = rows(4, 8)
    partial.add(Rows(**{**vars(other), "arrays": {"other": other.arrays["value"]}}))
    partial.flush()
    with pytest.raises(InputError, match="same arrays for every batch"):
        assembled(partial, tmp_path / "out", 8)
