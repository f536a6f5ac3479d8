"""The job centre: what waits, runs, is finished or failed; stop it, ask again, read the worker's log."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from audit.errors import InputError
from audit.wording import plural
from pages.job_panel import escape_markdown, job_words, show_bar, show_problem, submit
from pages.markup import elapsed, empty_html, facts_html, heading_html
from pages.navigation import DATA, EXPLORE, HOME, JOBS, audit_path, link, page_at
from pages.session import attempt, workspace
from pages.state import PageState, link_parameters

if TYPE_CHECKING:
    from audit.jobs import Job

_PERIOD = 1.0
_ROWS = 30
_LOG_BYTES = 60_000
_LINES = 12
_STATES = {
    "done": ("✓", "finished"),
    "failed": ("✕", "failed"),
    "cancelled": ("◌", "stopped"),
    "queued": ("○", "waiting"),
    "running": ("◔", "running"),
}
_VIEWS = {"all": "All", "done": "Finished", "failed": "Failed", "cancelled": "Stopped"}


def show() -> None:
    """Show the job centre."""
    st.html(heading_html("", "Jobs", "Everything slow runs here, apart from the pages: you can leave and come back."))
    state = PageState(JOBS)
    jobs = workspace().jobs.list()
    if not jobs:
        st.html(empty_html("No job yet", "Run an audit or draw a map; it then waits, runs and ends here."))
        if workspace().datasets():
            link(HOME, "Run audits from the overview", icon=":material/home:")
            link(EXPLORE, "Draw a map of all samples", icon=":material/bubble_chart:")
        else:
            link(DATA, "Add data and models", icon=":material/add:")
        _show_worker([])
        return
    st.session_state["job centre seen"] = {job.id for job in jobs if job.active}
    if st.session_state["job centre seen"]:
        st.fragment(_refresh, run_every=_PERIOD)()
    else:
        st.caption("Nothing waits and nothing runs.")
    _show_ended([job for job in jobs if not job.active], state)
    _show_worker(jobs)


def _refresh() -> None:
    active = [job for job in reversed(workspace().jobs.list()) if job.active]
    if {job.id for job in active} != st.session_state["job centre seen"]:
        st.rerun(scope="app")
    for title, wanted in (("Running", "running"), ("Waiting", "queued")):
        chosen = [job for job in active if job.state == wanted]
        if chosen:
            st.subheader(f"{title} ({len(chosen)})", anchor=False)
        for job in chosen:
            with st.container(border=True, key=f"job-{job.id}"):
                show_bar(job, key=f"centre {job.id}")
                st.caption(escape_markdown(about(job)))
    if active and not workspace().jobs.worker_alive():
        st.warning("No worker is running, so nothing goes on.", icon=":material/engineering:")
        if st.button("Start the worker", type="primary", key="start worker"):
            _, problem = attempt(workspace().jobs.start_worker)
            if problem:
                show_problem(problem)


def about(job: Job) -> str:
    """Return what a job is about and how long it has taken, in a line."""
    parts = [job.request.dataset, job.request.model]
    if job.started is not None:
        end = job.finished or datetime.now(UTC).timestamp()
        parts.append(f"{'took' if job.finished else 'for'} {elapsed(max(end - job.started, 0))}")
    return " · ".join(parts)


def _show_ended(jobs: list[Job], state: PageState) -> None:
    if not jobs:
        return
    st.subheader("Ended", anchor=False)
    counts = {name: sum(name in ("all", job.state) for job in jobs) for name in _VIEWS}
    offered = [name for name in _VIEWS if counts[name]]
    wanted = state["view"] if state["view"] in offered else "all"
    st.session_state["job view"] = wanted
    view = st.segmented_control(
        "Show",
        offered,
        key="job view",
        required=True,
        format_func=lambda name: f"{_VIEWS[name]} ({counts[name]})",
        label_visibility="collapsed",
        on_change=lambda: state.update({"view": str(st.session_state["job view"])}),
    )
    ended = sorted((job for job in jobs if view in ("all", job.state)), key=_when, reverse=True)
    for job in ended[:_ROWS]:
        _show_row(job)
    if len(ended) > _ROWS:
        with st.expander(f"{plural(len(ended) - _ROWS, 'older job')}", icon=":material/history:"):
            st.dataframe(job_table(ended[_ROWS:]), key="older jobs")


def _when(job: Job) -> float:
    return job.finished or job.created


def _show_row(job: Job) -> None:
    icon, words = _STATES[job.state]
    when = datetime.fromtimestamp(_when(job), UTC).strftime("%d %B, %H:%M UTC")
    with st.container(border=True, key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"{icon} **{job_words(job.request)}** {words}", width="content")
            with st.container(horizontal=True, width="content", gap="small"):
                _show_open(job)
                if job.state != "done" and st.button(
                    "Run again", icon=":material/replay:", key=f"again {job.id}", type="tertiary"
                ):
                    _run_again(job)
        st.caption(escape_markdown(f"{about(job)} · {when}"))
        if job.message:
            show_problem(job.message)


def _show_open(job: Job) -> None:
    if job.state != "done":
        return
    request = job.request
    path = audit_path(request.audit) if request.kind == "audit" else EXPLORE
    page = page_at(path)
    if page is None:
        return
    state = opened_state(job)
    st.page_link(
        page,
        label="Open",
        icon=":material/arrow_forward:",
        query_params=link_parameters(request.dataset, request.model, state),
    )


def opened_state(job: Job) -> dict[str, str]:
    """Return the state of the page that shows what a job made: the audit's settings, or the map's method."""
    request = job.request
    if request.kind == "map":
        method = str(request.settings.get("method", "pca"))
        return {"method": method} if method != "pca" else {}
    if request.kind != "audit":
        return {}
    from pages.audit_page import link_settings

    try:
        held = link_settings(request.audit, request.settings)
    except InputError:
        # The audit's package is not installed any more; its page does not exist either.
        return {}
    return {f"set.{field}": text for field, text in held.items()}


def _run_again(job: Job) -> None:
    """Ask for the same with the data as it is now."""
    request, problem = attempt(lambda: workspace().load_dataset(job.request.dataset).fingerprint)
    if not problem:
        _, problem = attempt(lambda: submit(dataclasses.replace(job.request, fingerprint=str(request))))
    if problem:
        show_problem(problem)
    else:
        st.rerun()


def job_table(jobs: list[Job]) -> pd.DataFrame:
    """Return jobs as a table, newest first as given."""
    return pd.DataFrame(
        [
            {
                "job": job_words(job.request).replace("\\", ""),
                "state": _STATES[job.state][1],
                "dataset": job.request.dataset,
                "model": job.request.model,
                "ended": datetime.fromtimestamp(_when(job), UTC),
                "message": job.message,
            }
            for job in jobs
        ]
    ).set_index("job")


def _show_worker(jobs: list[Job]) -> None:
    st.subheader("The worker", anchor=False)
    pid = workspace().jobs.worker_pid()
    busy = "at work" if any(job.active for job in jobs) else "ready"
    facts = {"Worker": f"{busy} (process {pid})" if pid else "not running; it starts with the next job"}
    for state, (_, words) in _STATES.items():
        count = sum(job.state == state for job in jobs)
        if count:
            facts[words.capitalize()] = f"{count:,}"
    st.html(facts_html(facts))
    log = workspace().home / "worker.log"
    with st.expander("The worker's log", icon=":material/article:", key="worker log", on_change="rerun") as fold:
        if not fold.open:
            return
        text = log_tail(log, _LOG_BYTES)
        if not text:
            st.caption("The log is empty.")
            return
        with st.container(horizontal=True):
            st.button("Read it again", icon=":material/refresh:", key="read log")
            st.download_button("The whole log", log.read_bytes, file_name="worker.log", icon=":material/download:")
        st.code(text, language=None, height=420 if text.count("\n") > _LINES else "content", wrap_lines=True)


def log_tail(path: Path, most: int) -> str:
    """Return the last whole lines of a file, at most so many bytes; empty where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return text.partition("\n")[2] if size > most else text
