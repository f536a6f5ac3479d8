import numpy as np
import pytest

from audit.robustness.design import all_rows
from audit.robustness.index import count_types, neighbor_types, robustness_index
from audit.robustness.null import permutation_null
from audit.robustness.search import find_neighbors
from tests.planted import make, mixed


def null_of(vectors, label, center, slide, k=11, draws=199):
    design = all_rows(label, center, slide)
    near = find_neighbors(vectors, design, k=k, m=0)
    types = neighbor_types(near.index, design.rows, design)
    return permutation_null(types, near.index, design, k, draws=draws, seed=0), design, near


def test_a_planted_center_effect_has_the_smallest_p_value():
    found, *_ = null_of(*mixed())
    assert found.p_value == pytest.approx(1 / 200)
    assert found.mean > 0.7
    assert found.within == "groups of a class"


def test_without_center_effect_p_values_are_spread_evenly():
    p_values = [null_of(*make(seed, 3, 3, 4, 5, 16, 0.6, 0.0, 0.3), draws=99)[0].p_value for seed in range(40)]
    assert 0.02 <= np.mean(np.array(p_values) <= 0.2) <= 0.45
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.17)


def test_permuted_indices_are_those_of_centers_dealt_anew():
    vectors, label, center, slide = make(5, 2, 2, 2, 3, 6, 0.4, 0.4)
    found, design, near = null_of(vectors, label, center, slide, k=4, draws=4000)
    values = []
    for first in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        for second in ((4, 5), (4, 6), (4, 7), (5, 6), (5, 7), (6, 7)):
            dealt = np.isin(slide, (*first, *second)).astype(int)
            redealt = all_rows(label, dealt, slide)
            types = neighbor_types(near.index, design.rows, redealt)
            values.append(float(robustness_index(count_types(types, (4,))[0])))
    assert found.distinct == pytest.approx(36)
    assert found.mean == pytest.approx(np.mean(values), abs=0.01)


def test_groups_of_several_classes_are_permuted_whole():
    draw = np.random.default_rng(0)
    slide = np.repeat(np.arange(12), 8)
    label, center = np.tile([0, 1], 48), slide % 2
    found, *_ = null_of(draw.standard_normal((96, 5)), label, center, slide)
    assert found.within == "groups with the same set of classes"
    assert found.distinct == pytest.approx(924)


def test_centers_fixed_by_class_can_be_dealt_in_one_way_only():
    draw = np.random.default_rng(0)
    slide = np.repeat(np.arange(6), 4)
    label = slide % 2
    found, *_ = null_of(draw.standard_normal((24, 4)), label, label, slide, k=3)
    assert found.distinct == pytest.approx(1)
    assert np.isnan(found.p_value)
