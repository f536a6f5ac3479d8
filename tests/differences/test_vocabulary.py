import numpy as np

from audit.differences.vocabulary import OWN, bundled, concepts, contrast, decompose, families, propose
from audit.outputs import unit_rows


def test_it_holds_about_two_thousand_concepts_once_each_in_every_named_family() -> None:
    words = [concept for concept, _ in bundled()]
    assert 1_900 <= len(words) <= 2_500
    assert len(set(words)) == len(words)
    assert {"objects", "scenes", "attributes", "style", "quality", "viewpoint", "lighting", "weather"} <= set(
        families()
    )
    assert "medical imaging" in families()


def test_concepts_are_chosen_by_family_and_own_ones_added() -> None:
    chosen = concepts(("weather",), (" my concept ", ""))
    assert set(chosen.values()) == {"weather", OWN}
    assert chosen["my concept"] == OWN


def test_contrast_is_welchs_statistic() -> None:
    draw = np.random.default_rng(0)
    values, first = draw.normal(size=(5, 90)), np.arange(90) < 30
    a, b = values[:, first], values[:, ~first]
    expected = (a.mean(axis=1) - b.mean(axis=1)) / np.sqrt(a.var(axis=1) / 30 + b.var(axis=1) / 60)
    assert np.allclose(contrast(values, first), expected)


def test_the_decomposition_finds_what_a_difference_was_made_of() -> None:
    draw = np.random.default_rng(1)
    phrases = unit_rows(draw.normal(size=(200, 64)))
    centred = phrases - phrases.mean(axis=0)
    difference = 2 * centred[7] + centred[50] - 0.0 * centred[3]
    assert set(decompose(difference, phrases, 2).tolist()) == {7, 50}
    assert decompose(difference, phrases, 2)[0] == 7
    assert decompose(np.zeros(64), phrases, 5).size == 0


def test_phrases_that_the_model_cannot_tell_apart_are_proposed_once() -> None:
    draw = np.random.default_rng(2)
    phrases = unit_rows(draw.normal(size=(10, 16)))
    phrases[5:] = phrases[4]
    images = unit_rows(draw.normal(size=(40, 16)) + 3 * np.where(np.arange(40)[:, None] < 20, phrases[4], 0))
    a, _ = propose(images, np.arange(40) < 20, phrases, 10)
    assert a[0] == 4
    assert len(set(a.tolist()) & set(range(4, 10))) == 1
