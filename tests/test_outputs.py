import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.base import ImageVariant
from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.outputs import (
    ClassLogits,
    Embeddings,
    EncodedImages,
    GivenEmbeddings,
    ModelOutputs,
    PhraseEmbeddings,
    Predictions,
    Probabilities,
    softmax,
    unit_rows,
)
from tests.fakes import FakeClassifier, FakeCLIP, FakeEncoder, FakeModel

GIVEN = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4]], dtype=np.float16)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mirrored(ImageVariant):
    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def colours(*, prediction: str | None = None, **arrays: Any) -> Dataset:
    metadata = pd.DataFrame(
        {"label": ["red", "green"], "said": ["green", "red"], "filepath": ["a.png", "b.png"]},
        index=pd.Index(["a", "b"], name="sample_id"),
    )
    names = ("red", "green", "blue") if arrays else ()
    return Dataset(
        name="colours",
        metadata=metadata,
        roles=Roles(label="label", prediction=prediction),
        arrays=arrays,
        class_names=names,
    )


def test_an_array_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match=r"`Embeddings` must have one row a sample \(2\); got 3"):
        ModelOutputs(colours(), "m", {Embeddings(): np.zeros((3, 2))})
    with pytest.raises(InputError, match="got 1"):
        ModelOutputs(colours(), "m", {Embeddings(): {"a": np.zeros((2, 2)), "b": np.zeros((1, 2))}})


def test_an_array_that_is_not_aligned_may_have_any_length() -> None:
    phrases = PhraseEmbeddings(phrases=("x",))
    assert ModelOutputs(colours(), "m", {phrases: np.zeros((1, 2))})[phrases].shape == (1, 2)


def test_an_output_that_was_not_required_is_an_error_that_names_those_that_were() -> None:
    outputs = ModelOutputs(colours(), "m", {Embeddings(): np.zeros((2, 2))})
    with pytest.raises(InputError, match="got only: Embeddings"):
        outputs[Predictions()]
    assert Embeddings() in outputs
    assert list(outputs) == [Embeddings()]


def test_embeddings_are_the_models_or_those_that_came_with_the_data() -> None:
    assert Embeddings().inputs(colours(), FakeEncoder()) == (EncodedImages(),)
    assert Embeddings().inputs(colours(), FakeModel()) == (GivenEmbeddings(),)


def test_given_embeddings_are_never_taken_for_those_of_changed_images() -> None:
    changed = Embeddings(variant=Mirrored())
    assert changed.inputs(colours(), FakeModel()) == (EncodedImages(variant=Mirrored()),)
    assert "fake has no image encoder" in changed.missing(colours(embeddings=np.zeros((2, 3))), FakeModel())


@pytest.mark.parametrize(
    ("model", "arrays", "source"),
    [
        (FakeClassifier(), {"probabilities": GIVEN}, "classifier"),
        (FakeCLIP(), {"probabilities": GIVEN}, "zero-shot"),
        (FakeEncoder(), {"probabilities": GIVEN}, "given"),
        (FakeModel(), {"probabilities": GIVEN}, "given"),
        (FakeModel(), {}, "zero-shot"),
    ],
)
def test_a_model_that_predicts_goes_before_given_probabilities(model: Any, arrays: Any, source: str) -> None:
    assert Probabilities().resolve(colours(**arrays), model) == source


def test_probabilities_of_a_classifier_are_the_softmax_of_its_matching_logits() -> None:
    dataset, model = colours(), FakeClassifier(("blue", "red", "green"))
    assert Probabilities().inputs(dataset, model) == (ClassLogits(),)
    found = Probabilities().compute(dataset, model, np.array([[9.0, 1, 2], [9, 4, 3]], dtype=np.float32))
    assert dataset.classes == ("green", "red")
    np.testing.assert_allclose(found, softmax(np.array([[2.0, 1], [3, 4]])), rtol=1e-6)


def test_zero_shot_probabilities_are_the_softmax_of_scaled_cosines() -> None:
    dataset, model = colours(), FakeCLIP()
    images = np.array([[1.0, -1, -1], [-1, 1, -1]]).repeat(4, axis=1)
    _, phrases = Probabilities().inputs(dataset, model)
    assert phrases == PhraseEmbeddings(phrases=("green", "red"), templates=("a photo of a {}",))
    found = Probabilities().compute(dataset, model, images, phrases.compute(dataset, model))
    cosine = -1 / 3
    wanted = 1 / (1 + np.exp(20 * (cosine - 1)))
    np.testing.assert_allclose(found, [[1 - wanted, wanted], [wanted, 1 - wanted]], rtol=1e-4)


def test_given_probabilities_are_passed_on_as_float32() -> None:
    found = Probabilities(source="given").compute(colours(probabilities=GIVEN), FakeModel())
    assert found.dtype == np.float32
    assert np.array_equal(found, GIVEN.astype(np.float32))


def test_what_probabilities_lack_is_said_by_source() -> None:
    dataset = colours()
    assert Probabilities(source="given").missing(dataset, FakeModel()) == ["no probabilities came with 'colours'"]
    of_changed = Probabilities(source="given", variant=Mirrored()).missing(dataset, FakeModel())
    assert of_changed == ["probabilities that came with the data are not of changed images: choose a model"]
    unlabelled = dataset.with_roles(Roles())
    assert "'colours' has no label column to take class names from" in Probabilities().missing(unlabelled, FakeCLIP())


def test_probabilities_of_a_model_do_not_depend_on_those_that_came_with_the_data() -> None:
    assert "probabilities" not in Probabilities().depends_on(colours(probabilities=GIVEN), FakeClassifier())
    assert "probabilities" in Probabilities().depends_on(colours(probabilities=GIVEN), FakeModel())


def test_predictions_are_the_first_of_the_largest_probabilities() -> None:
    found = Predictions().compute(colours(probabilities=GIVEN), FakeModel(), GIVEN)
    assert found.tolist() == ["green", "blue"]
    tied = Predictions().compute(colours(probabilities=GIVEN), FakeModel(), np.array([[0.5, 0.5, 0], [0, 0.5, 0.5]]))
    assert tied.tolist() == ["red", "green"]


def test_predictions_come_from_the_column_of_a_model_that_cannot_predict() -> None:
    dataset = colours(prediction="said")
    assert Predictions().inputs(dataset, FakeModel()) == ()
    assert Predictions().compute(dataset, FakeModel()).tolist() == ["green", "red"]
    assert Predictions().inputs(dataset, FakeClassifier()) == (Probabilities(),)


def test_the_models_own_column_goes_before_that_of_the_data() -> None:
    model = FakeModel()
    model.prediction = "label"  # type: ignore[attr-defined]
    assert Predictions().compute(colours(prediction="said"), model).tolist() == ["red", "green"]
    model.prediction = "nowhere"  # type: ignore[attr-defined]
    assert Predictions().missing(colours(), model) == [
        "'colours' has no column 'nowhere' to read predictions from. A table that has it can be joined to the data"
    ]


def test_nothing_to_predict_from_is_said_with_the_remedy() -> None:
    [reason] = Predictions().missing(colours(), FakeModel("plain"))
    assert reason.startswith("'colours' has no prediction column and plain cannot classify: choose the column of pre")


def test_predictions_on_changed_images_never_come_from_a_column() -> None:
    dataset = colours(prediction="said", probabilities=GIVEN)
    changed = Predictions(variant=Mirrored())
    assert changed.given(dataset, FakeModel()) is None
    assert changed.inputs(dataset, FakeClassifier())[0].inputs(dataset, FakeClassifier())[0] == ClassLogits(
        variant=Mirrored()
    )
    assert changed.missing(dataset, FakeModel()) != []


def test_a_column_with_other_answers_is_another_output() -> None:
    keys = [Predictions().depends_on(colours(prediction=column), FakeModel()) for column in ("said", "said", "label")]
    assert keys[0] == keys[1] != keys[2]


def test_phrases_are_averaged_over_templates_as_unit_vectors() -> None:
    class Lengths(FakeCLIP):
        def encode_text(self, phrases: Any) -> np.ndarray:
            return np.array([[3.0, 0] if phrase == "a" else [0, 5.0] for phrase in phrases], dtype=np.float32)

    found = PhraseEmbeddings(phrases=("a",), templates=("{}", "an {}")).compute(colours(), Lengths())
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5]], rtol=1e-6)


def test_phrases_need_a_template() -> None:
    with pytest.raises(InputError, match="`templates` must hold at least one"):
        PhraseEmbeddings(phrases=("a",), templates=()).compute(colours(), FakeCLIP())


def test_unit_rows_have_length_one_and_zeros_stay_zero() -> None:
    assert unit_rows(np.array([[3.0, 4], [0, 0]])).tolist() == [pytest.approx([0.6, 0.8]), [0, 0]]


def test_softmax_adds_up_to_one_even_for_huge_logits() -> None:
    found = softmax(np.array([[1000.0, 1000, -1000]]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.5, 0.5, 0]])


def test_a_model_that_knows_more_classes_says_among_how_many_it_chooses() -> None:
    said = Predictions().assumed(colours(), FakeClassifier(("blue", "red", "green")))
    assert [note for note in said if "chooses among the dataset's 2 classes, not among all 3" in note]


def test_a_column_of_predictions_takes_nothing_for_granted() -> None:
    assert Predictions().assumed(colours(prediction="said"), FakeModel()) == ()
