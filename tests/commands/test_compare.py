import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Cli = Callable[..., Any]


@pytest.fixture
def keys(cli: Cli, pets: Path) -> list[str]:
    said = [cli("run", "toy", pets, *more).out for more in ((), ("--model", "precomputed?prediction=label"))]
    return [re.search("Kept as run ([0-9a-f]{12})", text)[1] for text in said]  # type: ignore[index]


def test_runs_are_named_by_the_start_of_their_keys(cli: Cli, keys: list[str]) -> None:
    said = cli("compare", *keys)
    assert said.status == 0
    assert said.out.startswith("toy: precomputed against precomputed?prediction=label\n")
    assert "Differences are against precomputed; the same samples." in said.out
    line = next(
        line for line in said.out.splitlines() if line.startswith("accuracy") and "+" not in line and ".333" in line
    )
    assert line.split()[-1] == "paired"


def test_a_run_may_be_a_folder_written_by_out(cli: Cli, keys: list[str], pets: Path, tmp_path: Path) -> None:
    cli("run", "toy", pets, "--out", tmp_path / "first")
    answer = cli("compare", tmp_path / "first", keys[1], "--json").json
    assert answer["runs"] == ["precomputed", "precomputed?prediction=label"]
    assert answer["audit"] == "toy"
    assert answer["paired"] is True
    assert answer["overall"][1]["difference"] == pytest.approx(1 / 3)


def test_runs_of_one_model_and_dataset_are_told_apart_by_their_keys(cli: Cli, keys: list[str], pets: Path) -> None:
    other = cli("run", "toy", pets, "--set", "least=2").out
    key = re.search("Kept as run ([0-9a-f]{12})", other)[1]  # type: ignore[index]
    answer = cli("compare", keys[0], key, "--json").json
    assert answer["runs"] == [f"precomputed ({keys[0][:8]})", f"precomputed ({key[:8]})"]
    assert any("different settings: least (1 against 2)" in note for note in answer["notes"])


def test_out_holds_the_aligned_tables(cli: Cli, keys: list[str], tmp_path: Path) -> None:
    cli("compare", *keys, "--out", tmp_path / "out")
    assert pd.read_csv(tmp_path / "out" / "overall.csv")["run"].nunique() == 2
    assert (tmp_path / "out" / "by_group.csv").is_file()


@pytest.mark.parametrize(
    ("run", "message"),
    [("zzz", "'zzz': there is none"), ("", "2 runs start so: "), (".", "must be a folder written by --out")],
)
def test_what_names_no_run_or_several_is_refused(cli: Cli, keys: list[str], run: str, message: str) -> None:
    said = cli("compare", keys[0], run)
    assert said.status == 2
    assert message in said.err


def test_one_run_is_not_enough(cli: Cli, keys: list[str]) -> None:
    said = cli("compare", keys[0])
    assert (said.status, "`runs` must be at least two" in said.err) == (2, True)
