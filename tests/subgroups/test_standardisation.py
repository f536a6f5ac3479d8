"""Gaps with another attribute held equal."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.subgroups.standardisation import standardised_accuracies, standardised_difference


def test_a_gap_that_is_another_attributes_vanishes_when_that_is_held_equal():
    n = np.array([[90, 10], [10, 90]])
    k = n * np.array([0.9, 0.5])
    found = standardised_difference(k, n, 0, 1)
    assert float(found.raw) == pytest.approx(0.32)
    assert float(found.standardised) == pytest.approx(0, abs=1e-12)
    assert float(found.stratified) == pytest.approx(0, abs=1e-12)
    assert float(found.explained) == pytest.approx(0.32)


def test_a_gap_within_every_stratum_stays():
    n = np.array([[50, 50], [50, 50]])
    found = standardised_difference(n * [[0.9, 0.7], [0.8, 0.6]], n, 0, 1)
    assert float(found.raw) == pytest.approx(0.1)
    assert float(found.standardised) == pytest.approx(0.1)
    assert float(found.stratified) == pytest.approx(0.1)


def test_strata_of_one_group_only_are_left_out_and_counted():
    found = standardised_difference([[5, 8], [0, 4]], [[10, 10], [0, 10]], 0, 1)
    assert float(found.raw) == pytest.approx(0.4)
    assert float(found.coverage) == pytest.approx(20 / 30)


def test_groups_without_a_common_stratum_cannot_be_standardised():
    found = standardised_difference([[5, 0], [0, 4]], [[10, 0], [0, 10]], 0, 1)
    assert np.isnan(found.standardised)
    assert float(found.coverage) == 0


def test_draws_are_standardised_at_once():
    n = np.random.default_rng(0).integers(5, 20, (7, 3, 4))
    found = standardised_difference(n // 2, n, 0, 2)
    assert found.raw.shape == (7,)
    assert found.standardised[3] == pytest.approx(standardised_difference(n[3] // 2, n[3], 0, 2).standardised)


def test_the_overall_mix_leaves_equal_mixes_alone():
    n = np.array([[30, 10], [60, 20]])
    k = np.array([[20, 5], [30, 10]])
    np.testing.assert_allclose(standardised_accuracies(k, n), k.sum(axis=1) / n.sum(axis=1))


def test_one_group_against_itself_is_refused():
    with pytest.raises(InputError, match="two different groups of 2; got 1 and 1"):
        standardised_difference(np.ones((2, 2)), np.ones((2, 2)), 1, 1)
