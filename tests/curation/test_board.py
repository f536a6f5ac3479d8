"""Tags, notes and corrected labels: nothing overwritten, everything taken back, original columns untouched."""

import dataclasses

import pytest
from PIL import Image

from audit.curation.board import Curation, corrected_labels, curated_table
from audit.database import Database
from audit.errors import InputError


def test_what_two_people_tag_holds_side_by_side(curation, dataset, tmp_path):
    other = Curation(Database(tmp_path / "home"), dataset, "pets")
    curation.tag(["s0", "s1"], "blurry", author="Ann")
    other.tag(["s1", "s2"], "cropped", author="Bob")
    table = curated_table(dataset, curation.current())
    assert table["tags"].dropna().to_dict() == {"s0": "blurry", "s1": "blurry; cropped", "s2": "cropped"}
    assert table["curated_by"].dropna().to_dict() == {"s0": "Ann", "s1": "Ann; Bob", "s2": "Bob"}


def test_a_tag_is_taken_off_and_put_on_again(curation):
    curation.tag(["s0", "s1"], "blurry", author="Ann")
    curation.untag(["s0"], "blurry", author="Bob")
    assert curation.current().tags["sample_id"].tolist() == ["s1"]
    curation.tag(["s0"], "blurry", author="Ann")
    assert sorted(curation.current().tags["sample_id"]) == ["s0", "s1"]


def test_every_act_can_be_taken_back_and_done_again(curation):
    curation.tag(["s0"], "blurry", author="Ann")
    label = curation.correct_label(["s1"], "cat", author="Ann")
    undo = curation.undo(label, author="Bob")
    assert curation.current().labels.empty
    assert curation.current().tag_counts() == {"blurry": 1}
    curation.undo(undo, author="Ann")
    assert curation.current().labels["label"].tolist() == ["cat"]
    assert len(curation.events()) == 4


def test_the_last_label_holds_and_can_be_withdrawn(curation, dataset):
    curation.correct_label(["s1"], "cat", author="Ann")
    curation.correct_label(["s1"], "bird", author="Bob")
    table = curated_table(dataset, curation.current())
    assert corrected_labels(dataset, table).tolist() == ["cat", "bird", "cat", "dog", "cat", "cat"]
    assert table["label"].tolist() == dataset.metadata["label"].tolist()
    curation.correct_label(["s1"], None, author="Ann")
    assert curation.current().labels.empty


def test_every_note_is_kept(curation, dataset):
    curation.note(["s0"], "too dark", author="Ann")
    curation.note(["s0", "s1"], "from one scanner", author="Bob")
    notes = curated_table(dataset, curation.current())["notes"]
    assert notes.dropna().to_dict() == {"s0": "too dark / from one scanner", "s1": "from one scanner"}


def test_what_was_said_of_another_image_is_passed_over(curation, dataset):
    curation.tag(["s0", "s1"], "blurry", author="Ann")
    Image.new("RGB", (8, 8), (0, 200, 0)).save(dataset.root / "0.png")
    found = Curation(curation.log.database, dataclasses.replace(dataset), "pets").current()
    assert found.tags["sample_id"].tolist() == ["s1"]
    assert found.passed_over == ("s0",)


def test_before_anybody_did_anything_nothing_is_written(curation, dataset):
    assert curation.current().samples == []
    assert curation.newest() == 0
    assert not curation.log.database.exists
    assert curated_table(dataset, curation.current())["tags"].isna().all()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda c: c.tag([], "x", author="Ann"), "at least one"),
        (lambda c: c.tag(["s9"], "x", author="Ann"), "'s9' is not one"),
        (lambda c: c.tag(["s0"], "  ", author="Ann"), "`tag`"),
        (lambda c: c.tag(["s0"], "a;b", author="Ann"), "semicolons"),
        (lambda c: c.tag(["s0"], "x", author=""), "`author`"),
        (lambda c: c.note(["s0"], " ", author="Ann"), "`note`"),
        (lambda c: c.correct_label(["s0"], "", author="Ann"), "`label`"),
        (lambda c: c.undo("unknown", author="Ann"), "`event`"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(curation, act, message):
    with pytest.raises(InputError, match=message):
        act(curation)
