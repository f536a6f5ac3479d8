"""Rows of classes, mistakes, conflicts and attributes, by hand and against scipy and statsmodels."""

import json

import numpy as np
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from audit.backgrounds.effective_robustness import Line
from audit.backgrounds.group_rows import (
    MOST_LEVELS,
    MOST_MISTAKES,
    attribute_rows,
    class_rows,
    conflict_rows,
    mistake_rows,
)
from audit.backgrounds.overall_rows import overall_scores
from tests.backgrounds.small_inputs import inputs_of, sided_inputs

COUNTS = {"fox": ((4, 5), (0, 0)), "owl": ((9, 10), (9, 10)), "cow": ((18, 20), (6, 12))}
TABLES = {"cow": [[18, 2], [6, 6]], "owl": [[9, 1], [9, 1]]}

LABEL = ["cow"] * 12 + ["owl"] * 12
PLACE = ["meadow"] * 10 + ["wood"] * 2 + ["wood"] * 10 + ["meadow"] * 2


def _overall(inputs):
    return overall_scores(inputs, None, Line(1.0, 0.0, 1.0, "logit"), draws=200, seed=0)


def _classes(inputs, correction="benjamini_hochberg"):
    return class_rows(inputs, _overall(inputs), correction)


def _wilson(k, n):
    return pytest.approx(proportion_confint(k, n, method="wilson"))


def test_classes_come_by_their_drop_and_those_with_one_side_last():
    rows = _classes(sided_inputs(**COUNTS))
    assert [row["class"] for row in rows] == ["cow", "owl", "fox"]
    assert [row["value"] for row in rows[:2]] == pytest.approx([0.4, 0.0])
    assert np.isnan(
        [rows[2][name] for name in ("value", "low", "high", "p_value", "q_value", "counter_accuracy")]
    ).all()
    assert (rows[2]["common_accuracy"], rows[2]["n"], rows[2]["counter_n"]) == (0.8, 5, 0)
    assert [row["why"] for row in rows] == ["", "", "no counter background"]


def test_a_class_without_a_drop_says_why_and_where_all_have_one_nothing_is_said():
    nobody = {**COUNTS, "fox": ((4, 5), (0, 0))}
    inputs = sided_inputs("discover", **nobody)
    inputs.sides.tested[inputs.label.codes == inputs.label.levels.index("fox")] = False
    assert _classes(inputs)[2]["why"] == "no pair of backgrounds with enough samples"
    inputs = sided_inputs(**nobody)
    inputs.sides.tested[inputs.label.codes == inputs.label.levels.index("fox")] = False
    assert _classes(inputs)[2]["why"] == "no common and no counter background"
    both = {name: sides for name, sides in COUNTS.items() if name != "fox"}
    assert all("why" not in row for row in _classes(sided_inputs(**both)))


def test_a_class_has_both_accuracies_with_intervals():
    row = _classes(sided_inputs(**COUNTS))[0]
    assert (row["common_n"], row["counter_n"], row["n"]) == (20, 12, 32)
    assert (row["common_accuracy"], row["counter_accuracy"]) == (0.9, 0.5)
    assert (row["common_low"], row["common_high"]) == _wilson(18, 20)
    assert (row["counter_low"], row["counter_high"]) == _wilson(6, 12)
    assert (row["low"], row["high"]) == pytest.approx(confint_proportions_2indep(18, 20, 6, 12, method="newcomb"))
    assert json.loads(row["where"]) == {"label": "cow", "tested_side": ["common", "counter"]}


@pytest.mark.parametrize(("how", "alternative"), [("column", "two-sided"), ("discover", "greater")])
@pytest.mark.parametrize(("correction", "method"), [("benjamini_hochberg", "fdr_bh"), ("holm", "holm")])
def test_drops_are_tested_one_sided_only_where_the_direction_was_found_on_other_samples(
    how, alternative, correction, method
):
    rows = _classes(sided_inputs(how, **COUNTS), correction)[:2]
    p = [fisher_exact(TABLES[row["class"]], alternative=alternative).pvalue for row in rows]
    assert [row["p_value"] for row in rows] == pytest.approx(p)
    assert [row["q_value"] for row in rows] == pytest.approx(multipletests(p, method=method)[1])


def test_without_sides_there_are_no_class_rows():
    assert _classes(inputs_of(["a", "b"], ["a", "a"])) == []


def test_counter_images_are_counted_by_what_they_are_mistaken_for():
    label = ["cow"] * 12 + ["owl", None]
    side = ["common"] * 2 + ["counter"] * 12
    answers = ["owl", "cow", *["camel"] * 3, "owl", *["cow"] * 6, "cow", "camel"]
    rows = mistake_rows(inputs_of(label, answers, side=side))
    assert [(row["row"], row["count"], row["n"]) for row in rows] == [
        ("cow taken for camel", 3, 10),
        ("cow taken for owl", 1, 10),
        ("owl taken for cow", 1, 1),
    ]
    assert rows[0]["value"] == pytest.approx(0.3)
    assert (rows[0]["low"], rows[0]["high"]) == _wilson(3, 10)
    assert json.loads(rows[0]["where"]) == {"label": "cow", "predicted": "camel", "tested_side": "counter"}


def test_no_counter_image_or_none_mistaken_leaves_no_rows():
    assert mistake_rows(inputs_of(["a", "a"], ["b", "b"], side=["common", "common"])) == []
    assert mistake_rows(inputs_of(["a", "a"], ["a", "a"], side=["common", "counter"])) == []
    assert mistake_rows(inputs_of(["a", "a"], ["b", "b"])) == []


def test_counter_images_that_are_not_tested_are_not_counted():
    inputs = inputs_of(["a", "a"], ["b", "c"], side=["counter", "counter"])
    inputs.sides.tested[1] = False
    assert [row["row"] for row in mistake_rows(inputs)] == ["a taken for b"]


def test_the_most_frequent_mistakes_are_kept():
    answers = [f"b{place}" for place in range(MOST_MISTAKES + 5)] + ["z", "z"]
    rows = mistake_rows(inputs_of(["a"] * len(answers), answers, side=["counter"] * len(answers)))
    assert len(rows) == MOST_MISTAKES
    assert (rows[0]["answer"], rows[0]["count"]) == ("z", 2)


def test_conflicts_are_told_by_class():
    answers = [*LABEL[:10], "cow", "owl", *LABEL[12:22], "yak", "cow"]
    inputs = inputs_of(LABEL, answers, background=PLACE)
    cow, owl = conflict_rows(inputs, _overall(inputs))
    names = ("follows_label", "follows_background", "follows_neither")
    assert [cow[name] for name in names] == [0.5, 0.5, 0]
    assert [owl[name] for name in names] == [0, 0.5, 0.5]
    assert (cow["value"], cow["n"]) == (0.5, 2)
    assert (cow["low"], cow["high"]) == _wilson(1, 2)
    assert json.loads(owl["where"]) == {"label": "owl", "conflict_follows": ["label", "background", "neither"]}


def test_classes_without_a_conflict_have_no_row():
    label = [*LABEL, "yak"]
    inputs = inputs_of(label, label, background=[*PLACE, None])
    assert [row["class"] for row in conflict_rows(inputs, _overall(inputs))] == ["cow", "owl"]
    nowhere = inputs_of(LABEL, LABEL)
    assert conflict_rows(nowhere, _overall(nowhere)) == []


def _world(n=400):
    generator = np.random.default_rng(0)
    label = generator.choice(["cow", "owl"], n)
    coat = np.where(
        generator.random(n) < 0.8, np.where(label == "cow", "red", "grey"), generator.choice(["red", "grey"], n)
    )
    return label, coat


def test_an_attribute_that_the_model_reads_has_reliance_one():
    label, coat = _world()
    inputs = inputs_of(label.tolist(), np.where(coat == "red", "cow", "owl").tolist(), attributes={"coat": coat})
    (row,), notes = attribute_rows(inputs, None, seed=0)
    assert (row["row"], row["kind"], row["null"]) == ("coat", "attribute", 0)
    assert row["value"] == pytest.approx(1)
    assert row["p_value"] < 0.001
    assert row["n"] == ((label == "cow") == (coat == "grey")).sum()
    assert np.isnan(row["availability"])
    assert notes == []


def test_an_attribute_that_the_model_is_blind_to_has_reliance_zero():
    label, coat = _world()
    (row,), _ = attribute_rows(inputs_of(label.tolist(), label.tolist(), attributes={"coat": coat}), None, seed=0)
    assert row["value"] == pytest.approx(0)
    assert row["low"] <= 0 <= row["high"]
    # Told right in .9 of either class, whichever half is learned from.
    right = [((coat == own) & (label == name)).sum() / (label == name).sum() for name, own in HOME.items()]
    assert row["predictivity"] == pytest.approx(np.mean(right), abs=0.01)
    assert (row["predictivity_chance"], row["availability_chance"]) == (0.5, 0.5)


HOME = {"cow": "red", "owl": "grey"}


def test_an_attribute_written_into_the_embeddings_is_available():
    label, coat = _world()
    inputs = inputs_of(label.tolist(), label.tolist(), attributes={"coat": coat})
    noise = np.random.default_rng(1).normal(size=(400, 4))
    written = np.column_stack([noise, 9.0 * (coat == "red")])
    assert attribute_rows(inputs, written, seed=0)[0][0]["availability"] == 1
    assert attribute_rows(inputs, noise, seed=0)[0][0]["availability"] == pytest.approx(0.5, abs=0.1)


def test_the_background_has_the_name_of_its_column_and_is_told_once():
    inputs = inputs_of(LABEL, LABEL, background=PLACE, attributes={"place": PLACE, "coat": ["red", "grey"] * 12})
    rows, notes = attribute_rows(inputs, None, seed=0)
    assert [row["row"] for row in rows] == ["place", "coat"]
    assert notes == []


def test_an_attribute_with_one_value_or_too_many_is_named_and_left_out():
    n = MOST_LEVELS + 1
    columns = {"same": ["x"] * n, "own": list(range(n)), "empty": [None] * n, "just": [*range(MOST_LEVELS), 0]}
    rows, notes = attribute_rows(inputs_of(["a", "b", *["a"] * (n - 2)], ["a"] * n, attributes=columns), None, seed=0)
    assert [row["row"] for row in rows] == ["just"]
    assert [note.partition(" values")[0] for note in notes] == ["'same' has 1", f"'own' has {n}", "'empty' has 0"]


def test_missing_values_are_no_value():
    coat = ["red"] * 10 + [None, "grey"] + ["grey"] * 10 + [None, "red"]
    (row,), _ = attribute_rows(inputs_of(LABEL, LABEL, attributes={"coat": coat}), None, seed=0)
    assert row["n"] == 2
    assert row["availability_chance"] == 0.5


def test_one_class_leaves_nothing_to_rely_on():
    (row,), _ = attribute_rows(inputs_of(["a"] * 8, ["a"] * 8, attributes={"coat": ["red", "grey"] * 4}), None, seed=0)
    assert np.isnan([row["value"], row["low"], row["high"], row["p_value"]]).all()
    assert row["predictivity"] == row["predictivity_chance"] == 1


def test_data_without_attributes_has_no_rows():
    assert attribute_rows(inputs_of(["a"], ["a"]), None, seed=0) == ([], [])
