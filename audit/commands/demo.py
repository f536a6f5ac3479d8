"""``audit demo``: run the audits on the bundled example and serve the dashboard with it."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from audit.commands import answers
from audit.commands.app import add_serving, serve
from audit.job_request import audit_request, map_request
from audit.maps import Method
from audit.run import run
from audit.sources import DatasetSource, ModelSource

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.commands.console import Console
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.result import Result
    from audit.run import Run
    from audit.workspace import Workspace

MODEL = "demo"
_PERIOD = 0.3


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "demo", help="see it on the bundled example", description="Run the audits on the bundled example and serve it."
    )
    parser.add_argument("--no-serve", action="store_true", help="stop after the table")
    parser.add_argument("--json", action="store_true", help="print one JSON object and stop")
    add_serving(parser)
    parser.set_defaults(execute=execute)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """What one audit said about one of the worlds."""

    audit: Audit
    dataset: str
    result: Result


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    from audit.workspace import Workspace

    workspace = Workspace(arguments.home)
    for root in arguments.root:
        workspace.declare_root(root)
    console.tell("Drawing the example ...")
    datasets = prepare(workspace)
    if not (arguments.no_serve or arguments.json):
        return serve(workspace, arguments.port, console, meanwhile=lambda: _ask_worker(workspace, datasets, console))
    model = workspace.load_model(MODEL)
    runs: list[Run] = []
    left_out: list[dict[str, Any]] = []
    for name in datasets:
        dataset = workspace.load_dataset(name)
        able, lacking = _able(dataset, model)
        left_out += lacking
        for audit in able:
            console.tell(f"Auditing {name}: {audit.title} ...")
            with console.progress() as report:
                runs.append(run(audit, dataset, model, store=workspace.store, progress=report))
    if arguments.json:
        console.say_json({"runs": [answers.run_json(run) for run in runs], "left_out": left_out})
        return 0
    _say(console, [Answer(audit=run.audit, dataset=run.dataset.name, result=run.result) for run in runs], left_out)
    return 0


def prepare(workspace: Workspace) -> list[str]:
    """Draw the bundled worlds below the home folder unless they are there, register them and the bundled model.

    Returns
    -------
    list of str
        The datasets' names.
    """
    from audit.demo import write_demo

    names = []
    for name, table in write_demo(workspace.demo_folder).items():
        known = workspace.datasets().get(name)
        if known is None or not known.path.startswith(str(workspace.demo_folder)):
            workspace.add_dataset(DatasetSource(path=str(table), name=name))
        names.append(name)
    if MODEL not in workspace.models():
        workspace.add_model(ModelSource(spec=MODEL, name=MODEL))
    return names


def _able(dataset: Dataset, model: Model) -> tuple[list[Audit], list[dict[str, Any]]]:
    """Return the audits that the data and the model allow, and what the others lack."""
    from audit.fields import build_audit
    from audit.registry import audits
    from audit.run import explain_missing

    able, left_out = [], []
    for name in audits():
        audit = build_audit(name)
        reasons = explain_missing(audit, dataset, model)
        if reasons:
            left_out.append({"audit": name, "dataset": dataset.name, "reasons": reasons})
        else:
            able.append(audit)
    return able, left_out


def _ask_worker(workspace: Workspace, datasets: Sequence[str], console: Console) -> None:
    """Let the worker run every audit while the dashboard is in use already, and print the table when it has."""
    asked: dict[str, tuple[Audit, str]] = {}
    left_out: list[dict[str, Any]] = []
    model = workspace.load_model(MODEL)
    for name in datasets:
        dataset = workspace.load_dataset(name)
        able, lacking = _able(dataset, model)
        left_out += lacking
        for audit in able:
            job = workspace.jobs.submit(audit_request(audit, name, MODEL, fingerprint=dataset.fingerprint))
            asked[job] = (audit, name)
    # The maps come last: the audits leave the embeddings that they are drawn from.
    for name in datasets:
        fingerprint = workspace.load_dataset(name).fingerprint
        for method in get_args(Method):
            workspace.jobs.submit(map_request(method, name, MODEL, fingerprint=fingerprint))
    console.tell(f"{len(asked)} audits are being run; the pages show each answer when it is there.")
    found: dict[str, Answer] = {}
    waiting = list(asked)
    while waiting:
        for job in [job for job in waiting if not workspace.jobs.status(job).active]:
            waiting.remove(job)
            (audit, name), end = asked[job], workspace.jobs.status(job)
            if end.state == "done":
                result, _ = workspace.store.read_result(end.result_key)
                found[job] = Answer(audit=audit, dataset=name, result=result)
                console.tell(f"{len(found)} of {len(asked)}: {audit.title}, {name}.")
            else:
                reason = end.message or "stopped before it had finished"
                left_out.append({"audit": audit.name(), "dataset": name, "reasons": [reason.rstrip(".")]})
        time.sleep(_PERIOD)
    _say(console, [found[job] for job in asked if job in found], left_out)


def _say(console: Console, found: Sequence[Answer], left_out: Sequence[Mapping[str, Any]]) -> None:
    rows = []
    for answer in found:
        verdict = answer.result.verdict
        cells = ("",) * len(answers.HEADER)
        if verdict.score:
            cells = answers.score_cells(answer.result.score(verdict.score))
        rows.append((answer.audit.name(), answer.dataset, verdict.label, verdict.score, *cells))
    console.table(("audit", "dataset", "verdict", "score", *answers.HEADER), rows, right=answers.RIGHT)
    console.say()
    for answer in found:
        console.say(f"{answer.audit.title}, {answer.dataset}: {answer.result.verdict.sentence}")
    for entry in left_out:
        console.say(f"Left out: {entry['audit']} on {entry['dataset']}: {'; '.join(entry['reasons'])}.")
    console.say()
