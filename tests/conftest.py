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

LONG_FILES = (
    "browser/test_app.py",
    "audits/test_feature_complexity.py",
    "audits/test_prototypes.py",
    "browser/test_curation.py",
    "audits/test_background_reliance.py",
    "differences/test_ranking.py",
    "browser/test_review.py",
    "test_readme.py",
    "test_distributed.py",
    "browser/test_exploring.py",
    "audits/test_robustness_index.py",
    "differences/test_benchmark.py",
    "browser/test_point_map.py",
    "test_engine.py",
    "test_maps.py",
    "browser/test_sets_and_corrections.py",
    "test_jobs.py",
    "robustness/test_mixing.py",
    "models/test_dense.py",
    "demo/test_train.py",
    "demo/test_model.py",
    "commands/test_demo.py",
)
"""Files that take longest, browser and computing in turn."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that at the end no processor waits for one of them."""
    place = {REPOSITORY / "tests" / name: at for at, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


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
