"""``audit run NAME|--all DATA``: ask one question, or all, of a model and data."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.commands import answers, inputs
from audit.commands.gate import Gate, check_names, gate
from audit.commands.lacking import remedies, told_once
from audit.errors import InputError, near

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.commands.console import Console
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.run import Run
    from audit.store import Store

FAILED = 1
"""Exit status when a ``--fail-if`` holds."""


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("run", help="run an audit", description="Run an audit, or all that can be run.")
    parser.add_argument("name", metavar="NAME", nargs="?", help="audit, see `audit list`; left out with --all")
    inputs.add_data(parser, required=False)
    inputs.add_model(parser)
    inputs.add_workers(parser)
    group = parser.add_argument_group("audit")
    group.add_argument("--all", action="store_true", help="every audit that can be run on this data and model")
    group.add_argument(
        "--set", metavar="FIELD=VALUE", action="append", default=[], dest="settings", help="parameter; repeats"
    )
    group = parser.add_argument_group("answer")
    group.add_argument("--out", metavar="DIR", help="write tables (CSV, Parquet), result.json and quarantine.csv here")
    group.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    group.add_argument(
        "--fail-if", metavar="SCORE<VALUE", action="append", default=[], help="exit with 1 if so; repeats"
    )
    group.add_argument("--force", action="store_true", help="compute the result again")
    inputs.add_home(parser)
    parser.set_defaults(execute=execute, words=("name", "data"))


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    names = _names(arguments)
    gates = [gate(text) for text in arguments.fail_if]
    settings = inputs.settings_of(arguments.settings)
    # Before the data is read: a wrong parameter should not cost a minute.
    questions = _questions(names, settings, required=not arguments.all)
    check_names(gates, questions)
    dataset = inputs.load_dataset(arguments)
    model = inputs.load_model(arguments, dataset)
    store = inputs.store_of(arguments)
    questions, left_out = _able(questions, dataset, model, every=arguments.all)
    wanted = [extractor for question in questions for extractor in question.requires(dataset, model)]
    with console.progress() as report:
        inputs.spread(arguments, wanted, dataset, model, report)
    options = {"store": store, "batch_size": arguments.batch_size, "force": arguments.force}
    runs = [_run(question, dataset, model, console, options) for question in questions]
    if arguments.out:
        _write(runs, Path(arguments.out), store, every=arguments.all)
    if arguments.json:
        shown = [answers.run_json(run) for run in runs]
        console.say_json({"runs": shown, "left_out": left_out} if arguments.all else shown[0])
    else:
        _say(console, runs, left_out, arguments)
    return _judge(runs, gates, console)


def _names(arguments: argparse.Namespace) -> list[str]:
    from audit.registry import audits

    if arguments.all:
        # `audit run --all DATA`: the first word is the data.
        if arguments.data is not None:
            raise InputError(f"`NAME` must be left out with --all; got '{arguments.name}'.")
        arguments.data, arguments.name = arguments.name, None
    if arguments.data is None:
        raise InputError("`DATA` must be given: audit run NAME DATA, or audit run --all DATA.")
    return list(audits()) if arguments.all else [arguments.name]


def _questions(names: Sequence[str], settings: Mapping[str, str], *, required: bool) -> list[Audit]:
    """Return the audits with their parameters; of all audits each takes those parameters that it has."""
    from audit.registry import audit_class
    from audit.run import build_audit, fields_of

    if required:
        return [build_audit(names[0], settings)]
    known = {name: {field.name for field in fields_of(audit_class(name))} for name in names}
    for field in settings:
        if not any(field in fields for fields in known.values()):
            hint = near(field, sorted(set().union(*known.values())), n=3)
            raise InputError(f"`--set {field}` must be a field of some audit; `audit list` shows them.{hint}")
    return [
        build_audit(name, {field: value for field, value in settings.items() if field in known[name]})
        for name in names
        if not any(field.required and field.name not in settings for field in fields_of(audit_class(name)))
    ]


def _able(
    questions: Sequence[Audit], dataset: Dataset, model: Model, *, every: bool
) -> tuple[list[Audit], list[dict[str, Any]]]:
    if not every:
        reasons = told_once(questions[0].missing(dataset, model))
        if reasons:
            raise InputError(
                f"`{questions[0].name()}` cannot run on '{dataset.name}' with {model.name}: {'; '.join(reasons)}."
                + remedies(reasons, dataset)
            )
        return list(questions), []
    able, left_out = [], []
    for question in questions:
        reasons = told_once(question.missing(dataset, model))
        if reasons:
            left_out.append({"audit": question.name(), "reasons": reasons})
        else:
            able.append(question)
    if not able:
        listed = "; ".join(f"{entry['audit']}: {entry['reasons'][0]}" for entry in left_out) or "there is no audit"
        raise InputError(f"`--all` needs one audit at least that can be run on '{dataset.name}'; {listed}.")
    return able, left_out


def _run(question: Audit, dataset: Dataset, model: Model, console: Console, options: Mapping[str, Any]) -> Run:
    from audit.run import run

    with console.progress() as report:
        return run(question, dataset, model, progress=report, **options)


def _write(runs: Sequence[Run], folder: Path, store: Store, *, every: bool) -> None:
    from audit.engine import quarantine

    for run in runs:
        target = folder / run.audit.name() if every else folder
        answers.write_files(run, target, quarantine(run.dataset, store))


def _say(
    console: Console, runs: Sequence[Run], left_out: Sequence[Mapping[str, Any]], arguments: argparse.Namespace
) -> None:
    for run in runs:
        answers.say_run(console, run)
        console.say()
        place = Path(arguments.out) / run.audit.name() if arguments.out and arguments.all else arguments.out
        written = f", written to {place}" if place else ""
        console.say(f"Kept as run {run.key[:12]}{written}.")
        console.say()
    for entry in left_out:
        console.say(f"Left out: {entry['audit']}: {'; '.join(entry['reasons'])}.")


def _judge(runs: Sequence[Run], gates: Sequence[Gate], console: Console) -> int:
    status = 0
    for condition in gates:
        concerned = [run for run in runs if condition.knows(run.result)]
        if not concerned:
            known = list(dict.fromkeys(str(name) for run in runs for name in run.result.overall.index))
            hint = near(condition.score, known, n=3)
            raise InputError(f"`--fail-if` must name a score ({', '.join(known)}); got '{condition.score}'.{hint}")
        for run in concerned:
            reason = condition.reason(run.result)
            if reason:
                console.tell(f"audit: failed: {reason}.")
                status = FAILED
    return status
