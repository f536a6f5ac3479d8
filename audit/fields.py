"""An audit's parameters as a form: what kind each field is, its limits, its help, and how text becomes a value."""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from audit.base import Audit, Bounds, Column
from audit.errors import InputError, near
from audit.registry import audit_class, audits

Kind = Literal[
    "column", "columns", "choice", "choices", "integer", "integers", "number", "numbers", "flag", "text", "texts"
]

WORDS: Mapping[str, str] = {
    "column": "a column's name",
    "columns": "column names separated by commas",
    "choice": "one of the choices",
    "choices": "choices separated by commas",
    "integer": "a whole number",
    "integers": "whole numbers separated by commas",
    "number": "a number",
    "numbers": "numbers separated by commas",
    "flag": "true or false",
    "text": "text",
    "texts": "texts separated by commas",
}
"""What each kind of field wants, in words."""

_PLURALS: Mapping[str, Kind] = {
    "column": "columns",
    "choice": "choices",
    "integer": "integers",
    "number": "numbers",
    "text": "texts",
}
_SINGULARS = {plural: single for single, plural in _PLURALS.items()}
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """One parameter of an audit, as a form or the command line sees it.

    Parameters
    ----------
    name
        The dataclass field's name.
    kind
        What widget it wants; the plural kinds hold tuples.
    default
        The value when nothing is given; ``None`` for a required field, see ``required``.
    required
        Whether there is no default.
    optional
        Whether ``None`` is allowed.
    choices
        Allowed values of ``choice`` and ``choices``.
    low, high, step
        Limits of numeric kinds, ``None`` where there are none.
    help
        The parameter's text in the class's docstring, on one line.
    label
        What a form calls it: the audit's own words, else the name as people read it.
    """

    name: str
    kind: Kind
    default: Any
    required: bool
    optional: bool
    choices: tuple[Any, ...]
    low: float | None
    high: float | None
    step: float | None
    help: str
    label: str


def fields_of(audit: type[Audit] | Audit) -> list[Field]:
    """Return an audit's parameters in the order of their definition.

    Raises
    ------
    TypeError
        If a field's type has no place in a form; the message names audit, field and type.
    """
    owner = audit if isinstance(audit, type) else type(audit)
    hints = get_type_hints(owner, include_extras=True)
    texts = parameter_help(owner)
    return [_field(owner, field, hints[field.name], texts) for field in dataclasses.fields(owner) if field.init]


def _field(owner: type[Audit], field: dataclasses.Field[Any], hint: Any, texts: Mapping[str, str]) -> Field:
    inner, optional, bounds = _unwrap(hint)
    many = get_origin(inner) is tuple
    if many:
        inner, _, inner_bounds = _unwrap(get_args(inner)[0])
        bounds = bounds or inner_bounds
    kind = _kind(inner)
    if kind is None or (many and kind not in _PLURALS):
        raise TypeError(f"{owner.__name__}.{field.name} must have a type that a form can show; got {hint}.")
    return Field(
        name=field.name,
        kind=_PLURALS[kind] if many else kind,
        default=None if _required(field) else _default(field),
        required=_required(field),
        optional=optional,
        choices=get_args(inner) if get_origin(inner) is Literal else (),
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
        step=bounds.step if bounds else None,
        help=texts.get(field.name, ""),
        label=owner.labels.get(field.name, field.name.replace("_", " ").capitalize()),
    )


def _unwrap(hint: Any) -> tuple[Any, bool, Bounds | None]:
    """Strip ``Annotated`` and ``| None`` in whichever order they come."""
    optional, bounds = False, None
    while True:
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            bounds = next((extra for extra in extras if isinstance(extra, Bounds)), bounds)
        elif get_origin(hint) in (Union, types.UnionType):
            rest = [member for member in get_args(hint) if member is not type(None)]
            if len(rest) != 1:
                return hint, optional, bounds
            hint, optional = rest[0], True
        else:
            return hint, optional, bounds


def _kind(hint: Any) -> Kind | None:
    if get_origin(hint) is Literal:
        return "choice"
    if not isinstance(hint, type):
        return None
    # `bool` is an `int` and `Column` a `str`: the narrower type is asked first.
    kinds: tuple[tuple[type, Kind], ...] = (
        (Column, "column"),
        (bool, "flag"),
        (int, "integer"),
        (float, "number"),
        (str, "text"),
    )
    return next((kind for known, kind in kinds if issubclass(hint, known)), None)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def parameter_help(owner: type) -> dict[str, str]:
    """Return each parameter's text of a numpydoc docstring, base classes' included, on one line each."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        found.update(_parameters(base.__dict__.get("__doc__") or ""))
    return found


def _parameters(docstring: str) -> dict[str, str]:
    import inspect

    lines = inspect.cleandoc(docstring).splitlines()
    texts: dict[str, list[str]] = {}
    names: list[str] = []
    inside = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following and set(following.strip()) == {"-"}:
            inside = line.strip() == "Parameters"
            names = []
        elif inside and line and not line[0].isspace() and set(line.strip()) != {"-"}:
            names = [name.strip() for name in line.partition(" :")[0].split(",")]
            texts.update({name: [] for name in names})
        elif names and line.strip():
            for name in names:
                texts[name].append(line.strip())
    return {name: " ".join(words) for name, words in texts.items()}


def build_audit(name: str | type[Audit], settings: Mapping[str, Any] | None = None) -> Audit:
    """Return an audit with its parameters set, text read by each field's type.

    Parameters
    ----------
    name
        The audit's (module) name, or its class.
    settings
        Value by field name; text is parsed (``"true"``, ``"5"``, ``"a,b"``, ``"none"`` for an optional field),
        other values are checked.

    Raises
    ------
    InputError
        If the audit or a field is unknown, a required field is left out, or a value has the wrong type or lies
        outside its limits.
    """
    owner = _class_of(name) if isinstance(name, str) else name
    known = {field.name: field for field in fields_of(owner)}
    given = dict(settings or {})
    for key in given:
        if key not in known:
            names = ", ".join(known) or "none"
            raise InputError(
                f"`{key}` must be a field of {_name(owner)}; its fields are: {names}.{near(key, known, n=3)}"
            )
    for field in known.values():
        if field.required and field.name not in given:
            raise InputError(
                f"`{field.name}` must be given for {_name(owner)}: {WORDS[field.kind]}. {field.help}".strip()
            )
    return owner(**{key: parse(known[key], value) for key, value in given.items()})


def _class_of(name: str) -> type[Audit]:
    try:
        return audit_class(name)
    except InputError as error:
        raise InputError(f"{error}{near(name, audits(), n=3)}") from None


def _name(owner: type[Audit]) -> str:
    return owner.__module__.rpartition(".")[2]


def parse(field: Field, value: Any) -> Any:
    """Return a field's value from text or from a value of the right type.

    Raises
    ------
    InputError
        If it does not fit the field; the message says what is required and what came.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in {"", "none"} and field.optional):
        if field.optional:
            return None
        raise _misfit(field, value)
    if field.kind in _SINGULARS:
        return tuple(_single(field, _SINGULARS[field.kind], item) for item in _items(field, value))
    return _single(field, field.kind, value)


def _items(field: Field, value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("["):
            return [item.strip() for item in text.split(",") if item.strip()]
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise _misfit(field, value) from error
    if isinstance(value, list | tuple):
        return value
    raise _misfit(field, value)


def _single(field: Field, kind: str, value: Any) -> Any:
    if kind in {"integer", "number"}:
        return _number(field, kind, value)
    if kind == "flag":
        found = value if isinstance(value, bool) else _FLAGS.get(str(value).strip().lower())
        if found is None:
            raise _misfit(field, value)
        return found
    if kind == "choice":
        # Choices may be numbers; a form or a link hands them over as text.
        for choice in field.choices:
            if (value == choice and type(value) is type(choice)) or (isinstance(value, str) and value == str(choice)):
                return choice
        raise _misfit(field, value)
    if not isinstance(value, str):
        raise _misfit(field, value)
    return Column(value) if kind == "column" else value


def _number(field: Field, kind: str, value: Any) -> int | float:
    if isinstance(value, bool):
        raise _misfit(field, value)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise _misfit(field, value) from error
    if not math.isfinite(number) or (kind == "integer" and not number.is_integer()):
        raise _misfit(field, value)
    if field.low is not None and field.high is not None and not field.low <= number <= field.high:
        raise InputError(f"`{field.name}` must be between {field.low:g} and {field.high:g}; got {number:g}.")
    if kind == "integer":
        return int(value) if isinstance(value, int | str) and str(value).strip().lstrip("+-").isdigit() else int(number)
    return number


def _misfit(field: Field, value: Any) -> InputError:
    wanted = WORDS[field.kind]
    if field.choices:
        wanted = f"{'one' if field.kind == 'choice' else 'some'} of {', '.join(map(str, field.choices))}"
    shown = f"'{value}'" if isinstance(value, str) else repr(value)
    return InputError(f"`{field.name}` must be {wanted}; got {shown}.")
