import numpy as np
import pytest

from audit.errors import InputError
from audit.robustness.design import all_rows, eligible, encode, paired
from tests.planted import make


def test_codes_follow_the_sorted_names():
    codes, names = encode(["b", "a", "c"], np.array([True, True, False]))
    assert codes.tolist() == [1, 0, -1]
    assert names == ("a", "b")


@pytest.mark.parametrize(
    ("label", "center", "group", "message"),
    [
        (["a", "b"], ["x", "x"], [0, 1], "`center` must hold at least 2 centers; got 1"),
        (["a", "a"], ["x", "y"], [0, 1], "`label` must hold at least 2 classes; got 1"),
        (["a", "b"], ["x", "y"], [0, 0], "`group_id` must hold at least 2 groups; got 1"),
    ],
)
def test_one_class_center_or_group_is_refused_as_undefined(label, center, group, message):
    with pytest.raises(InputError, match=message):
        all_rows(label, center, group)


def test_eligible_candidates_are_those_of_a_full_count():
    draw = np.random.default_rng(0)
    label, center, group = (draw.integers(0, n, 80) for n in (3, 4, 12))
    found = eligible(all_rows(label, center, group))
    other = group[:, None] != group[None]
    same_class, same_center = label[:, None] == label[None], center[:, None] == center[None]
    for name, mask in (
        ("ss", same_class & same_center),
        ("so", same_class & ~same_center),
        ("os", ~same_class & same_center),
        ("oo", ~same_class & ~same_center),
    ):
        assert np.array_equal(getattr(found, name), (mask & other).sum(axis=1))
    assert np.array_equal(found.total, other.sum(axis=1))


def test_every_crossing_of_two_classes_and_two_centers_is_a_subset():
    _, label, center, slide = make(1, 3, 4, 2, 2, 4)
    design, notes = paired(all_rows(label, center, slide))
    assert len(design.blocks) == 3 * 6
    assert len(design.rows) == 18 * 16
    assert notes == []


def test_a_sample_can_belong_to_several_named_subsets():
    label, center, group = [0, 0, 1, 1, 0, 1], ["x", "y", "x", "y", "z", "z"], range(6)
    subset = ["one|two", "one", "one|two", "one", "two", "two"]
    design, _ = paired(all_rows(label, center, group), subset)
    assert [rows.tolist() for rows in design.blocks] == [[0, 1, 2, 3], [0, 2, 4, 5]]
    assert design.block_names == ("one", "two")


def test_incomplete_subsets_are_left_out_and_named():
    label, center, group = [0, 0, 1, 1, 0], ["x", "y", "x", "y", "y"], range(5)
    _, notes = paired(all_rows(label, center, group), ["one", "one", "one", "one", "half"])
    assert notes == [
        "1 subsets lack a class or a center and were left out: half.",
        "1 samples lie in no complete subset and were left out.",
    ]


def test_a_paired_design_without_complete_subset_is_refused():
    with pytest.raises(InputError, match="crosses 2 classes with 2 centers"):
        paired(all_rows([0, 1], ["x", "y"], [0, 1]))
