"""The command line as a whole: how words are read, exit status, and what goes to which stream."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from audit import cli
from audit.errors import InputError

TOYS = Path(__file__).parent / "data" / "toys"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TOYS)}


def fail(error: BaseException) -> Any:
    def execute(*_: object) -> int:
        raise error

    return execute


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["run", "--fly"],
        ["run", "toy", "data.csv", "more", "words"],
        ["embed"],
        ["compare"],
        ["store", "burn"],
        ["store", "prune", "--older-than", "long"],
        ["run", "toy", "/nothing/here.csv"],
        ["run", "toy"],
        ["run"],
    ],
)
def test_bad_input_is_exit_status_2_and_one_line_on_standard_error(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TOYS))
    assert cli.main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("audit: error: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "last"),
    [
        (InputError("`k` must be\n at least 1; got 0."), 2, "audit: error: `k` must be at least 1; got 0."),
        (PermissionError(13, "Permission denied", "/data"), 2, "audit: error: Permission denied /data"),
        (KeyboardInterrupt(), 130, "audit: stopped. What is finished is kept; the same command goes on from there."),
        (ZeroDivisionError("oh"), 3, "ZeroDivisionError: oh"),
    ],
)
def test_each_end_has_its_exit_status_and_last_line(
    error: BaseException,
    status: int,
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("audit.commands.listing.execute", fail(error))
    assert cli.main(["list"]) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1] == last
    assert ("Traceback" in said.err) == (status == 3)


def test_what_a_library_prints_is_not_part_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def execute(arguments: Any, console: Any) -> int:
        print("a library says hello")
        console.say("the answer")
        return 0

    monkeypatch.setattr("audit.commands.listing.execute", execute)
    assert cli.main(["list"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("the answer\n", "a library says hello\n")


@pytest.mark.parametrize(
    "words",
    [
        ["run", "toy", "data.csv", "--model", "m", "--json"],
        ["run", "toy", "--model", "m", "data.csv", "--json"],
        ["run", "--json", "--model", "m", "toy", "data.csv"],
        ["run", "--model", "m", "toy", "--json", "data.csv"],
    ],
)
def test_words_and_options_may_stand_in_any_order(words: list[str]) -> None:
    chosen = cli.parse(words)
    assert (chosen.name, chosen.data, chosen.model, chosen.json) == ("toy", "data.csv", "m", True)


def test_runs_to_compare_may_stand_on_both_sides_of_an_option() -> None:
    assert cli.parse(["compare", "a", "--json", "b", "c"]).runs == ["a", "b", "c"]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in ("demo", "app", "list", "embed", "run", "compare", "store"))


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"model-audit {version('model-audit')}\n"


def test_a_reader_that_has_seen_enough_ends_the_command_quietly() -> None:
    command = f"{sys.executable} -m audit.cli list | head -n 1; echo status ${{PIPESTATUS[0]}}"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert said.stderr == ""
    assert said.stdout.splitlines()[-1] == "status 0"


HEEDING_CTRL_C = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from audit.cli import main; sys.exit(main())"
)


def test_ctrl_c_is_exit_status_130_and_says_that_one_can_go_on(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text("sample_id,label,prediction\na,cat,cat\n", encoding="utf-8")
    words = ["run", "slow", str(tmp_path / "pets.csv"), "--set", f"folder={tmp_path}", "--home", str(tmp_path / "home")]
    process = subprocess.Popen(
        # Whoever runs the tests in the background ignores Ctrl-C, and so would the command.
        [sys.executable, "-c", HEEDING_CTRL_C, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("start-*")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "audit: stopped. What is finished is kept; the same command goes on from there."
