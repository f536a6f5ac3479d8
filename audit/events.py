"""What people did, as an append-only log: who, when, what, and on which samples."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import func, insert, select

from audit.errors import InputError
from audit.migrations import EVENT_SAMPLES, EVENTS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit.database import Database

UNDO = "undo"
"""Kind of an event that takes another one back; its payload names it."""

_LONGEST_NAME = 80
_CHUNK = 5_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Something that somebody did.

    Parameters
    ----------
    number
        Order in the log; larger is later.
    id
        Unique text, made where the event was.
    stream
        What it is about: ``curation:DATASET`` or ``review:ID``.
    kind
        What was done.
    payload
        Plain data that says it in full.
    author
        Who.
    created
        When, in UTC, as ISO 8601.
    samples
        How many samples it is about.
    """

    number: int
    id: str
    stream: str
    kind: str
    payload: Mapping[str, Any]
    author: str
    created: str
    samples: int = 0


class EventLog:
    """The log of one database.

    Parameters
    ----------
    database
        Where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(
        self,
        stream: str,
        kind: str,
        payload: Mapping[str, Any],
        *,
        author: str,
        samples: Mapping[str, str] | None = None,
    ) -> str:
        """Write an event and return its id.

        Parameters
        ----------
        stream, kind, payload
            As in :class:`Event`.
        author
            Who did it.
        samples
            Hash of the image by sample id.

        Raises
        ------
        InputError
            If the author has no name.
        """
        name = checked_author(author)
        # Made before the first try: a transaction that is run again writes the same event, never a second one.
        row = {
            "id": uuid.uuid4().hex,
            "stream": stream,
            "kind": kind,
            "payload": json.dumps(dict(payload), ensure_ascii=False, allow_nan=False),
            "author": name,
            "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }

        def action(connection: Connection) -> str:
            known = connection.execute(select(EVENTS.c.number).where(EVENTS.c.id == row["id"])).scalar()
            if known is None:
                number = connection.execute(insert(EVENTS).values(row).returning(EVENTS.c.number)).scalar_one()
                pairs = [{"event": number, "sample_id": k, "content": v} for k, v in (samples or {}).items()]
                for first in range(0, len(pairs), _CHUNK):
                    connection.execute(insert(EVENT_SAMPLES), pairs[first : first + _CHUNK])
            return row["id"]

        return self.database.write(action)

    def read(self, stream: str, *, kinds: Sequence[str] = ()) -> list[Event]:
        """Return the events of a stream, the oldest first, those of some kinds when named."""
        counted = select(func.count()).where(EVENT_SAMPLES.c.event == EVENTS.c.number).scalar_subquery()
        query = select(EVENTS, counted.label("samples")).where(EVENTS.c.stream == stream).order_by(EVENTS.c.number)
        if kinds:
            query = query.where(EVENTS.c.kind.in_(kinds))
        rows = self.database.read(lambda connection: connection.execute(query).mappings().all())
        return [Event(**{**row, "payload": json.loads(row["payload"])}) for row in rows]

    def samples(self, stream: str) -> pd.DataFrame:
        """Return the samples of a stream's events: columns ``event``, ``sample_id``, ``content``, in order."""
        query = (
            select(EVENT_SAMPLES)
            .join(EVENTS, EVENTS.c.number == EVENT_SAMPLES.c.event)
            .where(EVENTS.c.stream == stream)
            .order_by(EVENT_SAMPLES.c.event)
        )
        rows = self.database.read(lambda connection: connection.execute(query).all())
        return pd.DataFrame(rows, columns=["event", "sample_id", "content"])

    def streams(self, prefix: str) -> list[str]:
        """Return the streams whose name begins so, in the order of their first event."""
        query = (
            select(EVENTS.c.stream)
            .where(EVENTS.c.stream.startswith(prefix, autoescape=True))
            .group_by(EVENTS.c.stream)
            .order_by(func.min(EVENTS.c.number))
        )
        return list(self.database.read(lambda connection: connection.execute(query).scalars().all()))

    def newest(self, stream: str) -> int:
        """Return the number of a stream's last event, 0 before the first."""
        query = select(func.max(EVENTS.c.number)).where(EVENTS.c.stream == stream)
        return int(self.database.read(lambda connection: connection.execute(query).scalar()) or 0)


def standing(events: Sequence[Event]) -> list[Event]:
    """Return the events that hold: neither taken back, nor the taking back itself.

    An undo can be undone like anything else. Read from the newest to the oldest, each undo that holds
    strikes the event that it names.
    """
    struck: set[str] = set()
    kept = []
    for event in reversed(events):
        if event.id in struck:
            continue
        if event.kind == UNDO:
            struck.add(str(event.payload["event"]))
        else:
            kept.append(event)
    return kept[::-1]


def checked_author(name: str) -> str:
    """Return the name of whoever acts.

    Raises
    ------
    InputError
        If there is none, or it is too long.
    """
    words = " ".join(name.split())
    if not words:
        raise InputError("`author` must be a name; got an empty one. Write who you are first.")
    if len(words) > _LONGEST_NAME:
        raise InputError(f"`author` must have at most {_LONGEST_NAME} letters; got {len(words)}.")
    return words
