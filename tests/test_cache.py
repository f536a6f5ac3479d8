"""The cache folder, and files written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cache import cache_folder, write_once


def test_the_cache_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_AUDIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MODEL_AUDIT_CACHE", raising=False)
    assert cache_folder() == tmp_path / "home" / "cache"
    monkeypatch.setenv("MODEL_AUDIT_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("MODEL_AUDIT_HOME")
    monkeypatch.delenv("MODEL_AUDIT_CACHE")
    assert cache_folder().name == "model-audit"


def test_a_file_is_written_once(tmp_path: Path) -> None:
    write_once(tmp_path / "a" / "b.txt", b"first")
    write_once(tmp_path / "a" / "b.txt", b"second")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"first"


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Path, target: Path) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="no space"):
        write_once(tmp_path / "a.txt", b"content")
    assert list(tmp_path.iterdir()) == []
