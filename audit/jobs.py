"""Slow work as jobs: asked for by anybody, done once by a worker process, kept through restarts of both."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from audit.errors import InputError
from audit.job_queue import JobQueue
from audit.job_request import Job, JobProgress, JobRequest, State

__all__ = ["Job", "JobProgress", "JobRequest", "Jobs"]

ATTEMPTS = 3
"""How often a job is started before it counts as what stops the worker."""

_SCHEMA = """
create table if not exists jobs (
  id text primary key, state text not null, request text not null, progress text not null default '',
  message text not null default '', result_key text not null default '', cancel integer not null default 0,
  attempts integer not null default 0, created real not null, started real, finished real
);
create table if not exists worker (pid integer not null, retire integer not null default 0);
"""


class Jobs:
    """The job table of a home folder, and its worker.

    Parameters
    ----------
    home
        The home folder.
    queue
        URL of a Redis server; SQLite in the home folder by default.
    """

    def __init__(self, home: str | Path, *, queue: str | None = None) -> None:
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self._database = self.home / "jobs.sqlite"
        self._queue_url = queue
        with self._transaction() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._database, timeout=60, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("pragma journal_mode=wal")
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self._database, timeout=60, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, values).fetchall()

    # Asked for

    def submit(self, request: JobRequest, *, start_worker: bool = True) -> str:
        """Ask for something and return the job's id; what waits, runs or is done already is the same job.

        Parameters
        ----------
        request
            What to do.
        start_worker
            Start a worker when none lives.

        Raises
        ------
        InputError
            If the request is wrong.
        """
        job = request.job_id()
        with self._transaction() as connection:
            row = connection.execute("select state, result_key from jobs where id = ?", (job,)).fetchone()
            if row is None or not self._stands(row):
                connection.execute(
                    "insert or replace into jobs (id, state, request, created) values (?, 'queued', ?, ?)",
                    (job, json.dumps(request.facts()), time.time()),
                )
                # Before the commit: the worker cannot claim the job until then, and a crash in between leaves
                # a message about a job that does not exist, which is passed over.
                self._put(job)
        if start_worker and not self.worker_alive():
            self.start_worker()
        return job

    def _stands(self, row: sqlite3.Row) -> bool:
        if row["state"] in {"queued", "running"}:
            return True
        if row["state"] != "done":
            return False
        from audit.store import Store

        store = Store(self.home / "store")
        return bool(store.has(row["result_key"]) or store.has_result(row["result_key"]))

    def _put(self, job: str) -> None:
        queue = JobQueue(self.home, url=self._queue_url)
        try:
            queue.put(job)
        finally:
            queue.close()

    def status(self, job: str) -> Job:
        """Return a job as it stands.

        Raises
        ------
        InputError
            If there is no such job.
        """
        rows = self._rows("select * from jobs where id = ?", job)
        if not rows:
            raise InputError(f"`job` must be the id of a job; there is no '{job}'.")
        return _job(rows[0])

    def find(self, request: JobRequest) -> Job | None:
        """Return the job that a request is, ``None`` when it was never asked for."""
        rows = self._rows("select * from jobs where id = ?", request.job_id())
        return _job(rows[0]) if rows else None

    def list(self) -> list[Job]:
        """Return every job, the newest first."""
        return [_job(row) for row in self._rows("select * from jobs order by created desc, id")]

    def cancel(self, job: str) -> None:
        """Stop a job: at once when it waits, at its next safe point when it runs; what is finished is kept."""
        self.status(job)
        with self._transaction() as connection:
            connection.execute(
                "update jobs set state = 'cancelled', finished = ? where id = ? and state = 'queued'",
                (time.time(), job),
            )
            connection.execute("update jobs set cancel = 1 where id = ? and state = 'running'", (job,))

    # The worker

    def worker_lock(self) -> FileLock:
        """Return the lock that a living worker holds."""
        return FileLock(self.home / "worker.lock")

    def worker_alive(self) -> bool:
        """Whether a worker of this home lives on this machine."""
        lock = self.worker_lock()
        try:
            # Another one who asks holds the lock for a moment; a worker holds it for good.
            lock.acquire(timeout=0.05, poll_interval=0.01)
        except Timeout:
            return True
        lock.release()
        return False

    def worker_pid(self) -> int | None:
        """Return the living worker's process id."""
        rows = self._rows("select pid from worker")
        return int(rows[0]["pid"]) if rows and self.worker_alive() else None

    def start_worker(self, *, wait: float = 30) -> int:
        """Start the worker in a process of its own unless one lives, and return its process id.

        It outlives the caller. What it says goes to ``worker.log`` in the home folder.

        Raises
        ------
        InputError
            If it does not come up within ``wait`` seconds.
        """
        with FileLock(self.home / "worker.start.lock"):
            self._retire(retire=False)
            pid = self.worker_pid()
            if pid is not None:
                return pid
            command = [sys.executable, "-m", "audit.worker", "--home", str(self.home)]
            if self._queue_url:
                command += ["--queue", self._queue_url]
            with (self.home / "worker.log").open("ab") as log:
                started = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            # Whoever starts a process has to take note of its end, or it stays in the process table.
            threading.Thread(target=started.wait, name="worker's end", daemon=True).start()
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline and started.poll() is None:
                rows = self._rows("select pid from worker")
                if rows and rows[0]["pid"] == started.pid:
                    return started.pid
                time.sleep(0.05)
        raise InputError(f"`worker` must start within {wait:g} s; it did not. See {self.home / 'worker.log'}.")

    def retire_worker(self) -> None:
        """Let the worker finish what waits and runs, and then stop."""
        self._retire(retire=True)

    def _retire(self, *, retire: bool) -> None:
        with self._transaction() as connection:
            connection.execute("update worker set retire = ?", (int(retire),))

    # For the worker itself

    def take_over(self, pid: int) -> JobQueue:
        """Register the worker and put every unfinished job back into the queue.

        A job that was running when the last worker died runs again, from the shards it had finished; one that
        was running :data:`ATTEMPTS` times when a worker died is given up.
        """
        queue = JobQueue(self.home, url=self._queue_url)
        queue.clear()
        with self._transaction() as connection:
            connection.execute("delete from worker")
            connection.execute("insert into worker (pid) values (?)", (pid,))
            connection.execute(
                "update jobs set state = 'cancelled', finished = ? where state = 'running' and cancel = 1",
                (time.time(),),
            )
            connection.execute(
                "update jobs set state = 'failed', finished = ?, message = ? where state = 'running' and attempts >= ?",
                (time.time(), f"The worker died {ATTEMPTS} times while it ran this job (out of memory?).", ATTEMPTS),
            )
            connection.execute("update jobs set state = 'queued' where state = 'running'")
            waiting = connection.execute("select id from jobs where state = 'queued' order by created").fetchall()
        for row in waiting:
            queue.put(row["id"])
        return queue

    def claim(self, job: str) -> Job | None:
        """Mark a waiting job as running; ``None`` when it no longer waits."""
        with self._transaction() as connection:
            changed = connection.execute(
                "update jobs set state = 'running', started = ?, attempts = attempts + 1 "
                "where id = ? and state = 'queued'",
                (time.time(), job),
            ).rowcount
        return self.status(job) if changed else None

    def report(self, job: str, progress: JobProgress) -> None:
        """Keep how far a running job is."""
        with self._transaction() as connection:
            connection.execute(
                "update jobs set progress = ? where id = ?", (json.dumps(dataclasses.asdict(progress)), job)
            )

    def wants_cancel(self, job: str) -> bool:
        """Whether somebody asked to stop a running job."""
        rows = self._rows("select cancel from jobs where id = ?", job)
        return bool(rows and rows[0]["cancel"])

    def close_job(self, job: str, state: State, *, message: str = "", result_key: str = "") -> None:
        """Keep how a running job ended."""
        with self._transaction() as connection:
            connection.execute(
                "update jobs set state = ?, message = ?, result_key = ?, finished = ?, cancel = 0 where id = ?",
                (state, message, result_key, time.time(), job),
            )

    def give_back(self, job: str) -> None:
        """Let a running job wait again, as if it had not been started: the worker was told to stop."""
        with self._transaction() as connection:
            connection.execute("update jobs set state = 'queued', attempts = attempts - 1 where id = ?", (job,))

    def may_stop(self) -> bool:
        """Whether the worker was told to retire and nothing waits or runs."""
        rows = self._rows(
            "select retire, (select count(*) from jobs where state in ('queued', 'running')) as left from worker"
        )
        return bool(rows and rows[0]["retire"] and not rows[0]["left"])


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        state=row["state"],
        request=JobRequest(**json.loads(row["request"])),
        progress=JobProgress(**json.loads(row["progress"])) if row["progress"] else None,
        message=row["message"],
        result_key=row["result_key"],
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
    )
