"""The README's code blocks, run in order in an empty folder."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
from pathlib import Path

import pytest
from sybil import Document, Region
from sybil.parsers.markdown import CodeBlockParser

from audit.cli import main
from tests.conftest import REPOSITORY

README = REPOSITORY / "README.md"


def blocks(language: str) -> list[str]:
    """Return the texts of the README's code blocks of a language."""
    document = Document(README.read_text(encoding="utf-8"), str(README))
    regions: list[Region] = list(CodeBlockParser(language, lambda _: None)(document))
    return [str(region.parsed) for region in regions]


def commands() -> list[str]:
    return [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines() if line]


def test_the_python_and_console_blocks_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, str(README), "exec"), {"__name__": "readme"})
        assert "light" in printed.getvalue()
    assert len(commands()) >= 5
    for command in commands():
        program, *words = shlex.split(command)
        assert program == "audit"
        assert main(words) == 0, command
    assert (tmp_path / "light" / "result.json").is_file()
    assert (tmp_path / "embedded" / "embeddings.npz").is_file()


def test_the_second_command_is_what_ci_runs() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    second = next(block for block in blocks("sh") if "pytest" in block)
    for part in ("pip install", '-c requirements.lock -e ".[test]"', "-m pytest"):
        assert part in second
        assert part in script


def test_the_first_command_names_the_demo() -> None:
    assert any("-e . && audit demo" in block for block in blocks("sh"))
    assert os.access(REPOSITORY / ".ci" / "run", os.X_OK)
