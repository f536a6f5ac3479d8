"""What probabilities add."""

import numpy as np
import pytest

from audit.subgroups.probability_rows import add_columns, confidence_of, probability_scores, ranking_columns


def _probabilities(table, sharpness=3.0, seed=0):
    generator = np.random.default_rng(seed)
    classes = ["cat", "dog", "owl"]
    logits = generator.normal(0, 1, (len(table), 3))
    logits += sharpness * (table["prediction"].to_numpy()[:, None] == np.array(classes)) + 1.5
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture
def inputs(make_inputs, make_world):
    table = make_world(1600)
    return make_inputs(table, settings={"probabilities": _probabilities(table, 8.0)})


def test_the_calibration_error_falls_with_the_fitted_temperature(inputs):
    rows, by_level, notes = probability_scores(inputs, draws=200, seed=0)
    scores = {row["score"]: row for row in rows}
    after = scores["expected_calibration_error_after_temperature"]["value"]
    assert after < scores["expected_calibration_error_held_out"]["value"]
    assert scores["expected_calibration_error"]["p_value"] < 0.02
    assert scores["expected_calibration_error"]["n"] == 1600
    assert "temperature" in notes[0]
    assert [len(levels) for levels in by_level.values()] == [2]


def test_subgroup_rows_take_their_calibration(inputs):
    _, by_level, _ = probability_scores(inputs, draws=100, seed=0)
    rows = [
        {"kind": "subgroup", "attribute": "light", "group": "night"},
        {"kind": "subgroup", "attribute": "size", "group": "small"},
    ]
    add_columns(rows, inputs.main, by_level)
    assert rows[0]["calibration_error"] > 0
    assert "calibration_error" not in rows[1]


def test_every_cell_has_its_areas_beside_its_prevalence(inputs):
    columns, _ = ranking_columns(inputs)
    assert len(columns) == 6
    cell = columns["cat", "night"]
    assert cell["auroc_low"] < cell["auroc"] < cell["auroc_high"]
    assert 0.2 < cell["prevalence"] < 0.45


def test_a_subgroup_of_one_class_is_said_to_have_no_auroc(make_inputs, make_world):
    table = make_world(600)
    table.loc[table["label"] == "owl", "light"] = "dusk"
    table.loc[(table["label"] != "owl") & (table["light"] == "dusk"), "light"] = "day"
    _, notes = ranking_columns(make_inputs(table, settings={"probabilities": _probabilities(table)}))
    assert any("AUROC is undefined" in note for note in notes)


def test_a_prediction_that_names_no_class_has_no_confidence(make_inputs, make_world):
    table = make_world(30)
    table["prediction"] = "zebra"
    probabilities = np.full((30, 3), 1 / 3)
    assert confidence_of(make_inputs(table), probabilities).max() == 0
