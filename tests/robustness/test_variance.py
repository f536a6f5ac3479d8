import numpy as np
import pytest

from audit.robustness.design import all_rows
from audit.robustness.uncertainty import strata
from audit.robustness.variance import variance_share
from tests.planted import make, noise


def test_the_share_is_that_of_the_planted_variances():
    vectors, label, center, slide = make(2, 12, 12, 2, 4, 400, 1.0, 0.5, 0.0)
    design = all_rows(label, center, slide)
    by_class = variance_share(vectors, label, slide, strata(design), seed=0)
    by_center = variance_share(vectors, center, slide, strata(design), seed=0)
    total = 1 + 0.25 + 1
    assert by_class.value == pytest.approx(1 / total, abs=0.06)
    assert by_center.value == pytest.approx(0.25 / total, abs=0.04)
    assert by_class.low <= by_class.value <= by_class.high


def test_noise_has_no_share():
    found = []
    for seed in range(10):
        vectors, label, center, slide = noise(3, 4, seed)
        found.append(variance_share(vectors, center, slide, strata(all_rows(label, center, slide)), seed=0).value)
    assert abs(np.mean(found)) < 0.002
