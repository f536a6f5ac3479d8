"""A further audit is one file: added, and nothing edited."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = Path(__file__).parent / "data" / "toys" / "toy_audits" / "toy.py"

# The package's folder is left alone: a second folder is added to its path before the command line starts.
START = """
import sys
import audit.audits
audit.audits.__path__.append(sys.argv.pop(1))
from audit.cli import main
sys.exit(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "more_audits"
    folder.mkdir()
    (folder / "seventh.py").write_bytes(MODULE.read_bytes())
    (tmp_path / "pets.csv").write_text("sample_id,label,prediction\na,cat,cat\nb,dog,cat\n", encoding="utf-8")
    return folder


def say(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START, str(folder), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_one_more_file_among_the_audits_is_listed_with_its_fields(folder: Path) -> None:
    listed = {entry["name"]: entry for entry in json.loads(say(folder, "list", "--json").stdout)["audits"]}
    assert listed["seventh"]["title"] == "Toy"
    assert [field["name"] for field in listed["seventh"]["fields"]][:2] == ["by", "least"]
    assert "subgroup_discrepancy" in listed


def test_one_more_file_among_the_audits_is_run_by_its_name(folder: Path, tmp_path: Path) -> None:
    said = say(folder, "run", "seventh", tmp_path / "pets.csv", "--set", "score=hits", "--json")
    assert (said.returncode, said.stderr) == (0, "")
    answer = json.loads(said.stdout)
    assert (answer["audit"], answer["overall"][0]["score"], answer["overall"][0]["value"]) == ("seventh", "hits", 0.5)


def test_without_the_file_the_name_is_unknown(tmp_path: Path, folder: Path) -> None:
    (folder / "seventh.py").unlink()
    said = say(folder, "run", "seventh", tmp_path / "pets.csv")
    assert said.returncode == 2
    assert "got 'seventh'" in said.stderr


def test_a_strangers_installed_package_is_found_by_its_entry_point(tmp_path: Path, folder: Path) -> None:
    site = tmp_path / "site"
    (site / "stranger-1.0.dist-info").mkdir(parents=True)
    (site / "stranger-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (site / "stranger-1.0.dist-info" / "entry_points.txt").write_text("[audit.audits]\nany = stranger_audit\n")
    (site / "stranger_audit.py").write_bytes(MODULE.read_bytes())
    said = subprocess.run(
        [sys.executable, "-m", "audit.cli", "run", "stranger_audit", str(tmp_path / "pets.csv"), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert json.loads(said.stdout)["audit"] == "stranger_audit"
