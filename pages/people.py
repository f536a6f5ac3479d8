"""Who is acting, and what people have added to the data: shared by every page that keeps something."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.curation.board import Curated, Curation
from audit.database import Database
from pages.session import chosen_dataset, workspace

if TYPE_CHECKING:
    from audit.dataset import Dataset

_AUTHOR = "author"
_LONGEST_NAME = 80

# In this browser alone and never sent with a request: others who use the same home folder have other names.
_REMEMBER = """
const place = "model-audit author";
export default function ({ data, setTriggerValue }) {
  try {
    if (data.author) {
      localStorage.setItem(place, data.author);
      return;
    }
    const known = localStorage.getItem(place)?.trim();
    if (known) setTriggerValue("recalled", known);
  } catch {
    // The browser keeps nothing: the name is asked for again.
  }
}
"""


def author_field(key: str, *, width: int | str = 260) -> str:
    """Ask for the name of whoever acts, once in a browser, and return it; empty before it is given.

    Parameters
    ----------
    key
        Unique name of this field; all of them hold the same name.
    width
        Of the field.
    """
    name = f"{key} author"
    # What is being written may end with a blank; it stays as it is.
    if _tidy(st.session_state.get(name)) != st.session_state.get(_AUTHOR, ""):
        st.session_state[name] = st.session_state.get(_AUTHOR, "")

    def keep() -> None:
        # A dialog that opens again may report an empty field before it has drawn the name: a name is only replaced.
        given = _tidy(st.session_state[name])
        if given:
            st.session_state[_AUTHOR] = given

    def recall() -> None:
        if not st.session_state.get(_AUTHOR):
            known = _tidy(st.session_state[f"{name} memory"]["recalled"])
            st.session_state[_AUTHOR] = known[:_LONGEST_NAME]

    with st.container(gap=None, width=width):  # type: ignore[arg-type]
        st.text_input(
            "Your name",
            key=name,
            on_change=keep,
            live="400ms",
            max_chars=_LONGEST_NAME,
            placeholder="who is doing this",
            help="Kept with everything you tag, note, decide or sign, so that others know whom to ask. "
            "This browser remembers it.",
        )
        memory = st.components.v2.component("model-audit.author", html="<span></span>", js=_REMEMBER)
        memory(
            key=f"{name} memory",
            data={"author": st.session_state.get(_AUTHOR, "")},
            on_recalled_change=recall,
        )
    return str(st.session_state.get(_AUTHOR, ""))


def _tidy(text: Any) -> str:
    return " ".join(str(text or "").split())


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


def labels_of(dataset: Dataset) -> dict[str, str]:
    """Return the corrected label of every sample of the chosen dataset that has one."""
    name = chosen_dataset()
    if name is None:
        return {}
    labels = curated_of(dataset, name).labels
    return dict(zip(labels["sample_id"].astype("str"), labels["label"].astype("str"), strict=True))
