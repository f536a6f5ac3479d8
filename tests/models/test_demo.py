from __future__ import annotations

import numpy as np
import pytest
import torch

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import ImageEncoder, LayerActivations, TextEncoder


@pytest.fixture(scope="module")
def model():
    return load_model("demo", device="cpu")


def test_it_encodes_images_and_text_and_shows_its_layers(model):
    assert isinstance(model, ImageEncoder)
    assert isinstance(model, TextEncoder)
    assert isinstance(model, LayerActivations)
    assert model.abilities == {"image_encoder", "text_encoder", "layer_activations"}
    assert len(model.layers) >= 3


def test_images_and_phrases_share_one_space(model):
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    seen = model.encode_image(images)
    said = model.encode_text(["a photo of a cow", "a photo of an owl", "on snow"])
    assert seen.shape[1] == said.shape[1]
    assert seen.dtype == torch.float32
    assert np.isfinite(said).all()


def test_layers_are_pooled_rows(model):
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    activations = model.activations(images, model.layers)
    assert set(activations) == set(model.layers)
    assert all(rows.shape[0] == 2 and rows.ndim == 2 for rows in activations.values())


def test_it_takes_64_pixels(model):
    assert model.preprocessing.size == (64, 64)


def test_it_says_that_it_knows_drawn_pictures_only(model):
    assert any("drawn pictures only" in note for note in model.notes)


def test_two_loads_have_one_fingerprint(model):
    assert load_model("demo", device="cpu").fingerprint == model.fingerprint


def test_a_name_is_refused():
    with pytest.raises(InputError, match="without a name"):
        load_model("demo:large")
