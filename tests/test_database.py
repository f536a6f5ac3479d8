"""The database of what people do: one transaction at a time, tried again, on SQLite and on PostgreSQL."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from audit.database import FILE, URL_VARIABLE, Database, database_url
from audit.errors import InputError
from audit.events import EventLog


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    return Database(tmp_path, url)


def test_the_default_is_a_file_of_the_home_folder_that_lets_readers_read_while_somebody_writes(tmp_path):
    database = Database(tmp_path)
    assert not database.exists
    assert database.write(lambda connection: connection.execute(text("SELECT 7")).scalar()) == 7
    assert database.exists
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_the_environment_names_another_database_and_its_password_is_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv(URL_VARIABLE, "postgres://ann:secret@db.hospital/audit")
    database = Database(tmp_path)
    assert database.dialect == "postgresql"
    assert database.url.drivername == "postgresql+psycopg"
    assert "secret" not in database.shown


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name"])
def test_a_url_that_is_no_database_of_ours_is_refused(tmp_path, url):
    with pytest.raises(InputError, match=URL_VARIABLE):
        database_url(tmp_path, url)


def test_a_server_that_is_not_there_is_said_in_one_sentence(tmp_path):
    database = Database(tmp_path, "postgresql://nobody@localhost:1/none?connect_timeout=1")
    database_tries = pytest.MonkeyPatch()
    database_tries.setattr("audit.database._TRIES", 1)
    with pytest.raises(InputError, match="must be reachable"):
        database.read(lambda connection: None)
    database_tries.undo()


def test_a_transaction_that_fails_leaves_nothing_behind(database):
    log = EventLog(database)

    def broken(connection):
        connection.execute(text("INSERT INTO correction VALUES ('d', 'c', 'half', 1, '', 'v', 'now')"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write(broken)
    assert log.newest("nothing") == 0
    count = text("SELECT count(*) FROM correction WHERE sample_id = 'half'")
    assert database.read(lambda connection: connection.execute(count).scalar()) == 0


def test_a_writer_that_was_locked_out_tries_again(tmp_path, monkeypatch):
    monkeypatch.setattr("audit.database._WAIT", 0.05)
    database = Database(tmp_path)
    log = EventLog(database)
    log.append("s", "k", {}, author="Ann")
    held = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    held.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.4, held.rollback)
    release.start()
    log.append("s", "k", {}, author="Bob")
    release.join()
    held.close()
    assert [event.author for event in log.read("s")] == ["Ann", "Bob"]


def test_the_database_itself_refuses_to_change_what_was_done(database):
    EventLog(database).append("refuse", "k", {"a": 1}, author="Ann", samples={"s": ""})
    for statement in ("UPDATE event SET author = 'Eve'", "DELETE FROM event_sample", "DELETE FROM event"):
        with pytest.raises((DBAPIError, InputError), match="append-only"):
            database.write(lambda connection, statement=statement: connection.execute(text(statement)))
    assert [event.author for event in EventLog(database).read("refuse")] == ["Ann"]


TAGGER = """
import sys
from pathlib import Path
from audit.database import Database
from audit.events import EventLog

home, url, author, acts = sys.argv[1:]
log = EventLog(Database(Path(home), url))
for number in range(int(acts)):
    log.append("together", "tag", {"tag": f"{author} {number}"}, author=author, samples={f"s{number}": ""})
"""


def test_two_processes_that_write_at_once_lose_nothing(database, tmp_path):
    acts, people = 200, ("Ann", "Bob")
    url = database.url.render_as_string(hide_password=False)
    working = [
        subprocess.Popen([sys.executable, "-c", TAGGER, str(tmp_path), url, author, str(acts)]) for author in people
    ]
    assert [process.wait(120) for process in working] == [0, 0]
    found = EventLog(database).read("together")
    assert {(e.author, e.payload["tag"]) for e in found} == {(a, f"{a} {n}") for a in people for n in range(acts)}
    assert len(found) == 400
    assert len({event.number for event in found}) == 400


def test_many_threads_may_open_a_new_home_at_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: EventLog(Database(tmp_path)).append("s", "k", {}, author=f"P{n}"), range(24)))
    assert len(EventLog(Database(tmp_path)).read("s")) == 24
