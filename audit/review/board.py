"""A review: findings put on the table, discussed, decided and signed, as an append-only trail."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from audit.errors import InputError
from audit.events import Event, EventLog
from audit.review.minutes import CARD_FIELDS, PREFIX, Decision, Minutes, minutes_of, undecided_words
from audit.review.policy import read_policy

if TYPE_CHECKING:
    from audit.database import Database
    from audit.review.findings import Finding

_LONGEST_NAME = 120
_LONGEST_TEXT = 8_000


class Review:
    """The trail of one review; every method that changes something adds to it.

    Parameters
    ----------
    database
        Where it is kept.
    review
        Its id.
    """

    def __init__(self, database: Database, review: str) -> None:
        self.log = EventLog(database)
        self.id = review

    @property
    def stream(self) -> str:
        """Name of the review's stream of events."""
        return f"{PREFIX}{self.id}"

    def events(self) -> list[Event]:
        """Return the whole trail, the oldest first."""
        return self.log.read(self.stream)

    def add(self, finding: Finding, *, author: str) -> str:
        """Put a finding on the table, last, and return its id."""
        return self._append("finding", {"finding": finding.to_json()}, author)

    def withdraw(self, finding: str, *, author: str) -> str:
        """Take a finding off the table; the trail keeps it."""
        return self._append("withdraw", {"finding": self._known(finding)}, author)

    def order(self, findings: Sequence[str], *, author: str) -> str:
        """Set the order of the agenda; findings that are not named follow in theirs."""
        return self._append("order", {"findings": [self._known(name) for name in findings]}, author)

    def word(self, finding: str, sentence: str, *, author: str) -> str:
        """Say a finding in the words of the review."""
        return self._append("sentence", {"finding": self._known(finding), "text": _text("sentence", sentence)}, author)

    def remark(self, finding: str, text: str, *, author: str) -> str:
        """Say something about a finding."""
        return self._append("remark", {"finding": self._known(finding), "text": _text("remark", text)}, author)

    def decide(self, finding: str, decision: str, *, reason: str = "", author: str) -> str:
        """Decide on a finding: ``accept``, ``mitigate``, ``block`` or ``needs data``.

        Raises
        ------
        InputError
            If the decision is another word.
        """
        if decision not in get_args(Decision):
            raise InputError(f"`decision` must be one of {', '.join(get_args(Decision))}; got '{decision}'.")
        held = {"finding": self._known(finding), "decision": decision, "reason": reason.strip()[:_LONGEST_TEXT]}
        return self._append("decision", held, author)

    def assign(self, finding: str, owner: str, due: str = "", *, author: str) -> str:
        """Say who sees to a finding, and until when (ISO date, empty for none)."""
        try:
            date = dt.date.fromisoformat(due).isoformat() if due else ""
        except ValueError as error:
            raise InputError(f"`due` must be a date such as 2027-01-31; got '{due}'.") from error
        held = {"finding": self._known(finding), "owner": " ".join(owner.split())[:_LONGEST_NAME], "due": date}
        return self._append("owner", held, author)

    def set_policy(self, text: str, *, author: str) -> str:
        """Set the thresholds from the text of a policy file; see :func:`audit.review.policy.read_policy`."""
        read_policy(text)
        return self._append("policy", {"text": text}, author)

    def write_card(self, field: str, text: str, *, author: str) -> str:
        """Write a part of the model card that only people can write."""
        if field not in CARD_FIELDS:
            raise InputError(f"`field` must be one of {', '.join(CARD_FIELDS)}; got '{field}'.")
        return self._append("card", {"field": field, "text": text.strip()[:_LONGEST_TEXT]}, author)

    def add_changes(self, changes: Mapping[str, Any], *, author: str) -> str:
        """Keep a comparison of two model versions, as :mod:`audit.review.history` makes it."""
        return self._append("changes", dict(changes), author)

    def sign(self, role: str = "", *, author: str) -> str:
        """Sign the review as it stands; what is undecided is said in the signature.

        Raises
        ------
        InputError
            If there is nothing on the table.
        """
        minutes = self.minutes()
        if not minutes.items:
            raise InputError("`review` must have at least one finding to be signed; it has none.")
        held = {"role": " ".join(role.split())[:_LONGEST_NAME], "digest": minutes.digest}
        undecided = undecided_words(minutes)
        held |= {"undecided": undecided} if undecided else {}
        return self._append("signature", held, author)

    def minutes(self) -> Minutes:
        """Return the review as it stands.

        Raises
        ------
        InputError
            If there is no such review.
        """
        events = self.events()
        if not events:
            raise InputError(f"`review` must be one that exists; got '{self.id}'.")
        return minutes_of(events)

    def _known(self, finding: str) -> str:
        return self.minutes().item(finding).id

    def _append(self, kind: str, payload: Mapping[str, Any], author: str) -> str:
        return self.log.append(self.stream, kind, payload, author=author)


def start_review(database: Database, name: str, *, author: str) -> Review:
    """Begin a review and return it.

    Raises
    ------
    InputError
        If it has no name, or the author has none.
    """
    words = " ".join(name.split())
    if not words or len(words) > _LONGEST_NAME:
        raise InputError(f"`name` must have 1 to {_LONGEST_NAME} letters; got {len(words)}.")
    review = Review(database, uuid.uuid4().hex[:12])
    review.log.append(review.stream, "created", {"name": words}, author=author)
    return review


def reviews(database: Database) -> dict[str, str]:
    """Return the name of every review by its id, the newest first."""
    if not database.exists:
        return {}
    log = EventLog(database)
    found = {}
    for stream in reversed(log.streams(PREFIX)):
        created = log.read(stream, kinds=["created"])
        if created:
            found[stream.removeprefix(PREFIX)] = str(created[0].payload["name"])
    return found


def find_review(database: Database, text: str) -> Review:
    """Return the review that a text names: its name, or the start of its id.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    known = reviews(database)
    fitting = [key for key, name in known.items() if name == text] or [key for key in known if key.startswith(text)]
    if len(fitting) != 1:
        problem = f"{len(fitting)} fit" if fitting else "there is none"
        raise InputError(f"`review` must be a review's name or the start of its id; '{text}': {problem}.")
    return Review(database, fitting[0])


def _text(name: str, text: str) -> str:
    words = text.strip()
    if not words or len(words) > _LONGEST_TEXT:
        raise InputError(f"`{name}` must have 1 to {_LONGEST_TEXT} letters; got {len(words)}.")
    return words
