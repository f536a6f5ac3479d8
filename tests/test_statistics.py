"""Intervals, shrinkage and detectable differences."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportion_effectsize

from audit.errors import InputError
from audit.statistics import (
    clopper_pearson_interval,
    detectable_difference,
    divide,
    mean_interval,
    newcombe_interval,
    proportion_interval,
    shrink_proportions,
    simultaneous_interval,
    wilson_interval,
)

N = np.array([1, 2, 5, 10, 37, 1000])
K = np.array([0, 2, 3, 10, 20, 999])


@pytest.mark.parametrize(("method", "name"), [("wilson", "wilson"), ("clopper_pearson", "beta")])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_equal_statsmodels(method, name, level):
    low, high = proportion_interval(K, N, level, method)
    their_low, their_high = proportion_confint(K, N, alpha=1 - level, method=name)
    np.testing.assert_allclose(low, np.nan_to_num(their_low), atol=1e-12)
    np.testing.assert_allclose(high, np.nan_to_num(their_high, nan=1.0), atol=1e-12)


def test_newcombe_equals_statsmodels():
    low, high = newcombe_interval(K, N, K[::-1], N[::-1])
    for i in range(len(N)):
        expected = confint_proportions_2indep(K[i], N[i], K[::-1][i], N[::-1][i], method="newcomb", compare="diff")
        assert (low[i], high[i]) == pytest.approx(expected, abs=1e-12)


def test_an_empty_group_has_no_interval():
    for interval in (wilson_interval([0, 1], [0, 2]), clopper_pearson_interval([0, 1], [0, 2])):
        assert np.isnan(interval.low[0])
        assert np.isnan(interval.high[0])
        assert interval.low[1] < 0.5 < interval.high[1]


def test_wilson_covers_about_95_percent():
    generator = np.random.default_rng(0)
    k = generator.binomial(40, 0.9, 4000)
    low, high = wilson_interval(k, 40)
    assert 0.93 < np.mean((low <= 0.9) & (high >= 0.9)) < 0.97


def test_clopper_pearson_never_covers_less_than_it_says():
    k = np.arange(31)
    low, high = clopper_pearson_interval(k, 30)
    for p in np.linspace(0.01, 0.99, 50):
        assert stats.binom.pmf(k, 30, p)[(low <= p) & (high >= p)].sum() >= 0.95 - 1e-12


def test_the_worst_group_lies_in_the_simultaneous_bounds_at_least_95_percent_of_the_time():
    generator = np.random.default_rng(1)
    truth, n = np.array([0.8, 0.82, 0.9, 0.9, 0.95]), np.array([20, 60, 200, 40, 500])
    covered = 0
    for _ in range(500):
        low, high = simultaneous_interval(generator.binomial(n, truth), n)
        covered += low.min() <= 0.8 <= high.min()
    assert covered >= 0.95 * 500


def test_the_mean_interval_covers_about_95_percent():
    generator = np.random.default_rng(2)
    truth, n = np.array([0.7, 0.85, 0.95]), np.array([30, 60, 100])
    found = [mean_interval(generator.binomial(n, truth), n)[1:] for _ in range(1000)]
    assert 0.92 < np.mean([low <= truth.mean() <= high for low, high in found]) < 0.98


def test_the_mean_interval_of_perfect_groups_is_not_a_point():
    value, low, high = mean_interval([5, 9], [5, 9])
    assert value == high == 1
    assert low < 0.9


def test_divide_gives_nan_for_a_zero_denominator():
    assert np.isnan(divide(1, 0))
    np.testing.assert_array_equal(divide([1, 2], [2, 0])[:1], [0.5])


def test_shrinkage_pulls_small_groups_more_than_large_ones():
    shrunk = shrink_proportions([5, 500, 880, 910, 900, 890], [10, 1000, 1000, 1000, 1000, 1000])
    assert shrunk.mean[0] > 0.55
    assert shrunk.mean[1] == pytest.approx(0.5, abs=0.02)
    assert np.all(shrunk.low < shrunk.mean)
    assert np.all(shrunk.high > shrunk.mean)


def test_the_probabilities_of_being_worst_sum_to_one_and_need_support():
    shrunk = shrink_proportions([0, 60, 184, 190, 180, 186, 0], [1, 100, 200, 200, 200, 200, 0])
    assert shrunk.probability_worst.sum() == pytest.approx(1)
    assert shrunk.probability_worst[6] == 0
    assert np.isnan(shrunk.mean[6])
    assert shrunk.probability_worst[1] > 0.3
    assert shrunk.mean[0] > 0.2


def test_equal_groups_shrink_to_their_common_rate():
    generator = np.random.default_rng(3)
    shrunk = shrink_proportions(generator.binomial(50, 0.8, 40), np.full(40, 50))
    assert np.ptp(shrunk.mean) < 0.05


def test_detectable_difference_is_what_statsmodels_needs():
    drop = float(detectable_difference(0.9, 50, 400))
    effect = proportion_effectsize(0.9, 0.9 - drop)
    assert NormalIndPower().power(effect, 50, 0.05, ratio=8) == pytest.approx(0.8, abs=0.001)


def test_no_difference_is_detectable_with_one_sample():
    assert np.isnan(detectable_difference(0.5, 1, 1000))


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_a_level_outside_0_and_1_is_refused(level):
    with pytest.raises(InputError, match="`level` must lie between 0 and 1"):
        wilson_interval(1, 2, level)


def test_more_correct_than_samples_is_refused():
    with pytest.raises(InputError, match="`correct` must lie between 0 and `n`"):
        wilson_interval(3, 2)


def test_an_unknown_interval_is_refused():
    with pytest.raises(InputError, match="'wilson' or 'clopper_pearson'; got 'wald'"):
        proportion_interval(1, 2, method="wald")
