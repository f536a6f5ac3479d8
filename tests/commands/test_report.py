"""``audit report``: a run or a review as a page, JSON or Markdown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from audit.commands.report import file_name, size_words
from audit.database import Database
from audit.report.content import schema
from audit.report.source import OTHER_DATA
from audit.review.board import start_review
from audit.sources import DatasetSource, ModelSource
from audit.workspace import Workspace
from tests.review.conftest import make_finding


@pytest.fixture
def run(cli, pets, tmp_path):
    said = cli("run", "toy", pets, "--out", tmp_path / "out")
    assert said.status == 0, said.err
    return tmp_path / "out"


def test_a_run_is_written_as_one_page(cli, run, tmp_path):
    said = cli("report", run, "--out", tmp_path / "report.html")
    assert said.status == 0, said.err
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<script" not in text
    assert "report.html" in said.out


def test_json_keeps_to_the_published_schema_and_is_printed_alone(cli, run):
    said = cli("report", run, "--format", "json")
    assert said.status == 0, said.err
    jsonschema.Draft202012Validator(schema()).validate(said.json)


def test_markdown_is_printed(cli, run):
    said = cli("report", run, "--format", "md")
    assert said.out.startswith("# ")
    assert "## Model card" in said.out


def test_a_review_is_found_by_its_name(cli, tmp_path):
    review = start_review(Database(tmp_path / "home"), "Release 2", author="Ann")
    review.add(make_finding(), author="Ann")
    for text in ("Release 2", review.id[:6]):
        said = cli("report", text, "--home", tmp_path / "home", "--out", tmp_path / "review.json")
        assert said.status == 0, said.err
        assert json.loads((tmp_path / "review.json").read_text(encoding="utf-8"))["title"] == "Release 2"


def test_what_is_neither_is_said_in_one_line(cli, tmp_path):
    said = cli("report", "nothing", "--home", tmp_path / "home")
    assert said.status == 2
    assert "Nor is it a review" in said.err
    assert said.out == ""


def test_an_ending_that_is_no_format_is_refused(cli, run, tmp_path):
    said = cli("report", run, "--out", tmp_path / "report.docx")
    assert said.status == 2
    assert ".html, .json or .md" in said.err
    assert not Path(tmp_path / "report.docx").exists()


def test_a_title_becomes_a_plain_file_name():
    assert file_name("../Release 2: <b>") == "release-2-b"
    assert file_name("???") == "report"


@pytest.fixture
def shown(cli, tmp_path):
    """Return the folder of a run on data with images, written by the command line."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rows = ["path,label,prediction"]
    for number in range(8):
        Image.new("RGB", (24, 24), (number * 20, 0, 0)).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{'cat' if number % 2 else 'dog'},cat")
    (folder / "samples.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = cli("run", "toy", folder, "--label", "label", "--out", tmp_path / "out", "--home", tmp_path / "home")
    assert said.status == 0, said.err
    return tmp_path / "out"


def test_a_run_of_the_command_line_is_reported_with_the_images_of_its_data(cli, shown, tmp_path):
    words = ("report", shown, "--home", tmp_path / "home")
    (finding,) = cli(*words, "--format", "json").json["findings"]
    assert len(finding["images"]) == 8
    assert not any("left out" in note for note in finding["notes"])
    said = cli(*words, "--out", tmp_path / "report.html")
    assert "<img" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "left out" not in said.out


def test_where_the_data_lies_is_not_written_beside_the_answer(shown, tmp_path):
    written = [file.read_bytes() for file in shown.iterdir()]
    assert not any(str(tmp_path).encode() in content for content in written)


@pytest.mark.parametrize("fate", ["gone", "changed", "another home"])
def test_data_that_cannot_be_read_again_is_said_in_the_message_and_in_the_notes(cli, shown, tmp_path, fate):
    home = tmp_path / "home"
    table = tmp_path / "photos" / "samples.csv"
    if fate == "gone":
        shutil.rmtree(tmp_path / "photos")
    elif fate == "changed":
        table.write_text(table.read_text(encoding="utf-8").replace("dog", "cow"), encoding="utf-8")
    else:
        home = tmp_path / "other"
    said = cli("report", shown, "--home", home, "--out", tmp_path / "report.json")
    assert OTHER_DATA in said.out
    assert "`audit app DATA` registers the data" in said.out
    (finding,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["findings"]
    assert OTHER_DATA in finding["notes"]
    assert finding["images"] == []


def test_registered_data_is_taken_though_the_run_had_other_roles(cli, tmp_path, pets):
    home = tmp_path / "home"
    assert cli("run", "toy", pets, "--attribute", "seen_as", "--out", tmp_path / "out", "--home", home).status == 0
    (home / "given-data.json").unlink()
    workspace = Workspace(home)
    workspace.declare_root(pets.parent)
    workspace.add_dataset(DatasetSource(path=str(pets)))
    (finding,) = cli("report", tmp_path / "out", "--home", home, "--format", "json").json["findings"]
    assert OTHER_DATA not in finding["notes"]


def test_the_title_has_a_short_name_of_the_model(cli, tmp_path, pets):
    model = "precomputed?prediction=seen_as"
    assert cli("run", "toy", pets, "--model", model, "--out", tmp_path / "out").status == 0
    assert cli("report", tmp_path / "out", "--format", "md").out.startswith("# Toy: precomputed (seen\\_as) on pets\n")
    Workspace().add_model(ModelSource(spec=model, name="old model"))
    assert cli("report", tmp_path / "out", "--format", "json").json["title"] == "Toy: old model on pets"


@pytest.mark.parametrize(("size", "words"), [(4_200, "4 kB"), (99_900, "100 kB"), (312_000, "0.3 MB")])
def test_a_small_file_is_told_in_kb(size, words):
    assert size_words(size) == words
