import pytest

from audit.robustness.published import COHORTS, ROBUSTNESS_INDEX, mean_index, published_scores


def test_every_model_has_a_value_for_every_cohort():
    assert len(ROBUSTNESS_INDEX) == 20
    assert all(len(values) == len(COHORTS) for values in ROBUSTNESS_INDEX.values())


def test_published_values_are_carried_over():
    scores = published_scores()
    assert scores["robustness_index"]["Phikon-v2 (Camelyon)"] == 0.019
    assert scores["center_balanced_accuracy"]["UNI2-h"] == 0.960
    assert mean_index()["Virchow2"] == pytest.approx((0.822 + 0.806 + 0.955) / 3)
