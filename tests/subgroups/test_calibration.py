"""Calibration by subgroup."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.subgroups.calibration import (
    apply_temperature,
    bin_of,
    calibration_errors,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)


def _calibrated(n=4000, seed=0):
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.5, 1, n)
    return confidence, generator.random(n) < confidence


def test_bins_are_closed_above():
    assert bin_of(np.array([0.0, 1 / 15, 0.0667, 1.0])).tolist() == [0, 0, 1, 14]


def test_the_error_is_the_weighted_distance_of_accuracy_and_confidence():
    confidence, correct = np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, False, True, True])
    bins = reliability_bins(confidence, correct, np.zeros(4, dtype=int), 1)
    assert float(expected_calibration_error(bins)[0]) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_a_calibrated_model_lies_within_its_null_and_an_overconfident_one_above():
    confidence, correct = _calibrated()
    subgroup = np.arange(4000) % 2
    correct[subgroup == 1] &= np.random.default_rng(1).random(2000) < 0.8
    found = calibration_errors(confidence, correct, subgroup, 2, draws=500)
    assert found.p_value[0] > 0.05
    assert found.p_value[1] < 0.01
    assert found.error[1] > found.interval.low[1] > found.null[1]


def test_the_null_of_a_small_group_is_large():
    confidence, correct = _calibrated()
    found = calibration_errors(confidence, correct, (np.arange(4000) < 40).astype(int), 2, draws=300)
    assert found.null[1] > 5 * found.null[0]


def test_an_empty_subgroup_has_no_error():
    confidence, correct = _calibrated(200)
    found = calibration_errors(confidence, correct, np.zeros(200, dtype=int), 2, draws=100)
    assert np.isnan(found.error[1])
    assert np.isnan(found.p_value[1])


def test_the_temperature_that_was_applied_is_found_again():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (6000, 5))
    honest = apply_temperature(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 1.0)
    label = (honest.cumsum(axis=1) < generator.random((6000, 1))).sum(axis=1)
    assert fit_temperature(honest, label) == pytest.approx(1, abs=0.06)
    assert fit_temperature(apply_temperature(honest, 0.5), label) == pytest.approx(2, abs=0.1)


def test_a_temperature_keeps_the_prediction():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    np.testing.assert_array_equal(apply_temperature(probabilities, 3.0).argmax(axis=1), probabilities.argmax(axis=1))


def test_a_confidence_above_one_is_refused():
    with pytest.raises(InputError, match="`confidence` must lie in"):
        bin_of(np.array([1.2]))


def test_a_temperature_without_labels_is_refused():
    with pytest.raises(InputError, match="`label` must name the class of at least one row"):
        fit_temperature(np.ones((2, 2)) / 2, np.array([-1, -1]))
