"""The written report of a run or a review: to read here, to hand on, to print."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

import streamlit as st

from audit.commands.report import file_name, report_of, written
from audit.registry import audits
from audit.review.board import reviews
from pages.job_panel import show_problem
from pages.markup import empty_html, heading_html
from pages.navigation import HOME, link
from pages.people import database
from pages.session import attempt, chosen_dataset, chosen_model, workspace
from pages.state import PageState, say_again

_LONGEST_PREVIEW = 1_400_000
_PREVIEW = "report preview"
# A frame as high as the window leaves room for: its lower edge can be seen, so that it is read as a frame.
_FRAME = """<style>
.st-key-report-preview { gap: 0; padding: 0; overflow: hidden; }
.st-key-report-preview [data-testid="stCaptionContainer"] { margin: 0; padding: 0.55rem 1rem;
  border-bottom: 1px solid var(--audit-line); }
.st-key-report-preview [data-testid="stCaptionContainer"] p { margin: 0; }
.st-key-report-preview [data-testid="stElementContainer"]:has(iframe) { flex: none; height: auto !important; }
.st-key-report-preview iframe { display: block; height: clamp(22rem, 78vh, 75rem) !important; }
</style>"""
_REVIEW, _RUN = "review:", "run:"
_KINDS = {
    "html": ("Page (HTML)", "text/html"),
    "json": ("JSON", "application/json"),
    "md": ("Markdown", "text/markdown"),
}


def show() -> None:
    """Show the report of what is chosen."""
    st.html(
        heading_html(
            "",
            "Report",
            "One file to hand on: verdicts, charts, tables, images, limits, decisions and where everything comes from. "
            "It needs no network and prints well.",
        )
    )
    state = PageState("report")
    options, problem = attempt(lambda: report_options(chosen_dataset(), chosen_model()))
    if problem:
        show_problem(problem)
        return
    if not options:
        st.html(empty_html("Nothing to report yet", "Run an audit first, or put findings on the table of a review."))
        link(HOME, "See what the audits say", icon=":material/home:")
        return
    chosen = _pick(state, options)
    report, problem = attempt(lambda: _report(chosen))
    if problem:
        show_problem(problem)
        return
    page = written(report, "html")
    stem = file_name(report["title"])
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for kind, (words, mime) in _KINDS.items():
            st.download_button(
                words,
                data=page if kind == "html" else partial(written, report, kind),
                file_name=f"{stem}.{kind}",
                mime=mime,
                key=f"report {kind}",
                type="primary" if kind == "html" else "secondary",
                icon=":material/download:",
                on_click="ignore",
            )
        st.caption(f"{_size(len(page))}; print it from the browser for a PDF.", width="content")
    if len(page) > _LONGEST_PREVIEW:
        st.caption("It is too large to be shown here; download it to read it.")
        return
    # As an address of its own the page has no access to the dashboard, whatever is in it.
    data = base64.b64encode(page).decode("ascii")
    st.html(_FRAME)
    with st.container(border=True, key=_PREVIEW):
        st.caption("Preview: scroll in this frame to read on. “Page (HTML)” above saves it whole.")
        st.iframe(f"data:text/html;base64,{data}", height=900, alt=f"Preview of the report {report['title']}")


def _size(length: int) -> str:
    return f"{length / 1e6:.1f} MB" if length >= 100_000 else f"{length / 1e3:.0f} kB"


def report_options(dataset: str | None, model: str | None) -> dict[str, str]:
    """Return what can be reported: reviews, then the newest run of each audit of the chosen dataset and model.

    Parameters
    ----------
    dataset, model
        Names in the workspace.
    """
    options = {f"{_REVIEW}{key}": f"Review: {name}" for key, name in reviews(database()).items()}
    known = audits()
    seen: set[str] = set()
    for facts in workspace().runs(dataset=dataset, model=model) if dataset and model else []:
        audit = str(facts["audit"])
        if audit in known and audit not in seen:
            seen.add(audit)
            options[f"{_RUN}{facts['key']}"] = f"{known[audit].title}: {model} on {dataset}"
    return options


def _pick(state: PageState, options: dict[str, str]) -> str:
    linked = f"{_REVIEW}{state['review']}" if state["review"] else f"{_RUN}{state['run']}"
    key = "report of"
    if st.session_state.get(key) not in options or st.session_state.get(f"{key} linked") != linked:
        st.session_state[key] = linked if linked in options else next(iter(options))
    say_again(key)
    chosen = str(st.selectbox("Report of", list(options), key=key, format_func=lambda o: options[o], width=560))
    kind, _, name = chosen.partition(":")
    state.update({"review": name if kind == "review" else None, "run": name if kind == "run" else None})
    st.session_state[f"{key} linked"] = f"{_REVIEW}{state['review']}" if state["review"] else f"{_RUN}{state['run']}"
    return chosen


def _report(chosen: str) -> dict[str, Any]:
    kind, _, name = chosen.partition(":")
    if kind == "review":
        return report_of(name, workspace())
    return _run_report(str(workspace().home), name)


# A run is written once under its key: its report cannot grow old.
@st.cache_resource(max_entries=8, show_spinner="Writing the report …")
def _run_report(home: str, key: str) -> dict[str, Any]:  # noqa: ARG001 - part of the key
    return report_of(key, workspace())
