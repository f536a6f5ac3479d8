"""A review: ordered, discussed, decided, signed; the trail only grows and two people lose nothing."""

import pytest

from audit.database import Database
from audit.errors import InputError
from audit.review.board import Review, find_review, reviews, start_review


@pytest.fixture
def review(database):
    return start_review(database, "Release 2", author="Ann")


def test_a_finding_comes_back_exactly_as_it_was_put_on_the_table(review, finding):
    review.add(finding, author="Ben")
    (item,) = review.minutes().items
    assert item.finding == finding
    assert item.finding.digest() == finding.digest()
    assert (item.added_by, item.sentence) == ("Ben", finding.sentence)


def test_the_agenda_can_be_ordered_and_findings_taken_off(review, finding, other):
    first, second = review.add(finding, author="Ann"), review.add(other, author="Ann")
    review.order([second], author="Ann")
    assert [item.id for item in review.minutes().items] == [second, first]
    review.withdraw(second, author="Ann")
    assert [item.id for item in review.minutes().items] == [first]
    assert "finding" in [event.kind for event in review.events()]


def test_discussion_decision_owner_date_and_wording_stand_with_their_names(review, finding):
    name = review.add(finding, author="Ann")
    review.remark(name, "Only one scanner.", author="Ben")
    review.decide(name, "accept", author="Ann")
    review.decide(name, "mitigate", reason="normalise first", author="Cleo")
    review.assign(name, "Ben", "2027-01-31", author="Cleo")
    review.word(name, "Nine of ten are right.", author="Ann")
    item = review.minutes().item(name)
    assert [(r.author, r.text) for r in item.remarks] == [("Ben", "Only one scanner.")]
    assert (item.decision, item.reason, item.decided_by) == ("mitigate", "normalise first", "Cleo")
    assert (item.owner, item.due, item.sentence) == ("Ben", "2027-01-31", "Nine of ten are right.")
    assert len(review.events()) == 7


def test_a_signature_stands_until_what_was_signed_changes(review, finding):
    name = review.add(finding, author="Ann")
    review.sign("Head of radiology", author="Ann")
    review.remark(name, "A later remark changes nothing that was signed.", author="Ben")
    assert review.minutes().signatures[0].current
    review.decide(name, "block", author="Ben")
    assert not review.minutes().signatures[0].current
    review.sign(author="Ann")
    assert [signature.current for signature in review.minutes().signatures] == [False, True]


def test_thresholds_set_afterwards_say_so(review, finding):
    text = '[[rule]]\naudit = "toy"\nscore = "accuracy"\ndirection = "at least"\nbound = 0.8\n'
    review.set_policy(text, author="Ann")
    review.add(finding, author="Ann")
    assert review.minutes().policy_first
    assert [check.outcome for check in review.minutes().checks()] == ["pass"]
    review.set_policy(text.replace("0.8", "0.5"), author="Ann")
    assert not review.minutes().policy_first


def test_two_people_who_write_at_once_are_both_in_the_minutes(review, finding, database):
    name = review.add(finding, author="Ann")
    same = Review(Database(database.home), review.id)
    review.remark(name, "one", author="Ann")
    same.remark(name, "two", author="Ben")
    assert [r.text for r in review.minutes().item(name).remarks] == ["one", "two"]


def test_reviews_are_found_by_name_or_id(database, review):
    other = start_review(database, "Release 3", author="Ben")
    assert list(reviews(database).values()) == ["Release 3", "Release 2"]
    assert find_review(database, "Release 2").id == review.id
    assert find_review(database, other.id[:6]).id == other.id
    with pytest.raises(InputError, match="there is none"):
        find_review(database, "Release 9")


def test_before_the_first_review_nothing_is_written(database):
    assert reviews(database) == {}
    assert not database.exists


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda r, name: r.decide(name, "perhaps", author="Ann"), "`decision`"),
        (lambda r, name: r.decide("unknown", "accept", author="Ann"), "`finding`"),
        (lambda r, name: r.remark(name, "  ", author="Ann"), "`remark`"),
        (lambda r, name: r.assign(name, "Ben", "soon", author="Ann"), "`due`"),
        (lambda r, name: r.write_card("colour", "x", author="Ann"), "`field`"),
        (lambda r, name: r.set_policy("rule = 3", author="Ann"), "`policy`"),
        (lambda r, name: r.remark(name, "x", author=" "), "`author`"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(review, finding, act, message):
    name = review.add(finding, author="Ann")
    with pytest.raises(InputError, match=message):
        act(review, name)


def test_an_empty_review_cannot_be_signed_and_an_unknown_one_not_read(review, database):
    with pytest.raises(InputError, match="at least one finding"):
        review.sign(author="Ann")
    with pytest.raises(InputError, match="must be one that exists"):
        Review(database, "unknown").minutes()
    with pytest.raises(InputError, match="`name`"):
        start_review(database, " ", author="Ann")
