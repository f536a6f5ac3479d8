"""What a link holds: the dataset, the model and each page's own state live in the address and survive a page switch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

SHARED = ("dataset", "model")
"""Parameters of the address that every page has."""

SETTING = "set."
"""Prefix of an audit's parameters in the address."""

_MEMORY = "page state"
_WRITTEN = "written to the address"
_ADDRESS = "address of the page"


class PageState:
    """The part of a page's state that its link holds, as text by name.

    The address holds it all, so that a link and the browser's back button mean what they say; the session remembers
    it for the navigation's links.

    Parameters
    ----------
    page
        The page's name, unique among pages.
    """

    def __init__(self, page: str) -> None:
        memory: dict[str, dict[str, str]] = st.session_state.setdefault(_MEMORY, {})
        held = {name: value for name, value in st.query_params.to_dict().items() if name not in SHARED}
        if held:
            memory[page] = held
        elif not any(name in st.query_params for name in SHARED):
            # A page shown on its own keeps its state; a bare address means the page as it is at first.
            memory.setdefault(page, {})
        else:
            memory[page] = {}
        self._values = memory[page]

    def __getitem__(self, name: str) -> str:
        """Return a parameter, empty when the link does not hold it."""
        return self._values.get(name, "")

    def number(self, name: str, default: int) -> int:
        """Return a whole number, the default where the link holds none."""
        text = self[name]
        return int(text) if text.isdecimal() else default

    def settings(self) -> dict[str, str]:
        """Return the audit parameters that the link holds, as text by field."""
        return {name.removeprefix(SETTING): value for name, value in self._values.items() if name.startswith(SETTING)}

    def update(self, changes: Mapping[str, str | None]) -> None:
        """Set parameters and write the address; ``None`` or empty text removes one."""
        before = dict(self._values)
        for name, value in changes.items():
            if value:
                self._values[name] = value
            else:
                self._values.pop(name, None)
        if self._values != before:
            self._write()

    def update_settings(self, settings: Mapping[str, str]) -> None:
        """Replace the audit parameters that the link holds."""
        gone = dict.fromkeys(self.settings())
        self.update({SETTING + name: value for name, value in {**gone, **settings}.items()})

    def _write(self) -> None:
        shared = {name: st.query_params[name] for name in SHARED if name in st.query_params}
        st.query_params.from_dict({**shared, **self._values})
        note_address()


def note_address() -> None:
    """Remember the address as the server knows it."""
    st.session_state[_ADDRESS] = st.query_params.to_dict()


def address_is_current() -> bool:
    """Return whether this run was asked for with the address that the server knows.

    What refreshes itself may have been asked for just before the address changed: drawing the whole page from there
    would bring the older selection back.
    """
    return bool(st.session_state.get(_ADDRESS, st.query_params.to_dict()) == st.query_params.to_dict())


def remembered(page: str) -> dict[str, str]:
    """Return what the session remembers of a page: its state when it was last seen."""
    memory: dict[str, dict[str, str]] = st.session_state.get(_MEMORY, {})
    return dict(memory.get(page, {}))


def shared_choice(name: str, options: Sequence[str]) -> str | None:
    """Return the chosen dataset or model: the address's when it is new there, otherwise the session's.

    An address without it means the first option, so that the browser's back button leads back to a bare address.

    Parameters
    ----------
    name
        ``dataset`` or ``model``.
    options
        What can be chosen; ``None`` comes back when it is empty.
    """
    key, written = choice_key(name), f"{_WRITTEN} {name}"
    asked, known = st.query_params.get(name), st.session_state.get(written)
    untouched = known is not None and st.session_state.get(key) == known
    if asked in options and asked != known:
        st.session_state[key] = asked
    elif asked is None and untouched:
        st.session_state[key] = None
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0] if options else None
    say_again(key)
    chosen = st.session_state[key]
    return None if chosen is None else str(chosen)


def say_again(key: str) -> None:
    """Send the browser what a picker that is drawn next holds, in every run of the page.

    What an interrupted run said may never reach the browser, which would then draw the first option and send that
    back as if somebody had chosen it.
    """
    st.session_state[key] = st.session_state[key]


def write_shared_choices(defaults: Mapping[str, str | None]) -> None:
    """Put what is chosen into the address, unless that is bare and the first options are meant.

    One change of the address is one step of the browser's back button: everything is written at once.

    Parameters
    ----------
    defaults
        First option of ``dataset`` and of ``model``; ``None`` where there is nothing to choose.
    """
    values = {name: st.session_state.get(choice_key(name)) for name in defaults}
    for name, value in values.items():
        st.session_state[f"{_WRITTEN} {name}"] = value
    held = st.query_params.to_dict()
    if not held and values == dict(defaults):
        return
    wanted = {name: str(value) for name, value in values.items() if value is not None}
    wanted |= {name: value for name, value in held.items() if name not in values}
    if wanted != held:
        st.query_params.from_dict(wanted)


def choice_key(name: str) -> str:
    """Return the session key of the dataset's or model's picker."""
    return f"chosen {name}"


def link_parameters(dataset: str | None, model: str | None, state: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the parameters of a link to a page.

    Parameters
    ----------
    dataset, model
        Names in the workspace.
    state
        The page's own parameters; mappings are written as JSON, empty values left out.
    """
    held = {"dataset": dataset, "model": model, **(state or {})}
    return {name: _text(value) for name, value in held.items() if value not in (None, "", {}, [])}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def text_settings(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that differ from the defaults, as the text a link holds and a field reads back.

    Parameters
    ----------
    settings, defaults
        Value by field name.
    """
    return {
        name: setting_text(value)
        for name, value in settings.items()
        if _comparable(value) != _comparable(defaults.get(name))
    }


def setting_text(value: Any) -> str:
    """Return one field's value as text: ``none``, ``true``, JSON lists, numbers and words as they are."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return json.dumps(list(value), ensure_ascii=False)
    return str(value)


def _comparable(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else value
