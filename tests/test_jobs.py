"""The job table alone, and with a real worker process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from audit.errors import InputError
from audit.job_request import JobProgress
from audit.jobs import ATTEMPTS, Job, JobRequest, Jobs
from audit.workspace import DatasetSource, ModelSource, Workspace

TOYS = Path(__file__).parent / "data" / "toys"


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOYS))
    # The worker is a process of its own: it finds the toys by the environment.
    monkeypatch.setenv("PYTHONPATH", str(TOYS))


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "pets.csv").write_text("sample_id,label,prediction\na,cat,cat\nb,dog,cat\n", encoding="utf-8")
    space = Workspace(tmp_path / "home")
    space.declare_root(data)
    space.add_dataset(DatasetSource(path=str(data / "pets.csv")))
    space.add_model(ModelSource(spec="precomputed"))
    yield space
    pid = space.jobs.worker_pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def asked(audit: str = "toy", **settings: object) -> JobRequest:
    return JobRequest(kind="audit", dataset="pets", model="precomputed", audit=audit, settings=settings)


def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def finished(jobs: Jobs, job: str) -> Job:
    until(lambda: not jobs.status(job).active)
    return jobs.status(job)


def take(jobs: Jobs) -> None:
    jobs.take_over(os.getpid()).close()


# The table


def test_a_request_becomes_a_waiting_job(space: Workspace) -> None:
    job = space.jobs.status(space.jobs.submit(asked(), start_worker=False))
    assert (job.state, job.request, job.progress, job.message, job.result_key) == ("queued", asked(), None, "", "")
    assert job.active


def test_the_same_request_of_two_is_one_job(space: Workspace) -> None:
    first = space.jobs.submit(asked(), start_worker=False)
    second = Jobs(space.home).submit(asked(), start_worker=False)
    assert first == second
    assert len(space.jobs.list()) == 1


def test_a_job_is_found_by_its_request(space: Workspace) -> None:
    assert space.jobs.find(asked()) is None
    job = space.jobs.submit(asked(), start_worker=False)
    found = space.jobs.find(asked())
    assert found is not None
    assert found.id == job


def test_the_newest_job_comes_first(space: Workspace) -> None:
    jobs = [space.jobs.submit(asked(least=least), start_worker=False) for least in (1, 2, 3)]
    assert [job.id for job in space.jobs.list()] == jobs[::-1]


def test_an_unknown_job_is_an_error(space: Workspace) -> None:
    with pytest.raises(InputError, match="there is no 'nothing'"):
        space.jobs.status("nothing")


def test_a_job_is_claimed_once(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    assert space.jobs.claim(job) is not None
    assert space.jobs.claim(job) is None


def test_a_waiting_job_is_cancelled_at_once_and_never_claimed(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    space.jobs.cancel(job)
    assert space.jobs.status(job).state == "cancelled"
    assert space.jobs.claim(job) is None


def test_cancelling_a_running_job_is_a_wish_that_the_worker_sees(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    space.jobs.claim(job)
    space.jobs.cancel(job)
    assert space.jobs.status(job).state == "running"
    assert space.jobs.wants_cancel(job)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_asking_again_for_what_failed_or_was_cancelled_tries_again(space: Workspace, state: str) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    space.jobs.claim(job)
    space.jobs.close_job(job, state, message="because")  # type: ignore[arg-type]
    assert space.jobs.submit(asked(), start_worker=False) == job
    assert (space.jobs.status(job).state, space.jobs.status(job).message) == ("queued", "")


def test_a_done_job_whose_result_was_pruned_is_done_again(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    space.jobs.claim(job)
    space.jobs.close_job(job, "done", result_key="0" * 32)
    space.jobs.submit(asked(), start_worker=False)
    assert space.jobs.status(job).state == "queued"


def test_progress_is_kept_as_reported(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    progress = JobProgress(stage="Encoding", done=3, total=9, rate=1.5, seconds_left=None)
    space.jobs.report(job, progress)
    assert space.jobs.status(job).progress == progress


def test_a_new_worker_puts_the_dead_ones_running_job_back(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    space.jobs.claim(job)
    take(space.jobs)
    assert space.jobs.status(job).state == "queued"


def test_a_job_that_was_to_be_cancelled_is_not_put_back(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    space.jobs.claim(job)
    space.jobs.cancel(job)
    take(space.jobs)
    assert space.jobs.status(job).state == "cancelled"


def test_a_job_that_kills_the_worker_again_and_again_is_given_up(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    for _ in range(ATTEMPTS):
        assert space.jobs.claim(job) is not None
        take(space.jobs)
    assert space.jobs.status(job).state == "failed"
    assert "died 3 times" in space.jobs.status(job).message


def test_being_given_back_is_no_attempt(space: Workspace) -> None:
    job = space.jobs.submit(asked(), start_worker=False)
    for _ in range(ATTEMPTS + 1):
        assert space.jobs.claim(job) is not None
        space.jobs.give_back(job)
    take(space.jobs)
    assert space.jobs.status(job).state == "queued"


def test_no_worker_lives_in_a_new_home(space: Workspace) -> None:
    assert not space.jobs.worker_alive()
    assert space.jobs.worker_pid() is None


# A real worker


def test_a_worker_outlives_who_asked_and_stops_when_it_is_retired(space: Workspace) -> None:
    code = (
        "import sys\n"
        "from audit.jobs import JobRequest, Jobs\n"
        "asked = JobRequest(kind='audit', dataset='pets', model='precomputed', audit='toy')\n"
        "sys.stdout.write(Jobs(sys.argv[1]).submit(asked))\n"
    )
    said = subprocess.run([sys.executable, "-c", code, str(space.home)], capture_output=True, text=True, check=True)
    done = finished(space.jobs, said.stdout)
    assert done.state == "done"
    assert space.store.read_result(done.result_key)[0].score("accuracy")["value"] == 0.5
    assert done.created <= (done.started or 0) <= (done.finished or 0)
    assert space.jobs.submit(asked()) == done.id
    assert space.jobs.status(done.id).state == "done"
    space.jobs.retire_worker()
    until(lambda: not space.jobs.worker_alive())


def test_one_worker_lives_a_home(space: Workspace) -> None:
    first = space.jobs.start_worker()
    assert Jobs(space.home).start_worker() == first


def test_what_goes_wrong_in_a_job_is_its_message_and_the_worker_lives_on(space: Workspace) -> None:
    broken = space.jobs.submit(asked("slow", folder="fall over"))
    space.add_dataset(DatasetSource(path=str(space.roots[0] / "pets.csv"), name="bare", roles={"label": "prediction"}))
    request = JobRequest(kind="embed", dataset="pets", model="precomputed")
    refused = space.jobs.submit(request)
    assert finished(space.jobs, broken).message == "ZeroDivisionError: fell over (see worker.log)"
    assert "no embeddings came with 'pets'" in finished(space.jobs, refused).message
    assert "Traceback" in (space.home / "worker.log").read_text(encoding="utf-8")
    assert finished(space.jobs, space.jobs.submit(asked())).state == "done"


def test_a_running_job_is_cancelled_at_its_next_safe_point(space: Workspace) -> None:
    job = space.jobs.submit(asked("slow", steps=600))
    until(lambda: space.jobs.status(job).state == "running")
    space.jobs.cancel(job)
    assert finished(space.jobs, job).state == "cancelled"


def test_a_killed_workers_job_is_done_by_the_next_and_two_who_ask_compute_once(
    space: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "starts"
    folder.mkdir()
    job = space.jobs.submit(asked("slow", folder=str(folder)))
    until(lambda: len(list(folder.glob("start-*"))) == 1)
    # The other browser, while it runs.
    assert Jobs(space.home).submit(asked("slow", folder=str(folder))) == job
    pid = space.jobs.worker_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not space.jobs.worker_alive())
    assert space.jobs.status(job).state == "running"
    assert space.jobs.start_worker() != pid
    until(lambda: len(list(folder.glob("start-*"))) == 2)
    (folder / "go").touch()
    assert finished(space.jobs, job).state == "done"
    assert len(list(folder.glob("start-*"))) == 2


def test_a_worker_told_to_stop_gives_its_job_back(space: Workspace) -> None:
    job = space.jobs.submit(asked("slow", steps=600))
    until(lambda: space.jobs.status(job).state == "running")
    pid = space.jobs.worker_pid()
    assert pid is not None
    psutil.Process(pid).terminate()
    until(lambda: not space.jobs.worker_alive())
    assert space.jobs.status(job).state == "queued"
