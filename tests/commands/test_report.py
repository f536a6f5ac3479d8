"""``audit report``: a run or a review as a page, JSON or Markdown."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from audit.commands.report import file_name
from audit.database import Database
from audit.report.content import schema
from audit.review.board import start_review
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
