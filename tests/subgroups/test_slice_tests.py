"""Significance and folding of slices."""

import numpy as np
import pytest

from audit.counts import Coded
from audit.subgroups.slice_tests import fold_slices, slice_tests
from audit.subgroups.slices import Slice


def _masks(generator, n, slices=12, share=0.1):
    return generator.random((n, slices)) < share


def test_a_real_slice_is_found_and_the_others_are_not():
    generator = np.random.default_rng(0)
    masks = _masks(generator, 4000)
    errors = generator.random(4000) < np.where(masks[:, 3], 0.3, 0.1)
    found = slice_tests(errors, masks, draws=500)
    assert found.p_adjusted[3] < 0.01
    assert np.all(np.delete(found.p_adjusted, 3) > 0.05)


@pytest.mark.parametrize("grouped", [False, True])
def test_the_family_wise_error_is_held(grouped):
    generator = np.random.default_rng(1)
    rejected = 0
    for seed in range(120):
        group_id = np.repeat(np.arange(80), 5)
        masks = np.repeat(_masks(generator, 80, share=0.2), 5, axis=0) if grouped else _masks(generator, 400)
        chance = np.repeat(generator.beta(1, 4, 80), 5) if grouped else np.full(400, 0.2)
        errors = generator.random(400) < chance
        found = slice_tests(errors, masks, draws=199, seed=seed, group_id=group_id if grouped else None)
        rejected += np.nanmin(found.p_adjusted) <= 0.05
    assert rejected / 120 < 0.12


def test_the_adjusted_p_is_not_below_the_slices_own():
    generator = np.random.default_rng(2)
    found = slice_tests(generator.random(1000) < 0.2, _masks(generator, 1000), draws=2000)
    assert np.all(found.p_adjusted > found.p_value - 0.03)


def test_empty_and_full_slices_are_undefined():
    masks = np.column_stack([np.zeros(50, dtype=bool), np.ones(50, dtype=bool), np.arange(50) < 20])
    found = slice_tests(np.arange(50) < 10, masks, draws=99)
    assert np.isnan(found.p_adjusted[:2]).all()
    assert np.isfinite(found.p_adjusted[2])


def test_near_equal_slices_are_merged_and_nested_ones_folded():
    generator = np.random.default_rng(3)
    night = generator.random(1000) < 0.3
    rain = generator.random(1000) < 0.5
    twin = night ^ (generator.random(1000) < 0.02)
    columns = [Coded(mask.astype(np.int64), ("no", "yes")) for mask in (night, twin, rain)]
    slices = [
        Slice(((0, 1),), int(night.sum()), 1, 3.0),
        Slice(((1, 1),), int(twin.sum()), 1, 2.0),
        Slice(((0, 1), (2, 1)), int((night & rain).sum()), 1, 1.0),
        Slice(((2, 1),), int(rain.sum()), 1, 0.5),
    ]
    folded = fold_slices(slices, np.column_stack([each.mask(columns) for each in slices]))
    assert [(each.place, each.parent, each.merged) for each in folded] == [(0, None, (1,)), (2, 0, ()), (3, None, ())]


def test_nothing_to_fold_is_nothing():
    assert fold_slices([], np.zeros((5, 0), dtype=bool)) == []
