import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.job_queue import JobQueue


def test_a_message_is_json_and_nothing_is_unpickled(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path)
    queue.put("abc")
    queue.close()
    connection = sqlite3.connect(tmp_path / "queue.sqlite")
    ((message,),) = connection.execute("select data from task").fetchall()
    connection.close()
    assert ["abc"] in json.loads(message)


def test_the_worker_is_handed_each_job_in_the_order_asked_for(tmp_path: Path) -> None:
    done: list[str] = []
    queue = JobQueue(tmp_path)
    for job in ("one", "two", "three"):
        queue.put(job)
    queue.close()
    work: Any = JobQueue(tmp_path, work=done.append)
    for _ in range(3):
        work._huey.execute(work._huey.dequeue())
    assert work._huey.dequeue() is None
    work.close()
    assert done == ["one", "two", "three"]


def test_clearing_takes_every_waiting_job_out(tmp_path: Path) -> None:
    queue: Any = JobQueue(tmp_path)
    queue.put("one")
    queue.clear()
    assert queue._huey.dequeue() is None
    queue.close()


def test_a_url_that_is_not_redis_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_AUDIT_QUEUE", "postgres://somewhere")
    with pytest.raises(InputError, match="`MODEL_AUDIT_QUEUE` must be a redis:// URL; got 'postgres://somewhere'"):
        JobQueue(tmp_path)


def test_redis_without_its_client_is_an_error_that_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huey.storage

    monkeypatch.setattr(huey.storage, "Redis", None)
    with pytest.raises(InputError, match=r"pip install 'model-audit\[redis\]'"):
        JobQueue(tmp_path, url="redis://localhost:1/0")


def test_two_homes_on_one_redis_server_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huey

    names = []

    class Recorded(huey.MemoryHuey):  # type: ignore[misc]
        def __init__(self, name: str, *, url: str, **options: Any) -> None:
            names.append((name, url))
            super().__init__(name, **options)

    monkeypatch.setattr(huey, "RedisHuey", Recorded)
    for home in ("a", "b"):
        JobQueue(tmp_path / home, url="redis://localhost/1")
    assert names[0][0] != names[1][0]
    assert {url for _, url in names} == {"redis://localhost/1"}
