"""The worker: a process of its own that does the jobs, ``python -m audit.worker --home DIR``."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import Timeout

from audit.dataset import Dataset, Roles
from audit.errors import Cancelled, InputError
from audit.jobs import Job, JobProgress, JobRequest, Jobs
from audit.preferences import read_preferences
from audit.workspace import Workspace

if TYPE_CHECKING:
    from audit.models.base import Model
    from audit.progress import Progress

LOG = logging.getLogger("audit.worker")

THREADS = 2
"""Jobs at a time: a short one need not wait for a long one. Equal outputs are still computed once."""

LOCK_SECONDS = 5
"""How long a new worker waits for one that is about to end."""

REPORT_SECONDS = 0.5
"""How often progress is kept and a wish to cancel is looked for."""


class Worker:
    """Does jobs for one home folder.

    Parameters
    ----------
    home
        The home folder.
    queue
        URL of a Redis server; SQLite in the home folder by default.
    """

    def __init__(self, home: Path, *, queue: str | None = None) -> None:
        self.jobs = Jobs(home, queue=queue)
        self.workspace = Workspace(home)
        self.stopping = threading.Event()
        self._models: dict[str, Model] = {}
        self._loading = threading.Lock()

    def do(self, job_id: str) -> None:
        """Do a job unless somebody else did or cancelled it, and keep how it ended."""
        job = self.jobs.claim(job_id)
        if job is None:
            return
        LOG.info("job %s: %s", job.id, job.request)
        try:
            key = self._perform(job)
        except Cancelled:
            if self.stopping.is_set() and not self.jobs.wants_cancel(job.id):
                self.jobs.give_back(job.id)
            else:
                self.jobs.close_job(job.id, "cancelled")
        except InputError as error:
            self.jobs.close_job(job.id, "failed", message=str(error))
        except Exception as error:
            # A job must end in the table whatever went wrong in it; the traceback is for the log.
            LOG.exception("job %s failed", job.id)
            self.jobs.close_job(job.id, "failed", message=f"{type(error).__name__}: {error} (see worker.log)")
        else:
            self.jobs.close_job(job.id, "done", result_key=key)

    def _perform(self, job: Job) -> str:
        request = job.request
        dataset = with_roles(self.workspace.load_dataset(request.dataset), request)
        model = self._model(request.model)
        facts: dict[str, Any] = {
            "store": self.workspace.store,
            "batch_size": self._batch_size(request.model),
            "progress": self._progress(job.id),
            "cancelled": self._cancelled(job.id),
        }
        if facts["cancelled"]():
            raise Cancelled
        if request.kind == "audit":
            from audit.run import run

            return run(request.audit, dataset, model, settings=request.settings, **facts).key
        from audit import maps

        if request.kind == "map":
            return maps.draw(dataset, model, maps.MapCoordinates(**request.settings), **facts)
        return maps.embed(dataset, model, **facts)

    def _model(self, name: str) -> Model:
        # Loading takes seconds to minutes: the last model stays in memory, as long as its source is the same.
        source = self.workspace.models().get(name)
        changed = [f"{path}:{Path(path).stat().st_mtime_ns}" for path in source.paths()] if source else []
        key = f"{source}{changed}{read_preferences(self.workspace.home).device}"
        with self._loading:
            if key not in self._models:
                self._models = {}
                self._models = {key: self.workspace.load_model(name)}
            return self._models[key]

    def _batch_size(self, name: str) -> int | None:
        return self.workspace.models()[name].batch_size

    def _progress(self, job: str) -> Callable[[Progress], None]:
        last = -math.inf

        def report(progress: Progress) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < REPORT_SECONDS and progress.done < progress.total:
                return
            last = now
            left = progress.seconds_left
            self.jobs.report(
                job,
                JobProgress(
                    stage=progress.stage,
                    done=progress.done,
                    total=progress.total,
                    rate=progress.rate if math.isfinite(progress.rate) else 0.0,
                    seconds_left=left if math.isfinite(left) else None,
                ),
            )

        return report

    def _cancelled(self, job: str) -> Callable[[], bool]:
        last, answer = -math.inf, False

        def cancelled() -> bool:
            nonlocal last, answer
            now = time.monotonic()
            if not answer and now - last >= REPORT_SECONDS:
                last, answer = now, self.jobs.wants_cancel(job)
            return answer or self.stopping.is_set()

        return cancelled


def with_roles(dataset: Dataset, request: JobRequest) -> Dataset:
    """Return a dataset with the roles that a request changes."""
    if not request.roles:
        return dataset
    known = [field.name for field in dataclasses.fields(Roles)]
    for role in request.roles:
        if role not in known:
            raise InputError(f"`roles` must be among {', '.join(known)}; got '{role}'.")
    changes: dict[str, Any] = {
        role: tuple(value) if isinstance(value, list) else value for role, value in request.roles.items()
    }
    return dataset.with_roles(dataclasses.replace(dataset.roles, **changes))


def serve(home: Path, *, queue: str | None = None, threads: int = THREADS) -> int:
    """Work until told to stop; return the exit status.

    One worker lives a home folder. SIGTERM lets running jobs come to their next safe point and puts them back.
    """
    worker = Worker(home, queue=queue)
    lock = worker.jobs.worker_lock()
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        LOG.info("a worker lives in %s already", home)
        return 0
    waiting = worker.jobs.take_over(os.getpid())
    waiting.close()
    from audit.job_queue import JobQueue

    consumer = JobQueue(home, url=queue, work=worker.do).consumer(threads)
    worker.stopping = consumer.stop_flag

    def retire() -> None:
        while not consumer.stop_flag.wait(1):
            if worker.jobs.may_stop():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=retire, name="retire", daemon=True).start()
    consumer.run()
    lock.release()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and work."""
    parser = argparse.ArgumentParser(prog="audit.worker", description="Does the jobs of a home folder.")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--queue", default=None, help="URL of a Redis server; SQLite in the home folder by default")
    parser.add_argument("--threads", type=int, default=THREADS, help="jobs at a time")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    return serve(chosen.home.resolve(), queue=chosen.queue, threads=chosen.threads)


if __name__ == "__main__":
    sys.exit(main())
