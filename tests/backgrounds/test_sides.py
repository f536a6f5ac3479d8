"""Common and counter: said, learned, discovered."""

import numpy as np
import pandas as pd
import pytest

from audit.backgrounds.sides import column_sides, side_column, train_rows, train_sides
from audit.counts import Coded
from audit.dataset import Dataset, Roles
from audit.errors import InputError

LABEL = Coded(np.array([0, 0, 0, 1, 1, -1]), ("cow", "owl"))
PLACE = Coded(np.array([0, 0, 1, 1, -1, 0]), ("meadow", "forest"))


def _dataset(**columns):
    table = pd.DataFrame(columns, index=pd.Index(list("abcdef"), name="sample_id"))
    return Dataset(name="d", metadata=table, roles=Roles(split="split" if "split" in columns else None))


def test_a_column_of_sides_is_found_by_name_and_content():
    assert side_column(_dataset(Side=["common", "Counter", None, "common", "counter", None])) == "Side"
    assert side_column(_dataset(side=["left", "right"] * 3)) is None
    with pytest.raises(InputError, match="got 'nowhere'"):
        side_column(_dataset(x=range(6)), "nowhere")


def test_a_column_says_the_sides_and_what_stands_on_them():
    values = pd.Series(["common", "common", "counter", "common", "counter", "common"])
    found = column_sides(values, LABEL, PLACE)
    assert found.codes.tolist() == [0, 0, 1, 0, 1, 0]
    assert (found.common, found.counter) == (("meadow", "forest"), ("forest", ""))
    with pytest.raises(InputError, match="holds neither"):
        column_sides(pd.Series(["x"] * 6, name="s"), LABEL, PLACE)


def test_training_says_common_and_the_rest_is_tested():
    train = np.array([True, True, False, True, False, True])
    found = train_sides(LABEL, PLACE, train)
    assert found.common == ("meadow", "forest")
    assert found.codes.tolist() == [0, 0, 1, 0, -1, -1]
    assert found.tested.tolist() == [False, False, True, False, False, False]


def test_training_data_alone_is_tested_and_said_so():
    found = train_sides(LABEL, PLACE, np.ones(6, dtype=bool))
    assert found.tested.sum() == 4
    assert "All samples are training samples" in found.notes[0]


def test_splits_are_words_or_the_three_numbers_of_wilds():
    assert train_rows(_dataset(split=["train", "Training", "test", "val", "test", "train"])).sum() == 3
    assert train_rows(_dataset(split=[0, 0, 1, 2, 2, 2])).sum() == 2
    assert train_rows(_dataset(split=range(6))).sum() == 0
    assert train_rows(_dataset(x=range(6))).sum() == 0
