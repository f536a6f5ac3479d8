import itertools

import numpy as np
import pytest

from audit.demo.captions import WORDS
from audit.differences import vocabulary
from audit.differences.auroc import Auroc, auroc
from audit.differences.halves import divide_sets
from audit.differences.ranking import Ranked, best_of_many, corrected, rank, simplify, thresholds, trust
from audit.outputs import PhraseEmbeddings

SAID = {
    "night": {"night", "dark", "moon", "dim", "starry"},
    "day": {"day", "sunny", "bright", "daylight", "noon"},
    "dusk": {"dusk", "sunset", "evening", "dawn", "sunrise"},
    "meadow": {"meadow", "grass", "field", "lawn", "pasture", "grassy"},
    "snow": {"snow", "snowy", "winter"},
    "sand": {"sand", "desert", "dune", "sandy"},
    "water": {"water", "lake", "pond", "river", "shallow"},
    "forest": {"forest", "trees", "woods", "tree"},
    "rock": {"rock", "rocks", "mountain", "mountains", "rocky"},
    "grey": {"grey", "gray"},
    "golden": {"golden", "yellow"},
}
"""Words that name a planted value; other values are named by their own word."""


def codes(world):
    return world.dataset.metadata["group_id"].astype("category").cat.codes.to_numpy()


def compare(world, side, seed, k=30):
    """Return the phrases that stay for A, best first, and the ranking."""
    division = divide_sets(side, codes(world), seed)
    places = [division.rows(s, validate=False) for s in (0, 1)]
    rows = np.concatenate(places)
    found = vocabulary.propose(world.images[rows], np.arange(len(rows)) < len(places[0]), world.vectors, k)
    chosen = np.concatenate(found)
    direction = np.repeat([0, 1], list(map(len, found)))
    ranked = rank(world.vectors[chosen] @ world.images.T, direction, division, draws=100, seed=0)
    kept, _ = simplify([world.phrases[i] for i in chosen], world.vectors[chosen], ranked)
    return [world.phrases[chosen[i]] for i in kept if direction[i] == 0], ranked


def pairs(world, columns, n):
    """Return pairs of sets between which one attribute differs; the hue twins differ in coat and species."""
    draw = np.random.default_rng(7)
    table = world.dataset.metadata
    twins = ("robin", "bluebird", "red", "blue")
    found = []
    for column in columns:
        values = [value for value in sorted(table[column].unique()) if value not in twins]
        found += [(column, a, b) for a, b in itertools.permutations(values, 2)]
    return [found[i] for i in draw.permutation(len(found))[:n]]


def share_found(world, columns, n):
    first = within = 0
    table = world.dataset.metadata
    for seed, (column, a, b) in enumerate(pairs(world, columns, n)):
        side = np.where(table[column] == a, 0, np.where(table[column] == b, 1, -1))
        phrases, _ = compare(world, side, seed)
        named = [bool(set(phrase.replace("-", " ").split()) & SAID.get(a, {a})) for phrase in phrases[:5]]
        first += bool(named and named[0])
        within += any(named)
    return first / n, within / n


def test_words_that_name_a_value_are_those_the_world_is_described_with() -> None:
    for value, said in SAID.items():
        ways = next(ways[value] for ways in WORDS.values() if value in ways)
        assert any(set(way.split()) & said for way in ways)


def test_planted_differences_of_content_and_of_style_are_found(world) -> None:
    content, style = share_found(world, ("label", "background"), 25), share_found(world, ("light", "coat"), 25)
    first, within = ((content[i] + style[i]) / 2 for i in (0, 1))
    assert first >= 0.7, (content, style)
    assert within >= 0.9, (content, style)
    assert min(content[1], style[1]) >= 0.85, (content, style)


def test_a_set_against_itself_gives_nothing(world) -> None:
    groups = np.unique(codes(world))
    passed = 0
    for seed in range(200):
        turned = np.random.default_rng([5, seed]).permutation(len(groups)) % 2
        _, ranked = compare(world, turned[np.searchsorted(groups, codes(world))], seed)
        passed += bool(ranked.significant().any())
    assert passed <= 6


def test_phrases_of_a_language_model_pass_no_more_often_than_they_may_with_no_difference(world) -> None:
    phrases = [
        "an animal at night", "snow", "a sunny day", "sand", "a large animal", "a small bird", "trees", "a red robin",
        "a brown cow", "a grey elephant", "water", "rocks", "dusk", "grass", "a white rabbit", "facing left",
    ]  # fmt: skip
    vectors = PhraseEmbeddings(phrases=tuple(phrases)).compute(world.dataset, world.model)
    scores, direction = vectors @ world.images.T, np.arange(len(phrases)) % 2
    groups = np.unique(codes(world))
    # A share of few in a hundred takes many splits to tell.
    passed, splits = 0, 600
    for seed in range(splits):
        turned = np.random.default_rng([9 + seed // 200, seed % 200]).permutation(len(groups)) % 2
        division = divide_sets(turned[np.searchsorted(groups, codes(world))], codes(world), seed)
        passed += bool(rank(scores, direction, division, draws=100, seed=0).significant().any())
    assert passed <= 0.03 * splits


def test_of_thirty_null_hypotheses_the_best_reaches_58_percent() -> None:
    draw = np.random.default_rng(0)
    found = []
    for seed in range(12):
        values = draw.normal(size=(30, 200))
        first = np.arange(200) < 100
        _, mean = best_of_many(values, first, np.arange(200), np.full(30, 0.5), draws=300, seed=seed)
        found.append(mean)
    assert np.mean(found) == pytest.approx(0.583, abs=0.004)


def test_the_best_of_many_is_beaten_by_chance_as_often_as_its_p_says() -> None:
    draw = np.random.default_rng(1)
    first = np.arange(80) < 40
    p = []
    for seed in range(150):
        values = draw.normal(size=(20, 80))
        observed = auroc(values, first).value
        p.append(best_of_many(values, first, np.arange(80), observed, draws=99, seed=seed)[0].min())
    assert 0.0 <= np.mean(np.asarray(p) <= 0.05) <= 0.10
    assert 0.4 <= np.mean(p) <= 0.6


def test_groups_on_both_sides_keep_the_null_near_one_half() -> None:
    draw = np.random.default_rng(2)
    group = np.repeat(np.arange(60), 4)
    values = draw.normal(size=(10, 240)) + np.repeat(draw.normal(size=(10, 60)), 4, axis=1)
    _, mean = best_of_many(values, draw.random(240) < 0.3, group, np.full(10, 0.5), draws=200, seed=0)
    assert 0.5 < mean < 0.65


def test_the_threshold_parts_the_proposing_halves() -> None:
    values = np.array([[0.1, 0.2, 0.8, 0.9], [0.9, 0.8, 0.2, 0.1]])
    found = thresholds(values, np.array([1, 1]), [np.array([0, 1]), np.array([2, 3])])
    assert found[0] == pytest.approx(0.5)
    assert thresholds(values, np.array([0, 0]), [np.array([0, 1]), np.array([2, 3])])[1] == pytest.approx(0.5)


def test_twice_as_many_tests_are_corrected_for() -> None:
    assert corrected(np.array([0.01]), "benjamini_hochberg")[0] == pytest.approx(0.02)


def test_trust_bands_are_those_of_the_known_pairs() -> None:
    assert [trust(value)[1] for value in (0.6, 0.75, 0.85, 0.95, 0.98, 0.9995)] == [0.25, 0.38, 0.54, 0.81, 0.88, 0.73]


def ranked(values, low):
    n = len(values)
    zeros = np.zeros(n)
    found = Auroc(np.array(values), np.array(low), np.ones(n), zeros)
    return Ranked(
        direction=np.zeros(n, dtype=int), auroc=found, q_value=zeros, contrast=zeros, p_max=zeros, null_max=0.5,
        threshold=zeros, shown=np.zeros((n, 2), dtype=int), n=(5, 5),
    )  # fmt: skip


def test_of_nested_phrases_the_shortest_stays_when_it_is_as_good() -> None:
    phrases = ["penguins at the beach", "penguins", "a dog"]
    kept, merged = simplify(phrases, np.eye(3), ranked([1.0, 0.98, 0.7], [0.95, 0.9, 0.6]))
    assert [phrases[i] for i in kept] == ["penguins", "a dog"]
    assert [phrases[i] for i in merged[kept[0]]] == ["penguins at the beach"]


def test_a_shorter_phrase_that_says_less_does_not_take_the_place_of_a_longer_one() -> None:
    phrases = ["penguins at the beach", "penguins"]
    kept, merged = simplify(phrases, np.eye(2), ranked([1.0, 0.7], [0.95, 0.6]))
    assert [phrases[i] for i in kept] == ["penguins at the beach"]
    assert merged == {0: [1]}


def test_phrases_whose_vectors_agree_are_one() -> None:
    vectors = np.array([[1.0, 0], [0.95, np.sqrt(1 - 0.95**2)], [0, 1]])
    kept, merged = simplify(["night", "darkness", "snow"], vectors, ranked([0.9, 0.88, 0.8], [0.8, 0.8, 0.7]))
    assert kept == [0, 2]
    assert merged[0] == [1]
