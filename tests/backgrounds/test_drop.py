"""Common/counter drop."""

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from audit.backgrounds.drop import SideCounts, class_drops, mean_drop, side_accuracy, student_interval
from audit.errors import InputError
from audit.resampling import resampling_units

COUNTS = SideCounts(
    ("cow", "owl", "fox"),
    np.array([[18.0, 6.0], [9.0, 9.0], [4.0, 0.0]]),
    np.array([[20.0, 12.0], [10.0, 10.0], [5.0, 0.0]]),
)


def test_the_drop_is_common_minus_counter_accuracy():
    drops = class_drops(COUNTS)
    assert drops.value[:2] == pytest.approx([0.4, 0.0])
    assert np.isnan(drops.value[2])
    assert np.isnan(drops.q_value[2])


def test_the_mean_is_over_classes_with_both_sides():
    found = mean_drop(COUNTS)
    assert found.value == pytest.approx(0.2)
    assert found.classes == 2
    assert found.n == 52
    assert found.micro == pytest.approx(27 / 30 - 15 / 22)


def test_class_intervals_are_newcombes():
    drops = class_drops(COUNTS)
    low, high = confint_proportions_2indep(18, 20, 6, 12, method="newcomb")
    assert (drops.low[0], drops.high[0]) == pytest.approx((low, high), abs=1e-9)


def test_the_interval_over_classes_is_students():
    assert student_interval(np.array([0.4, 0.0])) == pytest.approx((0.2 - 12.706 * 0.2, 0.2 + 12.706 * 0.2), abs=1e-3)
    assert np.isnan(student_interval(np.array([0.4]))).all()


def test_both_intervals_cover_the_truth_where_they_should():
    """Over images: the classes' own mean; over classes: the mean that the classes were drawn from."""
    generator = np.random.default_rng(0)
    images, classes, narrow = 0, 0, 0
    for _ in range(200):
        rates = np.clip(generator.normal([0.9, 0.75], 0.1, (20, 2)), 0.02, 0.98)
        n = np.full((20, 2), 60.0)
        counts = SideCounts(tuple(map(str, range(20))), generator.binomial(60, rates).astype(float), n)
        found = mean_drop(counts)
        own, drawn = float((rates[:, 0] - rates[:, 1]).mean()), 0.142  # clipping at .98 takes .008
        images += found.over_images[0] <= own <= found.over_images[1]
        classes += found.over_classes[0] <= drawn <= found.over_classes[1]
        narrow += found.over_images[0] <= drawn <= found.over_images[1]
    assert images / 200 >= 0.92
    assert classes / 200 >= 0.91
    assert narrow < classes


def test_groups_widen_the_interval_over_images():
    generator = np.random.default_rng(1)
    label, side = np.repeat([0, 1], 200), np.tile([0, 1], 200)
    group = np.repeat(np.arange(40), 10)
    right = np.repeat(generator.random(40) < 0.7, 10)
    cell = label * 2 + side
    correct = np.bincount(cell[right], minlength=4).reshape(2, 2).astype(float)
    counts = SideCounts(("a", "b"), correct, np.full((2, 2), 100.0))
    units = resampling_units([np.where(right, cell, -1), 4 + cell], 8, group)
    alone, grouped = mean_drop(counts), mean_drop(counts, units=units, draws=500)
    assert grouped.value == alone.value
    assert np.isfinite(grouped.over_images).all()


def test_nothing_on_one_side_gives_no_number():
    counts = SideCounts(("a",), np.array([[3.0, 0.0]]), np.array([[4.0, 0.0]]))
    found = mean_drop(counts)
    assert np.isnan([found.value, found.p_value, *found.over_images, *found.over_classes]).all()
    assert found.classes == 0


def test_side_accuracy_is_the_mean_over_classes():
    value, interval = side_accuracy(COUNTS, 0)
    assert value == pytest.approx(0.9)
    assert interval.low < 0.9 < interval.high


def test_counts_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"must have shape \(1, 2\)"):
        SideCounts(("a",), np.zeros(2), np.zeros(2))
