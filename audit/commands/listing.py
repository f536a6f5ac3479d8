"""``audit list [AUDIT]``: the audits, model families and readers that are there, or all about one audit."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audit.errors import InputError, near
from audit.fields import WORDS, fields_of
from audit.registry import audits

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.commands.console import Console


_DEEP = " " * 6


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("list", help="list audits, models, readers", description="What can be run on what.")
    parser.add_argument("name", metavar="AUDIT", nargs="?", help="tell all about one audit: what it needs, parameters")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(execute=execute, words=("name",))


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    from audit.models import families
    from audit.readers import readers

    if arguments.name:
        return _tell_one(arguments, console)
    listed = [_audit(name, owner) for name, owner in audits().items()]
    models = [
        {"name": name, "title": family.title, "abilities": family.abilities_hint, "options": list(family.options)}
        for name, family in families().items()
    ]
    formats = [{"name": name, "title": reader.title} for name, reader in readers().items()]
    if arguments.json:
        console.say_json({"audits": listed, "models": models, "readers": formats})
        return 0
    console.say("Audits (audit run NAME DATA --model M --set field=value; `audit list NAME` explains one)")
    for entry in listed:
        console.say(f"  {entry['name']}  version {entry['version']}")
        console.say(f"      {entry['question']}")
        console.say(f"      looks at: {_needs_words(entry)}")
        console.say(f"      fields: {', '.join(field['name'] for field in entry['fields']) or 'none'}")
    console.say()
    console.say("Models (--model family:name?option=value)")
    console.table(
        ("family", "what", "can"), [(f"  {entry['name']}", entry["title"], entry["abilities"]) for entry in models]
    )
    console.say()
    console.say("Data")
    console.table(("reader", "reads"), [(f"  {entry['name']}", entry["title"]) for entry in formats])
    return 0


def _tell_one(arguments: argparse.Namespace, console: Console) -> int:
    known = audits()
    if arguments.name not in known:
        raise InputError(
            f"`AUDIT` must be one of {', '.join(known)}; got '{arguments.name}'.{near(arguments.name, known, n=3)}"
        )
    owner = known[arguments.name]
    entry = _audit(arguments.name, owner)
    if arguments.json:
        console.say_json({**entry, "meanings": dict(owner.meanings)})
        return 0
    console.say(f"{entry['title']} ({entry['name']}, version {entry['version']})")
    console.say(entry["question"])
    console.say()
    console.say(f"Looks at: {_needs_words(entry)}")
    _say_terms(console, "Parameters (--set NAME=VALUE)", {f["name"]: _field_words(f) for f in entry["fields"]})
    _say_terms(console, 'Scores and columns of its answer (--fail-if "SCORE<VALUE")', owner.meanings)
    return 0


def _say_terms(console: Console, heading: str, terms: Mapping[str, str]) -> None:
    if not terms:
        return
    width = max(40, min(shutil.get_terminal_size().columns, 120))
    console.say()
    console.say(heading)
    for name, text in terms.items():
        console.say(f"  {name}")
        for line in text.splitlines():
            told = textwrap.wrap(line, width, initial_indent=_DEEP, subsequent_indent=_DEEP, break_long_words=False)
            console.say("\n".join(told))


def _needs_words(entry: Mapping[str, Any]) -> str:
    return ", ".join(entry["needs"]) or "the images alone"


def _field_words(field: Mapping[str, Any]) -> str:
    """Return what a parameter means, and in a line of its own what it may be and is when nothing is said."""
    allowed = WORDS[field["kind"]]
    if field["choices"]:
        allowed = f"{'one' if field['kind'] == 'choice' else 'some'} of {', '.join(map(str, field['choices']))}"
    if field["low"] is not None and field["high"] is not None:
        allowed += f" from {field['low']:g} to {field['high']:g}"
    default = "must be given" if field["required"] else f"default: {_default_words(field['default'])}"
    return f"{field['help']}\n({allowed}; {default})"


def _default_words(value: Any) -> str:
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


def _audit(name: str, owner: type[Audit]) -> dict[str, Any]:
    fields = [
        {
            "name": field.name,
            "kind": field.kind,
            "default": field.default,
            "required": field.required,
            "choices": list(field.choices),
            "low": field.low,
            "high": field.high,
            "help": field.help,
        }
        for field in fields_of(owner)
    ]
    return {
        "name": name,
        "title": owner.title,
        "category": owner.category,
        "question": owner.question,
        "needs": needs(owner),
        "version": owner.version,
        "reference": owner.reference,
        "fields": fields,
    }


def needs(owner: type[Audit]) -> list[str]:
    """Return the options that an audit looks at beside images: column roles, then fields that have no default."""
    options = {"attributes": "attribute"}
    roles = [f"--{options.get(role, role).replace('_', '-')}" for role in owner.column_roles]
    required = [f"--set {field.name}=" for field in fields_of(owner) if field.required]
    return [*roles, *required]
