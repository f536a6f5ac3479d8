import socket
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from audit import serving
from audit.errors import InputError
from audit.locations import app_file
from audit.workspace import Workspace


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_port_that_nobody_listens_on_is_taken_as_wanted(taken: int) -> None:
    free = serving.free_port(taken + 1)
    assert serving.free_port(free) == free


def test_beside_a_port_that_is_taken_the_next_free_one_is_chosen(taken: int) -> None:
    assert taken < serving.free_port(taken) <= taken + 100


@pytest.mark.parametrize("port", [0, -1, 70_000])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match=f"`--port` must be between 1 and 65535; got {port}."):
        serving.free_port(port)


def test_what_concerns_safety_is_said_on_the_command_line() -> None:
    python, entry, *flags = serving.command(8600)
    said = dict(zip(flags[::2], flags[1::2], strict=True))
    assert (python, entry) == (sys.executable, str(app_file()))
    assert said["--server.address"] == "localhost"
    assert said["--server.port"] == "8600"
    assert said["--server.enableXsrfProtection"] == "true"
    assert said["--browser.gatherUsageStats"] == "false"


def test_the_options_agree_with_the_entry_files_own_configuration() -> None:
    kept = tomllib.loads((app_file().parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    named = {f"{section}.{option}": str(value).lower() for section in kept for option, value in kept[section].items()}
    shared = set(named) & set(serving.OPTIONS)
    assert len(shared) >= 8
    assert {name: named[name] for name in shared} == {name: serving.OPTIONS[name] for name in shared}


def test_nobody_answers_on_a_port_without_a_dashboard(taken: int) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        assert not serving.answers(other.getsockname()[1])


def test_a_dashboard_that_ends_at_once_is_an_error_that_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "command", lambda port: [sys.executable, "-c", "raise SystemExit('no')"])
    with (
        pytest.raises(InputError, match=r"it did not\. See .*dashboard\.log"),
        serving.dashboard(Workspace(tmp_path), 1),
    ):
        pass
    assert "no" in (tmp_path / "dashboard.log").read_text(encoding="utf-8")


def test_the_dashboard_ends_with_the_block_that_served_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import http.server, sys; http.server.HTTPServer(('localhost', int(sys.argv[1])), H).serve_forever()"
    handler = (
        "import http.server\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
    )
    monkeypatch.setattr(serving, "command", lambda port: [sys.executable, "-c", handler + code, str(port)])
    port = serving.free_port(18_600)
    with serving.dashboard(Workspace(tmp_path), port) as process:
        assert serving.answers(port)
        assert psutil.pid_exists(process.pid)
    assert process.returncode is not None
    assert not serving.answers(port)


def test_the_real_dashboard_answers_on_this_machine_alone_and_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither the environment nor a configuration in the current folder opens it to others.
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text('[server]\naddress = "0.0.0.0"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    port = serving.free_port(18_700)
    with serving.dashboard(Workspace(tmp_path / "home"), port) as process:
        assert serving.answers(port)
        children = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        connections = [connection for child in children for connection in child.net_connections(kind="inet")]
        listening = {one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN}
    assert listening
    assert listening <= {"127.0.0.1", "::1"}
