import numpy as np
import pytest
from scipy import stats

from audit.prototypes.scores import SHARES, mean_row


def test_a_mean_has_students_interval_and_leaves_out_what_is_unknown():
    row = mean_row(np.asarray([1.0, 2.0, np.nan, 4.0]))
    known = np.asarray([1.0, 2.0, 4.0])
    low, high = stats.t.interval(0.95, 2, known.mean(), stats.sem(known))
    assert (row["value"], row["n"]) == (pytest.approx(7 / 3), 3.0)
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))


def test_an_interval_of_shares_stays_among_shares():
    values = np.asarray([1.0, 1.0, 0.6])
    assert mean_row(values)["high"] > 1
    row = mean_row(values, SHARES)
    assert row["high"] == 1.0
    assert row["low"] == mean_row(values)["low"] > 0
