"""``audit demo``: run the audits on the bundled example and serve the dashboard with it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from audit.commands import answers
from audit.commands.app import add_serving, serve
from audit.sources import DatasetSource, ModelSource

if TYPE_CHECKING:
    from audit.commands.console import Console
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.run import Run
    from audit.workspace import Workspace

MODEL = "demo"


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "demo", help="see it on the bundled example", description="Run the audits on the bundled example and serve it."
    )
    parser.add_argument("--no-serve", action="store_true", help="stop after the table")
    parser.add_argument("--json", action="store_true", help="print one JSON object and stop")
    add_serving(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    from audit.workspace import Workspace

    workspace = Workspace(arguments.home)
    for root in arguments.root:
        workspace.declare_root(root)
    console.tell("Drawing the example ...")
    datasets = prepare(workspace)
    model = workspace.load_model(MODEL)
    runs: list[Run] = []
    left_out: list[dict[str, Any]] = []
    for name in datasets:
        dataset = workspace.load_dataset(name)
        console.tell(f"Auditing {name} ...")
        found, lacking = _run_all(dataset, model, workspace, console)
        runs += found
        left_out += lacking
    if arguments.json:
        console.say_json({"runs": [answers.run_json(run) for run in runs], "left_out": left_out})
        return 0
    _say(console, runs, left_out)
    return 0 if arguments.no_serve else serve(workspace, arguments.port, console)


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


def _run_all(
    dataset: Dataset, model: Model, workspace: Workspace, console: Console
) -> tuple[list[Run], list[dict[str, Any]]]:
    """Run every audit that the data and the model allow, and say what the others lack."""
    from audit.registry import audits
    from audit.run import explain_missing, run

    runs, left_out = [], []
    for name in audits():
        reasons = explain_missing(name, dataset, model)
        if reasons:
            left_out.append({"audit": name, "dataset": dataset.name, "reasons": reasons})
            continue
        with console.progress() as report:
            runs.append(run(name, dataset, model, store=workspace.store, progress=report))
    return runs, left_out


def _say(console: Console, runs: list[Run], left_out: list[dict[str, Any]]) -> None:
    rows = []
    for run in runs:
        verdict = run.result.verdict
        cells = ("",) * len(answers.HEADER)
        if verdict.score:
            cells = answers.score_cells(run.result.score(verdict.score))
        rows.append((run.audit.name(), run.dataset.name, verdict.label, verdict.score, *cells))
    console.table(("audit", "dataset", "verdict", "score", *answers.HEADER), rows, right=answers.RIGHT)
    console.say()
    for run in runs:
        console.say(f"{run.audit.title}, {run.dataset.name}: {run.result.verdict.sentence}")
    for entry in left_out:
        console.say(f"Left out: {entry['audit']} on {entry['dataset']}: {'; '.join(entry['reasons'])}.")
    console.say()
