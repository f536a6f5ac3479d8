"""The pages, built from the registry: a further audit is a further page, with nothing edited here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from audit.registry import audits
from pages.session import chosen_dataset, chosen_model
from pages.state import link_parameters

_ICONS: Mapping[str, str] = {
    "Groups": ":material/groups:",
    "Shortcuts": ":material/alt_route:",
    "Features": ":material/layers:",
    "Explanations": ":material/lightbulb:",
}
_ICON = ":material/query_stats:"

HOME, DATA, EXPLORE, COMPARE = "overview", "dataset-and-models", "map-of-samples", "side-by-side"
CURATE, REVIEW, REPORT = "curation", "review-meeting", "written-report"
JOBS, SETTINGS = "jobs-and-worker", "installation"
"""Addresses of the fixed pages; none may equal a file's name in this folder."""


def audit_path(name: str) -> str:
    """Return the address of an audit's page."""
    return f"audit-{name.replace('_', '-')}"


def build_pages() -> dict[str, list[Any]]:
    """Return the pages by section of the navigation, and remember them for links between pages."""
    from pages import compare, curate, data, explore, home, job_center, report, review, settings

    start = st.Page(home.show, title="Overview", icon=":material/home:", url_path=HOME, default=True)
    source = st.Page(data.show, title="Data and models", icon=":material/database:", url_path=DATA)
    sections: dict[str, list[Any]] = {"": [start, source]}
    pages = {HOME: start, DATA: source}
    for name, audit in audits().items():
        path = audit_path(name)
        icon = _ICONS.get(audit.category, _ICON)
        pages[path] = st.Page(_audit_page(name), title=audit.title, icon=icon, url_path=path, help=audit.question)
        sections.setdefault(audit.category, []).append(pages[path])
    pages[EXPLORE] = st.Page(explore.show, title="Explore", icon=":material/bubble_chart:", url_path=EXPLORE)
    pages[COMPARE] = st.Page(compare.show, title="Compare models", icon=":material/compare_arrows:", url_path=COMPARE)
    sections["All samples, all models"] = [pages[EXPLORE], pages[COMPARE]]
    pages[CURATE] = st.Page(curate.show, title="Curate", icon=":material/label:", url_path=CURATE)
    pages[REVIEW] = st.Page(review.show, title="Review", icon=":material/gavel:", url_path=REVIEW)
    pages[REPORT] = st.Page(report.show, title="Report", icon=":material/description:", url_path=REPORT)
    sections["Curate, decide, report"] = [pages[CURATE], pages[REVIEW], pages[REPORT]]
    pages[JOBS] = st.Page(job_center.show, title="Jobs", icon=":material/pending_actions:", url_path=JOBS)
    pages[SETTINGS] = st.Page(settings.show, title="Settings", icon=":material/settings:", url_path=SETTINGS)
    sections["This installation"] = [pages[JOBS], pages[SETTINGS]]
    st.session_state["pages"] = pages
    return sections


def _audit_page(name: str) -> Callable[[], None]:
    def show() -> None:
        from pages.audit_page import show_audit

        show_audit(name)

    return show


def page_at(path: str) -> Any:
    """Return a page by its address, ``None`` outside the whole app (a page shown on its own)."""
    return st.session_state.get("pages", {}).get(path)


def link(path: str, label: str, state: Mapping[str, Any] | None = None, *, icon: str | None = None) -> None:
    """Show a link to a page with the chosen dataset and model and the page's own state."""
    page = page_at(path)
    if page is not None:
        parameters = link_parameters(chosen_dataset(), chosen_model(), state)
        st.page_link(page, label=label, icon=icon, query_params=parameters)


def go(path: str, state: Mapping[str, Any] | None = None) -> None:
    """Open a page with the chosen dataset and model and the page's own state."""
    page = page_at(path)
    if page is not None:
        st.switch_page(page, query_params=link_parameters(chosen_dataset(), chosen_model(), state))
