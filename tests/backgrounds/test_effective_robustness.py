"""Effective robustness against published models."""

import pytest

from audit.backgrounds.effective_robustness import effective_robustness, fit_line
from audit.backgrounds.published import CLIP_MODELS, IMAGENET_9, IMAGENET_MODELS, published_drops, published_gaps
from audit.errors import InputError


def test_the_line_of_the_imagenet_models_is_the_known_one():
    line = fit_line()
    assert (line.slope, line.intercept, line.r_squared) == pytest.approx((1.145, -0.945, 0.993), abs=6e-4)


def test_a_model_on_the_line_has_no_effective_robustness():
    line = fit_line()
    counter = float(line.expected(0.8))
    found = effective_robustness((0.8, 0.78, 0.82), (counter, counter - 0.02, counter + 0.02), line)
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.low < -0.02 < 0.02 < found.high


def test_clip_models_trained_on_laion_lie_below_the_line():
    line = fit_line()
    for name in ("CLIP B/16 laion400m", "CLIP B/32 laion2b"):
        common, counter = (share / 100 for share in CLIP_MODELS[name])
        assert effective_robustness((common,) * 3, (counter,) * 3, line).value < -0.005


def test_probit_axes_give_nearly_the_same_expectation():
    assert float(fit_line(axes="probit").expected(0.8)) == pytest.approx(float(fit_line().expected(0.8)), abs=0.01)


def test_perfect_accuracy_has_no_expectation():
    found = effective_robustness((1.0, 0.9, 1.0), (0.9, 0.8, 0.95), fit_line())
    assert found.value != found.value  # NaN


def test_a_line_needs_three_models():
    with pytest.raises(InputError, match="at least three"):
        fit_line({"a": (50.0, 40.0), "b": (60.0, 50.0)})


def test_unknown_axes_are_named():
    with pytest.raises(InputError, match="got 'linear'"):
        fit_line(axes="linear")


def test_published_tables_are_consistent():
    assert len(CLIP_MODELS) == len(IMAGENET_MODELS) == 15
    assert published_drops()["AlexNet"] == pytest.approx(0.2032)
    for original, same, rand, gap in IMAGENET_9.values():
        assert original > same > rand
        assert same - rand == pytest.approx(gap)
    assert published_gaps()["ResNet50"] == pytest.approx(0.073)
