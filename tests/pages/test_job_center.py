from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audit.job_request import JobRequest
from audit.jobs import Jobs
from audit.workspace import Workspace
from pages.job_center import job_table, log_tail, opened_state
from pages.navigation import DATA, EXPLORE, HOME
from tests.pages.drawn import AUDIT

REQUEST = JobRequest(kind="map", dataset="drawn", model="prediction", settings={"method": "umap"})


def center_page() -> None:
    from pages.job_center import show

    show()


@pytest.fixture
def page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, with no worker to start."""
    assert workspace.datasets()
    monkeypatch.setattr(Jobs, "start_worker", lambda _self, **_: 0)
    return AppTest.from_function(center_page, default_timeout=60)


def words(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.error, *page.warning, *page.subheader]
    return " ".join([part.value for part in parts] + [block.body for block in page.html]).replace("\\", "")


def test_without_a_job_the_page_says_what_to_do(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "No job yet" in words(page)


def test_without_a_job_the_page_leads_to_where_one_is_asked_for(
    page: AppTest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    led: list[str] = []
    monkeypatch.setattr("pages.job_center.link", lambda path, _label, **_: led.append(path))
    page.run()
    assert led == [HOME, EXPLORE]
    led.clear()
    monkeypatch.setattr(Workspace, "datasets", lambda _self: {})
    page.run()
    assert led == [DATA]
    assert not page.exception


def test_a_failed_job_is_told_with_its_message_and_can_be_asked_for_again(page: AppTest, workspace: Workspace) -> None:
    job = workspace.jobs.submit(REQUEST, start_worker=False)
    workspace.jobs.claim(job)
    workspace.jobs.close_job(job, "failed", message="The file is *broken*.")
    page.run()
    assert not page.exception
    assert "**UMAP map** failed" in words(page)
    assert "The file is *broken*." in words(page)
    page.button(key=f"again {job}").click().run()
    assert not page.exception
    fingerprint = workspace.load_dataset("drawn").fingerprint
    found = workspace.jobs.find(dataclasses.replace(REQUEST, fingerprint=fingerprint))
    assert found is not None
    assert found.state == "queued"


def test_a_waiting_job_can_be_stopped(page: AppTest, workspace: Workspace) -> None:
    job = workspace.jobs.submit(REQUEST, start_worker=False)
    page.run()
    assert "Waiting (1)" in words(page)
    assert "No worker is running" in words(page)
    page.button(key=f"centre {job} stop").click().run()
    assert workspace.jobs.status(job).state == "cancelled"


def test_a_finished_job_is_counted(page: AppTest, workspace: Workspace) -> None:
    job = workspace.jobs.submit(REQUEST, start_worker=False)
    workspace.jobs.claim(job)
    workspace.jobs.close_job(job, "done", result_key="k")
    page.run()
    assert "**UMAP map** finished" in words(page)
    assert "Nothing waits and nothing runs." in words(page)


def test_a_link_opens_what_the_job_made(workspace: Workspace) -> None:
    job = workspace.jobs.status(workspace.jobs.submit(REQUEST, start_worker=False))
    assert opened_state(job) == {"method": "umap"}
    audit = JobRequest(kind="audit", dataset="drawn", model="prediction", audit=AUDIT)
    assert opened_state(dataclasses.replace(job, request=audit)) == {}
    gone = JobRequest(kind="audit", dataset="drawn", model="prediction", audit="uninstalled")
    assert opened_state(dataclasses.replace(job, request=gone)) == {}


def test_older_jobs_are_a_table(workspace: Workspace) -> None:
    job = workspace.jobs.status(workspace.jobs.submit(REQUEST, start_worker=False))
    table = job_table([job])
    assert table.loc["UMAP map", "state"] == "waiting"


def test_the_end_of_a_long_log_begins_with_a_whole_line(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    assert log_tail(log, 100) == ""
    log.write_text("".join(f"line {n}\n" for n in range(100)), encoding="utf-8")
    assert log_tail(log, 20) == "line 98\nline 99\n"
    assert log_tail(log, 10_000).startswith("line 0\n")
