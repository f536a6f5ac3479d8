"""``audit embed DATA --model M``: compute the embeddings and keep them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.commands import inputs
from audit.commands.lacking import remedies, told_once
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.commands.console import Console


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "embed", help="compute embeddings", description="Compute a model's embeddings of data."
    )
    inputs.add_data(parser)
    inputs.add_model(parser)
    inputs.add_workers(parser)
    parser.add_argument("--out", metavar="DIR", help="write embeddings.npz and quarantine.csv here")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    inputs.add_home(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    from audit import engine
    from audit.maps import embed
    from audit.outputs import Embeddings

    if not arguments.model:
        raise InputError("`--model` must be given: which model shall embed the images?")
    dataset = inputs.dataset_source(arguments).load()
    model = inputs.load_model(arguments, dataset)
    reasons = told_once(Embeddings().missing(dataset, model))
    if reasons:
        raise InputError(f"`embed` cannot run on '{dataset.name}': {'; '.join(reasons)}.{remedies(reasons, dataset)}")
    store = inputs.store_of(arguments)
    with console.progress() as report:
        inputs.spread(arguments, [Embeddings()], dataset, model, report)
        key = embed(dataset, model, store=store, batch_size=arguments.batch_size, progress=report)
    kept = store.read(key)
    assert isinstance(kept, dict)
    n, dimensions = kept["values"].shape
    broken = engine.quarantine(dataset, store)
    if arguments.out:
        _write(Path(arguments.out), kept, broken)
    if arguments.json:
        facts = {"dataset": dataset.name, "model": model.name, "samples": n, "dimensions": dimensions}
        console.say_json({**facts, "quarantined": len(broken), "key": key, "out": arguments.out})
        return 0
    console.say(f"{dataset.name}, {model.name}: {n:,} samples with {dimensions:,} dimensions.")
    if len(broken):
        console.say(f"{len(broken):,} images could not be used:")
        for reason, count in broken["reason"].value_counts().items():
            console.say(f"  {count:,}  {reason}")
    console.say(f"Written to {arguments.out}." if arguments.out else f"Kept as {key[:12]}.")
    return 0


def _write(folder: Path, kept: dict[str, np.ndarray], broken: Any) -> None:
    from audit.export import to_csv

    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "embeddings.npz", embeddings=kept["values"], sample_id=kept["sample_id"])
    (folder / "quarantine.csv").write_bytes(to_csv(broken))
