"""Intervals and tests over group_ids."""

import numpy as np
import pytest

from audit.group_ids import difference_test, effective_counts, group_counts, split_halves
from audit.statistics import wilson_interval


def _grouped(generator, groups=60):
    sizes = generator.integers(5, 20, groups)
    group_id = np.repeat(np.arange(groups), sizes)
    right = generator.random(len(group_id)) < generator.beta(8, 2, groups)[group_id]
    cell = np.repeat(generator.integers(0, 3, groups), sizes)
    return cell, right, group_id


def test_counts_per_cell_and_group_id_sum_to_the_rows():
    cell, right, group_id = _grouped(np.random.default_rng(0))
    cell[:10] = -1
    counts = group_counts(cell, right, group_id, 3)
    keep = cell >= 0
    np.testing.assert_array_equal(counts.sum(counts.n), np.bincount(cell[keep]))
    np.testing.assert_array_equal(counts.sum(counts.correct), np.bincount(cell[keep & right], minlength=3))


def test_rows_without_a_group_id_stand_alone():
    counts = group_counts(np.zeros(4, dtype=int), np.ones(4, dtype=bool), np.array([0, 0, -1, -1]), 1)
    assert sorted(counts.n) == [1, 1, 2]


def test_intervals_from_effective_counts_cover_and_plain_ones_do_not():
    generator = np.random.default_rng(0)
    good, plain = [], []
    for _ in range(150):
        cell, right, group_id = _grouped(generator)
        counts = group_counts(cell, right, group_id, 3)
        for where, (k, n) in (
            (good, effective_counts(counts)),
            (plain, (counts.sum(counts.correct), counts.sum(counts.n))),
        ):
            low, high = wilson_interval(k, n)
            where.append(np.mean((low <= 0.8) & (high >= 0.8)))
    assert np.mean(good) > 0.92
    assert np.mean(plain) < 0.9


def test_effective_n_is_at_most_n_and_the_number_of_group_ids_where_nothing_varies():
    counts = group_counts(np.zeros(12, dtype=int), np.ones(12, dtype=bool), np.repeat(np.arange(3), 4), 1)
    correct, n = effective_counts(counts)
    assert (correct[0], n[0]) == (3, 3)


def test_the_difference_test_is_uniform_enough_under_the_null():
    generator = np.random.default_rng(1)
    p = np.concatenate(
        [difference_test(group_counts(*_grouped(generator), 3), np.zeros(3, dtype=int))[1] for _ in range(200)]
    )
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.03)


def test_the_standard_error_equals_the_sum_over_group_ids():
    generator = np.random.default_rng(2)
    group_id = generator.integers(0, 25, 400)
    cell, right = generator.integers(0, 2, 400), generator.random(400) < 0.7
    error, _ = difference_test(group_counts(cell, right, group_id, 2), np.zeros(2, dtype=int))
    inside = cell == 0
    influence = np.where(
        inside, (right - right[inside].mean()) / inside.sum(), -(right - right[~inside].mean()) / (~inside).sum()
    )
    sums = np.bincount(group_id, weights=influence)
    assert error[0] == pytest.approx(np.sqrt((sums**2).sum() * 25 / 24))


def test_a_difference_without_variation_is_undefined():
    counts = group_counts(np.array([0, 0, 1, 1]), np.ones(4, dtype=bool), np.arange(4), 2)
    assert np.isnan(difference_test(counts, np.zeros(2, dtype=int))[1]).all()


def test_halves_split_whole_group_ids():
    group_id = np.random.default_rng(0).integers(0, 30, 300)
    half = split_halves(300, group_id, 0)
    assert not set(group_id[half]) & set(group_id[~half])
    assert len(set(group_id[half])) == 15
    assert split_halves(301, None, 0).sum() == 150
