"""What every test shares: where optional real data lies, and quiet, offline libraries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

if os.environ.get("PYTEST_XDIST_WORKER"):
    # Processes share the processors already: threads of each would only wait for one another.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


_BROWSING = "browser"
_LONG = (_BROWSING, "audits", "differences", "test_distributed.py", "test_readme.py", "test_engine.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=_turn)


class Files(LoadScopeScheduling):
    """Keeps a file's tests in one process, so that what they share is made once, and browsers to two processes."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        if _BROWSING not in path.parts:
            return str(path)
        return f"{_BROWSING} and app" if path.stem in {"test_app", "test_main_path"} else _BROWSING


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    """Hand out files to processes; marks of groups do not reach a test's name in all versions of pytest."""
    return Files(config, log)


def _turn(item: pytest.Item) -> int:
    return min((turn for turn, part in enumerate(_LONG) if part in item.path.parts), default=len(_LONG))


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
