from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from audit.demo.menagerie import HUE_TWINS
from audit.demo.model import load_demo_model_parts
from audit.demo.train import (
    OTHER_BIRD,
    Samples,
    Settings,
    Words,
    all_phrases,
    contrastive_loss,
    save,
    train,
)
from audit.errors import InputError

TINY = Settings(menagerie=60, tissue=36, epochs=2, batch_size=32, seed=3)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    Samples(TINY, folder)
    return folder


def test_training_is_seeded_and_what_is_saved_is_what_is_loaded(pictures, tmp_path):
    model, words = train(TINY, pictures)
    again, _ = train(TINY, pictures)
    for first, second in zip(model.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(first, second)
    path = save(model, words, TINY, tmp_path)
    parts = load_demo_model_parts(path)
    phrases = ["a photo of a cow", "a stained section of gland tissue", "an unheard-of beast"]
    with torch.inference_mode():
        trained = model.encode_text(words.rows(phrases), normalize=True)
        loaded = parts.model.encode_text(parts.tokenizer(phrases), normalize=True)
    assert torch.allclose(trained, loaded, atol=5e-3)


def test_the_last_epochs_alone_give_the_same_weights(pictures, tmp_path):
    first, words = train(replace(TINY, finishing_epochs=0), pictures)
    save(first, words, TINY, tmp_path)
    whole, _ = train(TINY, pictures)
    finished, _ = train(TINY, pictures, tmp_path)
    for one, other in zip(whole.state_dict().values(), finished.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    fewer = replace(TINY, menagerie=20)
    with pytest.raises(InputError, match=r"those in .* have others"):
        train(fewer, pictures / "other", tmp_path)


def test_a_phrase_is_true_of_its_own_image_and_of_those_with_the_same_facts(pictures):
    samples = Samples(TINY, pictures)
    images, phrases, true = samples.batch(np.arange(96), TINY, np.random.default_rng(0))
    assert images.shape == (96, 3, 64, 64)
    assert true.diagonal().all()
    only_cow = [i for i, said in enumerate(phrases) if said.strip(" .") == "a photo of a cow"]
    labels = [row["label"] for row in samples.rows]
    for i in only_cow:
        assert [labels[j] for j in np.flatnonzero(true[i])].count("cow") == int(true[i].sum())


def test_a_hue_twin_at_a_third_hue_is_a_bird_and_no_other_phrase_names_it(pictures):
    samples = Samples(TINY, pictures)
    random = np.random.default_rng(1)
    settings = replace(TINY, label_only_share=1.0, other_hue_share=1.0)
    _, phrases, true = samples.batch(np.arange(96), settings, random)
    birds = [i for i, said in enumerate(phrases) if said == OTHER_BIRD]
    assert {samples.rows[i]["label"] for i in birds} == set(HUE_TWINS)
    for i in birds:
        assert np.flatnonzero(true[i]).tolist() == birds
    assert not [said for said in phrases if "robin" in said or "bluebird" in said]


def test_the_loss_is_zero_for_certain_matches_and_log_n_for_no_idea():
    true = torch.eye(5, dtype=torch.bool)
    assert float(contrastive_loss(torch.eye(5) * 100, true)) < 1e-6
    assert float(contrastive_loss(torch.zeros(5, 5), true)) == pytest.approx(np.log(5), abs=1e-6)


def test_unseen_words_get_one_number_and_the_end_mark_the_highest(pictures):
    samples = Samples(TINY, pictures)
    words = Words(all_phrases(samples, np.random.default_rng(0)), 32)
    rows = words.rows(["a cow", "a zyxgrf", "a wvutsq"])
    assert int(rows.max()) == len(words.seen)
    assert int(rows[0].argmax()) == 3
    assert int(rows[1, 2]) == int(rows[2, 2]) == words.unknown


def test_a_phrase_that_is_too_long_keeps_its_end_mark(pictures):
    words = Words(["a cow"], 8)
    rows = words.rows(["a cow a cow a cow a cow a cow"])
    assert rows.shape == (1, 8)
    assert int(rows[0, -1]) == len(words.seen)
