"""Predictivity, availability and reliance of an attribute."""

import numpy as np
import pytest

from audit.backgrounds.availability import attribute_availability, balanced_accuracy, probe_accuracy
from audit.counts import Coded


def _world(tied, n=800):
    generator = np.random.default_rng(0)
    label = generator.integers(0, 2, n)
    attribute = np.where(generator.random(n) < tied, label, generator.integers(0, 2, n))
    return Coded(label, ("a", "b")), Coded(attribute, ("u", "v")), generator


def test_balanced_accuracy_is_the_mean_over_classes():
    assert balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])) == pytest.approx(0.5)


def test_an_attribute_that_says_the_label_is_predictive_and_followed():
    label, attribute, _ = _world(0.8)
    found = attribute_availability(label, attribute, attribute.codes, None)
    assert found.predictivity == pytest.approx(0.9, abs=0.03)
    assert found.reliance.value == pytest.approx(1)
    assert np.isnan(found.availability)


def test_an_unrelated_attribute_is_at_chance_and_implies_nothing():
    label, attribute, _ = _world(0.0)
    found = attribute_availability(label, attribute, label.codes, None)
    assert found.predictivity == pytest.approx(0.5, abs=0.06)
    assert found.chance == (0.5, 0.5)


def test_an_attribute_written_into_embeddings_is_available():
    label, attribute, generator = _world(0.5)
    embeddings = generator.normal(0, 1, (800, 16))
    embeddings[:, 3] += 6 * attribute.codes
    assert attribute_availability(label, attribute, label.codes, embeddings).availability > 0.95
    assert probe_accuracy(generator.normal(0, 1, (800, 16)), attribute.codes, np.arange(800) < 400) == pytest.approx(
        0.5, abs=0.06
    )
