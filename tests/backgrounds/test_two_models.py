"""Two models on the same samples."""

import numpy as np
import pandas as pd
import pytest

from audit.backgrounds.two_models import difference_of_drops, ensemble_right, parsed_answers


def test_the_difference_of_drops_is_paired_by_sample():
    sides = np.repeat(["common", "counter"], 50)
    first, second = np.repeat([True, False], 50), np.ones(100, dtype=bool)
    found = difference_of_drops(first, second, sides, np.full(100, "cow"))
    assert found.loc["cow", "value"] == pytest.approx(1)
    assert found.loc["cow", "low"] > 0.8


def test_equal_models_do_not_differ_and_keep_an_interval():
    sides = np.repeat(["common", "counter"], 20)
    right = np.random.default_rng(0).random(40) < 0.7
    row = difference_of_drops(right, right, sides, np.full(40, "cow")).loc["cow"]
    assert row["value"] == 0
    assert row["low"] < 0 < row["high"]


def test_classes_with_one_side_are_left_out():
    sides = np.array(["common", "common", "counter", "counter", "common", "common"])
    classes = np.array(["a", "a", "a", "a", "b", "b"])
    right = np.ones(6, dtype=bool)
    assert difference_of_drops(right, right, sides, classes).index.tolist() == ["a"]


def test_answers_are_read_back_from_words():
    assert parsed_answers("polar bear 0.700; cow 0.200") == {"polar bear": 0.7, "cow": 0.2}
    assert parsed_answers("") == {}


def test_two_wrong_models_can_be_right_together():
    first = pd.DataFrame(
        {"correct": [False, True], "answers": ["owl 0.500; cow 0.450", "cow 1.000"], "p_true": [0.45, 1.0]}
    )
    second = pd.DataFrame(
        {"correct": [False, False], "answers": ["fox 0.500; cow 0.450", "owl 1.000"], "p_true": [0.45, 0.0]}
    )
    wrong, right = ensemble_right(first, second, pd.Series(["cow", "cow"]))
    assert wrong.tolist() == [True, False]
    assert right.tolist() == [True, False]
