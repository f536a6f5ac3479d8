"""Pair discovery on one half, confirmation on the other."""

import numpy as np
import pytest

from audit.backgrounds.discovery import (
    ELSEWHERE,
    cell_counts,
    count_sides,
    discover,
    find_pairs,
    pair_sides,
    split_halves,
)
from audit.backgrounds.drop import class_drops
from audit.counts import Coded

SPECIES = tuple("abcdefghij")
PLACES = tuple("uvwxyz")

SPLIT_REJECTIONS, NAIVE_REJECTIONS = 1, 62
"""Of 200 worlds without an effect: with discovery and confirmation halves, and with one set for both."""


def _world(generator, n, planted=0.0):
    """Ten species in six places; with ``planted`` the first three lose that much accuracy outside their home."""
    label = np.repeat(np.arange(10), n // 10)
    background = generator.integers(0, 6, len(label))
    home = (label < 3) & (generator.random(len(label)) < 0.5)
    background[home] = label[home]
    rate = np.where((label < 3) & (background != label), 0.9 - planted, 0.9)
    return generator.random(len(label)) < rate, Coded(label, SPECIES), Coded(background, PLACES)


def test_the_pair_with_the_largest_lower_bound_is_taken():
    correct = np.array([[45.0, 20.0, 5.0]])
    n = np.array([[50.0, 40.0, 8.0]])
    pairs = find_pairs(correct, n)
    assert pairs.common[0] == 0
    assert pairs.counter[0] in {1, ELSEWHERE}
    assert pairs.bound[0] > 0.2


def test_small_sides_are_no_candidates():
    pairs = find_pairs(np.array([[19.0, 0.0]]), np.array([[19.0, 30.0]]))
    assert not pairs.found[0]
    assert np.isnan(pairs.bound[0])


def test_small_backgrounds_count_together_as_elsewhere():
    correct, n = np.array([[38.0, 4.0, 4.0, 4.0]]), np.array([[40.0, 8.0, 8.0, 8.0]])
    pairs = find_pairs(correct, n)
    assert (pairs.common[0], pairs.counter[0]) == (0, ELSEWHERE)
    sides = pair_sides(pairs, np.zeros(4, dtype=int), np.arange(4))
    assert sides.tolist() == [0, 1, 1, 1]


def test_halves_share_no_group():
    generator = np.random.default_rng(0)
    label, group = np.repeat([0, 1], 100), np.repeat(np.arange(40), 5)
    first = split_halves(label, generator.integers(0, 3, 200), group_id=group, seed=1)
    assert 80 <= first.sum() <= 120
    for number in range(40):
        assert len(set(first[group == number])) == 1


def test_halves_are_halves_in_every_class():
    generator = np.random.default_rng(0)
    _, label, background = _world(generator, 1000)
    first = split_halves(label.codes, background.codes, group_id=None, seed=5)
    assert (np.abs(np.bincount(label.codes, weights=first) - 50) <= 1).all()


def test_planted_species_are_found_and_no_other_in_40_seeds():
    others, missed = 0, 0
    for seed in range(40):
        found = discover(*_world(np.random.default_rng(seed), 1600, planted=0.4), seed=seed, n_min=20)
        hit = found.drops.q_value < 0.05
        missed += int((~hit[:3]).any())
        others += int(hit[3:].any())
    assert missed <= 2
    assert others <= 2


def test_split_halves_reject_seldom_and_the_same_data_often_where_nothing_is():
    split, naive = 0, 0
    for seed in range(200):
        correct, label, background = _world(np.random.default_rng(1000 + seed), 3000)
        found = discover(correct, label, background, seed=seed)
        split += int((found.drops.q_value < 0.05).any())
        pairs = find_pairs(*cell_counts(correct, label, background))
        sides = pair_sides(pairs, label.codes, background.codes)
        same = class_drops(count_sides(correct, label, sides), alternative="greater")
        naive += int((same.q_value < 0.05).any())
    assert split / 200 <= 0.07
    assert naive / 200 >= 0.25
    assert (split, naive) == pytest.approx((SPLIT_REJECTIONS, NAIVE_REJECTIONS), abs=1)
