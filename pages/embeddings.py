"""The stored embeddings of the chosen dataset and model, or what to do when there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.similarity import StoredEmbeddings, stored_embeddings
from audit.wording import plural
from pages.job_panel import escape_markdown, job_of, settings_request, show_job, submit
from pages.session import attempt, chosen_dataset, chosen_model, model_of, workspace

if TYPE_CHECKING:
    from audit.dataset import Dataset


def show_embeddings(dataset: Dataset, purpose: str, *, key: str) -> StoredEmbeddings | None:
    """Return the embeddings; without them say what is missing, and offer the job that computes them.

    Parameters
    ----------
    dataset
        The samples.
    purpose
        What they are needed for, as the beginning of a sentence: ``Searching``.
    key
        Unique name.
    """
    model, problem = attempt(lambda: model_of(str(chosen_model())))
    stored, lacking = (
        (None, problem) if problem else attempt(lambda: stored_embeddings(dataset, model, workspace().store))
    )
    if lacking:
        st.info(escape_markdown(lacking), icon=":material/info:")
        return None
    if stored is None:
        _offer_job(dataset, purpose, key)
    return stored


def _offer_job(dataset: Dataset, purpose: str, key: str) -> None:
    request = settings_request(
        "embed", str(chosen_dataset()), str(chosen_model()), fingerprint=dataset.fingerprint, settings={}
    )
    job = job_of(request)
    if job is not None and job.state != "done":
        show_job(job)
        if job.active:
            return
    st.caption(
        escape_markdown(
            f"{purpose} needs one vector an image. {chosen_model()} has not looked at the "
            f"{plural(len(dataset), 'sample')} yet; it does so once."
        )
    )
    if st.button("Compute the embeddings", type="primary", icon=":material/play_arrow:", key=f"{key} embed"):
        submit(request)
        st.rerun()
