"""Gaps between subgroups."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, true_positive_rate

from audit.counts import code, count_cells
from audit.errors import InputError
from audit.subgroups.gaps import (
    binary_gaps,
    excess_gap,
    expected_accuracies,
    recall_differences,
    spread,
    subgroup_accuracies,
    theorem_gap,
)

K = np.array([[30, 50, 8], [20, 70, 9]])
N = np.array([[60, 55, 10], [30, 100, 10]])


def test_adjusted_gap_and_ratio_come_from_the_subgroups_accuracies():
    accuracies = subgroup_accuracies(K, N)
    np.testing.assert_allclose(accuracies, [50 / 90, 120 / 155, 17 / 20])
    low, high, gap = spread(accuracies)
    assert (low, high, gap) == (accuracies[0], accuracies[2], accuracies[2] - accuracies[0])


def test_an_empty_subgroup_takes_no_part_in_the_gap():
    low, high, gap = spread(subgroup_accuracies([[3, 0, 4]], [[6, 0, 4]]))
    assert (low, high, gap) == (0.5, 1.0, 0.5)


def test_the_label_mix_explains_exactly_the_theorem_gap():
    k, n = K[:, :2], N[:, :2]
    total = n.sum()
    theorem = theorem_gap(
        n[1].sum() / total,
        n[:, 1].sum() / total,
        n[1, 1] / n[1].sum(),
        n[0, 1] / n[0].sum(),
        (k[1].sum() / n[1].sum(), k[0].sum() / n[0].sum()),
    )
    assert np.ptp(expected_accuracies(k, n)) == pytest.approx(theorem)
    assert float(excess_gap(k, n)) == pytest.approx(np.ptp(subgroup_accuracies(k, n)) - theorem)


def test_the_excess_gap_is_zero_when_recalls_do_not_depend_on_the_subgroup():
    n = np.array([[60, 10], [20, 40]])
    k = n * np.array([[0.5], [0.9]])
    assert float(excess_gap(k, n)) == pytest.approx(0, abs=1e-12)
    assert float(spread(subgroup_accuracies(k, n))[2]) > 0.1


def test_a_gap_between_one_subgroup_is_refused():
    with pytest.raises(InputError, match="strictly between 0 and 1"):
        theorem_gap(0.5, 1.0, 1.0, 1.0, (0.5, 0.6))


def test_recall_differences_list_every_class_and_pair():
    found = recall_differences(K, N)
    assert len(found.difference) == 6
    first = (found.class_index == 0) & (found.first == 0) & (found.second == 1)
    assert found.difference[first][0] == pytest.approx(0.5 - 50 / 55)
    assert np.all(found.interval.low <= found.difference)
    assert np.all(found.difference <= found.interval.high)


def test_pairs_with_an_empty_side_are_not_listed():
    assert len(recall_differences([[1, 0]], [[2, 0]]).difference) == 0


def test_a_subgroup_without_positives_has_no_true_positive_rate_and_makes_no_gap():
    """fairlearn answers 0 there, and so a gap that does not exist."""
    table = pd.DataFrame({"y": [1, 1, 0, 0, 0, 1], "yhat": [1, 1, 0, 0, 0, 1], "g": list("aaabba")})
    cells = count_cells((table["y"] == table["yhat"]).to_numpy(), code(table["y"]), code(table["g"]))
    gaps = binary_gaps(cells.correct, cells.n)
    assert np.isnan(gaps.true_positive_rate[1])
    assert float(gaps.tpr_gap) == 0
    frame = MetricFrame(
        metrics=true_positive_rate, y_true=table["y"], y_pred=table["yhat"], sensitive_features=table["g"]
    )
    assert frame.difference() == 1


def test_rates_of_three_classes_are_refused():
    with pytest.raises(InputError, match="two classes for TPR and FPR; got 3"):
        binary_gaps(np.ones((3, 2)), np.ones((3, 2)))
