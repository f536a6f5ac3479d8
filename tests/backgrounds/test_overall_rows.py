"""One row a score, by hand and against scipy and statsmodels."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from audit.backgrounds.effective_robustness import Line
from audit.backgrounds.overall_rows import FOLLOWS, conflict_codes, implied_of, overall_scores
from audit.group_ids import effective_counts, group_counts
from tests.backgrounds.small_inputs import battery_of, inputs_of, sided_inputs

DIAGONAL = Line(slope=1.0, intercept=0.0, r_squared=1.0, axes="logit")
"""Expects the same accuracy on both sides."""

TWO = {"cow": ((18, 20), (6, 12)), "owl": ((9, 10), (9, 10))}

LABEL = ["cow"] * 12 + ["owl"] * 12
PLACE = ["meadow"] * 10 + ["wood"] * 2 + ["wood"] * 10 + ["meadow"] * 2
HOST = {"meadow": "cow", "wood": "owl"}


def _scores(inputs, battery=None, line=DIAGONAL, seed=0):
    found = overall_scores(inputs, battery, line, draws=200, seed=seed)
    return {row["score"]: row for row in found.rows}, found


def _bounds(row):
    return row["low"], row["high"]


def _wilson(k, n):
    return pytest.approx(proportion_confint(k, n, method="wilson"))


def test_accuracy_alone_is_left_where_nothing_says_backgrounds():
    rows, found = _scores(inputs_of(["a", "b", "b", None], ["a", "b", "a", "a"]))
    assert list(rows) == ["accuracy"]
    assert (rows["accuracy"]["value"], rows["accuracy"]["n"]) == (pytest.approx(2 / 3), 3)
    assert _bounds(rows["accuracy"]) == _wilson(2, 3)
    assert found.implied.tolist() == [-1] * 4
    assert np.isnan(found.drop.value)
    assert found.notes == ()


def test_the_drop_is_the_mean_over_classes_with_both_intervals():
    row = _scores(sided_inputs(**TWO))[0]["drop"]
    assert (row["value"], row["n"], row["support"], row["null"]) == (pytest.approx(0.2), 52, 2, 0)
    bounds = [confint_proportions_2indep(*pair, method="newcomb") for pair in ((18, 20, 6, 12), (9, 10, 9, 10))]
    below = np.hypot(0.4 - bounds[0][0], 0.0 - bounds[1][0]) / 2
    above = np.hypot(bounds[0][1] - 0.4, bounds[1][1] - 0.0) / 2
    assert row["low_over_images"] == pytest.approx(0.2 - below)
    assert row["high_over_images"] == pytest.approx(0.2 + above)
    assert _bounds(row) == (-1, 1), "Student's interval of .4 and 0 is .2 +- 2.5, more than a difference can be"


def test_the_drops_interval_is_students_over_classes():
    counts = {name: ((10, 10), (k, 10)) for name, k in (("a", 6), ("b", 7), ("c", 8), ("d", 7))}
    row = _scores(sided_inputs(**counts))[0]["drop"]
    drops = np.array([0.4, 0.3, 0.2, 0.3])
    assert _bounds(row) == pytest.approx(stats.t.interval(0.95, 3, drops.mean(), stats.sem(drops)))


def test_classes_weigh_by_their_size_in_the_other_drop():
    rows = _scores(sided_inputs(**TWO))[0]
    assert rows["drop_micro"]["value"] == pytest.approx(27 / 30 - 15 / 22)


def test_both_accuracies_are_means_over_classes():
    rows = _scores(sided_inputs(**TWO))[0]
    assert (rows["common_accuracy"]["value"], rows["common_accuracy"]["n"]) == (pytest.approx(0.9), 30)
    assert (rows["counter_accuracy"]["value"], rows["counter_accuracy"]["n"]) == (pytest.approx(0.7), 22)
    assert rows["common_accuracy"]["low"] < 0.9 < rows["common_accuracy"]["high"]


def test_effective_robustness_is_what_the_line_does_not_expect():
    rows = _scores(sided_inputs(**TWO))[0]
    assert rows["effective_robustness"]["value"] == pytest.approx(-0.2)
    steep = _scores(sided_inputs(**TWO), line=Line(2.0, 0.0, 1.0, "logit"))[0]
    # Odds of .9 are 9, and 81 when squared.
    assert steep["effective_robustness"]["value"] == pytest.approx(0.7 - 81 / 82)


def test_a_model_without_a_mistake_on_common_backgrounds_has_no_effective_robustness():
    rows = _scores(sided_inputs(cow=((10, 10), (5, 10)), owl=((10, 10), (9, 10))))[0]
    assert np.isnan(rows["effective_robustness"]["value"])
    assert rows["drop"]["value"] == pytest.approx(0.3)


def test_one_class_has_no_interval_over_classes_and_says_so():
    rows, found = _scores(sided_inputs(cow=TWO["cow"]))
    bounds = confint_proportions_2indep(18, 20, 6, 12, method="newcomb")
    assert _bounds(rows["drop"]) == pytest.approx(bounds)
    assert found.notes == ("One class cannot tell how much classes differ: there is no interval over classes",)


def test_classes_with_one_side_are_named_and_not_averaged():
    rows, found = _scores(sided_inputs(**TWO, fox=((1, 5), (0, 0))))
    assert rows["drop"]["value"] == pytest.approx(0.2)
    assert rows["accuracy"]["n"] == 57
    assert found.notes == ("1 classes lack samples on one side and are not averaged: fox",)


def test_no_more_than_five_such_classes_are_named():
    lone = {f"lone {place}": ((1, 1), (0, 0)) for place in range(6)}
    notes = _scores(sided_inputs(**TWO, **lone))[1].notes
    assert notes[0].endswith("averaged: lone 0, lone 1, lone 2, lone 3, lone 4 ...")


def test_accuracy_has_the_interval_of_the_subgroup_audit_where_samples_come_in_groups():
    generator = np.random.default_rng(1)
    herd = np.repeat(np.arange(20), 6)
    right = generator.random(120) < np.repeat(generator.random(20), 6)
    predicted = np.where(right, "cow", "yak").tolist()
    row = _scores(inputs_of(["cow"] * 120, predicted, group_id=herd))[0]["accuracy"]
    k, n = effective_counts(group_counts(np.zeros(120, dtype=np.int64), right, herd, 1))
    assert n[0] < 120
    assert _bounds(row) == _wilson(k[0], n[0])
    assert (row["value"], row["n"]) == (pytest.approx(right.mean()), 120)


def test_groups_widen_the_interval_over_images():
    generator = np.random.default_rng(0)
    herd = np.repeat(np.arange(24), 10)
    right = np.repeat(generator.random(24) < 0.6, 10)
    label, side = np.repeat(["cow", "owl"], 120), np.tile(np.repeat(["common", "counter"], 10), 12)
    predicted = np.where(right, label, "yak")
    widths = []
    for groups in (None, herd):
        row = _scores(inputs_of(label.tolist(), predicted.tolist(), side=side.tolist(), group_id=groups))[0]["drop"]
        widths.append(row["high_over_images"] - row["low_over_images"])
        assert row["value"] == pytest.approx(_macro_drop(label, side, right))
    assert widths[1] > 1.5 * widths[0]


def _macro_drop(label, side, right):
    drops = [
        right[(label == name) & (side == "common")].mean() - right[(label == name) & (side == "counter")].mean()
        for name in ("cow", "owl")
    ]
    return np.mean(drops)


def test_backgrounds_imply_the_class_that_is_clearly_the_most_frequent():
    implied = implied_of(inputs_of(LABEL, LABEL, background=PLACE))
    assert implied.tolist() == [0] * 10 + [1] * 12 + [0] * 2


def test_backgrounds_without_a_clear_class_imply_none():
    assert implied_of(inputs_of(["a", "b"] * 4, ["a"] * 8, background=["sea"] * 8)).tolist() == [-1] * 8
    assert implied_of(inputs_of(["a"] * 8, ["a"] * 8, background=["sea"] * 8)).tolist() == [-1] * 8


def test_samples_without_a_background_or_a_label_still_have_what_their_background_implies():
    found = implied_of(inputs_of([*LABEL, "cow", None], ["cow"] * 26, background=[*PLACE, None, "wood"]))
    assert found[-2:].tolist() == [-1, 1]


def test_answers_follow_the_label_the_background_or_neither():
    answers = [*LABEL[:10], "cow", "owl", *LABEL[12:22], "yak", "cow"]
    inputs = inputs_of(LABEL, answers, background=PLACE)
    codes = conflict_codes(inputs, implied_of(inputs))
    assert codes.tolist() == [-1] * 10 + [0, 1] + [-1] * 10 + [2, 1]
    assert [FOLLOWS.get(what, "neither") for what in codes[codes >= 0].tolist()] == [
        "label",
        "background",
        "neither",
        "background",
    ]
    rows = _scores(inputs)[0]
    shares = [rows[f"conflict_follows_{what}"]["value"] for what in ("label", "background", "neither")]
    assert shares == [0.25, 0.5, 0.25]
    assert _bounds(rows["conflict_follows_background"]) == _wilson(2, 4)


def test_a_model_that_answers_the_background_has_reliance_one():
    row = _scores(inputs_of(LABEL, [HOST[where] for where in PLACE], background=PLACE))[0]["background_reliance"]
    assert (row["value"], row["n"], row["support"]) == (pytest.approx(1), 4, 2)
    assert row["p_value"] < 0.05


def test_a_model_blind_to_the_background_has_reliance_zero():
    rows = _scores(inputs_of(LABEL, LABEL, background=PLACE))[0]
    assert rows["background_reliance"]["value"] == pytest.approx(0)
    assert rows["background_reliance"]["low"] <= 0 <= rows["background_reliance"]["high"]
    assert rows["conflict_follows_label"]["value"] == 1


def test_backgrounds_that_never_disagree_leave_no_reliance():
    place = [{"cow": "meadow", "owl": "wood"}[name] for name in LABEL]
    rows = _scores(inputs_of(LABEL, LABEL, background=place))[0]
    assert list(rows) == ["accuracy"]


def _folder(foreground):
    variant = ["mixed_same"] * 4 + ["mixed_rand"] * 4
    predicted = ["dog" if one == "1" else "fish" for one in "11101000"]
    return inputs_of(["dog"] * 8, predicted, attributes={"variant": variant, "foreground": foreground})


def test_a_folder_of_variants_has_a_gap_and_a_challenge():
    rows = _scores(_folder(["f0", "f1", "f2", "f3"] * 2))[0]
    gap, challenge = rows["bg_gap"], rows["challenge_accuracy"]
    assert (gap["value"], gap["same"], gap["random"], gap["n"]) == (0.5, 0.75, 0.25, 4)
    assert gap["p_value"] == pytest.approx(stats.binomtest(0, 2).pvalue)
    assert (challenge["value"], challenge["n"]) == (0.25, 4)
    assert _bounds(challenge) == _wilson(1, 4)


@pytest.mark.parametrize("unnamed", [None, np.nan])
def test_foregrounds_without_names_give_an_unpaired_gap_and_no_challenge(unnamed):
    rows = _scores(_folder([unnamed] * 8))[0]
    assert (rows["bg_gap"]["value"], rows["bg_gap"]["n"]) == (0.5, 8)
    assert rows["bg_gap"]["p_value"] == pytest.approx(stats.fisher_exact([[3, 1], [1, 3]]).pvalue)
    assert "challenge_accuracy" not in rows


def test_data_without_variants_has_neither():
    assert list(_scores(inputs_of(["dog"], ["dog"], attributes={"variant": ["mixed_same"]}))[0]) == ["accuracy"]
    alone = inputs_of(["dog"], ["dog"], attributes={"variant": ["original"], "foreground": ["f0"]})
    assert list(_scores(alone)[0]) == ["accuracy"]


def _changes(inputs):
    right = {
        "foreground_noise": "110000000000",
        "background_noise": "111111000000",
        "background_swap_same": "111111111000",
        "background_swap_random": "111000000000",
    }
    words = {name: ["cow" if one == "1" else "yak" for one in pattern] + LABEL[12:] for name, pattern in right.items()}
    return battery_of(inputs, **words)


def test_changed_images_have_their_scores():
    inputs = inputs_of(LABEL, LABEL, background=PLACE)
    rows = _scores(inputs, _changes(inputs))[0]
    noise, gap = rows["relative_foreground_sensitivity"], rows["bg_gap"]
    # 14 and 18 of 24 right: .1667 of the largest gap of 2 (1 - .6667).
    assert (noise["foreground"], noise["background"]) == pytest.approx((14 / 24, 18 / 24))
    assert noise["value"] == pytest.approx(0.25)
    assert noise["p_value"] == pytest.approx(stats.binomtest(0, 4).pvalue)
    assert (gap["value"], gap["n"]) == (pytest.approx(6 / 24), 24)
    assert rows["challenge_accuracy"]["value"] == pytest.approx(15 / 24)
    assert "background_alone" not in rows


def test_the_subject_gone_the_answer_may_still_be_the_backgrounds():
    inputs = inputs_of(LABEL, LABEL, background=PLACE)
    battery = battery_of(inputs, foreground_grey=[*(HOST[where] for where in PLACE[:18]), *["unicorn"] * 6])
    row = _scores(inputs, battery)[0]["background_alone"]
    assert (row["value"], row["n"], row["null"]) == (0.75, 24, 0.5)
    assert _bounds(row) == _wilson(18, 24)


def test_given_variants_come_before_exchanges_of_ones_own():
    inputs = _folder(["f0", "f1", "f2", "f3"] * 2)
    swapped = {"background_swap_same": ["dog"] * 8, "background_swap_random": ["fish"] * 8}
    rows = _scores(inputs, battery_of(inputs, **swapped))[0]
    assert (rows["bg_gap"]["value"], rows["challenge_accuracy"]["value"]) == (0.5, 0.25)


def test_a_battery_without_usable_samples_adds_no_rows():
    inputs = inputs_of(LABEL, LABEL, background=PLACE)
    names = ("foreground_noise", "background_noise", "background_swap_same", "background_swap_random")
    battery = battery_of(inputs, usable=[False] * 24, foreground_grey=LABEL, **dict.fromkeys(names, LABEL))
    assert set(_scores(inputs, battery)[0]) == set(_scores(inputs)[0])


def test_every_score_is_told_once_and_the_same_under_one_seed():
    inputs = inputs_of(LABEL, LABEL, background=PLACE, group_id=np.arange(24) // 2)
    first, second = (_scores(inputs, _changes(inputs), seed=3) for _ in range(2))
    assert len(first[0]) == len(first[1].rows)
    assert [_bounds(row) for row in first[1].rows] == [_bounds(row) for row in second[1].rows]
