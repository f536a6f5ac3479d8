"""Running jobs: a bar, the time left and a way to stop; while nothing runs, a look now and then for what has come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.jobs import Job, JobRequest
from audit.registry import audits
from pages.markup import elapsed
from pages.session import workspace
from pages.state import address_is_current, note_address

if TYPE_CHECKING:
    from audit.job_request import JobKind, JobProgress

_PERIOD = 1.0
_IDLE_PERIOD = 4.0
"""Seconds between looks while nothing runs: a job may come from another browser, the command line or the start."""

_MOST_WAITED = 5
_SEEN = "jobs seen running"
_WAITED = "refreshes waited for the address"
_DISMISSED = "failed jobs dismissed"


def active_jobs() -> list[Job]:
    """Return the jobs that wait or run, the oldest first."""
    return [job for job in reversed(workspace().jobs.list()) if job.active]


def submit(request: JobRequest) -> str:
    """Ask for a job and return its id; the sidebar and the page follow it from now on."""
    with st.spinner("Asking the worker …"):
        return workspace().jobs.submit(request)


def job_of(request: JobRequest) -> Job | None:
    """Return the newest job that was asked for exactly this, ``None`` when there is none."""
    return next((job for job in workspace().jobs.list() if job.request == request), None)


def show_sidebar_jobs() -> None:
    """Show what waits and runs in the sidebar; the page runs again when a job comes or ends."""
    active = active_jobs()
    st.session_state[_SEEN] = {job.id for job in active}
    st.session_state[_WAITED] = 0
    note_address()
    st.fragment(_refresh_sidebar, run_every=_PERIOD if active else _IDLE_PERIOD)()


def _refresh_sidebar() -> None:
    active = active_jobs()
    if {job.id for job in active} != st.session_state[_SEEN]:
        # Something ended or came: the page has a new answer to show, a moment later if the address is just changing.
        st.session_state[_WAITED] += 1
        if address_is_current() or st.session_state[_WAITED] > _MOST_WAITED:
            st.rerun(scope="app")
    if not active:
        return
    st.caption("Running now" if any(job.state == "running" for job in active) else "Waiting for the worker")
    for job in active:
        show_bar(job, key=f"sidebar {job.id}")


def show_job(job: Job) -> None:
    """Show one job on a page: refreshing while it runs, its message when it failed."""
    if job.active:
        st.fragment(_refresh_job, run_every=_PERIOD)(job.id)
    elif job.state == "failed":
        show_problem(job.message or "The job failed without a message; see `worker.log` in the home folder.")
    elif job.state == "cancelled":
        st.info(
            "Stopped. What was finished is kept, so that the next run goes on from there.",
            icon=":material/pause_circle:",
        )


def _refresh_job(job_id: str) -> None:
    job = workspace().jobs.status(job_id)
    if job.active:
        with st.container(border=True):
            show_bar(job, key=f"page {job.id}")
    else:
        st.rerun(scope="app")


def show_bar(job: Job, *, key: str) -> None:
    """Show a job's name, bar, and the button that stops it."""
    share, text = progress_words(job.progress, waiting=job.state == "queued")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, text=f"{job_words(job.request)}: {text}")
        if st.button("Stop", key=f"{key} stop", icon=":material/stop_circle:", type="tertiary"):
            workspace().jobs.cancel(job.id)


def job_words(request: JobRequest) -> str:
    """Return what a job does, in a few words, as text that Markdown cannot read anything into."""
    if request.kind == "audit":
        known = audits()
        title = known[request.audit].title if request.audit in known else request.audit
        return escape_markdown(title)
    if request.kind == "embed":
        return "Embedding the images"
    return f"{str(request.settings.get('method', 'pca')).upper()} map"


def progress_words(progress: JobProgress | None, *, waiting: bool) -> tuple[float, str]:
    """Return how far a job is, in [0, 1], and in words."""
    if waiting:
        return 0.0, "waiting"
    if progress is None:
        return 0.0, "starting"
    share = min(max(progress.done / progress.total, 0.0), 1.0) if progress.total else 0.0
    parts = [progress.stage]
    if progress.total:
        parts.append(f"{progress.done:,} of {progress.total:,}")
    if progress.rate:
        parts.append(f"{progress.rate:,.0f}/s")
    if progress.seconds_left is not None and share < 1:
        left = elapsed(progress.seconds_left)
        parts += [f"{left} left"] if left else []
    return share, escape_markdown(", ".join(part for part in parts if part))


def escape_markdown(text: str) -> str:
    """Return text that shows as it is where Streamlit would read Markdown."""
    special = "\\`*_{}[]()#+-.!|<>~:$"
    return "".join(f"\\{character}" if character in special else character for character in text)


def show_problem(problem: str, *, icon: str = ":material/error:") -> None:
    """Show what the user must mend; names that the message sets in backticks are set as code, the rest as it is."""
    parts = re.split(r"`([^`]+)`", problem)
    words = [f"`{part}`" if place % 2 else escape_markdown(part) for place, part in enumerate(parts)]
    st.error("".join(words), icon=icon)


def settings_request(
    kind: JobKind, dataset: str, model: str, *, fingerprint: str, settings: Mapping[str, Any], audit: str = ""
) -> JobRequest:
    """Return a request whose settings are the plain data that the job table gives back."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    return JobRequest(kind=kind, dataset=dataset, model=model, audit=audit, settings=plain, fingerprint=fingerprint)
