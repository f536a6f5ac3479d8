import numpy as np
import pytest
import torch
from PIL import Image

from audit.models import base
from tests.fakes import FakeClassifier, FakeCLIP, FakeEncoder, FakeLayers, FakeModel


@pytest.mark.parametrize(
    ("model", "protocol"),
    [
        (FakeModel(), base.Model),
        (FakeEncoder(), base.ImageEncoder),
        (FakeCLIP(), base.TextEncoder),
        (FakeClassifier(), base.Classifier),
        (FakeLayers(), base.LayerActivations),
    ],
)
def test_the_fake_models_fulfil_the_protocols_they_stand_for(model, protocol):
    assert isinstance(model, protocol)


def test_every_ability_has_its_words():
    assert set(base.ABILITY_WORDS) == set(base.Ability.__args__)


def test_a_preprocessing_prepares_and_normalises_as_its_module_does():
    preprocessing = FakeModel().preprocessing
    image = Image.new("RGB", (40, 20), (255, 0, 51))
    array = preprocessing.prepare(image)
    tensor = preprocessing.normalise(torch.from_numpy(array.copy()).permute(2, 0, 1)[None])
    assert array.shape == (16, 16, 3)
    assert array.dtype == np.uint8
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([1.0, -1.0, -0.6])
