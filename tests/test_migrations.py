"""The shapes of the database: brought up to date once, refused when newer, older corrections taken over."""

import sqlite3

import pytest
from sqlalchemy import inspect, text

from audit.corrections import Corrections
from audit.database import Database
from audit.errors import InputError
from audit.migrations import CORRECTIONS, EVENT_SAMPLES, EVENTS, MIGRATIONS


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    return Database(tmp_path, url)


def test_the_steps_make_exactly_the_tables_that_the_program_uses(database):
    for table in (EVENTS, EVENT_SAMPLES, CORRECTIONS):
        found = database.read(lambda connection, table=table: inspect(connection).get_columns(table.name))
        assert [column["name"] for column in found] == [column.name for column in table.columns]


def test_every_step_is_taken_once_and_written_down(database, tmp_path):
    again = Database(tmp_path, database.url.render_as_string(hide_password=False))
    steps = text("SELECT number FROM schema_step ORDER BY number")
    for opened in (database, again):
        found = opened.read(lambda connection: connection.execute(steps).scalars().all())
        assert list(found) == list(range(1, len(MIGRATIONS) + 1))


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    database = Database(tmp_path)
    database.write(lambda connection: connection.execute(text("INSERT INTO schema_step VALUES (99, 'later')")))
    with pytest.raises(InputError, match="at step 99"):
        Database(tmp_path).read(lambda connection: None)


def test_corrections_of_an_older_home_are_taken_over(tmp_path):
    with sqlite3.connect(tmp_path / "corrections.sqlite") as old:
        old.execute(
            "CREATE TABLE correction (version INTEGER, dataset TEXT, name TEXT, sample_id TEXT, content TEXT, "
            "value TEXT, created TEXT)"
        )
        old.execute("INSERT INTO correction VALUES (3, 'd', 'background_corrected', 's1', 'hash', 'sea', '2026-01-01')")
    old.close()
    assert Corrections(tmp_path).current("d")["value"].tolist() == ["sea"]
    assert (tmp_path / "corrections.sqlite").is_file()
