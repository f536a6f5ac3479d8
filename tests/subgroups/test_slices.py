"""The slice search."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sliceline.slicefinder import Slicefinder

from audit.counts import Coded
from audit.errors import InputError
from audit.subgroups.slices import search_slices


def _column(codes, levels):
    return Coded(np.asarray(codes, dtype=np.int64), tuple(map(str, range(levels))))


def _every_slice(errors, columns, alpha, depth, n_min):
    n, mean, found = len(errors), errors.mean(), []
    for size in range(1, depth + 1):
        for which in itertools.combinations(range(len(columns)), size):
            for values in itertools.product(*[range(len(columns[c].levels)) for c in which]):
                inside = np.logical_and.reduce(
                    [columns[c].codes == value for c, value in zip(which, values, strict=True)]
                )
                count = inside.sum()
                if count >= n_min:
                    score = alpha * (errors[inside].mean() / mean - 1) - (1 - alpha) * (n / count - 1)
                    if score > 0:
                        found.append((score, tuple(zip(which, values, strict=True))))
    return sorted(found, key=lambda entry: (-round(entry[0], 12), len(entry[1]), entry[1]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.9, 0.95, 1.0]), st.booleans(), st.integers(1, 4))
def test_the_search_is_exact(seed, alpha, graded, depth):
    generator = np.random.default_rng(seed)
    n = int(generator.integers(100, 300))
    columns = [_column(generator.integers(-1, levels, n), levels) for levels in generator.integers(2, 4, 4)]
    errors = (generator.random(n) < 0.25).astype(float)
    errors[0] = 1.0
    if graded:
        errors *= generator.uniform(0.1, 1, n)
    expected = _every_slice(errors, columns, alpha, depth, 6)[:8]
    found = search_slices(errors, columns, alpha=alpha, depth=depth, n_min=6, k=8)
    assert [each.conditions for each in found] == [conditions for _, conditions in expected]
    assert [each.score for each in found] == pytest.approx([score for score, _ in expected])


def _planted(n=3000):
    generator = np.random.default_rng(0)
    values = generator.integers(0, 4, (n, 5))
    bad = (values[:, 1] == 2) & (values[:, 3] == 0)
    return values, (generator.random(n) < np.where(bad, 0.7, 0.05)).astype(float)


def test_the_best_slices_are_those_of_sliceline():
    values, errors = _planted()
    found = search_slices(errors, [_column(column, 4) for column in values.T], alpha=0.95, depth=3, n_min=30, k=5)
    finder = Slicefinder(alpha=0.95, k=5, max_l=3, min_sup=30, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        finder.fit(pd.DataFrame(values, columns=list("abcde")), errors)
    theirs = [{place: int(value) for place, value in enumerate(row) if value is not None} for row in finder.top_slices_]
    assert dict(found[0].conditions) == theirs[0] == {1: 2, 3: 0}
    their_scores = [float(statistics["slice_score"]) for statistics in finder.top_slices_statistics_]
    assert [each.score for each in found] == pytest.approx(their_scores, abs=1e-6)


def test_a_slice_knows_its_samples():
    values, errors = _planted()
    columns = [_column(column, 4) for column in values.T]
    best = search_slices(errors, columns, k=1)[0]
    inside = best.mask(columns)
    assert inside.sum() == best.n
    assert errors[inside].sum() == best.errors


def test_small_slices_are_not_found():
    values, errors = _planted()
    columns = [_column(column, 4) for column in values.T]
    assert all(each.n >= 400 for each in search_slices(errors, columns, n_min=400, k=50))


def test_the_papers_weight_finds_nothing_small():
    """With a = .6 a slice of 5 % needs more than thirteen times the average error."""
    values, errors = _planted()
    columns = [_column(column, 4) for column in values.T]
    assert search_slices(errors, columns, alpha=0.6, k=50) == []
    assert search_slices(errors, columns, alpha=0.95, k=50)


def test_no_errors_and_no_columns_give_no_slices():
    column = _column(np.zeros(50), 1)
    assert search_slices(np.zeros(50), [column]) == []
    assert search_slices(np.ones(50), []) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"alpha": 0}, "`alpha` must lie in"),
        ({"depth": 0}, "`depth` must be at least 1; got 0"),
        ({"k": 0}, "`k` must be at least 1; got 0"),
        ({"n_min": 0}, "`n_min` must be at least 1; got 0"),
    ],
)
def test_parameters_out_of_range_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        search_slices(np.ones(20), [_column(np.zeros(20), 1)], **given)


def test_errors_below_zero_and_columns_of_another_length_are_refused():
    with pytest.raises(InputError, match="`errors` must be finite and at least 0"):
        search_slices(np.array([-1.0, 1.0]), [])
    with pytest.raises(InputError, match="`columns` must have one row an error"):
        search_slices(np.ones(3), [_column(np.zeros(2), 1)])
