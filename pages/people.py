"""Who is acting, and what people have added to the data: shared by every page that keeps something."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from audit.curation.board import Curated, Curation
from audit.database import Database
from pages.session import chosen_dataset, workspace

if TYPE_CHECKING:
    from audit.dataset import Dataset

_AUTHOR = "author"


def author_field(key: str, *, width: int | str = 260) -> str:
    """Ask for the name of whoever acts, once a visit, and return it; empty before it is given.

    Parameters
    ----------
    key
        Unique name of this field; all of them hold the same name.
    width
        Of the field.
    """
    name = f"{key} author"
    if st.session_state.get(name) != st.session_state.get(_AUTHOR, ""):
        st.session_state[name] = st.session_state.get(_AUTHOR, "")

    def keep() -> None:
        # A dialog that opens again may report an empty field before it has drawn the name: a name is only replaced.
        given = " ".join(str(st.session_state[name] or "").split())
        if given:
            st.session_state[_AUTHOR] = given

    st.text_input(
        "Your name",
        key=name,
        on_change=keep,
        max_chars=80,
        placeholder="who is doing this",
        help="Kept with everything you tag, note, decide or sign, so that others know whom to ask.",
        width=width,  # type: ignore[arg-type]
    )
    return str(st.session_state.get(_AUTHOR, ""))


def database() -> Database:
    """Return the database of the workspace's home folder."""
    return _database(str(workspace().home))


@st.cache_resource(max_entries=4, show_spinner=False)
def _database(home: str) -> Database:
    return Database(Path(home))


def curation_of(dataset: Dataset, name: str) -> Curation:
    """Return the curation of a dataset of the workspace."""
    return Curation(database(), dataset, name)


def curated_of(dataset: Dataset, name: str) -> Curated:
    """Return what people have added to a dataset, read again only when somebody has done something."""
    curation = curation_of(dataset, name)
    return _curated(str(workspace().home), name, dataset.fingerprint, curation.newest(), curation)


@st.cache_resource(max_entries=6, show_spinner=False)
def _curated(home: str, name: str, fingerprint: str, newest: int, _curation: Curation) -> Curated:  # noqa: ARG001
    return _curation.current()


def marks_of(dataset: Dataset) -> dict[str, list[str]]:
    """Return the tags of every tagged sample of the chosen dataset."""
    name = chosen_dataset()
    if name is None:
        return {}
    curated = curated_of(dataset, name)
    return {str(sample): list(tags) for sample, tags in curated.tags.groupby("sample_id")["tag"]}
