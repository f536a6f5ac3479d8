"""What the scores are computed from."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.subgroups.inputs import attribute_columns


def test_rows_without_a_label_are_left_out_and_counted(make_inputs, make_world):
    table = make_world(100)
    table.loc[table.index[:7], "label"] = None
    inputs = make_inputs(table)
    assert inputs.rows.sum() == len(inputs.correct) == 93
    assert "7 of 100 samples have no (known) label and were left out" in inputs.notes


def test_predictions_that_no_label_has_are_wrong_and_counted(make_inputs, make_world):
    table = make_world(50)
    table["prediction"] = "zebra"
    inputs = make_inputs(table)
    assert not inputs.correct.any()
    assert any("50 predictions (for instance 'zebra') name no class" in note for note in inputs.notes)


def test_missing_values_of_an_attribute_belong_to_no_subgroup(make_inputs, make_world):
    table = make_world(100)
    table.loc[table.index[:5], "light"] = None
    inputs = make_inputs(table)
    assert inputs.cells().n.sum() == 95
    assert any("5 samples have no value of 'light'" in note for note in inputs.notes)


def test_numbers_are_cut_into_quarters_that_by_sample_can_select(make_inputs, make_world):
    table = make_world(400)
    table["age"] = np.random.default_rng(0).permutation(400)
    inputs = make_inputs(table, attributes=("age",))
    assert inputs.main.column == "age (range)"
    assert np.bincount(inputs.main.coded.codes).tolist() == [100, 100, 100, 100]
    assert inputs.main.coded.levels[0] == "0 to 99.75"
    assert set(inputs.columns["age (range)"]) == set(inputs.main.coded.levels)


def test_a_column_that_tells_samples_apart_is_no_further_attribute(make_inputs, make_world):
    table = make_world(400)
    table["file"] = [f"{name}.png" for name in table.index]
    inputs = make_inputs(table, attributes=("light", "file"))
    assert [attribute.name for attribute in inputs.attributes] == ["light"]
    assert any("'file' has 400 different values" in note for note in inputs.notes)


def test_the_chosen_attribute_comes_first_and_background_serves_where_none_is_set(make_dataset):
    dataset = make_dataset()
    assert attribute_columns(dataset, "size") == ("size", "light")
    assert attribute_columns(make_dataset(attributes=(), background="light"), None) == ("light",)


def test_an_unknown_attribute_is_refused(make_inputs):
    with pytest.raises(InputError, match="`attribute` must name a column; got 'colour'"):
        make_inputs(settings={"attribute": "colour"})


def test_no_label_at_all_is_refused(make_inputs, make_world):
    table = make_world(10)
    table["label"] = None
    with pytest.raises(InputError, match="names none"):
        make_inputs(table)


def test_whole_numbers_read_as_floats_still_match_the_predictions(make_inputs, make_world):
    table = make_world(20)
    table["label"] = [1.0, 2.0] * 9 + [np.nan, 1.0]
    table["prediction"] = [1, 2] * 10
    inputs = make_inputs(table)
    assert inputs.label.levels == ("1", "2")
    assert inputs.correct.sum() == 18


def test_a_family_counts_as_one_attribute(make_inputs, make_world):
    table = make_world(200)
    table["hat"], table["scarf"] = np.arange(200) % 2, np.arange(200) % 3 == 0
    inputs = make_inputs(table, attributes=("hat", "scarf"), settings={"overlapping": True})
    cells = inputs.cells()
    assert cells.subgroups == ("hat", "scarf")
    assert cells.cell_n.sum(axis=0).tolist() == [100, 67]


def test_probabilities_of_other_classes_are_not_used(make_inputs):
    inputs = make_inputs(settings={"probabilities": np.ones((1200, 7)) / 7})
    assert inputs.probabilities is None
    assert any("7 columns for 3 classes" in note for note in inputs.notes)
