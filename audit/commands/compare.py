"""``audit compare RUN RUN``: runs of one audit side by side."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.commands import answers, inputs
from audit.comparison import Comparison, NamedResult, compare_runs
from audit.errors import InputError
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from audit.commands.console import Console
    from audit.result import Result
    from audit.store import Store

RIGHT = ("value", "n", "null", "difference")


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "compare", help="compare runs", description="Compare runs of one audit with the first."
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="start of a run's key, or a folder written by --out")
    parser.add_argument("--out", metavar="DIR", help="write overall.csv and by_group.csv here")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    inputs.add_home(parser)
    parser.set_defaults(execute=execute, words=("runs",))


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    store = inputs.store_of(arguments)
    found = [find_run(text, store) for text in arguments.runs]
    comparison = compare_runs(
        [
            NamedResult(name=name, result=result, provenance=facts)
            for name, (result, facts) in zip(_names([facts for _, facts in found]), found, strict=True)
        ]
    )
    if arguments.out:
        from audit.export import to_csv

        folder = Path(arguments.out)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("overall", "by_group"):
            (folder / f"{name}.csv").write_bytes(to_csv(getattr(comparison, name)))
    if arguments.json:
        console.say_json({"audit": found[0][1]["audit"], **comparison.to_json()})
    else:
        _say(console, comparison, found[0][1]["audit"])
        if arguments.out:
            console.say(f"Written to {arguments.out}.")
    return 0


def find_run(text: str, store: Store) -> tuple[Result, dict[str, Any]]:
    """Return the run that a text names: a folder written by ``--out``, or the start of a key.

    Raises
    ------
    InputError
        If there is none, or the start fits several.
    """
    if text and Path(text).is_dir():
        return answers.read_files(Path(text))
    keys = [str(facts["key"]) for facts in store.list_results() if str(facts["key"]).startswith(text)]
    if len(keys) != 1:
        problem = f"{len(keys)} runs start so: {', '.join(key[:16] for key in keys[:4])}" if keys else "there is none"
        raise InputError(
            f"`run` must be a folder written by --out, or start one key in {store.root}; '{text}': {problem}."
        )
    return store.read_result(keys[0])


def _names(facts: list[dict[str, Any]]) -> list[str]:
    """Name runs by what tells them apart: the model, else model and dataset, else the key as well."""
    for parts in (("model",), ("model", "dataset")):
        names = [" on ".join(str(fact.get(part, "?")) for part in parts) for fact in facts]
        if len(set(names)) == len(names):
            return names
    seen: Counter[str] = Counter()
    named = []
    for fact in facts:
        name = f"{fact.get('model', '?')} ({str(fact.get('key', '?'))[:8]})"
        seen[name] += 1
        named.append(f"{name} #{seen[name]}" if seen[name] > 1 else name)
    return named


def _say(console: Console, comparison: Comparison, audit: str) -> None:
    console.say(f"{audit}: {' against '.join(comparison.names)}")
    same = "the same samples" if comparison.paired else "different samples"
    console.say(f"Differences are against {comparison.names[0]}; {same}.")
    console.say()
    rows = [_cells(row) for _, row in comparison.overall.iterrows()]
    header = ("score", "run", *answers.HEADER, "difference", "of the difference", "how")
    console.table(header, rows, right=RIGHT)
    if comparison.notes:
        console.say()
    for note in comparison.notes:
        console.say(f"Note: {note}")


def _cells(row: pd.Series[Any]) -> tuple[str, ...]:
    unit = row.get("unit")
    unit = unit if isinstance(unit, str) else ""
    # A difference of two shares is told in points.
    unit = {"share": "points"}.get(unit, unit)
    difference, low, high = (float(row[name]) for name in ("difference", "difference_low", "difference_high"))
    return (
        str(row["score"]),
        str(row["run"]),
        *answers.score_cells(row),
        format_value(difference, unit) if math.isfinite(difference) else "",
        format_interval(low, high, unit),
        str(row["how"]),
    )
