"""What the model answers, by protocol."""

import numpy as np
import pandas as pd
import pytest

from audit.backgrounds.answers import (
    Answering,
    NameScores,
    confusing_names,
    imagenet_labels,
    resolve,
    superclasses,
    top_words,
)
from audit.dataset import Dataset, Roles
from audit.models.classes import imagenet_classes
from audit.outputs import ModelOutputs
from tests.fakes import FakeClassifier


class ImageNetFake(FakeClassifier):
    """A classifier of ImageNet after one background logit."""

    def __init__(self):
        known = imagenet_classes("imagenet1k")
        super().__init__(("background", *known.names), "imagenet")
        self.class_aliases = ((), *known.aliases)
        self.class_offset = 1


def _dataset(**columns):
    table = pd.DataFrame(columns, index=pd.Index([f"s{i}" for i in range(len(columns["label"]))], name="sample_id"))
    return Dataset(name="d", metadata=table, roles=Roles(label="label"))


def _scores(*best):
    found = np.zeros((len(best), 1000), dtype=np.float32)
    for row, names in enumerate(best):
        for place, name in enumerate(names):
            found[row, name] = 10 - place
    return found


def _read(protocol, dataset, values, first=None):
    answering = Answering(protocol)
    extractor = answering.extractor()
    return answering.read(ModelOutputs(dataset, "m", {extractor: values}), extractor, first)


def test_names_and_order_are_those_of_the_library():
    names = imagenet_classes("imagenet1k").names
    assert len(names) == 1000
    assert (names[9], names[80]) == ("ostrich, Struthio camelus", "black grouse")


def test_a_background_logit_is_left_out():
    logits = np.arange(1001, dtype=np.float32)[None]
    found = NameScores().compute(_dataset(label=["ostrich"]), ImageNetFake(), logits)
    assert found[0].tolist() == list(range(1, 1001))


def test_a_classifier_of_other_classes_cannot_answer():
    assert NameScores().missing(_dataset(label=["a"]), FakeClassifier()) == [
        "'d' has no images",
    ]


def test_the_index_column_tells_the_class_and_names_do_otherwise():
    assert imagenet_labels(_dataset(label=["x", "y"], imagenet_index=[9, 80])).tolist() == [9, 80]
    assert imagenet_labels(_dataset(label=["ostrich", "n01440764", "unicorn"])).tolist() == [9, 0, -1]


def test_one_of_a_thousand_takes_the_arg_max():
    dataset = _dataset(label=["ostrich", "ostrich"], imagenet_index=[9, 9])
    found = _read("1-vs-1000", dataset, _scores((9, 80), (80, 9)))
    assert found.predicted.tolist() == ["ostrich", "black grouse"]
    assert found.correct.tolist() == [True, False]
    assert found.p_true[0] > 0.5 > found.p_true[1]


def test_one_of_twenty_is_never_harder_and_holds_the_true_name():
    generator = np.random.default_rng(0)
    truth = np.repeat([9, 80], 50)
    values = generator.normal(0, 1, (100, 1000)).astype(np.float32)
    values[np.arange(100), truth] += 3
    dataset = _dataset(label=np.where(truth == 9, "ostrich", "black grouse"), imagenet_index=truth)
    many, few = _read("1-vs-1000", dataset, values), _read("1-vs-20", dataset, values)
    assert (few.correct >= many.correct).all()
    assert few.correct.mean() > many.correct.mean()
    assert few.allowed[9].sum() == few.allowed[80].sum() == 20
    assert few.allowed[9, 9]
    again = _read("1-vs-20", dataset, values[::-1].copy(), first=few)
    assert (again.allowed == few.allowed).all()


def test_the_most_confusing_names_are_the_likeliest_on_average():
    probabilities = np.zeros((2, 1000))
    probabilities[:, 100:130] = np.linspace(0.01, 0.04, 30)
    assert np.flatnonzero(confusing_names(probabilities, np.array([9, 9]))[9]).tolist() == [9, *range(111, 130)]


def test_answers_are_mapped_through_the_nine_classes():
    dataset = _dataset(label=["dog", "fish", "dog"], wnid=["n02085936", "n01440764", "n02085936"], variant=["o"] * 3)
    assert superclasses(dataset) == {"n02085936": "dog", "n01440764": "fish"}
    wnids = [aliases[0] for aliases in imagenet_classes("imagenet1k").aliases]
    dog, fish = wnids.index("n02085936"), wnids.index("n01440764")
    found = _read("nine", dataset, _scores((dog,), (fish,), (500,)))
    assert found.predicted.tolist() == ["dog", "fish", "none of these"]
    assert found.correct.tolist() == [True, True, False]


def test_the_layout_decides_what_is_chosen_among(tmp_path):
    plain = _dataset(label=["a"])
    assert resolve("auto", plain, FakeClassifier()) == "data"
    assert resolve("1-vs-20", plain, FakeClassifier()) == "1-vs-20"
    counter = Dataset(
        name="c",
        metadata=plain.metadata.assign(filepath="x.jpg", imagenet_index=9, side="common"),
        roles=Roles(label="label"),
        root=tmp_path,
    )
    assert resolve("auto", counter, ImageNetFake()) == "1-vs-1000"
    assert resolve("auto", counter, FakeClassifier()) == "data"


def test_the_likeliest_classes_are_kept_in_words():
    words = top_words(np.array([[0.1, 0.7, 0.2]]), np.array(["a", "b", "c"]))
    assert words.tolist() == ["b 0.700; c 0.200; a 0.100"]


def test_scores_without_the_true_class_have_no_probability():
    dataset = Dataset(
        name="d",
        metadata=pd.DataFrame({"label": ["a", "z"]}, index=pd.Index(["s0", "s1"], name="sample_id")),
        roles=Roles(label="label"),
        class_names=("a", "b"),
    )
    found = _read("data", dataset, np.array([[0.9, 0.1], [0.9, 0.1]]))
    assert found.p_true[0] == pytest.approx(0.9)
    assert np.isnan(found.p_true[1])
