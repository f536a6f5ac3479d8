"""Forms built from fields: an audit's parameters and a dataset's column roles, without knowing any of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.dataset import Roles
from audit.errors import InputError
from audit.fields import Field, parse
from audit.roles import without_answers
from pages.job_panel import escape_markdown
from pages.session import workspace
from pages.state import setting_text

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.sources import DatasetSource, ModelSource

_NONE = "–"
_SLIDER_STEPS = 400
_FEW_LETTERS = 26
"""Choices whose names are no longer than this together stand side by side."""

ROLE_HELP: Mapping[str, str] = {
    "label": "The true class.",
    "prediction": "The class a model predicted, for audits that need no images.",
    "attributes": "Columns whose values are subgroups.",
    "group_id": "The unit that must not leak and is resampled: patient, slide, photographer.",
    "center": "Site, scanner, hospital: what the robustness index asks about.",
    "background": "What stands behind the subject.",
    "split": "Which part of the data a sample belongs to.",
    "caption": "A sentence about the image.",
    "mask": "Path of a foreground mask.",
}
"""What each column role means, in one line."""


def check_paths(source: DatasetSource | ModelSource, named: Mapping[str, str]) -> None:
    """Refuse a path outside the declared folders under the name of the field that it was typed into.

    Parameters
    ----------
    source
        What is to be added.
    named
        Name of the field by what was typed into it.

    Raises
    ------
    InputError
        If a path lies outside the declared folders, or nothing is there.
    """
    for path in source.paths():
        try:
            workspace().check_path(path)
        except InputError as error:
            raise InputError(str(error).replace("`path`", f"`{named.get(path, 'path')}`", 1)) from None


def seed(key: str, value: Any) -> None:
    """Set a widget's value when it is new or its link has changed; what the user typed since is left alone."""
    wanted = setting_text(value)
    if key not in st.session_state or st.session_state.get(f"{key} seed") != wanted:
        st.session_state[key] = value
        st.session_state[f"{key} seed"] = wanted


def show_fields(
    fields: Sequence[Field], values: Mapping[str, Any], columns: Sequence[str], *, key: str
) -> dict[str, Any]:
    """Show one widget a field and return their values.

    Parameters
    ----------
    fields
        The audit's parameters.
    values
        What the link says, by field; the field's default where it says nothing.
    columns
        Columns of the metadata, for column pickers.
    key
        Prefix of the widgets' keys.
    """
    return {
        field.name: field_widget(field, values.get(field.name, field.default), columns, f"{key} {field.name}")
        for field in fields
    }


def field_widget(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:
    """Show the widget that a field's kind wants and return its value in the field's own type."""
    shown = _WIDGETS[field.kind]
    return shown(field, value, columns, key)


def _common(field: Field, key: str) -> dict[str, Any]:
    return {"label": field.label, "key": key, "help": escape_markdown(field.help) or None}


def _column(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:
    options = [*([None] if field.optional or field.required else []), *columns]
    if value and value not in options:
        options.append(str(value))
    seed(key, str(value) if value else None if None in options else (options[0] if options else None))
    chosen = st.selectbox(
        options=options,
        format_func=lambda column: _NONE if column is None else column,
        placeholder="not set",
        **_common(field, key),
    )
    return chosen if chosen is None else parse(field, chosen)


def _columns(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:
    held = [str(column) for column in value or ()]
    options = list(dict.fromkeys([*columns, *held]))
    seed(key, held)
    chosen = st.multiselect(options=options, placeholder="as set for the dataset", **_common(field, key))
    return parse(field, tuple(chosen))


def _choice(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:  # noqa: ARG001 - one shape for all
    options = [*([None] if field.optional else []), *field.choices]

    def words(choice: Any) -> str:
        return _NONE if choice is None else escape_markdown(str(choice).replace("_", " "))

    seed(key, value if value in options else options[0])
    if sum(len(words(option)) for option in options) <= _FEW_LETTERS:
        return st.segmented_control(
            options=options, format_func=words, required=True, default=None, **_common(field, key)
        )
    return st.selectbox(options=options, format_func=words, **_common(field, key))


def _choices(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:  # noqa: ARG001
    seed(key, list(value or ()))
    return tuple(st.multiselect(options=list(field.choices), **_common(field, key)))


def _number(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:  # noqa: ARG001
    kind: Callable[[Any], int | float] = int if field.kind == "integer" else float
    low, high = (None if bound is None else kind(bound) for bound in (field.low, field.high))
    step = kind(field.step or (1 if field.kind == "integer" else 0.01))
    if field.optional or low is None or high is None or (high - low) / step > _SLIDER_STEPS:
        seed(key, None if value is None else kind(value))
        return st.number_input(min_value=low, max_value=high, step=step, value=None, **_common(field, key))
    seed(key, kind(low if value is None else value))
    return st.slider(min_value=low, max_value=high, step=step, **_common(field, key))


def _flag(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:  # noqa: ARG001
    seed(key, bool(value))
    return st.toggle(**_common(field, key))


def _text(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:  # noqa: ARG001
    seed(key, "" if value is None else setting_text(value))
    typed = st.text_input(**_common(field, key))
    return parse(field, typed)


def _list(field: Field, value: Any, columns: Sequence[str], key: str) -> Any:  # noqa: ARG001
    seed(key, ", ".join(map(str, value or ())))
    typed = st.text_input(placeholder="separated by commas", **_common(field, key))
    return parse(field, typed)


_WIDGETS: Mapping[str, Callable[[Field, Any, Sequence[str], str], Any]] = {
    "column": _column,
    "columns": _columns,
    "choice": _choice,
    "choices": _choices,
    "integer": _number,
    "number": _number,
    "integers": _list,
    "numbers": _list,
    "flag": _flag,
    "text": _text,
    "texts": _list,
}


def show_roles(dataset: Dataset, roles: Sequence[str], *, key: str) -> Roles:
    """Show a picker for each named role and return the roles with the choices made.

    Parameters
    ----------
    dataset
        The data; its present roles are what the pickers start from.
    roles
        Which roles to ask for.
    key
        Prefix of the widgets' keys.
    """
    chosen: dict[str, Any] = {}
    columns = [str(column) for column in dataset.metadata.columns]
    for role in roles:
        label, name = role.replace("_", " ").capitalize(), f"{key} role {role}"
        if role == "attributes":
            seed(name, list(dataset.roles.attributes))
            chosen[role] = tuple(st.multiselect(label, columns, key=name, help=ROLE_HELP.get(role)))
        else:
            seed(name, getattr(dataset.roles, role))
            chosen[role] = st.selectbox(
                label,
                [None, *columns],
                key=name,
                format_func=lambda column: _NONE if column is None else column,
                placeholder="no column",
                help=ROLE_HELP.get(role),
            )
    made = dataclasses.replace(dataset.roles, **chosen)
    # What was guessed as an attribute stops being one when it is chosen as the label.
    return dataclasses.replace(made, attributes=without_answers(made.attributes, made.label, made.prediction))
