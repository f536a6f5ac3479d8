"""The answer in one sentence."""

import pytest

from audit.backgrounds.verdicts import verdict

ACCURACY = {"score": "accuracy", "value": 0.9}


def _said(*scores):
    return verdict([ACCURACY, *({"n": 100, **score} for score in scores)], [], None)


@pytest.mark.parametrize(
    ("value", "p", "words", "state"),
    [
        (0.4, 0.001, "Rests on the subject more than on its background", "above_chance"),
        (-0.4, 0.001, "Rests on the background more than on the subject", "differs"),
        (0.1, 0.4, "Noise hurts the subject and the background alike", "no_difference"),
    ],
)
def test_noise_is_told_by_sign_and_test(value, p, words, state):
    score = {"score": "relative_foreground_sensitivity", "value": value, "low": value - 0.1, "high": value + 0.1}
    said = _said({**score, "p_value": p, "foreground": 0.4, "background": 0.6})
    assert said.sentence.startswith(words)
    assert said.state == state


@pytest.mark.parametrize(
    ("changes", "state", "end"),
    [
        (
            {"background_blur": (-0.2, 0.01), "background_grey": (-0.1, 0.001), "background_shuffle": (-0.5, 0.2)},
            "differs",
            "most with the background_blur: -20.0 points (95 % interval -25.0 to -15.0 points, corrected p = .010).",
        ),
        (
            {"background_blur": (0.2, 0.01), "background_grey": (-0.1, 0.06), "background_noise": (-0.3, 0.001)},
            "above_chance",
            "No other change of the background is seen to lower accuracy.",
        ),
        ({"foreground_grey": (-0.5, 0.001), "image_hue": (-0.5, 0.001)}, "above_chance", "p < .001)."),
    ],
)
def test_what_changing_the_background_does_stands_beside_a_model_that_looks_at_the_subject(changes, state, end):
    score = {"score": "relative_foreground_sensitivity", "value": 0.4, "low": 0.3, "high": 0.5, "n": 100}
    rows = [
        {"kind": "intervention", "intervention": name, "row": name, "value": value, "q_value": q}
        | {"low": value - 0.05, "high": value + 0.05}
        for name, (value, q) in changes.items()
    ]
    said = verdict([ACCURACY, {**score, "p_value": 0.0001, "foreground": 0.4, "background": 0.6}], rows, None)
    assert said.state == state
    assert said.sentence.startswith("Rests on the subject more")
    assert said.sentence.endswith(end)


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


@pytest.mark.parametrize(
    ("ends", "classes", "head", "tail"),
    [
        ((0.2, 0.3, 0.4), 3, "Leans on backgrounds", "90.0 % on common ones, 60.0 % on counter ones."),
        (
            (-0.1, 0.3, 0.4),
            3,
            "No evidence beyond these very classes",
            "90.0 % on common backgrounds, 60.0 % on counter ones.",
        ),
        (
            (-0.4, -0.3, -0.2),
            1,
            "More accurate on counter backgrounds",
            "60.0 % against 90.0 % on common ones.",
        ),
    ],
)
def test_a_drop_leads_with_its_number(ends, classes, head, tail):
    low, value, high = ends
    drop = {"score": "drop", "value": value, "low": low, "high": high, "p_value": 0.0001, "support": classes}
    sides = [{"score": "common_accuracy", "value": 0.9}, {"score": "counter_accuracy", "value": 0.6}]
    over = "over images, p < .001" if classes == 1 else "over 3 classes, p < .001 over images"
    interval = f"95 % interval {100 * low:+.1f} to {100 * high:+.1f} points {over}"
    assert _said(drop, *sides).sentence == f"{head}: drop {100 * value:+.1f} points ({interval}): {tail}"


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (5, "Too few samples to tell whether backgrounds matter: drop +1.0 points ("),
        (900, "No evidence that backgrounds matter: drop +1.0 points ("),
    ],
)
def test_no_drop_is_no_evidence_or_too_few(n, words):
    drop = {"score": "drop", "value": 0.01, "low": -0.1, "high": 0.1, "p_value": 0.5, "support": 2}
    sides = [{"score": "common_accuracy", "value": 0.9}, {"score": "counter_accuracy", "value": 0.89}]
    row = {"kind": "class", "class": "cow", "value": 0.01, "q_value": 0.5, "common_n": n, "counter_n": n}
    said = verdict([ACCURACY, drop, *sides], [row], None)
    assert said.sentence.startswith(words)
    assert said.sentence.endswith("89.0 % on counter ones.")


GAP = {"score": "bg_gap", "value": 0.0, "low": -0.69, "high": 0.69, "p_value": 1.0, "same": 0.5, "random": 0.5, "n": 2}
NOISE = {
    "score": "relative_foreground_sensitivity",
    "value": 0.2,
    "low": 0.15,
    "high": 0.25,
    "p_value": 0.001,
    "foreground": 0.4,
    "background": 0.6,
}


def test_two_images_do_not_speak_for_the_model():
    said = _said(GAP)
    assert (said.state, said.score) == ("too_few", "bg_gap")
    assert said.sentence.startswith("Too few samples to tell whether a background of the own class helps")


def test_a_score_of_many_images_leads_before_one_of_two():
    said = _said(GAP, NOISE)
    assert (said.state, said.score) == ("above_chance", "relative_foreground_sensitivity")


@pytest.mark.parametrize("score", [GAP, {**NOISE, "p_value": 0.4, "low": -0.3, "high": 0.5}])
def test_nothing_found_by_a_wide_interval_is_too_few(score):
    assert _said({**score, "n": 100}).state == "too_few"
