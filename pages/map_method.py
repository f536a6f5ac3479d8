"""Which map is shown, and how it comes about: at once where the vectors are there, otherwise after a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import streamlit as st

from audit.job_request import map_request
from audit.maps import FITTED, MapCoordinates
from audit.similarity import stored_embeddings
from audit.wording import plural
from pages.job_panel import job_of, show_job, submit
from pages.markup import empty_html
from pages.navigation import DATA, link
from pages.session import attempt, model_of, workspace

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.jobs import Job, JobRequest
    from audit.maps import Method
    from pages.state import PageState

METHODS: dict[Method, str] = {"pca": "PCA", "umap": "UMAP"}

MapJobs: TypeAlias = "dict[str, tuple[JobRequest, Job | None]]"


def map_jobs(name: str, model_name: str, dataset: Dataset) -> MapJobs:
    """Return by method the request for a map and the newest job for it, ``None`` where it was never asked for."""
    requests = {method: map_request(method, name, model_name, fingerprint=dataset.fingerprint) for method in METHODS}
    return {method: (request, job_of(request)) for method, request in requests.items()}


def pick_method(state: PageState, jobs: MapJobs) -> str:
    """Show the choice of the method and return what is chosen."""
    key = "map method"
    wanted = state["method"] if state["method"] in METHODS else "pca"
    if key not in st.session_state or st.session_state.get("map method linked") != state["method"]:
        st.session_state[key] = wanted

    def words(method: Method) -> str:
        job = jobs[method][1]
        return f"{METHODS[method]} (computing)" if job is not None and job.active else METHODS[method]

    with st.container(width="content"):
        method = st.segmented_control(
            "Map",
            list(METHODS),
            key=key,
            required=True,
            format_func=words,
            help="PCA shows the two directions of largest variance. UMAP keeps neighbours together; "
            "distances between far groups mean little.",
        )
    if method != wanted:
        state.update({"method": method if method != "pca" else None, "lasso": None, "page": None})
    st.session_state["map method linked"] = state["method"]
    return str(method)


def show_no_map(dataset: Dataset, model_name: str, jobs: MapJobs, method: str) -> None:
    """Draw the map if the vectors are there already, otherwise say what it takes or what is missing."""
    request, job = jobs[method]
    if job is not None and job.active:
        show_job(job)
        st.skeleton(height=520)
        return
    if job is not None:
        show_job(job)
    model, problem = attempt(lambda: model_of(model_name))
    reasons = [problem] if problem else MapCoordinates().missing(dataset, model)
    if reasons:
        st.html(
            empty_html(
                "No map of this dataset with this model", "A map needs one vector a sample. What is missing:", reasons
            )
        )
        link(DATA, "Add a model that encodes images", icon=":material/add:")
        return
    if job is None and model is not None and stored_embeddings(dataset, model, workspace().store) is not None:
        # Nothing has to look at an image again.
        submit(request)
        if method == "pca" and len(dataset) <= FITTED and jobs["umap"][1] is None:
            submit(jobs["umap"][0])
        st.rerun()
    st.html(
        empty_html(
            "The map has not been drawn yet",
            f"{model_name} looks at {plural(len(dataset), 'sample')} once; "
            "after that, maps, colours and selections take no time.",
        )
    )
    if st.button("Draw the map", type="primary", icon=":material/bubble_chart:", key="draw map"):
        submit(request)
        if method == "pca":
            # PCA is there at once, UMAP when it is ready.
            submit(jobs["umap"][0])
        st.rerun()
