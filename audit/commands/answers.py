"""A result as text, as JSON and as files: the same answer in each."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.errors import InputError
from audit.result import Result
from audit.wording import format_interval, format_p, format_value

if TYPE_CHECKING:
    from audit.commands.console import Console
    from audit.run import Run

HEADER = ("value", "95 % interval", "n", "null", "p")
RIGHT = ("value", "n", "null")


def score_cells(row: pd.Series[Any]) -> tuple[str, ...]:
    """Return a score's cells for :data:`HEADER`."""
    unit = row.get("unit")
    unit = unit if isinstance(unit, str) else ""
    number = {name: float(row.get(name, math.nan)) for name in ("value", "low", "high", "n", "null", "p_value")}
    return (
        format_value(number["value"], unit),
        format_interval(number["low"], number["high"], unit),
        format_value(number["n"], "count") if math.isfinite(number["n"]) else "",
        format_value(number["null"], unit) if math.isfinite(number["null"]) else "",
        format_p(number["p_value"]).removeprefix("p ").removeprefix("= "),
    )


def say_run(console: Console, run: Run) -> None:
    """Write verdict, scores and notes."""
    result = run.result
    console.say(f"{run.audit.title}: {run.dataset.name}, {run.model.name}")
    console.say(f"{result.verdict.label}: {result.verdict.sentence}")
    console.say()
    rows = [(str(name), *score_cells(row)) for name, row in result.overall.iterrows()]
    console.table(("score", *HEADER), rows, right=RIGHT)
    if result.notes:
        console.say()
    for note in result.notes:
        console.say(f"Note: {note}")


def run_json(run: Run) -> dict[str, Any]:
    """Return what ``--json`` prints for a run."""
    answer = run.result.to_json()
    return {
        "audit": run.audit.name(),
        "dataset": run.dataset.name,
        "model": run.model.name,
        "verdict": answer["verdict"],
        "overall": answer["overall"],
        "by_group": answer["by_group"],
        "notes": answer["notes"],
        "settings": answer["settings"],
    }


def write_files(run: Run, folder: Path, quarantine: pd.DataFrame) -> None:
    """Write a result into a folder: each table as Parquet and as CSV with guarded cells, the rest as JSON.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    from audit.export import to_csv

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"`--out` must be a folder that can be written; {folder}: {error.strerror}.") from error
    run.result.save(folder)
    for name in ("overall", "by_group", "by_sample"):
        (folder / f"{name}.csv").write_bytes(to_csv(getattr(run.result, name)))
    (folder / "quarantine.csv").write_bytes(to_csv(quarantine))
    facts = json.dumps(dict(run.provenance), indent=1, default=str)
    (folder / "provenance.json").write_text(facts, encoding="utf-8")


def read_files(folder: Path) -> tuple[Result, dict[str, Any]]:
    """Return the result and the provenance that :func:`write_files` wrote.

    Raises
    ------
    InputError
        If the folder holds none.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        return Result.load(folder), facts
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"`run` must be a folder written by --out; {folder} cannot be read ({error}).") from error
