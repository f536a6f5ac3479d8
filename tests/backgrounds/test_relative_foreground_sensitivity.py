"""RFS against hand-computed values."""

import numpy as np
import pytest

from audit.backgrounds.relative_foreground_sensitivity import relative_foreground_sensitivity, sensitivity


@pytest.mark.parametrize(
    ("foreground", "background", "expected"),
    [
        (0.6, 0.8, 0.2 / 0.6),
        (0.8, 0.6, -0.2 / 0.6),
        (0.1, 0.3, 0.2 / 0.4),
        (0.0, 1.0, 1.0),
        (1.0, 0.0, -1.0),
        (0.5, 0.5, 0.0),
        (0.0, 0.0, 0.0),
        (1.0, 1.0, 0.0),
        (0.9, 1.0, 1.0),
    ],
)
def test_rfs_by_hand(foreground, background, expected):
    assert relative_foreground_sensitivity(foreground, background) == pytest.approx(expected)


def test_rfs_stays_between_minus_one_and_one():
    shares = np.linspace(0, 1, 21)
    values = relative_foreground_sensitivity(shares[:, None], shares[None, :])
    assert values.min() == pytest.approx(-1)
    assert values.max() == pytest.approx(1)


def test_paired_answers_give_interval_and_test():
    generator = np.random.default_rng(0)
    background = generator.random(400) < 0.8
    foreground = background & (generator.random(400) < 0.7)
    found = sensitivity(foreground, background, draws=500)
    assert found.low < found.value < found.high
    assert found.value > 0
    assert found.p_value < 1e-6
    assert found.n == 400


def test_no_samples_give_no_number():
    assert np.isnan(sensitivity(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)).value)
