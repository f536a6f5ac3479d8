"""Facts of files are remembered while the file is untouched."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.file_facts import FileFacts, Stamp

OLD = Stamp("/data/a.jpg", 10, 1, 1, 7)


def test_a_fact_is_recalled_by_kind_and_path() -> None:
    with FileFacts.open() as facts:
        facts.remember("hash", [OLD], ["abc"])
    with FileFacts.open() as facts:
        assert facts.recall("hash", [OLD]) == {"/data/a.jpg": "abc"}
        assert facts.recall("header", [OLD]) == {}


@pytest.mark.parametrize("field", ["size", "modified", "changed", "inode"])
def test_a_fact_is_forgotten_when_the_file_changed(field: str) -> None:
    with FileFacts.open() as facts:
        facts.remember("hash", [OLD], ["abc"])
        assert facts.recall("hash", [dataclasses.replace(OLD, **{field: 99})]) == {}


def test_many_files_are_recalled_at_once() -> None:
    stamps = [dataclasses.replace(OLD, path=f"/data/{number}.jpg") for number in range(1201)]
    with FileFacts.open() as facts:
        facts.remember("hash", stamps, [str(number) for number in range(1201)])
        assert facts.recall("hash", stamps) == {f"/data/{number}.jpg": str(number) for number in range(1201)}


def test_threads_may_write_together() -> None:
    def write(number: int) -> None:
        with FileFacts.open() as facts:
            facts.remember("hash", [dataclasses.replace(OLD, path=f"/data/{number}.jpg")], [str(number)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(32)))
    with FileFacts.open() as facts:
        assert len(facts.recall("hash", [dataclasses.replace(OLD, path=f"/data/{n}.jpg") for n in range(32)])) == 32


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MODEL_AUDIT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match="MODEL_AUDIT_CACHE"), FileFacts.open():
        pass
