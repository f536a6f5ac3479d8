"""``audit app [DATA]``: serve the dashboard, with data loaded into it."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.commands import inputs
from audit.errors import InputError
from audit.serving import PORT
from audit.sources import ModelSource

if TYPE_CHECKING:
    from audit.commands.console import Console
    from audit.workspace import Workspace


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("app", help="serve the dashboard", description="Serve the dashboard on this machine.")
    inputs.add_data(parser, required=False)
    inputs.add_model(parser)
    add_serving(parser)
    parser.set_defaults(execute=execute, words=("data",))


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that serve the dashboard."""
    group = parser.add_argument_group("dashboard")
    group.add_argument(
        "--port", type=int, default=PORT, help=f"port of this machine, the next free one if taken [{PORT}]"
    )
    group.add_argument("--root", metavar="DIR", action="append", default=[], help="folder to read data from; repeats")
    inputs.add_home(parser)


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    from audit.workspace import Workspace

    workspace = Workspace(arguments.home)
    for root in arguments.root:
        workspace.declare_root(root)
    if arguments.data:
        _load(arguments, workspace, console)
    elif arguments.model:
        _add_model(arguments, workspace, console)
    return serve(workspace, arguments.port, console)


def _load(arguments: argparse.Namespace, workspace: Workspace, console: Console) -> None:
    source = inputs.dataset_source(arguments)
    if not Path(source.path).exists():
        raise InputError(f"`DATA` must be a file or a folder; there is nothing at '{source.path}'.")
    for path in source.paths():
        real = Path(path).expanduser().resolve()
        workspace.declare_root(real if real.is_dir() else real.parent)
    # Read it first, so that what is wrong with it is said here and nothing wrong is registered.
    dataset = source.load()
    name = workspace.add_dataset(dataclasses.replace(source, name=dataset.name))
    broken = f", {len(dataset.quarantine):,} in quarantine" if len(dataset.quarantine) else ""
    console.say(f"Loaded {name}: {len(dataset):,} samples{broken}.")
    if arguments.model:
        _add_model(arguments, workspace, console)
    elif dataset.roles.prediction or dataset.arrays:
        workspace.add_model(ModelSource(spec="precomputed"))


def _add_model(arguments: argparse.Namespace, workspace: Workspace, console: Console) -> None:
    source = ModelSource(
        spec=arguments.model,
        weights=arguments.weights,
        device=arguments.device,
        dtype=arguments.dtype,
        batch_size=arguments.batch_size,
    )
    for path in source.paths():
        real = Path(path).expanduser().resolve()
        workspace.declare_root(real if real.is_dir() else real.parent)
    console.say(f"Added the model {workspace.add_model(source)}.")


def serve(workspace: Workspace, wanted: int, console: Console, *, meanwhile: Callable[[], None] | None = None) -> int:
    """Serve the dashboard until Ctrl-C and return the exit status.

    The worker is started with it. When it ends, the worker finishes what waits and runs, and then stops.

    Parameters
    ----------
    workspace
        What is served.
    wanted
        The port, or the next free one.
    console
        Says where it is.
    meanwhile
        Called once the dashboard answers.
    """
    from audit.serving import dashboard, free_port

    port = free_port(wanted)
    workspace.jobs.start_worker()
    try:
        with dashboard(workspace, port) as process:
            if port != wanted:
                console.say(f"Port {wanted} is taken.")
            console.say(f"Model Audit is at http://localhost:{port} (Ctrl-C stops it).")
            if meanwhile is not None:
                meanwhile()
            return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        workspace.jobs.retire_worker()
        active = sum(job.active for job in workspace.jobs.list())
        if active:
            noun = "job" if active == 1 else "jobs"
            console.tell(f"The worker goes on with {active} {noun}, and then stops.")
