"""What the page tests share: a small workspace in the test's own home, with a stranger's audit installed."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.workspace import Workspace
from tests.pages.drawn import AUDIT, draw_samples, fill_workspace, install_plugin, run_audits


@pytest.fixture(scope="session")
def drawn_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_samples(tmp_path_factory.mktemp("data") / "drawn")


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture
def workspace(drawn_samples: Path, plugin: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Two models' answers are there; no worker runs."""
    monkeypatch.syspath_prepend(str(plugin))
    importlib.invalidate_caches()
    home = fill_workspace(Path(os.environ["MODEL_AUDIT_HOME"]), drawn_samples)
    run_audits(home)
    yield home
    sys.modules.pop(AUDIT, None)
