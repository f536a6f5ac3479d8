"""Two models, and many."""

import numpy as np
import pytest
from scipy.special import ndtr

from audit.errors import InputError
from audit.subgroups.comparison import accuracy_disparity, common_drop, moon_shape, paired_change


def _pair(n=2000, seed=0):
    generator = np.random.default_rng(seed)
    cell = generator.integers(0, 3, n)
    hard = generator.random(n)
    first = hard < 0.9
    second = hard < np.array([0.9, 0.8, 0.7])[cell]
    return first, second, cell


def test_the_change_and_its_interval_find_what_was_planted():
    found = paired_change(*_pair(), 3)
    np.testing.assert_allclose(found.change, [0, -0.1, -0.2], atol=0.03)
    assert found.p_value[0] == 1
    assert found.p_value[2] < 1e-9
    assert found.interval.high[2] < -0.15


def test_the_paired_interval_covers_about_95_percent():
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(500):
        hard = generator.random(60)
        found = paired_change(hard < 0.8, (hard < 0.7) | (hard > 0.95), np.zeros(60, dtype=int), 1)
        covered += found.interval.low[0] <= -0.05 <= found.interval.high[0]
    assert 0.92 < covered / 500 < 0.99


def test_an_empty_cell_has_no_change():
    found = paired_change(np.array([True]), np.array([False]), np.array([0]), 2)
    assert np.isnan(found.change[1])
    assert np.isnan(found.p_value[1])


def test_the_delta_of_the_disparity_is_paired():
    first, second, cell = _pair()
    found = accuracy_disparity(first, second, cell, (0, 2), 3, draws=800)
    assert found.delta[0] == pytest.approx(found.second[0] - found.first[0])
    assert found.delta[1] < 0.2 < found.delta[2]
    alone = accuracy_disparity(first, first, cell, (0, 2), 3, draws=800)
    assert alone.delta == (0, 0, 0)


def test_the_common_drop_and_the_deviations_add_up_to_the_change():
    first, second, cell = _pair()
    found = common_drop(first, second, cell, 3, draws=300)
    np.testing.assert_allclose(found.common[0] + found.deviation, paired_change(first, second, cell, 3).change)
    assert found.common[1] < -0.1 < found.common[2]


def test_a_drop_that_falls_on_rare_classes_has_a_positive_slope():
    generator = np.random.default_rng(2)
    label = generator.choice(4, 4000, p=[0.6, 0.25, 0.1, 0.05])
    second = generator.random(4000) < np.array([0.95, 0.9, 0.8, 0.7])[label]
    found = common_drop(np.ones(4000, dtype=bool), second, label, 4, draws=300)
    assert found.slope[1] > 0


def test_equally_frequent_classes_have_no_slope():
    label = np.arange(90) % 3
    found = common_drop(label < 2, label < 1, label, 3, draws=50)
    assert np.isnan(found.slope).all()


def test_no_labels_are_refused():
    with pytest.raises(InputError, match="`label` must name the class"):
        common_drop(np.array([True]), np.array([True]), np.array([-1]), 2, draws=10)


def _moon(curvature, models=30, noise=0.01):
    generator = np.random.default_rng(3)
    x = np.linspace(0.2, 2.0, models)
    y = 0.1 + 0.6 * x + curvature * x**2 + generator.normal(0, noise, models)
    n = 10**7
    return moon_shape(ndtr(x) * n, np.full(models, n), ndtr(y) * n, np.full(models, n))


def test_a_moon_is_told_from_a_line():
    moon, line = _moon(0.15), _moon(0.0)
    assert moon.delta_aic > 10
    assert moon.curvature[1] < 0.15 < moon.curvature[2]
    assert line.delta_aic < 3
    assert line.curvature[1] < 0 < line.curvature[2]


def test_fewer_than_six_models_are_drawn_and_not_fitted():
    found = moon_shape([5, 6, 7, 8, 9], [10] * 5, [3, 4, 5, 6, 7], [10] * 5)
    assert np.isnan(found.delta_aic)
    assert "at least 6" in found.reason
    assert np.isfinite(found.majority).all()


def test_models_that_are_all_alike_are_not_fitted():
    assert "cannot be told" in moon_shape([9] * 8, [10] * 8, [5] * 8, [10] * 8).reason


def test_perfect_models_stay_on_the_page():
    assert np.isfinite(moon_shape([10] * 3, [10] * 3, [0] * 3, [10] * 3).minority).all()
