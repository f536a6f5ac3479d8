"""What every test shares: where optional real data lies, and quiet, offline libraries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's workspace."""
    monkeypatch.setenv("MODEL_AUDIT_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of optional real data, or skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the optional real data beside the project is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database, or skip."""
    from tests.postgresql import programs, server

    folder = programs()
    if folder is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the database tests need Debian's package postgresql")
        pytest.skip("there is no PostgreSQL server on this machine (Debian's package postgresql)")
    with server(folder) as url:
        yield url
