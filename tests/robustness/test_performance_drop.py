import numpy as np
import pytest

from audit.errors import InputError
from audit.robustness.performance_drop import (
    average_performance_drop,
    cramers_v,
    dealt_centers,
    integrated_degradation,
    measure_drop,
)
from tests.planted import make


def test_the_drop_follows_its_formula():
    assert average_performance_drop([[0.8, 0.5], [0.4, 0.5], [0.8, 0.25]]) == pytest.approx((0.5 + 1 + 1 + 0.5) / 4 - 1)


def test_a_straight_fall_to_chance_is_minus_one_half():
    assert integrated_degradation([[0.9], [0.575], [0.25]], [0, 0.5, 1], 0.25) == pytest.approx(-0.5)
    assert np.isnan(integrated_degradation([[0.2], [0.2]], [0, 1], 0.25))


def test_cramers_v_goes_from_0_to_1():
    assert cramers_v([[5, 5], [5, 5]]) == pytest.approx(0)
    assert cramers_v([[5, 0], [0, 5]]) == pytest.approx(1)
    assert np.isnan(cramers_v([[5, 5]]))


def test_every_class_and_every_center_is_dealt():
    assert dealt_centers(4, 2) == [[0], [1], [0], [1]]
    assert dealt_centers(2, 5) == [[0, 2, 4], [1, 3]]


@pytest.mark.parametrize(("classes", "centers", "slides"), [(3, 3, 14), (2, 4, 18)])
def test_the_bias_rises_from_0_to_1_at_constant_size_in_whole_groups(classes, centers, slides):
    vectors, label, center, slide = make(3, classes, centers, slides, 3, 12, 1.0, 1.0)
    found = measure_drop(vectors, label, center, slide, repeats=2, seed=0)
    assert found.unit == "groups"
    assert found.cramers_v[0] == pytest.approx(0, abs=1e-12)
    assert found.cramers_v[-1] == pytest.approx(1)
    assert (np.diff(found.cramers_v) > 0).all()


def test_a_strong_center_costs_accuracy_and_no_center_does_not():
    strong = measure_drop(*make(1, 3, 3, 8, 6, 16, 0.6, 1.5), repeats=3, seed=0)
    none = measure_drop(*make(1, 3, 3, 8, 6, 16, 0.6, 0.0), repeats=3, seed=0)
    assert average_performance_drop(strong.accuracy) < -0.15
    assert average_performance_drop(none.accuracy) > -0.08


def test_few_groups_are_split_by_samples():
    assert measure_drop(*make(1, 2, 3, 3, 8, 8), repeats=2, seed=0).unit == "samples"


def test_a_class_missing_at_a_center_is_refused():
    vectors, label, center, slide = make(1, 2, 2, 3, 4, 8)
    keep = ~((label == 0) & (center == 0))
    with pytest.raises(InputError, match="missing in one"):
        measure_drop(vectors[keep], label[keep], center[keep], slide[keep], repeats=2, seed=0)


def test_one_group_a_cell_is_refused():
    with pytest.raises(InputError, match="at least 2 groups of every class in every center"):
        measure_drop(*make(1, 2, 2, 1, 8, 8), repeats=2, seed=0)


def test_malformed_accuracies_are_refused():
    with pytest.raises(InputError, match="at least 2 steps"):
        average_performance_drop([[0.5]])
    with pytest.raises(InputError, match="above 0 without bias"):
        average_performance_drop([[0.0], [0.5]])
