import numpy as np
import pytest

from audit.robustness.center_errors import center_errors, confusions
from audit.robustness.design import all_rows
from audit.robustness.search import find_neighbors
from tests.planted import make, mixed


@pytest.fixture(scope="module")
def planted():
    vectors, label, center, slide = mixed()
    design = all_rows(label, center, slide)
    return design, find_neighbors(vectors, design, k=51, m=0)


@pytest.mark.parametrize(("k", "share"), [(3, 0.704152), (11, 0.694171), (51, 0.597579)])
def test_known_shares(planted, k, share):
    design, near = planted
    errors = center_errors(near.index, design, (k,))[0]
    assert errors.share == pytest.approx(share, abs=5e-7)
    assert errors.availability == pytest.approx(0.25)


def test_confusions_sum_to_the_misleading_neighbours(planted):
    design, near = planted
    errors = center_errors(near.index, design, (11,))[0]
    table = confusions(errors, near.index, design, 11)
    assert table.sum() == errors.all.sum()
    assert np.trace(table) == errors.own.sum()


def test_without_center_effect_the_share_is_the_availability():
    found = []
    for seed in range(12):
        vectors, label, center, slide = make(seed, 3, 4, 4, 6, 16, 0.25, 0.0, 0.0)
        design = all_rows(label, center, slide)
        errors = center_errors(find_neighbors(vectors, design, k=9, m=0).index, design, (9,))[0]
        found.append(errors.share - errors.availability)
    assert abs(np.mean(found)) < 3 * np.std(found, ddof=1) / np.sqrt(len(found))


def test_availability_leaves_the_own_group_out():
    label, center, group = [0, 1, 1, 1, 0], [0, 0, 0, 1, 1], ["a", "a", "b", "c", "d"]
    design = all_rows(label, center, group)
    index = np.array([[2], [4], [0], [0], [3]])
    errors = center_errors(index, design, (1,))[0]
    # Row 0 is taken for class 1: rows 2 and 3 are eligible (row 1 is of its own group), row 2 from its center.
    assert errors.available[0] == pytest.approx(0.5)


def test_nothing_misclassified_leaves_the_share_undefined():
    design = all_rows([0, 0, 1, 1], [0, 1, 0, 1], range(4))
    errors = center_errors(np.array([[1], [0], [3], [2]]), design, (1,))[0]
    assert np.isnan(errors.share)
    assert np.isnan(errors.availability)
