"""A real browser on the real app: a small workspace, the app in a process of its own, one page a test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from filelock import FileLock, Timeout

from audit.workspace import Workspace
from tests.pages.drawn import draw_samples, fill_workspace, install_plugin, plugin_path, run_audits

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
ROOT = Path(__file__).resolve().parents[2]


AT_ONCE = 2
"""Tests that drive a browser at a time: more of them only wait for the processors, until a limit of time passes."""


@pytest.fixture(autouse=True)
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Wait until a processor is free for one more browser, whichever process the other tests run in."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder
    locks = [FileLock(shared / f"browser-{number}.lock") for number in range(AT_ONCE)]
    while True:
        for lock in locks:
            with suppress(Timeout):
                lock.acquire(timeout=0)
                try:
                    yield
                finally:
                    lock.release()
                return
        time.sleep(0.1)


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, plugin: Path) -> Path:
    """Return the home folder of a workspace of drawn samples whose audits have answers."""
    return filled_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data") / "drawn", plugin)


@pytest.fixture(scope="session")
def app(home: Path, plugin: Path) -> Iterator[str]:
    """Serve the workspace and return its address."""
    with served(home, plugin) as address:
        yield address


def filled_home(home: Path, data: Path, plugin: Path) -> Path:
    """Draw samples, register them in a home folder and run the audits on them."""
    workspace = fill_workspace(home, draw_samples(data))
    sys.path.insert(0, str(plugin))
    try:
        run_audits(workspace)
    finally:
        sys.path.remove(str(plugin))
    return home


@contextmanager
def served(home: Path, plugin: Path, **variables: str) -> Iterator[str]:
    """Serve a home folder in a process of its own and give its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "MODEL_AUDIT_HOME": str(home), "PYTHONPATH": plugin_path(plugin), **variables}
    log = home / "app.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--server.port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    address = f"http://localhost:{port}"
    try:
        _wait(f"{address}/_stcore/health", process, log)
        yield address
    finally:
        Workspace(home).jobs.retire_worker()
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not shutil.which(CHROMIUM):
        if os.environ.get("CI") == "true":
            pytest.fail(f"the browser tests need {CHROMIUM}")
        pytest.skip(f"there is no browser at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def visitor(browser: Browser) -> BrowserContext:
    """Return one visitor's browser, whose pages load and read the app's own scripts once."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme="light")
    context.set_default_timeout(60_000)
    return context


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    opened = visitor.new_page()
    yield opened
    opened.close()
