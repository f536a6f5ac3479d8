"""The overall scores."""

import numpy as np
import pytest

from audit.subgroups.overall import SUBGROUP_SCORES, overall_scores, permutation_draws, subgroup_scores


def _scores(inputs, **settings):
    found = overall_scores(
        inputs, **({"method": "wilson", "correction": "benjamini_hochberg", "draws": 400, "seed": 0} | settings)
    )
    return {row["score"]: row for row in found.rows}, found


def test_every_score_stands_within_its_interval_and_has_its_null(make_inputs):
    rows, _ = _scores(make_inputs())
    expected = ["accuracy", "macro_accuracy", *(name for name, *_ in SUBGROUP_SCORES[:8])]
    assert list(rows) == expected
    for row in rows.values():
        assert row["low"] <= row["value"] <= row["high"]
        assert np.isfinite(row["null"])
        assert row["n"] == 1200


def test_a_planted_difference_is_seen_and_none_is_seen_where_none_is(make_inputs, make_world):
    planted, _ = _scores(make_inputs(make_world(night=0.5)))
    even, _ = _scores(make_inputs(make_world(night=0.1)))
    assert planted["macro_std"]["p_value"] < 0.01
    assert planted["macro_std"]["q_value"] >= planted["macro_std"]["p_value"]
    assert even["macro_std"]["p_value"] > 0.05
    assert planted["excess_gap"]["value"] > planted["excess_gap"]["null"]


def test_accuracy_is_compared_with_a_prediction_that_ignores_the_label(make_inputs):
    rows, _ = _scores(make_inputs())
    assert rows["accuracy"]["null"] == pytest.approx(1 / 3, abs=0.02)


def test_a_binary_label_adds_the_rate_gaps(make_inputs, make_world):
    table = make_world()
    rows, _ = _scores(make_inputs(table[table["label"] != "owl"]))
    assert {"tpr_gap", "fpr_gap"} <= set(rows)


def test_one_subgroup_leaves_the_scores_undefined_with_a_cause(make_inputs, make_world):
    table = make_world()
    table["light"] = "day"
    rows, found = _scores(make_inputs(table, attributes=("light",)))
    for name in ("gap", "ratio", "macro_std", "macro_std_nist", "excess_gap"):
        assert np.isnan(rows[name]["value"])
        assert np.isnan(rows[name]["p_value"])
    assert any("one value only" in note for note in found.notes)


def test_classes_in_one_subgroup_are_named(make_inputs, make_world):
    table = make_world()
    table.loc[table["label"] == "owl", "light"] = "night"
    _, found = _scores(make_inputs(table))
    assert any("1 class in one subgroup only (owl)" in note and "remaining 2 classes" in note for note in found.notes)


def test_small_subgroups_are_named(make_inputs, make_world):
    table = make_world()
    table.loc[table.index[0], "light"] = "dusk"
    rows, found = _scores(make_inputs(table))
    assert any("fewer than 10 samples (dusk)" in note for note in found.notes)
    assert rows["worst_group_accuracy"]["low"] < 0.2 or rows["worst_group_accuracy"]["value"] > 0.5


def test_without_an_attribute_accuracy_is_still_given(make_inputs):
    rows, found = _scores(make_inputs(attributes=()))
    assert rows["accuracy"]["value"] > 0.8
    assert np.isnan(rows["gap"]["value"])
    assert any("no attribute is set" in note for note in found.notes)


def test_group_ids_change_intervals_and_null_but_not_values(make_inputs):
    alone, _ = _scores(make_inputs())
    grouped, _ = _scores(make_inputs(group_id="patient"))
    for name in alone:
        assert alone[name]["value"] == pytest.approx(grouped[name]["value"])
    assert grouped["macro_std"]["null"] == pytest.approx(alone["macro_std"]["null"], rel=0.15)
    assert grouped["macro_std"]["null"] != alone["macro_std"]["null"]


def test_perfect_predictions_give_no_gap_and_honest_intervals(make_inputs, make_world):
    table = make_world()
    table["prediction"] = table["label"]
    rows, _ = _scores(make_inputs(table))
    assert rows["gap"]["value"] == rows["macro_std"]["value"] == 0
    assert rows["ratio"]["value"] == 1
    assert rows["worst_group_accuracy"]["low"] < 1
    assert rows["adjusted_accuracy"]["low"] < 1
    assert rows["macro_std"]["p_value"] == 1


def test_overlapping_subgroups_have_scores_and_nulls(make_inputs, make_world):
    table = make_world(night=0.6)
    table["dark"], table["tiny"] = table["light"] == "night", table["size"] == "small"
    rows, _ = _scores(make_inputs(table, attributes=("dark", "tiny"), settings={"overlapping": True}))
    assert rows["macro_std"]["p_value"] < 0.05
    assert rows["gap"]["value"] > 0


def test_permuted_units_of_one_row_give_the_null_of_rows(make_inputs, make_world):
    table = make_world(600)
    table["unit"] = np.arange(600)
    by_row = permutation_draws(make_inputs(table), None, draws=1500, seed=0)[:, 4]
    by_unit = permutation_draws(make_inputs(table, group_id="unit"), None, draws=1500, seed=1)[:, 4]
    assert by_unit.mean() == pytest.approx(by_row.mean(), rel=0.05)


def test_the_macro_std_interval_covers_what_such_samples_give_on_average():
    """Bootstrap draws are moved onto the value, so that they cover the mean over samples of this size."""
    from audit.resampling import bootstrap, centred_interval, resampling_units

    generator = np.random.default_rng(0)
    n = np.array([[60, 40, 20], [50, 30, 60]])
    truth = np.array([[0.9, 0.7, 0.8], [0.85, 0.95, 0.75]])
    at = [name for name, *_ in SUBGROUP_SCORES].index("macro_std")
    target = subgroup_scores(generator.binomial(n, truth, size=(4000, 2, 3)), n)[:, at].mean()
    covered = 0
    for seed in range(150):
        k = generator.binomial(n, truth)
        place = np.repeat(np.arange(6), n.ravel())
        right = np.concatenate([np.arange(size) < hits for size, hits in zip(n.ravel(), k.ravel(), strict=True)])
        units = resampling_units([place, np.where(right, place + 6, -1)], 12)
        drawn = bootstrap(
            units,
            lambda c: subgroup_scores(c[:, 6:].reshape(-1, 2, 3), c[:, :6].reshape(-1, 2, 3))[:, at],
            draws=300,
            seed=seed,
        )
        low, high = centred_interval(subgroup_scores(k, n)[at], drawn)
        covered += low <= target <= high
    assert 0.9 < covered / 150 <= 1
