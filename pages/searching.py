"""Search by words or by a picture: every sample ranked by its cosine with the query, in the model's own space."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from audit.errors import InputError
from audit.images import ImageProblem, open_bytes
from audit.similarity import cosines, image_vector, text_vector
from pages.embeddings import show_embeddings
from pages.job_panel import escape_markdown, show_problem
from pages.session import attempt, chosen_model, model_of

if TYPE_CHECKING:
    import numpy as np

    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.similarity import StoredEmbeddings
    from pages.state import PageState

SIMILARITY = "similarity"
"""The column that a search makes."""

PARAMETER = "find"
"""Name of the searched words in the link; a picture stays with the visit."""

_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif"]
_LARGEST = 20
_PICTURE = "searched picture"
_UPLOADS = "searched pictures given"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """How like the query each sample is.

    Parameters
    ----------
    similarity
        Cosines in [-1, 1] by sample id; samples without a readable image are not in it.
    words
        What was searched, in a few words.
    """

    similarity: pd.Series[float]
    words: str

    def beside(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the samples with the similarity as their first column."""
        joined = table.drop(columns=[column for column in (SIMILARITY,) if column in table.columns])
        joined.insert(0, SIMILARITY, self.similarity.reindex(table.index))
        return joined

    def first(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the most similar first; those without an image come last."""
        order = self.similarity.reindex(rows.index).sort_values(ascending=False, kind="stable", na_position="last")
        return rows.loc[order.index]


def show_search(dataset: Dataset, state: PageState) -> Found | None:
    """Show the search by words and by picture and return what it found, ``None`` without a query.

    Parameters
    ----------
    dataset
        The samples.
    state
        The page's state; holds the words.
    """
    picture: dict[str, Any] | None = st.session_state.get(_PICTURE)
    searching = bool(state[PARAMETER] or picture)
    words = "Search (on)" if searching else "Search"
    box = st.popover(words, icon=":material/search:", width="content", key="search box", on_change="rerun")
    if not (searching or box.open):
        # The model takes a while to load, and nobody has asked it anything yet.
        return None
    with box:
        model, problem = attempt(lambda: model_of(str(chosen_model())))
        if problem:
            show_problem(problem)
            return None
        stored = show_embeddings(dataset, "Searching", key="search")
        if stored is None:
            return None
        _ask_words(model, state)
        _ask_picture(model, state)
        if searching:
            st.button(
                "End the search",
                icon=":material/search_off:",
                key="end search",
                on_click=lambda: _forget(state),
            )
    return _find(stored, model, state)


def _ask_words(model: Model, state: PageState) -> None:
    if "text_encoder" not in model.abilities:
        st.caption(
            escape_markdown(
                f"{model.name} has no text encoder, so it cannot be searched by words. "
                "A CLIP model (open_clip, or transformers' CLIP and SigLIP) can. "
                "A picture works with any image encoder."
            )
        )
        return
    name = "search words"
    if st.session_state.get("search words linked") != state[PARAMETER]:
        st.session_state[name] = state[PARAMETER]
    st.session_state["search words linked"] = state[PARAMETER]

    def search() -> None:
        st.session_state.pop(_PICTURE, None)
        words = str(st.session_state[name]).strip()
        st.session_state["search words linked"] = words
        state.update({PARAMETER: words or None, "colour": None, "page": None, "sample": None})

    st.text_input("By words", key=name, on_change=search, placeholder="a white dog on snow", max_chars=300)


def _ask_picture(model: Model, state: PageState) -> None:
    if "image_encoder" not in model.abilities:
        st.caption(escape_markdown(f"{model.name} cannot look at a picture from elsewhere."))
        return
    # A new number makes an empty field: the picture given before is forgotten with the search.
    number = st.session_state.get(_UPLOADS, 0)
    given = st.file_uploader(
        "By a picture: drop it here", type=_TYPES, key=f"search picture {number}", max_upload_size=_LARGEST
    )
    held: dict[str, Any] | None = st.session_state.get(_PICTURE)
    if given is None:
        return
    content = given.getvalue()
    digest = hashlib.blake2b(content, digest_size=12).hexdigest()
    if held is not None and held["digest"] == digest and held["model"] == model.fingerprint:
        return
    try:
        vector = image_vector(model, open_bytes(content))
    except (ImageProblem, InputError) as error:
        st.error(escape_markdown(f"{given.name}: {error}"), icon=":material/broken_image:")
        return
    st.session_state[_PICTURE] = {"digest": digest, "model": model.fingerprint, "name": given.name, "vector": vector}
    state.update({PARAMETER: None, "colour": None, "page": None, "sample": None})
    st.rerun()


def _forget(state: PageState) -> None:
    st.session_state.pop(_PICTURE, None)
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
    state.update({PARAMETER: None, "colour": None, "page": None})


def _find(stored: StoredEmbeddings, model: Model, state: PageState) -> Found | None:
    picture: dict[str, Any] | None = st.session_state.get(_PICTURE)
    if picture is not None and picture["model"] == model.fingerprint and not state[PARAMETER]:
        return _ranked(stored, model, picture["vector"], f"the picture {picture['name']}")
    words = state[PARAMETER]
    if not words:
        return None
    vector, problem = attempt(lambda: text_vector(model, words))
    if problem:
        st.warning(escape_markdown(problem), icon=":material/search_off:")
        return None
    return _ranked(stored, model, vector, f"“{words}”")


def _ranked(stored: StoredEmbeddings, model: Model, vector: np.ndarray, words: str) -> Found | None:
    values, problem = attempt(lambda: cosines(stored.vectors, vector))
    if problem:
        st.warning(escape_markdown(f"{model.name}: {problem}"), icon=":material/search_off:")
        return None
    return Found(similarity=pd.Series(values, index=stored.index, name=SIMILARITY), words=words)
