"""BG-Gap and challenge accuracy by hand."""

import numpy as np
import pytest

from audit.backgrounds.imagenet_nine import background_gap, challenge_accuracy, paired_gap


def test_the_gap_is_paired_by_foreground():
    right = np.array([True, True, True, False, True, False, False, False])
    variant = np.repeat(["mixed_same", "mixed_rand"], 4)
    found = background_gap(right, variant, np.array(["f0", "f1", "f2", "f3"] * 2))
    assert (found.value, found.same, found.random, found.n) == (0.5, 0.75, 0.25, 4)
    assert found.p_value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_foregrounds_without_names_give_an_unpaired_gap():
    right = np.array([True, True, True, False, True, False, False, False])
    variant = np.repeat(["mixed_same", "mixed_rand"], 4)
    found = background_gap(right, variant, np.full(8, ""))
    assert (found.value, found.n) == (0.5, 8)


def test_one_variant_alone_gives_no_gap():
    found = background_gap(np.ones(3, dtype=bool), np.full(3, "mixed_same"), np.array(["a", "b", "c"]))
    assert np.isnan(found.value)
    assert found.n == 0
    assert np.isnan(paired_gap(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)).value)


def test_a_foreground_counts_when_no_background_flips_it():
    right = np.array([True, True, True, False, True, True])
    found = challenge_accuracy(right, np.array(["f0", "f0", "f1", "f1", "f2", ""]))
    assert (found.value, found.n) == (0.5, 2)


def test_single_backgrounds_are_no_challenge():
    assert np.isnan(challenge_accuracy(np.ones(2, dtype=bool), np.array(["a", "b"])).value)
