"""What people did: in order, by name, and taken back without being lost."""

import pytest

from audit.database import Database
from audit.errors import InputError
from audit.events import UNDO, EventLog, checked_author, standing


@pytest.fixture
def log(tmp_path):
    return EventLog(Database(tmp_path))


def test_events_come_back_in_order_with_who_when_and_how_many_samples(log):
    log.append("a", "tag", {"tag": "x"}, author="  Ann   Lee ", samples={"s1": "h1", "s2": "h2"})
    log.append("b", "tag", {"tag": "y"}, author="Bob")
    (event,) = log.read("a")
    assert (event.author, event.kind, event.payload, event.samples) == ("Ann Lee", "tag", {"tag": "x"}, 2)
    assert event.created.endswith("+00:00")
    assert log.samples("a")["sample_id"].tolist() == ["s1", "s2"]
    assert log.streams("") == ["a", "b"]
    assert log.newest("a") < log.newest("b")


def test_a_wild_card_in_the_name_of_a_stream_is_a_letter(log):
    log.append("ab", "k", {}, author="Ann")
    assert log.streams("a%") == []


def test_an_undo_can_itself_be_undone(log):
    first = log.append("a", "tag", {}, author="Ann")
    undo = log.append("a", UNDO, {"event": first}, author="Bob")
    assert standing(log.read("a")) == []
    log.append("a", UNDO, {"event": undo}, author="Ann")
    assert [event.id for event in standing(log.read("a"))] == [first]
    assert len(log.read("a")) == 3


@pytest.mark.parametrize("name", ["", "  \n ", "x" * 81])
def test_nobody_acts_without_a_name(log, name):
    with pytest.raises(InputError, match="author"):
        log.append("a", "tag", {}, author=name)
    with pytest.raises(InputError, match="author"):
        checked_author(name)
