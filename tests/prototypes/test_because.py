import numpy as np
import pytest
from scipy import stats

from audit.prototypes.because import explain_prototype, global_phi, leading, sign_test, words


def test_global_phi_is_the_mean_weighted_by_likeness():
    phi, g = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([3.0, 1.0])
    assert global_phi(phi, g) == pytest.approx([0.75, 0.5])


def test_unlike_images_have_no_weight_and_no_likeness_no_value():
    assert global_phi(np.array([[1.0, 9.0]]), np.array([1.0, -5.0])) == pytest.approx([1.0])
    assert np.isnan(global_phi(np.array([[1.0, 9.0]]), np.array([0.0, -5.0]))).all()


def test_the_sign_test_is_the_binomial_one_without_ties():
    phi = np.array([[1.0] * 9 + [-1.0] + [0.0] * 5, [0.0] * 15])
    found = sign_test(phi)
    assert found[0] == pytest.approx(stats.binomtest(1, 10).pvalue)
    assert np.isnan(found[1])


def test_an_interval_of_groups_is_wider_than_one_of_images():
    draw = np.random.default_rng(0)
    group = np.repeat(np.arange(6), 10)
    phi = (0.3 + draw.normal(size=6)[group] * 0.2 + draw.normal(size=60) * 0.02)[None]
    g, moved = np.ones(60), np.zeros((1, 60), dtype=bool)
    by_group = explain_prototype(phi, g, moved, group, draws=400)
    by_image = explain_prototype(phi, g, moved, np.arange(60), draws=400)
    assert by_group.low[0] <= by_group.value[0] <= by_group.high[0]
    assert by_group.high[0] - by_group.low[0] > 1.5 * (by_image.high[0] - by_image.low[0])


def test_the_relative_drop_of_no_likeness_is_undefined():
    found = explain_prototype(np.ones((1, 3)), np.full(3, 1e-9), np.zeros((1, 3), dtype=bool), np.arange(3))
    assert np.isnan(found.relative[0])


def test_one_image_has_a_value_and_no_interval():
    found = explain_prototype(np.array([[0.4]]), np.array([0.8]), np.array([[True]]), np.array([0]))
    assert found.value[0] == pytest.approx(0.4)
    assert found.relative[0] == pytest.approx(0.5)
    assert np.isnan(found.low[0])
    assert found.moved[0] == 1


def test_the_words_name_what_leads_and_what_nearly_does():
    value = {"hue": 0.3, "shape": 0.2, "texture": 0.01, "contrast": 0.9}
    holds = {"hue": True, "shape": True, "texture": True, "contrast": False}
    assert leading(value, holds) == ["hue", "shape"]
    assert words(["hue", "shape"]) == "mostly because of hue and shape"
    assert words(["hue"]) == "mostly because of hue"
    assert words(leading({"hue": -0.1}, {"hue": True})) == "for none of the five characteristics alone"
