"""The overview: what is loaded, what each audit says in one line, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.errors import InputError
from audit.fields import build_audit
from audit.registry import audits
from audit.run import explain_missing
from audit.wording import plural, sentence
from pages.audit_matrix import show_overview
from pages.audit_page import audit_request, link_settings
from pages.job_panel import escape_markdown, job_of, progress_words, show_problem, submit
from pages.markup import empty_html, facts_html, heading_html, verdict_html, waiting_html
from pages.navigation import DATA, EXPLORE, audit_path, link
from pages.result_view import show_number
from pages.session import (
    attempt,
    chosen_dataset,
    chosen_model,
    dataset_of,
    finished,
    latest,
    model_of,
    result_of,
    unusable_of,
    workspace,
)
from pages.state import choice_key, setting_text
from pages.tour import show_tour

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.dataset import Dataset

_MOST_SWITCHED = 8


def show() -> None:
    """Show the overview of the chosen dataset and model."""
    st.html(heading_html("", "What does the model do, and to whom?", ""))
    show_tour()
    show_switch()
    dataset_name, model_name = chosen_dataset(), chosen_model()
    if dataset_name is None:
        text = (
            "Point to a folder of images, a table of predictions, or a table of embeddings. "
            "Then choose a model, or use the predictions that came with the data."
        )
        st.html(empty_html("Nothing is loaded yet", text))
        link(DATA, "Add a dataset", icon=":material/add:")
        return
    dataset, problem = attempt(lambda: dataset_of(dataset_name))
    if problem:
        show_problem(problem)
        link(DATA, "Mend it on the data page", icon=":material/database:")
        return
    st.html(facts_html(loaded_facts(dataset, model_name)))
    unusable = len(unusable_of(dataset))
    if unusable:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{plural(unusable, 'image')} cannot be used.", width="content")
            link(DATA, "See which, and why", icon=":material/broken_image:")
    if model_name is None:
        st.html(
            empty_html(
                "No model yet", "Add a model, or use a column of predictions as one; the audits then answer here."
            )
        )
        link(DATA, "Add a model", icon=":material/add:")
        return
    # What may have to load the model comes last, in its place: answers that are there are shown at once.
    matrix = st.container()
    st.subheader(escape_markdown(f"What is known of {model_name}"), anchor=False)
    _show_audits(dataset_name, dataset, model_name)
    with matrix:
        show_overview(dataset_name, dataset, model_name)
    link(EXPLORE, "See all samples on a map", icon=":material/bubble_chart:")


def show_switch() -> None:
    """Show a compact switch of the dataset when there are several; it is the sidebar's picker once more."""
    names = list(workspace().datasets())
    if not 1 < len(names) <= _MOST_SWITCHED:
        return
    key = "dataset switch"
    st.session_state[key] = chosen_dataset()

    def switch() -> None:
        if st.session_state[key] is not None:
            st.session_state[choice_key("dataset")] = st.session_state[key]

    st.segmented_control(
        "Dataset", names, key=key, required=True, on_change=switch, label_visibility="collapsed", format_func=str
    )


def loaded_facts(dataset: Dataset, model_name: str | None) -> dict[str, str]:
    """Return what is loaded, as names and values."""
    facts = {"Dataset": dataset.name, "Samples": f"{len(dataset):,}"}
    if dataset.classes:
        facts["Classes"] = f"{len(dataset.classes):,}"
    for column in dataset.roles.attributes[:3]:
        facts[column.replace("_", " ").capitalize()] = plural(int(dataset.metadata[column].nunique()), "subgroup")
    if model_name:
        facts["Model"] = model_name
    return facts


def _show_audits(dataset_name: str, dataset: Dataset, model_name: str) -> None:
    known = audits()
    ready: list[Any] = []
    waiting: dict[str, Any] = {}
    categories = dict.fromkeys(owner.category for owner in known.values())
    place = st.container(horizontal=True, vertical_alignment="center")
    for category in categories:
        for name, owner in known.items():
            if owner.category == category:
                with st.container(border=True, key=f"card-{name}"):
                    if not _show_card(name, dataset_name, dataset, model_name):
                        waiting[name] = st.container()
    for name, card in waiting.items():
        with card:
            request = _show_unanswered(name, dataset_name, dataset, model_name)
        ready += [request] if request else []
    if ready:
        with place:
            label = "Run all audits" if len(ready) > 1 else "Run the audit"
            if st.button(label, type="primary", icon=":material/play_arrow:", key="run all"):
                for request in ready:
                    submit(request)
                st.rerun()
            if len(ready) < len(known):
                st.caption(f"{plural(len(ready), 'audit')} can run now.", width="content")


def _show_card(name: str, dataset_name: str, dataset: Dataset, model_name: str) -> bool:
    """Show one audit's heading and its answer in brief; return whether there is one."""
    owner = audits()[name]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(escape_markdown(owner.title), anchor=False, width="content")
        facts = _answer(name, dataset_name, dataset, model_name)
        link(audit_path(name), "Open", _card_link(name, facts), icon=":material/arrow_forward:")
    if facts is not None:
        audit = _audit_of(name, facts)
        result = result_of(str(facts["key"]))
        st.html(verdict_html(result.verdict, small=True))
        show_number(audit, result, key=str(facts["key"]))
    return facts is not None


def _card_link(name: str, facts: Any) -> dict[str, str]:
    return (
        {}
        if facts is None
        else {f"set.{field}": text for field, text in link_settings(name, facts["settings"]).items()}
    )


def _answer(name: str, dataset_name: str, dataset: Dataset, model_name: str) -> Any:
    """Return the provenance of the answer to the default question, or of the newest one asked."""
    default = _default(name)
    facts = finished(default, dataset_name, dataset, model_name) if default else None
    return facts or latest(name, dataset_name, dataset, model_name)


def _default(name: str) -> Audit | None:
    try:
        return build_audit(name)
    except InputError:
        return None


def _audit_of(name: str, facts: Any) -> Audit:
    settings = {field: setting_text(value) for field, value in facts["settings"].items()}
    return build_audit(name, settings)


def _show_unanswered(name: str, dataset_name: str, dataset: Dataset, model_name: str) -> Any:
    """Show what stands between an audit and its answer; return the request that would compute it, if it can be."""
    audit = _default(name)
    if audit is None:
        st.html(waiting_html("needs a setting", "Open it and choose what it shall ask."))
        return None
    request = audit_request(audit, dataset_name, dataset, model_name)
    job = job_of(request)
    if job is not None and job.active:
        words = progress_words(job.progress, waiting=job.state == "queued")[1]
        st.html(waiting_html("computing", words.replace("\\", "")))
        return None
    model, problem = attempt(lambda: model_of(model_name))
    reasons = [problem] if problem else explain_missing(audit, dataset, model)
    if reasons:
        st.html(waiting_html("something is missing", sentence(reasons)))
        return None
    if job is not None and job.state == "failed":
        st.html(waiting_html("stopped with an error", job.message))
    else:
        st.html(waiting_html("not computed yet", f"{type(audit).question} Everything it needs is there."))
    return request
