import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.job_request import JobRequest
from audit.maps import read_map
from audit.progress import Progress
from audit.worker import Worker, main, with_roles
from audit.workspace import DatasetSource, ModelSource

TOYS = Path(__file__).parent / "data" / "toys"


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOYS))


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    data = tmp_path / "data"
    data.mkdir()
    rows = "".join(f"s{row},{'cat' if row % 2 else 'dog'},cat\n" for row in range(12))
    (data / "pets.csv").write_text(f"sample_id,label,prediction\n{rows}", encoding="utf-8")
    np.save(data / "vectors.npy", np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32))
    worker = Worker(tmp_path / "home")
    worker.workspace.declare_root(data)
    worker.workspace.add_dataset(DatasetSource(path=str(data / "pets.csv"), embeddings=str(data / "vectors.npy")))
    worker.workspace.add_model(ModelSource(spec="precomputed"))
    return worker


def do(worker: Worker, request: JobRequest) -> str:
    job = worker.jobs.submit(request, start_worker=False)
    worker.do(job)
    return job


def pets(kind: str, **facts: object) -> JobRequest:
    return JobRequest(kind=kind, dataset="pets", model="precomputed", **facts)  # type: ignore[arg-type]


def test_an_audits_job_ends_with_the_key_of_its_result(worker: Worker) -> None:
    job = worker.jobs.status(do(worker, pets("audit", audit="toy", settings={"score": "hits"})))
    assert (job.state, job.message) == ("done", "")
    assert worker.workspace.store.read_result(job.result_key)[0].score("hits")["value"] == 0.5


def test_an_audits_job_uses_the_roles_that_were_asked_for(worker: Worker) -> None:
    job = worker.jobs.status(do(worker, pets("audit", audit="toy", roles={"label": "prediction"})))
    assert worker.workspace.store.read_result(job.result_key)[0].score("accuracy")["value"] == 1.0


def test_a_maps_job_ends_with_the_key_of_coordinates_and_ids(worker: Worker) -> None:
    job = worker.jobs.status(do(worker, pets("map", settings={"method": "pca"})))
    found = read_map(worker.workspace.store, job.result_key)
    assert list(found.columns) == ["x", "y"]
    assert list(found.index) == [f"s{row}" for row in range(12)]


def test_an_embedding_job_ends_with_the_key_of_vectors_and_ids(worker: Worker) -> None:
    job = worker.jobs.status(do(worker, pets("embed")))
    kept = worker.workspace.store.read(job.result_key)
    assert isinstance(kept, dict)
    assert kept["values"].shape == (12, 5)
    assert list(kept["sample_id"]) == [f"s{row}" for row in range(12)]


def test_a_job_that_was_cancelled_while_it_waited_is_not_done(worker: Worker) -> None:
    job = worker.jobs.submit(pets("audit", audit="toy"), start_worker=False)
    worker.jobs.cancel(job)
    worker.do(job)
    assert worker.jobs.status(job).state == "cancelled"


def test_a_model_is_loaded_once_for_several_jobs_and_again_when_its_source_changes(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    load = worker.workspace.load_model
    monkeypatch.setattr(worker.workspace, "load_model", lambda name: loads.append(name) or load(name))
    do(worker, pets("audit", audit="toy"))
    do(worker, pets("embed"))
    assert loads == ["precomputed"]
    worker.workspace.add_model(ModelSource(spec="precomputed?prediction=label", name="precomputed"))
    job = do(worker, pets("audit", audit="toy", settings={"least": 2}))
    assert loads == ["precomputed", "precomputed"]
    key = worker.jobs.status(job).result_key
    assert worker.workspace.store.read_result(key)[0].score("accuracy")["value"] == 1.0


def test_an_unknown_dataset_is_the_jobs_message(worker: Worker) -> None:
    job = do(worker, JobRequest(kind="embed", dataset="nothing", model="precomputed"))
    assert worker.jobs.status(job).message == "`dataset` must be one of those added (pets); got 'nothing'."


def test_an_unknown_model_is_the_jobs_message(worker: Worker) -> None:
    job = do(worker, JobRequest(kind="embed", dataset="pets", model="nothing"))
    assert worker.jobs.status(job).message == "`model` must be one of those added (precomputed); got 'nothing'."


def test_progress_is_kept_at_its_end_and_not_for_every_batch(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    monkeypatch.setattr(worker.jobs, "report", lambda job, progress: kept.append(progress))
    report = worker._progress("job")
    for done in range(101):
        report(Progress(stage="Encoding", done=done, total=100, rate=5.0, seconds_left=float("nan")))
    assert [progress.done for progress in kept] == [0, 100]
    assert (kept[0].rate, kept[0].seconds_left) == (5.0, None)


def test_an_unknown_speed_is_zero(worker: Worker) -> None:
    job = worker.jobs.submit(pets("embed"), start_worker=False)
    worker._progress(job)(Progress(stage="Encoding", done=0, total=9))
    progress = worker.jobs.status(job).progress
    assert progress is not None
    assert (progress.rate, progress.seconds_left) == (0.0, None)


def test_a_stopping_worker_gives_its_job_back(worker: Worker) -> None:
    worker.stopping = threading.Event()
    worker.stopping.set()
    job = do(worker, pets("audit", audit="toy"))
    assert worker.jobs.status(job).state == "queued"


def test_roles_that_no_request_changes_stay() -> None:
    index = pd.Index(["a"], name="sample_id")
    metadata = pd.DataFrame({"x": ["1"], "y": ["2"]}, index=index)
    dataset = Dataset(name="d", metadata=metadata, roles=Roles(label="x", center="y"))
    changed = with_roles(dataset, pets("embed", roles={"label": "y", "attributes": ["x"]})).roles
    assert changed == Roles(label="y", center="y", attributes=("x",))
    assert with_roles(dataset, pets("embed", roles={"center": None})).roles.center is None
    with pytest.raises(InputError, match="`roles` must be among"):
        with_roles(dataset, pets("embed", roles={"lable": "y"}))


def test_a_second_worker_of_a_home_leaves_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(tmp_path / "home")
    lock = worker.jobs.worker_lock()
    monkeypatch.setattr("audit.worker.LOCK_SECONDS", 0.05)
    with lock:
        assert main(["--home", str(tmp_path / "home")]) == 0
    assert worker.jobs._rows("select pid from worker") == []
