"""The shapes that the database has had, in order; each is brought to the next by one numbered step, once.

A step is never edited after it was released: a further change is a further step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, ForeignKey, Integer, MetaData, Table, Text, inspect, select, text

from audit.errors import InputError

_LOCK = 7_301_946
OLD_CORRECTIONS = "corrections.sqlite"
"""File that held the corrections before there was one database."""


METADATA = MetaData()

STEPS = Table(
    "schema_step",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("applied", Text, nullable=False),
)

EVENTS = Table(
    "event",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("stream", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What was done, one row an act, never changed: ``number`` is the order, ``payload`` JSON."""

EVENT_SAMPLES = Table(
    "event_sample",
    METADATA,
    Column("event", Integer, ForeignKey("event.number"), primary_key=True),
    Column("sample_id", Text, primary_key=True),
    Column("content", Text, nullable=False),
)
"""The samples that an event is about, with the hash of their image at that time."""

CORRECTIONS = Table(
    "correction",
    METADATA,
    Column("dataset", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sample_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("value", Text),
    Column("created", Text, nullable=False),
)
"""Values that a person corrected, by version."""


def migrate(engine: Engine, home: Path) -> None:
    """Bring a database to the newest shape; several processes may ask at once.

    Raises
    ------
    InputError
        If a newer version of the program has been there already.
    """
    if _steps_done(engine) == len(MIGRATIONS):
        return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        STEPS.create(connection, checkfirst=True)
        done = _last_step(connection)
        for number, step in enumerate(MIGRATIONS[done:], start=done + 1):
            step(connection, home)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute(STEPS.insert().values(number=number, applied=now))


def _steps_done(engine: Engine) -> int:
    """Return how many steps were taken; reading first lets an up-to-date database be opened without a lock."""
    with engine.connect().execution_options(audit_write=False) as connection, connection.begin():
        return _last_step(connection) if inspect(connection).has_table(STEPS.name) else 0


def _last_step(connection: Connection) -> int:
    numbers = connection.execute(select(STEPS.c.number)).scalars().all()
    if numbers and max(numbers) > len(MIGRATIONS):
        raise InputError(
            f"`database` must be of this version (step {len(MIGRATIONS)}) or older; "
            f"it is at step {max(numbers)}. Install the newest Model Audit."
        )
    return len(numbers)


def _make_tables(connection: Connection, home: Path) -> None:  # noqa: ARG001 - every step has the same parameters
    for table in (EVENTS, EVENT_SAMPLES, CORRECTIONS):
        table.create(connection, checkfirst=True)


def _forbid_changes(connection: Connection, home: Path) -> None:  # noqa: ARG001
    """Let the database itself refuse to change or delete what was done."""
    if connection.dialect.name == "sqlite":
        for table in (EVENTS.name, EVENT_SAMPLES.name):
            for act in ("UPDATE", "DELETE"):
                connection.execute(
                    text(
                        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                        f"BEGIN SELECT RAISE(ABORT, 'append-only'); END"
                    )
                )
        return
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION model_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'append-only'; END $$"
        )
    )
    for table in (EVENTS.name, EVENT_SAMPLES.name):
        connection.execute(
            text(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION model_audit_append_only()"
            )
        )


def _take_over_corrections(connection: Connection, home: Path) -> None:
    """Copy the corrections of an older home folder, which had a file of their own; the file stays as it is."""
    file = home / OLD_CORRECTIONS
    if not file.is_file():
        return
    names = [column.name for column in CORRECTIONS.columns]
    with closing(sqlite3.connect(file)) as old:
        known = old.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'correction'").fetchone()
        rows = old.execute(f"SELECT {', '.join(names)} FROM correction").fetchall() if known else []  # noqa: S608
    if rows:
        connection.execute(CORRECTIONS.insert(), [dict(zip(names, row, strict=True)) for row in rows])


MIGRATIONS: tuple[Callable[[Connection, Path], None], ...] = (_make_tables, _forbid_changes, _take_over_corrections)
"""The steps, in order; their position is their number."""
