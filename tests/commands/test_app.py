from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audit import serving
from audit.commands import app
from audit.jobs import Jobs
from audit.workspace import Workspace

Cli = Callable[..., Any]


class Ended:
    """A dashboard that has ended."""

    @staticmethod
    def wait() -> int:
        return 0


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Workspace, int]]:
    """Return what was served, without starting a dashboard or a worker."""
    served: list[tuple[Workspace, int]] = []

    @contextmanager
    def dashboard(workspace: Workspace, port: int) -> Any:
        served.append((workspace, port))
        yield Ended()

    monkeypatch.setattr(serving, "dashboard", dashboard)
    monkeypatch.setattr(serving, "free_port", lambda wanted: wanted + (wanted == 9000))
    monkeypatch.setattr(Jobs, "start_worker", lambda self: 1)
    return served


def test_the_dashboard_is_served_with_the_homes_workspace(
    cli: Cli, served: list[tuple[Workspace, int]], tmp_path: Path
) -> None:
    said = cli("app", "--home", tmp_path / "home", "--port", 8700)
    assert (said.status, said.out) == (0, "Model Audit is at http://localhost:8700 (Ctrl-C stops it).\n")
    assert (served[0][0].home, served[0][1]) == (tmp_path / "home", 8700)


def test_a_port_that_is_taken_is_said_with_the_one_that_is_used(cli: Cli, served: list[tuple[Workspace, int]]) -> None:
    said = cli("app", "--port", 9000)
    assert said.out == "Port 9000 is taken.\nModel Audit is at http://localhost:9001 (Ctrl-C stops it).\n"
    assert served[0][1] == 9001


def test_data_is_registered_with_its_roles_and_its_folder_declared(
    cli: Cli, served: list[tuple[Workspace, int]], pets: Path
) -> None:
    said = cli("app", pets, "--label", "seen_as")
    assert said.out.startswith("Loaded pets: 12 samples.\n")
    assert "http://localhost:8501/?dataset=pets&model=precomputed (" in said.out
    space = served[0][0]
    assert space.load_dataset("pets").roles.label == "seen_as"
    assert pets.parent in space.roots
    assert list(space.models()) == ["precomputed"]


def test_what_the_data_comes_with_is_registered_from_wherever_it_lies(
    cli: Cli, served: list[tuple[Workspace, int]], pets: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    vectors = (tmp_path / "vectors.npy").rename(tmp_path / "elsewhere" / "vectors.npy")
    cli("app", pets, "--embeddings", vectors, "--model", "precomputed?prediction=seen_as", "--batch-size", 3)
    space = served[0][0]
    assert space.load_dataset("pets").arrays["embeddings"].shape == (12, 4)
    assert space.models()["precomputed?prediction=seen_as"].batch_size == 3


def test_a_root_is_declared_by_its_option(cli: Cli, served: list[tuple[Workspace, int]], tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    cli("app", "--root", tmp_path / "more")
    assert tmp_path / "more" in served[0][0].roots


@pytest.mark.parametrize("words", [("/nothing",), ("--root", "/nothing"), ("--model", "nobody:nothing")])
def test_wrong_data_roots_or_models_are_refused_and_nothing_is_served(
    cli: Cli, served: list[tuple[Workspace, int]], words: tuple[str, ...]
) -> None:
    assert cli("app", *words).status == 2
    assert served == []


def test_data_that_cannot_be_read_is_not_registered(
    cli: Cli, served: list[tuple[Workspace, int]], tmp_path: Path
) -> None:
    (tmp_path / "twice.csv").write_text("sample_id,label\na,cat\na,dog\n", encoding="utf-8")
    assert cli("app", tmp_path / "twice.csv", "--home", tmp_path / "home").status == 2
    assert Workspace(tmp_path / "home").datasets() == {}


def test_ctrl_c_is_the_ordinary_end(
    cli: Cli, served: list[tuple[Workspace, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Ended, "wait", staticmethod(wait))
    assert cli("app").status == 0


def test_the_worker_is_retired_at_the_end_and_what_it_still_does_is_said(
    cli: Cli, served: list[tuple[Workspace, int]], pets: Path, tmp_path: Path
) -> None:
    from audit.jobs import JobRequest

    space = Workspace(tmp_path / "home")
    space.jobs.take_over(1).close()
    space.jobs.submit(JobRequest(kind="audit", dataset="pets", model="precomputed", audit="toy"), start_worker=False)
    said = cli("app", "--home", tmp_path / "home")
    assert said.err == "The worker goes on with 1 job, and then stops.\n"
    assert not space.jobs.may_stop()
    space.jobs.cancel(space.jobs.list()[0].id)
    assert space.jobs.may_stop()


def test_the_address_names_what_was_given_though_other_data_was_there_before(
    cli: Cli, served: list[tuple[Workspace, int]], pets: Path, tmp_path: Path
) -> None:
    cli("app", pets, "--home", tmp_path / "home")
    other = tmp_path / "my animals.csv"
    other.write_text(pets.read_text(encoding="utf-8"), encoding="utf-8")
    said = cli("app", other, "--home", tmp_path / "home")
    assert list(served[1][0].datasets()) == ["pets", "my animals"]
    assert "http://localhost:8501/?dataset=my%20animals&model=precomputed (" in said.out


@pytest.mark.parametrize(("words", "opened"), [((), 1), (("--no-browser",), 0)])
def test_the_address_is_opened_where_there_is_a_screen(
    cli: Cli,
    served: list[tuple[Workspace, int]],
    pets: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    opened: int,
) -> None:
    places: list[str] = []
    monkeypatch.setattr(app, "has_screen", lambda: True)
    monkeypatch.setattr("webbrowser.open", places.append)
    cli("app", pets, *words)
    assert served
    assert places == ["http://localhost:8501/?dataset=pets&model=precomputed"] * opened


def test_nobody_sees_a_window_of_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    assert app.has_screen()
    monkeypatch.setenv("SSH_CONNECTION", "there")
    assert not app.has_screen()
