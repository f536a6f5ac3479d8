"""The answer in one sentence."""

import pytest

from audit.backgrounds.verdicts import verdict

ACCURACY = {"score": "accuracy", "value": 0.9}


def _said(*scores):
    return verdict([ACCURACY, *scores], [], None)


@pytest.mark.parametrize(
    ("value", "p", "words"),
    [
        (0.4, 0.001, "Rests on the subject more than on its background"),
        (-0.4, 0.001, "Rests on the background more than on the subject"),
        (0.1, 0.4, "Noise hurts the subject and the background alike"),
    ],
)
def test_noise_is_told_by_sign_and_test(value, p, words):
    score = {"score": "relative_foreground_sensitivity", "value": value, "low": value - 0.1, "high": value + 0.1}
    said = _said({**score, "p_value": p, "foreground": 0.4, "background": 0.6})
    assert said.sentence.startswith(words)
    assert said.state == ("differs" if p < 0.05 else "no_difference")


@pytest.mark.parametrize(
    ("value", "p", "words"), [(0.1, 0.01, "helps"), (-0.1, 0.01, "hurts"), (0.0, 0.9, "No evidence")]
)
def test_a_gap_is_told_by_sign_and_test(value, p, words):
    score = {"score": "bg_gap", "value": value, "low": value - 0.05, "high": value + 0.05, "p_value": p}
    assert words in _said({**score, "same": 0.8, "random": 0.8 - value}).sentence


def test_reliance_speaks_where_nothing_else_does():
    score = {"score": "background_reliance", "value": 0.5, "low": 0.4, "high": 0.6, "p_value": 0.0}
    said = _said(score)
    assert said.score == "background_reliance"
    assert "reliance .500" in said.sentence
