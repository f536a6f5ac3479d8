"""Backgrounds named by the model itself."""

import numpy as np
import pandas as pd
import pytest

from audit.backgrounds.zero_shot import CORRECTED, TEMPLATE, VOCABULARY, BackgroundProbabilities
from audit.dataset import Dataset
from audit.models.precomputed import Precomputed
from audit.outputs import Embeddings, PhraseEmbeddings

PLACES = BackgroundProbabilities(backgrounds=("sea", "land"), template="over {}")
DATASET = Dataset(name="d", metadata=pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="sample_id")))


class Reader:
    """Compares images with words in two dimensions; "sea" lies on the first axis, all else on the second."""

    name = "reader"
    abilities = frozenset({"image_encoder", "text_encoder"})
    logit_scale = 2.0

    def encode_text(self, phrases):
        return np.asarray([[5.0, 0.0] if phrase == "over sea" else [0.0, 3.0] for phrase in phrases], dtype=np.float32)


def test_the_words_are_counter_animals():
    said = "ground, water, earth, sand, snow, grass, human, sky, road, rock, shrub, indoor, tree, outdoor"
    assert ", ".join(VOCABULARY) == said
    assert TEMPLATE.format("snow") == "a photo with snow in the background"
    assert CORRECTED not in VOCABULARY


def test_images_and_words_are_compared_in_the_chosen_sentence():
    images, words = PLACES.inputs(DATASET, Reader())
    assert images == Embeddings()
    assert words == PhraseEmbeddings(phrases=("sea", "land"), templates=("over {}",))
    assert words.compute(DATASET, Reader()).tolist() == [[1, 0], [0, 1]]


def test_probabilities_are_the_softmax_of_scaled_cosines():
    images = np.asarray([[7.0, 0.0], [3.0, 4.0]], dtype=np.float32)
    found = PLACES.compute(DATASET, Reader(), images, np.eye(2, dtype=np.float32))
    # Cosines 1 and 0, then .6 and .8; twice their difference is 2 and -.4.
    assert found[:, 0] == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(0.4))], abs=1e-6)
    assert found.sum(axis=1) == pytest.approx([1, 1])
    assert found.dtype == np.float32


def test_longer_images_and_another_order_of_words_change_nothing():
    generator = np.random.default_rng(0)
    images = generator.normal(size=(2, 5)).astype(np.float32)
    words = np.linalg.qr(generator.normal(size=(5, 5)))[0].astype(np.float32)
    found = PLACES.compute(DATASET, Reader(), images, words)
    assert PLACES.compute(DATASET, Reader(), 9 * images, words) == pytest.approx(found, abs=1e-6)
    assert PLACES.compute(DATASET, Reader(), images, words[::-1]) == pytest.approx(found[:, ::-1], abs=1e-6)


def test_an_image_without_a_direction_is_as_near_to_every_word():
    found = PLACES.compute(DATASET, Reader(), np.zeros((2, 2)), np.eye(2, dtype=np.float32))
    assert found.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_a_single_word_is_certain():
    found = PLACES.compute(DATASET, Reader(), np.asarray([[1.0, 2.0], [0.0, -1.0]]), np.eye(2)[:1])
    assert found.tolist() == [[1], [1]]


def test_a_model_that_cannot_compare_says_what_it_lacks():
    assert PLACES.missing(DATASET, Precomputed()) == [
        "precomputed has no image encoder",
        "precomputed has no text encoder",
    ]
    assert PLACES.missing(DATASET, Reader()) == ["'d' has no images"]


def test_other_words_give_another_key():
    assert PLACES.depends_on(DATASET, Reader()) == {"backgrounds": ["sea", "land"]}
    assert BackgroundProbabilities().depends_on(DATASET, Reader()) == {"backgrounds": list(VOCABULARY)}
