"""Exact tests and corrections."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from audit import significance
from audit.errors import InputError
from audit.significance import adjust_p_values, fisher_exact, mcnemar_exact, permutation_p_value, score_test


def _tables(count=150, seed=0):
    generator = np.random.default_rng(seed)
    n1, n2 = generator.integers(1, 300, count), generator.integers(1, 3000, count)
    return generator.binomial(n1, 0.8), n1, generator.binomial(n2, 0.85), n2


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_fisher_equals_scipy(alternative):
    k1, n1, k2, n2 = _tables()
    expected = [
        stats.fisher_exact([[a, b - a], [c, d - c]], alternative=alternative).pvalue
        for a, b, c, d in zip(k1, n1, k2, n2, strict=True)
    ]
    np.testing.assert_allclose(fisher_exact(k1, n1, k2, n2, alternative=alternative), expected, rtol=1e-8)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_fisher_equals_scipy_on_small_tables_with_ties(n1, n2, data):
    k1, k2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    expected = stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue
    assert float(fisher_exact(k1, n1, k2, n2)) == pytest.approx(expected, rel=1e-9)


def test_fisher_does_not_depend_on_how_tables_are_chunked(monkeypatch):
    whole = fisher_exact(*_tables())
    monkeypatch.setattr(significance, "CHUNK", 100)
    np.testing.assert_allclose(fisher_exact(*_tables()), whole, rtol=1e-13)


def test_fisher_of_a_far_outcome_is_tiny_and_not_negative():
    p = float(fisher_exact(0, 3000, 100_000, 100_000))
    assert 0 <= p < 1e-200


def test_fisher_with_an_empty_side_is_undefined():
    assert np.isnan(fisher_exact(0, 0, 3, 5))


def test_fisher_refuses_more_correct_than_samples():
    with pytest.raises(InputError, match="between 0 and its `n`"):
        fisher_exact(3, 2, 1, 1)


def test_mcnemar_equals_statsmodels():
    for b, c in [(0, 5), (3, 3), (10, 2), (40, 61)]:
        expected = mcnemar([[7, b], [c, 9]], exact=True).pvalue
        assert float(mcnemar_exact(b, c)) == pytest.approx(expected, rel=1e-12)


def test_mcnemar_without_a_difference_is_one():
    assert float(mcnemar_exact(0, 0)) == 1


@pytest.mark.parametrize(("method", "name"), [("benjamini_hochberg", "fdr_bh"), ("holm", "holm")])
def test_corrections_equal_statsmodels_and_leave_nan_alone(method, name):
    p = np.random.default_rng(0).random(40) ** 3
    with_gaps = np.insert(p, [3, 10], np.nan)
    adjusted = adjust_p_values(with_gaps, method)
    assert np.isnan(adjusted[[3, 11]]).all()
    np.testing.assert_allclose(adjusted[np.isfinite(adjusted)], multipletests(p, method=name)[1], rtol=1e-12)


def test_nothing_to_correct_gives_nothing():
    assert np.isnan(adjust_p_values([np.nan])).all()
    assert adjust_p_values([]).size == 0


def test_a_p_value_above_one_is_refused():
    with pytest.raises(InputError, match="`p_values` must lie in"):
        adjust_p_values([0.2, 1.2])


def test_the_score_test_is_the_chi_square_test():
    table = [[30, 10], [45, 55]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert float(score_test(30, 40, 45, 100)) == pytest.approx(expected, rel=1e-10)


def test_the_score_test_of_two_perfect_groups_is_one():
    assert float(score_test(5, 5, 9, 9)) == 1


def test_the_smallest_permutation_p_is_one_over_draws_plus_one():
    null = np.zeros((99, 1))
    assert permutation_p_value([1.0], null)[0] == pytest.approx(0.01)
    assert permutation_p_value([1.0], null, alternative="less")[0] == 1


def test_the_permutation_p_of_an_undefined_value_is_undefined():
    assert np.isnan(permutation_p_value([np.nan], np.zeros((9, 1)))).all()
