"""Rows about changed images, by hand and against statsmodels."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from audit.backgrounds.battery_rows import (
    FEWEST,
    LARGEST,
    SMALLEST,
    background_only,
    flip_rows,
    intervention_rows,
    noise_sensitivity,
    swap_challenge,
    swap_gap,
    usable_samples,
)
from tests.backgrounds.small_inputs import battery_of, inputs_of

SAME, RANDOM = "background_swap_same", "background_swap_random"


def _wilson(k, n):
    return pytest.approx(proportion_confint(k, n, method="wilson"))


def _words(pattern, label="a"):
    """Return the label for each 1, another class for each 0."""
    return [label if one == "1" else "b" for one in pattern]


def test_samples_without_a_label_are_never_used():
    usable, notes = usable_samples(["image_hue"], inputs_of(["a", None], ["a", "a"]), None)
    assert usable["image_hue"].tolist() == [True, False]
    assert notes == []


def test_subjects_that_take_nothing_or_everything_are_left_out_of_all_but_whole_images():
    inputs = inputs_of(["a", "a", "a", "a", None], ["a"] * 5)
    shares = {
        "subject": np.array([0.2, SMALLEST, 0.9, np.nan, 0.0]),
        "box": np.array([0.3, 0.1, LARGEST, 0.5, 0.5]),
    }
    usable, notes = usable_samples(["background_grey", "foreground_noise", "image_hue"], inputs, shares)
    assert usable["background_grey"].tolist() == usable["foreground_noise"].tolist() == [True] + [False] * 4
    assert usable["image_hue"].tolist() == [True] * 4 + [False]
    assert len(notes) == 1
    assert notes[0].startswith("3 samples whose subject takes nearly nothing")


def test_the_only_sample_of_a_class_gets_no_background_from_within_it():
    inputs = inputs_of(["a", "a", "b", None], ["a"] * 4)
    usable, notes = usable_samples([SAME, RANDOM], inputs, None)
    assert usable[SAME].tolist() == [True, True, False, False]
    assert usable[RANDOM].tolist() == [True, True, True, False]
    assert notes[0].startswith("1 samples are the only ones of their class")
    assert usable_samples([RANDOM], inputs, None)[1] == []


def test_no_changes_use_no_samples():
    assert usable_samples([], inputs_of(["a"], ["a"]), None) == ({}, [])


def test_a_change_is_paired_with_the_answers_before():
    before, after = "1111111100", "1100000010"  # 6 lost, 1 gained, 7 answers differ
    inputs = inputs_of(["a"] * 10, _words(before), p_true=[0.9] * 10)
    battery = battery_of(inputs, p_true=[0.4] * 9 + [np.nan], background_grey=_words(after))
    (row,) = intervention_rows(inputs, battery, "benjamini_hochberg")
    assert (row["row"], row["kind"], row["intervention"]) == ("background greyed", "intervention", "background_grey")
    assert (row["value"], row["accuracy_before"], row["accuracy"], row["n"]) == pytest.approx((-0.5, 0.8, 0.3, 10))
    assert row["p_value"] == pytest.approx(binomtest(1, 7).pvalue)
    assert row["flip_rate"] == pytest.approx(0.7)
    assert (row["flip_low"], row["flip_high"]) == _wilson(7, 10)
    assert row["p_true_change"] == pytest.approx(-0.5)
    # Bonett and Price: one of each added, (1 + 1) / 12 gained and (6 + 1) / 12 lost.
    half = 1.959964 * np.sqrt((9 / 12 - (5 / 12) ** 2) / 12)
    assert (row["low"], row["high"]) == pytest.approx((-5 / 12 - half, -5 / 12 + half), abs=1e-6)


def test_only_usable_samples_count():
    inputs = inputs_of(["a"] * 4, _words("1111"))
    battery = battery_of(inputs, usable=[True, True, False, False], background_blur=_words("1000"))
    (row,) = intervention_rows(inputs, battery, "holm")
    assert (row["n"], row["value"], row["flip_rate"]) == (2, -0.5, 0.5)


def test_another_wrong_answer_is_a_flip_without_a_change_of_accuracy():
    inputs = inputs_of(["a", "a"], ["b", "b"])
    (row,) = intervention_rows(inputs, battery_of(inputs, image_hue=["c", "b"]), "holm")
    assert (row["value"], row["flip_rate"], row["p_value"]) == (0, 0.5, 1)


def test_answers_that_never_change_keep_an_interval_around_zero():
    inputs = inputs_of(["a"] * 20, _words("1" * 20))
    (row,) = intervention_rows(inputs, battery_of(inputs, image_hue=_words("1" * 20)), "holm")
    assert (row["value"], row["flip_rate"], row["p_value"]) == (0, 0, 1)
    assert row["low"] < 0 < row["high"]


def test_a_change_that_no_sample_allows_has_no_value():
    inputs = inputs_of(["a", "a"], ["a", "a"])
    (row,) = intervention_rows(inputs, battery_of(inputs, usable=[False, False], background_grey=["a", "a"]), "holm")
    names = ("value", "low", "high", "p_value", "q_value", "accuracy", "flip_rate", "flip_low", "p_true_change")
    assert row["n"] == 0
    assert np.isnan([row[name] for name in names]).all()


@pytest.mark.parametrize(("correction", "method"), [("benjamini_hochberg", "fdr_bh"), ("holm", "holm")])
def test_changes_are_corrected_for_their_number(correction, method):
    inputs = inputs_of(["a"] * 12, _words("1" * 12))
    changed = {"background_blur": "0" * 8 + "1111", "background_grey": "0" * 6 + "1" * 6, "image_hue": "0" + "1" * 11}
    rows = intervention_rows(inputs, battery_of(inputs, **{k: _words(v) for k, v in changed.items()}), correction)
    p = [binomtest(0, lost).pvalue for lost in (8, 6, 1)]
    assert [row["p_value"] for row in rows] == pytest.approx(p)
    assert [row["q_value"] for row in rows] == pytest.approx(multipletests(p, method=method)[1])


def test_flips_are_counted_by_class():
    label = ["a"] * FEWEST + ["b"] * 20 + [None]
    inputs = inputs_of(label, ["a"] * len(label))
    rows = flip_rows(inputs, battery_of(inputs, background_noise=["c"] * 3 + ["a"] * 7 + ["b"] * 20 + ["c"]))
    assert [(row["row"], row["n"], row["value"]) for row in rows] == [
        ("a, background with noise", 10, pytest.approx(0.3)),
        ("b, background with noise", 20, 1),
    ]
    assert (rows[0]["low"], rows[0]["high"]) == _wilson(3, 10)
    assert json.loads(rows[0]["where"]) == {"label": "a"}
    assert rows[0]["flip_rate"] == rows[0]["value"]


def test_classes_with_few_samples_have_no_row_of_flips():
    inputs = inputs_of(["a"] * (FEWEST - 1), ["a"] * (FEWEST - 1))
    assert flip_rows(inputs, battery_of(inputs, image_hue=["b"] * (FEWEST - 1))) == []
    assert flip_rows(inputs, battery_of(inputs)) == []


def test_noise_on_subject_and_background_is_compared():
    inputs = inputs_of(["a"] * 10, _words("1" * 10))
    noises = {"foreground_noise": _words("1110000000"), "background_noise": _words("1111111000")}
    found = noise_sensitivity(inputs, battery_of(inputs, **noises), draws=200, seed=0)
    # a_fg .3, a_bg .7, mean .5: .4 of the largest possible gap of 1.
    assert (found.value, found.foreground, found.background, found.n) == pytest.approx((0.4, 0.3, 0.7, 10))
    assert found.p_value == pytest.approx(binomtest(0, 4).pvalue)
    assert found.low <= 0.4 <= found.high


def test_one_noise_alone_is_not_compared():
    inputs = inputs_of(["a"], ["a"])
    assert noise_sensitivity(inputs, battery_of(inputs, foreground_noise=["a"]), draws=200, seed=0) is None


def test_noise_without_a_usable_sample_has_no_value():
    inputs = inputs_of(["a"], ["a"])
    battery = battery_of(inputs, usable=[False], foreground_noise=["a"], background_noise=["a"])
    found = noise_sensitivity(inputs, battery, draws=200, seed=0)
    assert np.isnan(found.value)
    assert found.n == 0


def test_groups_are_drawn_together_under_noise():
    herd = np.repeat(np.arange(10), 10)
    right = {"foreground_noise": herd < 5, "background_noise": herd < 8}
    words = {name: np.where(mask, "a", "b").tolist() for name, mask in right.items()}
    widths = []
    for groups in (None, herd.tolist()):
        inputs = inputs_of(["a"] * 100, ["a"] * 100, group_id=groups)
        found = noise_sensitivity(inputs, battery_of(inputs, **words), draws=400, seed=0)
        widths.append(found.high - found.low)
    assert widths[1] > 1.5 * widths[0]


def test_the_gap_is_that_between_both_exchanges():
    inputs = inputs_of(["a"] * 10, _words("1" * 10))
    found = swap_gap(battery_of(inputs, **{SAME: _words("1111111100"), RANDOM: _words("1111100000")}))
    assert (found.value, found.same, found.random, found.n) == pytest.approx((0.3, 0.8, 0.5, 10))
    assert found.p_value == pytest.approx(binomtest(0, 3).pvalue)


def test_one_exchange_alone_leaves_no_gap():
    inputs = inputs_of(["a"], ["a"])
    assert swap_gap(battery_of(inputs, **{SAME: ["a"]})) is None
    assert swap_gap(battery_of(inputs, usable=[False], **{SAME: ["a"], RANDOM: ["a"]})).n == 0


def test_a_sample_withstands_when_it_is_right_as_it_is_and_on_every_background():
    inputs = inputs_of(["a"] * 5, _words("11110"))
    battery = battery_of(inputs, **{SAME: _words("11011"), RANDOM: _words("10111")})
    found = swap_challenge(inputs, battery)
    assert (found.value, found.n) == (0.4, 5)
    assert (found.low, found.high) == _wilson(2, 5)


def test_no_exchange_is_no_challenge():
    inputs = inputs_of(["a"], ["a"])
    assert swap_challenge(inputs, battery_of(inputs, image_hue=["a"])) is None
    unused = swap_challenge(inputs, battery_of(inputs, usable=[False], **{SAME: ["a"]}))
    assert np.isnan([unused.value, unused.low, unused.high]).all()
    assert unused.n == 0


def test_the_background_alone_is_followed_where_it_implies_a_class():
    inputs = inputs_of(["a", "a", "b", "b", "b"], ["a"] * 5)
    battery = battery_of(inputs, usable=[True, True, True, True, False], foreground_grey=["a"] * 5)
    implied, answers = np.array([0, 1, 1, -1, 0]), np.array([0, 0, 1, -1, 0])
    value, low, high, n = background_only(battery, implied, answers)
    assert (value, n) == (pytest.approx(2 / 3), 3)
    assert (low, high) == _wilson(2, 3)


def test_backgrounds_that_imply_nothing_cannot_be_followed():
    inputs = inputs_of(["a"], ["a"])
    nothing = np.array([-1])
    assert background_only(battery_of(inputs, foreground_grey=["a"]), nothing, nothing) is None
    assert background_only(battery_of(inputs, image_hue=["a"]), np.array([0]), np.array([0])) is None
