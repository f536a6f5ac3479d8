"""Bootstrap and permutation on counts."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.resampling import (
    bootstrap,
    centred_interval,
    percentile_interval,
    permute_correct,
    permute_units,
    resampling_units,
)


def _identity(counts):
    return counts


def test_units_hold_the_observed_counts_with_and_without_group_ids():
    generator = np.random.default_rng(0)
    columns = [generator.integers(-1, 6, 300), generator.integers(-1, 6, 300)]
    expected = sum(np.bincount(column[column >= 0], minlength=6) for column in columns)
    for group_id in (None, np.arange(300), generator.integers(0, 40, 300), generator.integers(-1, 3, 300)):
        np.testing.assert_array_equal(resampling_units(columns, 6, group_id).sums(), expected)


def test_group_ids_of_one_row_each_are_rows():
    column = np.random.default_rng(0).integers(0, 5, 200)
    rows, owners = resampling_units([column], 5), resampling_units([column], 5, np.arange(200))
    assert sorted(rows.multiplicity) == sorted(owners.multiplicity)
    assert owners.total == 200


def test_the_bootstrap_of_counts_has_the_moments_of_the_row_bootstrap():
    right = np.arange(100) < 80
    units = resampling_units([np.zeros(100, dtype=int), np.where(right, 1, -1)], 2)
    drawn = bootstrap(units, _identity, draws=4000, seed=0)
    assert np.all(drawn[:, 0] == 100)
    assert drawn[:, 1].mean() == pytest.approx(80, abs=0.3)
    assert drawn[:, 1].std() == pytest.approx(4, abs=0.2)


def test_naming_rows_and_drawing_multinomials_agree():
    """Few and many distinct units take different paths to the same distribution."""
    group_id = np.repeat(np.arange(60), 2)
    place = np.arange(120) % 7
    drawn = bootstrap(resampling_units([place], 7, group_id), _identity, draws=3000, seed=0)
    assert drawn.sum(axis=1).tolist() == [120] * 3000
    np.testing.assert_allclose(drawn.mean(axis=0), np.bincount(place), atol=0.4)


def test_whole_group_ids_are_drawn_and_widen_the_spread():
    right = np.repeat(np.random.default_rng(0).random(50) < 0.8, 20)
    columns = [np.where(right, 0, -1)]
    alone = bootstrap(resampling_units(columns, 1), _identity, draws=1000, seed=0).std()
    together = bootstrap(
        resampling_units(columns, 1, np.repeat(np.arange(50), 20)), _identity, draws=1000, seed=0
    ).std()
    assert together == pytest.approx(alone * np.sqrt(20), rel=0.15)


def test_equal_seeds_give_equal_draws():
    units = resampling_units([np.arange(50) % 4], 4)
    first, again = (bootstrap(units, _identity, draws=600, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, bootstrap(units, _identity, draws=600, seed=4))


def test_the_bootstrap_interval_covers_about_95_percent():
    generator = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        right = generator.random(150) < 0.7
        units = resampling_units([np.where(right, 0, 1)], 2)
        low, high = percentile_interval(bootstrap(units, lambda c: c[:, 0] / 150, draws=300, seed=seed))
        covered += low <= 0.7 <= high
    assert 0.9 < covered / 200 < 0.985


def test_permutation_keeps_the_totals_of_classes_and_the_sizes_of_cells():
    correct, n = np.array([[3, 5, 0], [1, 0, 2]]), np.array([[4, 6, 0], [2, 3, 4]])
    drawn = permute_correct(correct, n, _identity, draws=300, seed=0)
    assert np.all(drawn.sum(axis=2) == correct.sum(axis=1))
    assert np.all(drawn <= n)
    np.testing.assert_allclose(drawn.mean(axis=0)[0], n[0] * 0.8, atol=0.15)


def test_permuting_units_of_one_row_is_permuting_rows():
    generator = np.random.default_rng(0)
    label, group, right = generator.integers(0, 2, 200), generator.integers(0, 3, 200), generator.random(200) < 0.7
    counts = np.column_stack([right, np.ones(200)]).astype(float)

    def accuracy(k, n):
        return k / n

    drawn = permute_units(label, group, counts, (2, 3), accuracy, draws=2000, seed=0)
    n = np.bincount(label * 3 + group, minlength=6).reshape(2, 3)
    k = np.bincount((label * 3 + group)[right], minlength=6).reshape(2, 3)
    by_counts = permute_correct(k, n, lambda dealt: dealt / n, draws=2000, seed=1)
    np.testing.assert_allclose(drawn.mean(axis=0), by_counts.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(drawn.std(axis=0), by_counts.std(axis=0), rtol=0.1)


def test_a_centred_interval_has_the_value_in_its_middle():
    draws = np.random.default_rng(0).normal(5, 1, 4000)
    interval = centred_interval(2.0, draws)
    assert (interval.low + interval.high) / 2 == pytest.approx(2, abs=0.1)
    assert centred_interval(0.1, draws, floor=0.0).low == 0


def test_draws_that_are_all_undefined_have_no_interval():
    interval = percentile_interval(np.full((10, 2), [np.nan, 1.0]))
    assert np.isnan(interval.low[0])
    assert interval.low[1] == 1


def test_no_draws_are_refused():
    with pytest.raises(InputError, match="`draws` must be at least 1; got 0"):
        bootstrap(resampling_units([np.zeros(3, dtype=int)], 1), _identity, draws=0, seed=0)


def test_no_rows_are_refused():
    with pytest.raises(InputError, match="at least one row"):
        resampling_units([np.array([], dtype=int)], 1)
