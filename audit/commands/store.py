"""``audit store list|size|prune``: what is kept, how much of it, and removing what is old."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from audit.commands import inputs
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.commands.console import Console
    from audit.store import Entry

_UNITS = ("B", "KB", "MB", "GB", "TB")
KINDS = ("output", "partial", "result", "damaged")


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("store", help="look into the store", description="What is kept, and removing it.")
    parser.add_argument("action", choices=("list", "size", "prune"), help="what to do")
    parser.add_argument("--older-than", metavar="DAYS", type=float, help="prune: only entries written longer ago")
    parser.add_argument("--kind", choices=KINDS, help="only entries of this kind")
    parser.add_argument("--keep", metavar="KEY", action="append", default=[], help="prune: start of a key that stays")
    parser.add_argument("--everything", action="store_true", help="prune: allow it without --older-than or --kind")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    inputs.add_home(parser)
    parser.set_defaults(execute=execute)


def size_words(size: int) -> str:
    """Return bytes in the largest unit that leaves at least one of it, powers of 1000."""
    value = float(size)
    for unit in _UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    store = inputs.store_of(arguments)
    entries = [entry for entry in store.entries() if arguments.kind in {None, entry.kind}]
    if arguments.action == "prune":
        if arguments.older_than is None and arguments.kind is None and not arguments.everything:
            raise InputError("`prune` needs --older-than DAYS, --kind KIND or --everything: say what may go.")
        keep = [entry.key for entry in entries if entry.key.startswith(tuple(arguments.keep))] if arguments.keep else []
        entries = store.prune(older_than_days=arguments.older_than, kind=arguments.kind, keep=keep)
    total = sum(entry.bytes for entry in entries)
    if arguments.json:
        listed = [_facts(entry) for entry in entries] if arguments.action != "size" else None
        facts = {"store": str(store.root), "entries": len(entries), "bytes": total}
        console.say_json(facts if listed is None else {**facts, "listed": listed})
        return 0
    if arguments.action == "list" and entries:
        rows = [(entry.key[:12], entry.kind, size_words(entry.bytes), entry.created, entry.what) for entry in entries]
        console.table(("key", "kind", "size", "written", "what"), rows, right=("size",))
        console.say()
    done = "Removed " if arguments.action == "prune" else ""
    noun = "entry" if len(entries) == 1 else "entries"
    console.say(f"{done}{len(entries):,} {noun}, {size_words(total)}, in {store.root}.")
    return 0


def _facts(entry: Entry) -> dict[str, Any]:
    return {**dataclasses.asdict(entry), "path": str(entry.path)}
