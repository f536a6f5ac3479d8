"""``audit list``: the audits, model families and readers that are there."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from audit.fields import fields_of
from audit.registry import audits

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.commands.console import Console


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("list", help="list audits, models, readers", description="What can be run on what.")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command and return the exit status."""
    from audit.models import families
    from audit.readers import readers

    listed = [_audit(name, owner) for name, owner in audits().items()]
    models = [
        {"name": name, "title": family.title, "abilities": family.abilities_hint, "options": list(family.options)}
        for name, family in families().items()
    ]
    formats = [{"name": name, "title": reader.title} for name, reader in readers().items()]
    if arguments.json:
        console.say_json({"audits": listed, "models": models, "readers": formats})
        return 0
    console.say("Audits (audit run NAME DATA --model M --set field=value)")
    for entry in listed:
        console.say(f"  {entry['name']}  version {entry['version']}")
        console.say(f"      {entry['question']}")
        console.say(f"      looks at: {', '.join(entry['needs']) or 'the images alone'}")
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
