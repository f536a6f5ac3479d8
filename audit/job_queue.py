"""The line that jobs wait in: huey on SQLite by default, on Redis by URL, with JSON messages."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit.errors import InputError

QUEUE_VARIABLE = "MODEL_AUDIT_QUEUE"
"""Environment variable with a Redis server's URL, ``redis://host:port/db``; SQLite in the home folder without it."""


class JsonMessages:
    """Writes and reads queue messages as JSON: whoever can write to the queue can name a job, but run no code."""

    def serialize(self, data: Any) -> bytes:
        """Return the bytes of a message."""
        return json.dumps(list(data)).encode()

    def deserialize(self, data: bytes) -> Any:
        """Return the message of the bytes."""
        from huey.registry import Message

        return Message(*json.loads(bytes(data)))


class JobQueue:
    """Job ids in the order they shall be worked on.

    Parameters
    ----------
    home
        The home folder; two homes on one Redis server do not mix.
    url
        URL of a Redis server; by default that of the environment variable, SQLite without one.
    work
        What a worker calls with each job id; left out by those who only put jobs in.

    Raises
    ------
    InputError
        If the URL is no Redis URL or the Redis client is not installed.
    """

    def __init__(self, home: Path, *, url: str | None = None, work: Callable[[str], None] | None = None) -> None:
        self.url = os.environ.get(QUEUE_VARIABLE, "") if url is None else url
        self._huey = self._open(home)

        def perform(job: str) -> None:
            if work is not None:
                work(job)

        self._task = self._huey.task(name="perform")(perform)

    def _open(self, home: Path) -> Any:
        import huey

        # Only the worker's own table says how a job went; huey keeps no results.
        if not self.url:
            return huey.SqliteHuey(
                "jobs", filename=str(home / "queue.sqlite"), timeout=30, results=False, serializer=JsonMessages()
            )
        if not self.url.startswith(("redis://", "rediss://", "unix://")):
            raise InputError(f"`{QUEUE_VARIABLE}` must be a redis:// URL; got '{self.url}'.")
        name = "model-audit-" + hashlib.blake2b(str(home).encode(), digest_size=8).hexdigest()
        try:
            return huey.RedisHuey(name, url=self.url, results=False, serializer=JsonMessages())
        except huey.exceptions.ConfigurationError as error:
            raise InputError(
                f"`{QUEUE_VARIABLE}` needs the Redis client: pip install 'model-audit[redis]'.",
            ) from error

    def put(self, job: str) -> None:
        """Append a job.

        Raises
        ------
        InputError
            If the Redis server does not answer.
        """
        if not self.url:
            self._task(job)
            return
        from redis.exceptions import RedisError

        try:
            self._task(job)
        except RedisError as error:
            raise InputError(f"`{QUEUE_VARIABLE}` must lead to a Redis server that answers; {error}") from error

    def clear(self) -> None:
        """Take every waiting job out."""
        self._huey.storage.flush_queue()

    def close(self) -> None:
        """Close the connection to the SQLite file; it opens again by itself."""
        if not self.url:
            self._huey.storage.close()

    def consumer(self, threads: int) -> Any:
        """Return huey's consumer: `run` works until the process is told to terminate."""
        # SIGTERM lets running jobs come to their next safe point; SIGINT stops at once.
        return self._huey.create_consumer(
            workers=threads, periodic=False, max_delay=0.5, backoff=1.3, graceful_signal="TERM"
        )
