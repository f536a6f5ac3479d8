"""``audit report RUN|REVIEW``: one self-contained page, JSON or Markdown to hand on."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.commands import inputs
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.commands.console import Console
    from audit.workspace import Workspace

FORMATS = ("html", "json", "md")


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "report",
        help="write a report of a run or a review",
        description="Write a report: one self-contained page that prints, the same as JSON, or as Markdown.",
    )
    parser.add_argument(
        "source", metavar="RUN|REVIEW", help="start of a run's key, a folder written by --out, or a review's name or id"
    )
    parser.add_argument("--format", choices=FORMATS, help="html, json or md [by --out, else html]")
    parser.add_argument("--out", metavar="FILE", help="file to write; JSON and Markdown are printed without it")
    inputs.add_home(parser)
    parser.set_defaults(execute=execute, words=("source",))


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    from audit.workspace import Workspace

    ending = Path(arguments.out).suffix.lstrip(".").lower() if arguments.out else ""
    kind = arguments.format or ({"htm": "html", "markdown": "md"}.get(ending, ending) if ending else "html")
    if kind not in FORMATS:
        raise InputError(f"`--out` must end in .html, .json or .md, or --format must say which; got '{arguments.out}'.")
    report = report_of(arguments.source, Workspace(arguments.home))
    if not arguments.out and kind == "json":
        console.say_json(report)
        return 0
    content = written(report, kind)
    if not arguments.out and kind == "md":
        console.say(content.decode().rstrip())
        return 0
    target = Path(arguments.out or f"{file_name(report['title'])}.{kind}")
    try:
        target.write_bytes(content)
    except OSError as error:
        raise InputError(f"`--out` must be a file that can be written; {target}: {error.strerror}.") from error
    console.say(f"Written to {target} ({size_words(len(content))}).")
    if report["kind"] == "run":
        _say_left_out(report, console)
    return 0


def size_words(size: int) -> str:
    """Return a number of bytes in MB, or in kB where that would read as nothing."""
    return f"{size / 1e3:.0f} kB" if size < 1e5 else f"{size / 1e6:.1f} MB"


def _say_left_out(report: Mapping[str, Any], console: Console) -> None:
    from audit.report.source import OTHER_DATA, OTHER_VERSION

    notes = report["findings"][0]["notes"]
    for note in (note for note in (OTHER_DATA, OTHER_VERSION) if note in notes):
        console.say(note)
    if OTHER_DATA in notes:
        console.say("`audit app DATA` registers the data, and `audit run` computes anew on data that has changed.")


def report_of(text: str, workspace: Workspace) -> dict[str, Any]:
    """Return the report of the run or the review that a text names.

    Raises
    ------
    InputError
        If it names neither, or more than one.
    """
    from audit.commands.compare import find_run
    from audit.commands.given_data import recall
    from audit.database import Database
    from audit.report.content import review_report, run_report
    from audit.report.source import finding_of_run
    from audit.review.board import Review, find_review, reviews

    database = Database(workspace.home)
    known = reviews(database)
    named = [key for key, name in known.items() if text == name or (text and key.startswith(text))]
    if named:
        review: Review = find_review(database, text)
        return review_report(review.minutes(), review.events())
    try:
        result, facts = find_run(text, workspace.store)
    except InputError as error:
        there = f"the reviews are: {', '.join(known.values())}" if known else "there is no review"
        raise InputError(f"{error} Nor is it a review; {there}.") from error
    source = recall(workspace.home, str(facts.get("dataset_fingerprint", "")))
    finding = finding_of_run(result, facts, workspace, elsewhere=source)
    name = _model_words(str(facts.get("model", "?")), workspace)
    return run_report(finding, title=f"{finding.title}: {name} on {facts.get('dataset', '?')}")


def _model_words(spec: str, workspace: Workspace) -> str:
    """Return what people call a model: its one name in the workspace, else the short form of its specification."""
    from audit.models.options import short_name

    called = [name for name, source in workspace.models().items() if spec in {name, source.spec}]
    return short_name(called[0] if len(called) == 1 else spec)


def written(report: dict[str, Any], kind: str) -> bytes:
    """Return a report as the bytes of a file: ``html``, ``json`` or ``md``."""
    from audit.report.markdown import report_markdown
    from audit.report.page import report_html

    if kind == "html":
        return report_html(report)
    if kind == "md":
        return report_markdown(report).encode()
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False).encode()


def file_name(title: str) -> str:
    """Return a title as the beginning of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()[:80] or "report"
