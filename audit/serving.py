"""The dashboard as a process: which command starts it, on which port, and when it answers."""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from audit.errors import InputError
from audit.locations import HOME_VARIABLE, app_file
from audit.workspace import Workspace

PORT = 8501
LOG = "dashboard.log"
_TRIED = 100

# The entry file's own `.streamlit/config.toml` brings the theme wherever it is started from; what concerns safety
# is said again here, where neither a file in the current folder nor an environment variable outweighs it.
OPTIONS: Mapping[str, str] = {
    "server.address": "localhost",
    "server.headless": "true",
    "server.enableXsrfProtection": "true",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.fileWatcherType": "none",
    "browser.serverAddress": "localhost",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.disableDataExport": "true",
    "global.developmentMode": "false",
}
"""Streamlit's options that the dashboard is always started with."""


def free_port(wanted: int = PORT) -> int:
    """Return a port of this machine that nobody listens on: the wanted one, else the next that is free.

    Raises
    ------
    InputError
        If the number is no port, or none is free.
    """
    if not 1 <= wanted <= 65_535:
        raise InputError(f"`--port` must be between 1 and 65535; got {wanted}.")
    for port in range(wanted, min(wanted + _TRIED, 65_536)):
        if _is_free(port):
            return port
    raise InputError(f"`--port` must be free; {wanted} and the {_TRIED} after it are taken.")


def _is_free(port: int) -> bool:
    # `localhost` may stand for both families: the port must be free in each.
    for family, _, _, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                if family == socket.AF_INET6 and error.errno == errno.EADDRNOTAVAIL:
                    continue  # the name has an IPv6 address that this machine does not carry
                return False
    return True


def command(port: int) -> list[str]:
    """Return the command that serves the dashboard on a port of this machine."""
    options = {**OPTIONS, "server.port": str(port)}
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [sys.executable, str(app_file()), *flags]


@contextmanager
def dashboard(workspace: Workspace, port: int, *, seconds: float = 60) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the dashboard while the block runs.

    Parameters
    ----------
    workspace
        Its home is the dashboard's.
    port
        A free port.
    seconds
        How long it may take to answer.

    Raises
    ------
    InputError
        If it does not answer in time; what it says goes to ``dashboard.log`` in the home folder.
    """
    environment = {**os.environ, HOME_VARIABLE: str(workspace.home)}
    log = workspace.home / LOG
    with _ended_gently(), log.open("ab") as said:
        # A process group of its own: Ctrl-C reaches this process, which then ends the dashboard in order.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command(port), stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, start_new_session=True
        )
        try:
            _wait(process, port, seconds, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _ended_gently() -> Iterator[None]:
    """Turn a request to terminate into Ctrl-C, so that the dashboard is not left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _wait(process: subprocess.Popen[bytes], port: int, seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if answers(port):
            return
        time.sleep(0.1)
    raise InputError(f"`app` must answer on port {port} within {seconds:g} s; it did not. See {log}.")


def answers(port: int) -> bool:
    """Whether a dashboard on a port says that it is well."""
    with closing(http.client.HTTPConnection("localhost", port, timeout=2)) as connection:
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
