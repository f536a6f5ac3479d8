"""What the tests of the commands share: a way to call them, and small data."""

from __future__ import annotations

import dataclasses
import json
import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit import commands
from audit.cli import main

# A command that is first imported while a test has something replaced would keep the replacement for good.
for found in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
    import_module(found.name)

TOYS = Path(__file__).resolve().parent.parent / "data" / "toys"


@dataclasses.dataclass(frozen=True)
class Said:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer, when it is JSON and nothing else."""
        return json.loads(self.out)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that runs ``audit`` with the toy audits in this process."""
    monkeypatch.syspath_prepend(str(TOYS))

    def call(*words: object) -> Said:
        status = main([str(word) for word in words])
        return Said(status, *capsys.readouterr())

    return call


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Return a table with labels, predictions (8 of 12 right) and a copy of them, and embeddings beside it."""
    labels = ["cat" if row % 2 else "dog" for row in range(12)]
    said = [label if row >= 4 else "bird" for row, label in enumerate(labels)]
    rows = [f"s{row},{label},{guess},{guess}" for row, (label, guess) in enumerate(zip(labels, said, strict=True))]
    table = tmp_path / "pets.csv"
    table.write_text("\n".join(["sample_id,label,prediction,seen_as", *rows]) + "\n", encoding="utf-8")
    np.save(tmp_path / "vectors.npy", np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32))
    return table
