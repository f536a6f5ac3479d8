"""From rows to counts."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame
from sklearn.metrics import accuracy_score

from audit.counts import code, code_family, count_cells, cross, sum_by
from audit.errors import InputError


def _rows(n=500, seed=0):
    generator = np.random.default_rng(seed)
    table = pd.DataFrame({"label": generator.integers(0, 3, n), "group": generator.choice(list("dcba"), n)})
    table["prediction"] = np.where(generator.random(n) < 0.8, table["label"], 0)
    return table


def test_levels_are_sorted_and_missing_values_are_minus_one():
    coded = code(pd.Series([10, 2, None, 2]))
    assert coded.levels == ("2.0", "10.0")
    assert coded.codes.tolist() == [1, 0, -1, 0]
    assert coded.missing == 1


def test_text_categories_and_booleans_code_alike():
    text = code(pd.Series(["b", "a", "b"]))
    assert code(pd.Series(["b", "a", "b"], dtype="category")).codes.tolist() == text.codes.tolist() == [1, 0, 1]
    assert code(pd.Series([True, False])).levels == ("False", "True")


def test_given_levels_keep_their_order_and_strangers_are_missing():
    coded = code(pd.Series(["b", "x", None, "a"]), ("b", "a"))
    assert coded.codes.tolist() == [0, -1, -1, 1]


def test_counts_equal_fairlearn():
    table = _rows()
    correct = (table["label"] == table["prediction"]).to_numpy()
    cells = count_cells(correct, code(table["label"]), code(table["group"]))
    frame = MetricFrame(
        metrics=accuracy_score, y_true=table["label"], y_pred=table["prediction"], sensitive_features=table["group"]
    )
    accuracies = cells.correct.sum(axis=0) / cells.n.sum(axis=0)
    np.testing.assert_allclose(accuracies, frame.by_group.to_numpy())
    assert np.ptp(accuracies) == pytest.approx(frame.difference())
    assert accuracies.min() / accuracies.max() == pytest.approx(frame.ratio())
    assert cells.subgroups == tuple(frame.by_group.index)


def test_rows_without_a_value_are_left_out():
    cells = count_cells(np.array([True, True, False]), code(["a", "a", None]), code(["g", None, "g"]))
    assert cells.n.tolist() == [[1]]
    assert cells.correct.tolist() == [[1]]


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="must have one row a sample each; got 1, 2 and 2"):
        count_cells(np.array([True]), code(["a", "b"]), code(["a", "b"]))


def test_a_crossing_has_one_level_for_each_combination_that_occurs():
    crossing, parts = cross([code(["x", "x", "y", None]), code(["1", "2", "1", "1"])])
    assert crossing.levels == ("x & 1", "x & 2", "y & 1")
    assert crossing.codes.tolist() == [0, 1, 2, -1]
    assert parts.tolist() == [[0, 0], [0, 1], [1, 0]]


def test_a_crossing_of_many_levels_equals_one_of_few():
    generator = np.random.default_rng(0)
    columns = [code(generator.integers(0, 400, 50)) for _ in range(4)]
    crossing, parts = cross(columns)
    for column, part in zip(columns, parts.T, strict=True):
        np.testing.assert_array_equal(part[crossing.codes], column.codes)


def test_a_family_of_flags_counts_overlapping_subgroups():
    flags = [pd.Series([1, 1, 0, 0]), pd.Series(["True", "False", "True", "False"])]
    patterns, membership = code_family(flags, ["hat", "scarf"])
    cells = count_cells(
        np.array([True, False, True, True]),
        code(["a"] * 4),
        patterns,
        membership=membership,
        subgroups=("hat", "scarf"),
    )
    assert cells.cell_n.tolist() == [[2, 2]]
    assert cells.cell_correct.tolist() == [[1, 2]]


def test_sum_by_adds_weights_at_their_places():
    assert sum_by(np.array([0, 2, 2]), [1, 2, 3], 4).tolist() == [1, 0, 5, 0]
