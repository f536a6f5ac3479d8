from __future__ import annotations

import numpy as np
import pytest

from audit.demo import world_table
from audit.demo.captions import WORDS, caption, phrase

COW = {
    "label": "cow", "background": "snow", "light": "night", "coat": "brown", "size": "small", "viewpoint": "left",
}  # fmt: skip


def test_a_phrase_says_the_mentioned_facts_and_no_other():
    said = phrase(COW, ("background",), np.random.default_rng(0))
    assert any(words in said for words in WORDS["background"]["snow"])
    for name in ("light", "coat", "viewpoint"):
        assert not any(words in said.split() or words in said for words in WORDS[name][COW[name]])
    assert "cow" not in said


@pytest.mark.parametrize("seed", range(20))
def test_a_caption_names_species_background_and_light(seed):
    text = caption(COW, np.random.default_rng(seed))
    assert text[0].isupper()
    assert text.endswith(".")
    lower = text.lower()
    assert "cow" in lower
    assert any(words in lower for words in WORDS["background"]["snow"])
    assert any(words in lower for words in WORDS["light"]["night"])


def test_a_caption_uses_an_before_a_vowel():
    texts = [caption({**COW, "label": "owl", "coat": "red"}, np.random.default_rng(seed)) for seed in range(40)]
    assert any(" an orange" in f" {text.lower()}" for text in texts)
    assert not any(" a orange" in f" {text.lower()}" for text in texts)


@pytest.mark.parametrize("name", ["menagerie", "tissue"])
def test_captions_of_a_world_agree_with_its_columns(name):
    table = world_table(name, n=60, split="test", seed=0)
    for row in table.to_dict("records"):
        assert row["label"] in row["caption"].lower()
