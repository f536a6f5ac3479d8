from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from audit.jobs import JobProgress, JobRequest
from audit.workspace import Workspace
from pages.job_panel import escape_markdown, job_of, progress_words, settings_request


def jobs_page() -> None:
    from pages.job_panel import show_sidebar_jobs

    show_sidebar_jobs()


def toy_request(settings: dict[str, object]) -> JobRequest:
    return settings_request(
        "audit", "drawn", "prediction", fingerprint="print", settings=settings, audit="group_accuracy_toy"
    )


def progress(done: int, total: int, left: float | None = 65.0) -> JobProgress:
    return JobProgress(stage="images", done=done, total=total, rate=12.0, seconds_left=left)


def test_progress_is_said_in_images_and_time() -> None:
    share, text = progress_words(progress(250, 1000), waiting=False)
    assert share == pytest.approx(0.25)
    assert text == "images, 250 of 1,000, 12/s, 65 s left"


def test_a_job_that_waits_says_so() -> None:
    assert progress_words(None, waiting=True) == (0.0, "waiting")
    assert progress_words(None, waiting=False) == (0.0, "starting")


def test_progress_never_passes_its_end() -> None:
    assert progress_words(progress(7, 5), waiting=False)[0] == 1.0
    assert progress_words(progress(0, 0, None), waiting=False)[0] == 0.0


def test_names_cannot_write_markdown() -> None:
    assert escape_markdown("**x** [a](b) `c`") == "\\*\\*x\\*\\* \\[a\\]\\(b\\) \\`c\\`"


def test_a_waiting_job_is_shown_and_can_be_stopped(workspace: Workspace) -> None:
    request = settings_request("map", "drawn", "prediction", fingerprint="print", settings={"method": "umap"})
    job = workspace.jobs.submit(request, start_worker=False)
    page = AppTest.from_function(jobs_page, default_timeout=60).run()
    assert not page.exception
    assert [button.label for button in page.button] == ["Stop"]
    page.button[0].click().run()
    assert workspace.jobs.status(job).state == "cancelled"


def test_the_same_request_is_found_again(workspace: Workspace) -> None:
    settings = {"attributes": ("light",), "draws": 20}
    request = toy_request(settings)
    assert job_of(request) is None
    job = workspace.jobs.submit(request, start_worker=False)
    found = job_of(toy_request(settings))
    assert found is not None
    assert found.id == job
