"""The page of every audit: form, job, answer. It knows no audit by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit import job_request
from audit.errors import InputError
from audit.fields import build_audit, fields_of, parse
from audit.registry import audit_class
from audit.run import explain_missing
from pages.forms import show_fields, show_roles
from pages.job_panel import escape_markdown, job_of, show_job, show_problem, submit
from pages.markup import empty_html, heading_html, waiting_html
from pages.navigation import DATA, link
from pages.result_view import show_result
from pages.session import (
    attempt,
    chosen_dataset,
    chosen_model,
    dataset_of,
    finished,
    latest,
    model_of,
    result_of,
    workspace,
)
from pages.state import PageState, setting_text, text_settings

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.dataset import Dataset
    from audit.fields import Field
    from audit.job_request import JobRequest


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """An audit with its parameters, asked of a dataset and a model.

    Parameters
    ----------
    audit
        With the parameters of the link.
    dataset_name, model_name
        Names in the workspace.
    dataset
        The data.
    """

    audit: Audit
    dataset_name: str
    model_name: str
    dataset: Dataset

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters by field."""
        return {field.name: getattr(self.audit, field.name) for field in fields_of(self.audit)}


def show_audit(name: str) -> None:
    """Show an audit's page for the chosen dataset and model."""
    owner = audit_class(name)
    dataset_name, model_name = chosen_dataset(), chosen_model()
    # A phone or a wall shows no sidebar: the page itself says what it is about.
    above = " · ".join(filter(None, [owner.category, dataset_name, model_name]))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.html(heading_html(above, owner.title, owner.question), width="content")
        corner = st.container(width="content")
    state = PageState(name)
    if dataset_name is None or model_name is None:
        lacking = "dataset" if dataset_name is None else "model"
        st.html(
            empty_html(
                f"No {lacking} yet", f"Add a {lacking} first; this audit then shows its form and its answer here."
            )
        )
        link(DATA, f"Add a {lacking}", icon=":material/add:")
        return
    dataset, problem = attempt(lambda: dataset_of(dataset_name))
    if problem:
        show_problem(problem)
        link(DATA, "Mend it on the data page", icon=":material/database:")
        return
    _adopt_latest(name, state, dataset_name, dataset, model_name)
    try:
        audit = build_audit(name, state.settings())
    except InputError as error:
        st.warning(escape_markdown(str(error)), icon=":material/tune:")
        _show_form(name, state, dataset_name, dataset, model_name)
        return
    question = Question(audit=audit, dataset_name=dataset_name, model_name=model_name, dataset=dataset)
    facts = finished(audit, dataset_name, dataset, model_name)
    if facts is None:
        _show_unanswered(question, state)
        return
    with corner, st.popover("Settings", icon=":material/tune:"):
        _show_form(name, state, dataset_name, dataset, model_name)
    show_result(audit, result_of(facts["key"]), facts, dataset, state)


def _adopt_latest(name: str, state: PageState, dataset_name: str, dataset: Dataset, model_name: str) -> None:
    """Without parameters in the link, show the newest answer there is, if the default's has not been asked for."""
    if state.settings():
        return
    owner = audit_class(name)
    if not any(field.required for field in fields_of(owner)):
        if finished(build_audit(name), dataset_name, dataset, model_name) is not None:
            return
        if job_of(audit_request(build_audit(name), dataset_name, dataset, model_name)) is not None:
            return
    facts = latest(name, dataset_name, dataset, model_name)
    if facts is not None:
        state.update_settings(link_settings(name, facts["settings"]))


def link_settings(name: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a kept result as the text that a link holds; defaults are left out."""
    fields = {field.name: field for field in fields_of(audit_class(name))}
    held = {field: value for field, value in settings.items() if field in fields}
    defaults = {field: fields[field].default for field in held if not fields[field].required}
    missing = object()
    return text_settings(held, {field: defaults.get(field, missing) for field in held})


def audit_request(audit: Audit, dataset_name: str, dataset: Dataset, model_name: str) -> JobRequest:
    """Return the job that would answer an audit's question."""
    return job_request.audit_request(audit, dataset_name, model_name, fingerprint=dataset.fingerprint)


def _show_unanswered(question: Question, state: PageState) -> None:
    """Show the form, and whatever stands between the question and its answer."""
    audit, name = question.audit, question.audit.name()
    request = audit_request(audit, question.dataset_name, question.dataset, question.model_name)
    job = job_of(request)
    if job is not None and job.active:
        st.html(
            waiting_html(
                "computing", "The answer appears here. You can leave or reload the page meanwhile.", small=False
            )
        )
        show_job(job)
        return
    if job is not None:
        show_job(job)
    model, problem = attempt(lambda: model_of(question.model_name))
    reasons = [problem] if problem else explain_missing(audit, question.dataset, model)
    if reasons:
        st.html(empty_html("This audit cannot run yet", "What is missing for this dataset and model:", reasons))
        link(DATA, "Set column roles or add a model", icon=":material/database:")
    else:
        st.html(waiting_html("not computed yet", "Everything this audit needs is there.", small=False))
        if st.button("Run the audit", type="primary", icon=":material/play_arrow:", key=f"{name} run"):
            submit(request)
            st.rerun()
    with st.expander("Settings of this audit", expanded=bool(reasons), icon=":material/tune:"):
        _show_form(name, state, question.dataset_name, question.dataset, question.model_name)


def _show_form(name: str, state: PageState, dataset_name: str, dataset: Dataset, model_name: str) -> None:
    """Show the parameters and column roles; sending them asks the question."""
    owner = audit_class(name)
    values = _link_values(name, state)
    fields = [field for field in fields_of(owner) if not _asked_as_role(owner, field, values)]
    key = f"{name} {dataset_name}"
    with st.form(f"{key} form", border=False):
        columns = [str(column) for column in dataset.metadata.columns]
        with st.grid(min_column_width=250, gap="medium"):
            roles = show_roles(dataset, owner.column_roles, key=key)
            try:
                settings, problem = show_fields(fields, values, columns, key=key), ""
            except InputError as error:
                settings, problem = {}, str(error)
        sent = st.form_submit_button("Run with these settings", type="primary", icon=":material/play_arrow:")
    if problem:
        show_problem(problem)
    if not sent or problem:
        return
    if roles != dataset.roles:
        save_roles(dataset_name, roles)
    audit, problem = attempt(
        lambda: build_audit(name, {k: v for k, v in settings.items() if v is not None or _optional(fields, k)})
    )
    if problem:
        show_problem(problem)
        return
    _ask(audit, state, dataset_name, model_name)


def _asked_as_role(owner: type[Audit], field: Field, values: Mapping[str, Any]) -> bool:
    """Return whether a field asks for the column that a role of the same name asks for, and says nothing else."""
    return field.kind == "column" and field.name in owner.column_roles and not values.get(field.name, field.default)


def _optional(fields: Any, name: str) -> bool:
    return any(field.optional for field in fields if field.name == name)


def _ask(audit: Audit, state: PageState, dataset_name: str, model_name: str) -> None:
    """Put the parameters into the link and ask for the answer, unless it is there or cannot be."""
    settings = {field.name: getattr(audit, field.name) for field in fields_of(audit)}
    written = link_settings(audit.name(), settings)
    if not written:
        # The defaults, asked for by name: a link without parameters would show the newest answer instead.
        written = {field.name: setting_text(getattr(audit, field.name)) for field in fields_of(audit)[:1]}
    state.update_settings(written)
    state.update({"where": None, "page": None, "sample": None, "kind": None})
    dataset, problem = attempt(lambda: dataset_of(dataset_name))
    if not problem and finished(audit, dataset_name, dataset, model_name) is None:
        model, problem = attempt(lambda: model_of(model_name))
        if not problem and not explain_missing(audit, dataset, model):
            submit(audit_request(audit, dataset_name, dataset, model_name))
    st.rerun()


def save_roles(dataset_name: str, roles: Any) -> None:
    """Keep column roles with the registered dataset; it is read anew with them."""
    source = workspace().datasets()[dataset_name]
    # All of them, those without a column too: what was taken away shall not be guessed again.
    workspace().add_dataset(dataclasses.replace(source, roles=dataclasses.asdict(roles)))


def _link_values(name: str, state: PageState) -> dict[str, Any]:
    """Return the parameters that the link holds in their own types; those that do not fit are left out."""
    fields = {field.name: field for field in fields_of(audit_class(name))}
    values = {}
    for field, text in state.settings().items():
        if field in fields:
            value, problem = attempt(partial(parse, fields[field], text))
            if not problem:
                values[field] = value
    return values
