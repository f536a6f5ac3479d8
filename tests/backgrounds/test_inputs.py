"""What the scores are computed from, and what is left out."""

import numpy as np
import pandas as pd
import pytest

from audit.backgrounds.answers import Answering
from audit.backgrounds.inputs import check_finite, predicted_words, read_background, read_inputs
from audit.backgrounds.zero_shot import BackgroundProbabilities
from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.outputs import ModelOutputs, Predictions, Probabilities
from tests.backgrounds.small_inputs import answers_of, coded, inputs_of

NAMING = BackgroundProbabilities(backgrounds=("sea", "land"))


def _dataset(label, *, class_names=(), **columns):
    table = pd.DataFrame({"label": label, **columns})
    table.index = pd.Index([f"s{number}" for number in range(len(table))], name="sample_id")
    parts = {role: role for role in ("group_id", "split") if role in columns}
    return Dataset(name="few", metadata=table, roles=Roles(label="label", **parts), class_names=class_names)


def _background(dataset, column=None, naming=None, probabilities=None):
    arrays = {} if naming is None else {naming: np.asarray(probabilities, dtype=np.float32)}
    return read_background(dataset, ModelOutputs(dataset, "m", arrays), column, naming)


def _read(dataset, answers, *, background=None, pairs="auto", side=None, n_min=5):
    values = np.asarray(answers)
    extractor = Predictions() if values.ndim == 1 else Probabilities()
    return read_inputs(
        ModelOutputs(dataset, "m", {extractor: values}),
        Answering("data"),
        extractor,
        background=_background(dataset, background),
        pairs=pairs,
        side=side,
        n_min=n_min,
        seed=0,
    )


def test_nothing_says_the_background_without_a_column_or_a_naming():
    assert _background(_dataset(["a", "b"], place=["sea", "land"])) is None


def test_a_column_says_the_background():
    found = _background(_dataset(["a", "b", "a"], place=["sea", None, "land"]), "place")
    assert found.coded.levels == ("land", "sea")
    assert found.coded.codes.tolist() == [1, -1, 0]
    assert found.text.tolist() == ["sea", "", "land"]
    assert found.notes == ("1 samples have no background",)
    assert (found.name, found.zero_shot, found.confidence) == ("place", False, None)


def test_numbers_name_backgrounds_too():
    found = _background(_dataset(["a", "b", "a"], place=[10, 9, 10]), "place")
    assert found.text.tolist() == ["10", "9", "10"]
    assert found.notes == ()


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_a_column_without_a_value_says_nothing(nothing):
    dataset = _dataset(["a", "b"], place=[nothing, nothing])
    assert _background(dataset, "place") is None
    found = _read(dataset, ["a", "a"], background="place")
    assert found.sides.how == ""


def test_the_model_names_the_likeliest_background_and_says_how_sure_it_is():
    found = _background(_dataset(["a"] * 3), naming=NAMING, probabilities=[[0.9, 0.1], [0.25, 0.75], [0.5, 0.5]])
    assert found.text.tolist() == ["sea", "land", "sea"]
    assert found.confidence == pytest.approx([0.9, 0.75, 0.5])
    assert (found.zero_shot, found.name) == (True, "background")
    assert "out of 2 words (typical confidence 0.75)" in found.notes[0]


def test_corrections_override_a_column():
    dataset = _dataset(
        ["a"] * 4, place=["sea", "land", None, "sea"], background_corrected=["sea", "moon", "land", None]
    )
    found = _background(dataset, "place")
    assert found.text.tolist() == ["sea", "moon", "land", "sea"]
    assert found.notes == ("3 backgrounds were checked by hand, 2 of them changed",)


def test_corrections_override_the_model_and_fill_an_empty_column():
    dataset = _dataset(["a", "a"], place=[None, None], background_corrected=[None, "moon"])
    named = _background(dataset, naming=NAMING, probabilities=[[0.9, 0.1], [0.9, 0.1]])
    assert named.text.tolist() == ["sea", "moon"]
    assert _background(dataset, "place").text.tolist() == ["", "moon"]


def test_samples_without_a_label_are_left_out_and_counted():
    found = _read(_dataset(["a", None, "b", "b"]), ["a", "a", "a", "unicorn"])
    assert found.known.tolist() == [True, False, True, True]
    assert found.label.codes.tolist() == [0, -1, 1, 1]
    assert found.prediction.tolist() == [0, 0, 0, -1]
    assert found.answers.correct.tolist() == [True, False, False, False]
    assert found.label_column == "label"
    assert found.notes == ("1 of 4 samples have no label and were left out",)


def test_labels_outside_the_given_classes_are_no_labels():
    found = _read(_dataset(["a", "z"], class_names=("a", "b")), [[0.9, 0.1], [0.2, 0.8]])
    assert found.label.levels == ("a", "b")
    assert found.known.tolist() == [True, False]
    assert found.prediction.tolist() == [0, 1]


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_data_without_any_label_is_refused(nothing):
    with pytest.raises(InputError, match="at least one sample; column 'label' names none"):
        _read(_dataset([nothing, nothing]), ["a", "b"])


def test_one_class_is_enough_to_read():
    found = _read(_dataset(["a", "a"]), ["a", "b"])
    assert found.label.levels == ("a",)
    assert found.prediction.tolist() == [0, -1]


def test_ties_are_counted():
    found = _read(_dataset(["a", "b", "b"]), [[0.5, 0.5], [0.4, 0.6], [0.5, 0.5]])
    assert found.predicted.tolist() == ["a", "b", "a"]
    assert found.notes == ("2 samples have several likeliest classes; the first was taken",)


def test_a_nan_score_names_the_first_such_sample():
    with pytest.raises(InputError, match=r"sample 's1' has NaN \(2 samples in all\)"):
        _read(_dataset(["a", "b", "b"]), [[0.5, 0.5], [np.nan, 1.0], [np.nan, np.nan]])


def test_words_and_finite_scores_pass():
    dataset = _dataset(["a", "b"])
    for extractor, values in ((Predictions(), np.asarray(["a", "nan"])), (Probabilities(), np.eye(2))):
        check_finite(ModelOutputs(dataset, "m", {extractor: values}), extractor)


def test_groups_are_coded_and_said():
    found = _read(_dataset(["a", "a", "b"], group_id=["herd 2", "herd 1", "herd 2"]), ["a", "a", "b"])
    assert found.group_id.tolist() == [1, 0, 1]
    assert found.notes == ("'group_id' gives the independent units of intervals over images",)
    assert _read(_dataset(["a"]), ["a"]).group_id is None


def test_a_column_of_sides_comes_before_a_training_split():
    dataset = _dataset(
        ["a"] * 4, side=["common", "counter"] * 2, place=list("uvuv"), split=["train"] * 2 + ["test"] * 2
    )
    found = _read(dataset, ["a"] * 4, background="place")
    assert (found.sides.how, found.sides.common, found.sides.counter) == ("column", ("u",), ("v",))
    assert _read(dataset, ["a"] * 4, background="place", pairs="train").sides.how == "train"


def test_a_training_split_comes_before_discovery():
    label, place = ["a"] * 6, ["u", "u", "v", "u", "v", "v"]
    split = ["train"] * 3 + ["test"] * 3
    found = _read(_dataset(label, place=place, split=split), label, background="place")
    assert found.sides.how == "train"
    assert found.sides.codes.tolist() == [0, 0, 1, 0, 1, 1]
    assert found.sides.tested.tolist() == [False] * 3 + [True] * 3
    assert found.notes == found.sides.notes


def test_pairs_are_discovered_where_nothing_says_them():
    label, place = ["a"] * 80, ["u", "v"] * 40
    answers = np.where(np.asarray(place) == "u", "a", "b")
    found = _read(_dataset(label, place=place), answers, background="place")
    assert (found.sides.how, found.sides.common, found.sides.counter) == ("discover", ("u",), ("v",))
    assert found.sides.tested.sum() == 40


def test_groups_stay_in_one_half_of_a_discovery():
    herd = np.arange(80) // 8
    dataset = _dataset(["a"] * 80, place=["u", "v"] * 40, group_id=herd)
    tested = _read(dataset, ["a", "b"] * 40, background="place").sides.tested
    assert 0 < tested.sum() < 80
    assert set(pd.Series(tested).groupby(herd).nunique()) == {1}


def test_no_background_leaves_no_sides():
    found = _read(_dataset(["a", "b"]), ["a", "b"])
    assert (found.sides.how, found.sides.common) == ("", ("", ""))
    assert not found.sides.tested.any()


@pytest.mark.parametrize(
    ("pairs", "message"),
    [("column", "'few' has none"), ("train", "'few' has no training split")],
)
def test_sides_that_cannot_be_told_as_wished_are_refused(pairs, message):
    with pytest.raises(InputError, match=message):
        _read(_dataset(["a", "b"], place=["u", "v"]), ["a", "b"], background="place", pairs=pairs)


def test_a_side_column_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="got 'nowhere'"):
        _read(_dataset(["a", "b"]), ["a", "b"], side="nowhere")


def test_answers_take_the_labels_words_where_their_meaning_is_known():
    answers = answers_of(["Struthio", "Struthio", "Lyrurus"], ["ostrich", "grouse", "grouse"])
    answers.correct[0] = True
    assert predicted_words(answers, coded(["ostrich", "grouse", "grouse"])).tolist() == [
        "ostrich",
        "ostrich",
        "Lyrurus",
    ]


def test_an_answer_to_a_sample_without_a_label_tells_no_meaning():
    answers = answers_of(["Struthio", "Struthio"], [None, "grouse"])
    answers.correct[0] = True
    assert predicted_words(answers, coded([None, "grouse"])).tolist() == ["Struthio", "Struthio"]


def test_no_answers_have_no_words():
    assert predicted_words(answers_of([], []), coded([])).tolist() == []


def test_known_samples_have_a_label():
    assert inputs_of(["a", None], ["a", "a"]).known.tolist() == [True, False]
