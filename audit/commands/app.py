"""``audit app [DATA]``: serve the dashboard, with data loaded into it."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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
    parser.add_argument("--no-browser", action="store_true", help="print the address only, open no browser")
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
    shown: dict[str, str] = {}
    if arguments.data:
        shown = _load(arguments, workspace, console)
    elif arguments.model:
        shown = {"model": _add_model(arguments, workspace, console)}
    return serve(workspace, arguments.port, console, shown=shown, browser=not arguments.no_browser)


def _load(arguments: argparse.Namespace, workspace: Workspace, console: Console) -> dict[str, str]:
    """Register data, and what it comes with as a model; return both names."""
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
        return {"dataset": name, "model": _add_model(arguments, workspace, console)}
    if dataset.roles.prediction or dataset.arrays:
        return {"dataset": name, "model": workspace.add_model(ModelSource(spec="precomputed"))}
    return {"dataset": name}


def _add_model(arguments: argparse.Namespace, workspace: Workspace, console: Console) -> str:
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
    name = workspace.add_model(source)
    console.say(f"Added the model {name}.")
    return name


def address(port: int, shown: Mapping[str, str]) -> str:
    """Return the dashboard's address, with the dataset and the model that the pages are to show."""
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in shown.items())
    return f"http://localhost:{port}{'/?' if query else ''}{query}"


def serve(
    workspace: Workspace,
    wanted: int,
    console: Console,
    *,
    meanwhile: Callable[[], None] | None = None,
    shown: Mapping[str, str] | None = None,
    browser: bool = False,
) -> int:
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
    shown
        Names of the dataset and the model that its address asks for.
    browser
        Open the address where there is a screen to open it on.
    """
    from audit.serving import dashboard, free_port

    port = free_port(wanted)
    workspace.jobs.start_worker()
    try:
        with dashboard(workspace, port) as process:
            if port != wanted:
                console.say(f"Port {wanted} is taken.")
            place = address(port, shown or {})
            console.say(f"Model Audit is at {place} (Ctrl-C stops it).")
            if browser and has_screen():
                webbrowser.open(place)
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


def has_screen() -> bool:
    """Whether a person at a terminal of this very machine would see a browser's window."""
    if not sys.stdin.isatty() or not sys.stderr.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
