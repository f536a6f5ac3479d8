"""The database of what people do: tags, corrections, reviews. SQLite in the home folder, or PostgreSQL by URL.

Everything is written as new rows inside one transaction, and a transaction that another one got in the way of is
tried again: two people who work at once both keep what they did.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import NullPool

from audit.errors import InputError
from audit.migrations import OLD_CORRECTIONS, migrate

FILE = "people.sqlite"
"""File of the default database, in the home folder."""

URL_VARIABLE = "MODEL_AUDIT_DATABASE"
"""Environment variable with the URL of another database."""

_WAIT = 30.0
_TRIES = 12
_SQLITE_BUSY = ("locked", "busy")
# PostgreSQL: serialization failure, deadlock, lock not available, connection lost on the way.
_TRY_AGAIN = frozenset({"40001", "40P01", "55P03", "57P01", "08006", "08001"})

Answer = TypeVar("Answer")


class Database:
    """Transactions on the database of one home folder.

    Parameters
    ----------
    home
        The home folder; holds the SQLite file and is where an older file of corrections is taken over from.
    url
        An SQLAlchemy URL (``postgresql://user@host/name``, ``sqlite:///file``); otherwise the environment variable
        ``MODEL_AUDIT_DATABASE``, otherwise the SQLite file in the home folder.

    Raises
    ------
    InputError
        If the URL is none, or names a database that is neither SQLite nor PostgreSQL.
    """

    def __init__(self, home: Path, url: str = "") -> None:
        self.home = Path(home)
        self.url = database_url(self.home, url)
        self._engine: Engine | None = None

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.url.get_backend_name()

    @property
    def exists(self) -> bool:
        """Whether anything can have been written: reading an absent SQLite file would make it."""
        if self.dialect != "sqlite":
            return True
        return Path(self.url.database or "").is_file() or (self.home / OLD_CORRECTIONS).is_file()

    @property
    def shown(self) -> str:
        """The URL without its password, for people."""
        return self.url.render_as_string(hide_password=True)

    def read(self, action: Callable[[Connection], Answer]) -> Answer:
        """Return what a function reads in one transaction."""
        return self._attempt(action, write=False)

    def write(self, action: Callable[[Connection], Answer]) -> Answer:
        """Return what a function makes of one transaction; it is run again when another one got in its way.

        Raises
        ------
        InputError
            If the database cannot be reached or stays locked.
        """
        return self._attempt(action, write=True)

    def _attempt(self, action: Callable[[Connection], Answer], *, write: bool) -> Answer:
        for number in range(_TRIES):
            try:
                with self._opened().connect().execution_options(audit_write=write) as connection, connection.begin():
                    return action(connection)
            except DBAPIError as error:
                if number + 1 == _TRIES or not _may_pass(error):
                    raise self._explained(error) from error
                # Random, so that those who collided do not collide again.
                time.sleep(random.uniform(0, 0.02 * 2 ** min(number, 6)))  # noqa: S311 - no secret
        raise AssertionError

    def _opened(self) -> Engine:
        if self._engine is None:
            engine = _engine(self.url, self.home)
            migrate(engine, self.home)
            self._engine = engine
        return self._engine

    def _explained(self, error: DBAPIError) -> Exception:
        if isinstance(error, OperationalError):
            reason = " ".join(str(error.orig).split())
            return InputError(f"`database` must be reachable and writable; {self.shown}: {reason}.")
        return error


def database_url(home: Path, url: str = "") -> URL:
    """Return the URL of the database of a home folder.

    Raises
    ------
    InputError
        If it is not a URL of SQLite or PostgreSQL.
    """
    given = url or os.environ.get(URL_VARIABLE, "")
    if not given:
        return URL.create("sqlite", database=str(Path(home) / FILE))
    # The short form that PostgreSQL's own tools use.
    given = given.replace("postgres://", "postgresql://", 1) if given.startswith("postgres://") else given
    try:
        parsed = make_url(given)
    except ArgumentError as error:
        raise InputError(
            f"`{URL_VARIABLE}` must be a URL such as postgresql://user@host/name; got '{given}'."
        ) from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise InputError(f"`{URL_VARIABLE}` must begin with sqlite or postgresql; got '{parsed.drivername}'.")
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


def _engine(url: URL, home: Path) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, poolclass=NullPool)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise InputError(
                "`database` on PostgreSQL needs psycopg; install it with: pip install 'model-audit[postgresql]'."
            ) from error
    Path(url.database or str(home / FILE)).parent.mkdir(parents=True, exist_ok=True)
    # A connection a transaction: opening the file takes a fraction of a millisecond, and none is left open in a thread
    # of a page that is gone.
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _WAIT, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        # WAL: readers never wait for a writer. The file remembers it; the very first ones to open it may collide.
        for number in range(_TRIES):
            if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA journal_mode = WAL")
            time.sleep(0.01 * number)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its place at once: one that has read first could not become a writer any more.
        write = connection.get_execution_options().get("audit_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _may_pass(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is run once more."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _TRY_AGAIN
    words = str(error.orig).lower()
    return isinstance(error, OperationalError) and any(word in words for word in _SQLITE_BUSY)
