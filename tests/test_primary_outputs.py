import numpy as np
import pandas as pd
import pytest
import torch

from audit.dataset import Dataset
from audit.outputs import ClassLogits, EncodedImages, GivenEmbeddings, lacking, missing_images
from tests.fakes import FakeClassifier, FakeEncoder, FakeModel


@pytest.fixture
def bare() -> Dataset:
    return Dataset(name="bare", metadata=pd.DataFrame(index=pd.Index(["a", "b"], name="sample_id")))


def test_a_model_without_an_ability_is_named_with_what_it_lacks() -> None:
    assert lacking(FakeModel("plain"), "image_encoder") == ["plain has no image encoder"]
    assert lacking(FakeEncoder(), "image_encoder") == []


def test_every_reason_is_given_at_once(bare: Dataset) -> None:
    assert EncodedImages().missing(bare, FakeModel("plain")) == ["'bare' has no images", "plain has no image encoder"]
    assert ClassLogits().missing(bare, FakeModel("plain")) == ["'bare' has no images", "plain has no class logits"]
    assert missing_images(bare) == ["'bare' has no images"]


def test_a_batch_is_given_to_the_models_own_method() -> None:
    images = torch.zeros(3, 3, 16, 16, dtype=torch.uint8)
    encoder, classifier = FakeEncoder(), FakeClassifier()
    assert EncodedImages().compute(encoder, images).equal(encoder.encode_image(images))
    assert ClassLogits().compute(classifier, images).equal(classifier.logits(images))


def test_given_embeddings_are_float32_and_keyed_by_their_content(bare: Dataset) -> None:
    def given(value: float) -> Dataset:
        return Dataset(name="d", metadata=bare.metadata, arrays={"embeddings": np.full((2, 3), value)})

    assert GivenEmbeddings().missing(bare, FakeModel())[0].startswith("no embeddings came with 'bare'")
    assert GivenEmbeddings().compute(given(1), FakeModel()).dtype == np.float32
    keys = [GivenEmbeddings().depends_on(given(value), FakeModel())["embeddings"] for value in (1, 1, 2)]
    assert keys[0] == keys[1] != keys[2]
