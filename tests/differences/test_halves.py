import numpy as np
import pandas as pd

from audit.dataset import Dataset, Roles
from audit.differences.halves import divide_sets, groups_of, match_classes, same_set


def test_groups_stay_whole_and_both_halves_hold_both_sets() -> None:
    group = np.repeat(np.arange(20), 5)
    side = (np.arange(100) // 25) % 2
    division = divide_sets(side, group, 0)
    assert all(len(set(division.validate[group == code])) == 1 for code in range(20))
    assert min(len(division.rows(s, validate=half)) for s in (0, 1) for half in (True, False)) >= 20


def test_samples_of_neither_set_are_in_no_half() -> None:
    division = divide_sets(np.array([0, 1, -1] * 10), np.arange(30), 0)
    assert not division.validate[division.side < 0].any()


def test_another_seed_gives_other_halves_and_the_same_seed_the_same() -> None:
    side, group = np.repeat([0, 1], 30), np.arange(60)
    first, again, other = (divide_sets(side, group, seed).validate for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_the_control_compares_the_larger_set_with_itself() -> None:
    division = divide_sets(np.array([0] * 60 + [1] * 30), np.arange(90), 0)
    control = same_set(division, 0)
    assert control is not None
    assert (control.side[60:] == -1).all()
    assert sorted(np.bincount(control.side[:60])) == [30, 30]
    assert same_set(divide_sets(np.repeat([0, 1], 10), np.arange(20), 0), 0) is None


def test_matched_sets_have_the_same_classes() -> None:
    side = np.array([0] * 30 + [1] * 30)
    classes = np.array([0] * 25 + [1] * 5 + [0] * 10 + [1] * 15 + [-1] * 5)
    matched = match_classes(side, classes, 0)
    for code in (0, 1):
        counts = [int(((matched == s) & (classes == code)).sum()) for s in (0, 1)]
        assert counts[0] == counts[1] == (10, 5)[code]
    assert (matched[classes < 0] == -1).all()


def test_near_duplicates_are_one_group_and_others_are_not() -> None:
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(60, 16))
    vectors[1] = vectors[0] + 1e-4 * draw.normal(size=16)
    index = pd.Index([f"s{i}" for i in range(60)], name="sample_id")
    dataset = Dataset(name="d", metadata=pd.DataFrame({"x": range(60)}, index=index))
    group = groups_of(dataset, vectors)
    assert group[0] == group[1]
    assert len(np.unique(group)) == 59


def test_a_group_id_decides_alone_and_its_missing_values_stand_alone() -> None:
    index = pd.Index(list("abcd"), name="sample_id")
    metadata = pd.DataFrame({"patient": ["p", "p", None, None]}, index=index)
    dataset = Dataset(name="d", metadata=metadata, roles=Roles(group_id="patient"))
    group = groups_of(dataset, None)
    assert group[0] == group[1]
    assert len(np.unique(group)) == 3
