"""What answers follow where label and background disagree."""

import numpy as np
import pandas as pd
import pytest

from audit.backgrounds.cue_conflict import BACKGROUND, LABEL, OTHER, follows, implied_classes, reliance
from audit.counts import Coded, code


def test_a_background_implies_the_class_that_is_clearly_ahead():
    label = Coded(np.repeat([0, 1, 0, 1], [30, 5, 11, 9]), ("cow", "camel"))
    background = Coded(np.repeat([0, 0, 1, 1], [30, 5, 11, 9]), ("meadow", "rock"))
    assert implied_classes(label, background).tolist() == [0, -1]


def test_one_class_alone_is_implied_by_nothing():
    assert implied_classes(Coded(np.zeros(9, dtype=int), ("a",)), Coded(np.zeros(9, dtype=int), ("u",))).tolist() == [
        -1
    ]


def test_answers_follow_label_background_or_neither():
    prediction, label = np.array([0, 1, 2, 0, 0]), np.array([0, 0, 0, 0, 1])
    implied = np.array([1, 1, 1, 0, -1])
    assert follows(prediction, label, implied).tolist() == [LABEL, BACKGROUND, OTHER, -1, -1]


@pytest.fixture
def world():
    generator = np.random.default_rng(0)
    label = generator.integers(0, 4, 2000)
    implied = np.where(generator.random(2000) < 0.5, generator.integers(0, 3, 2000), -1)
    return label, implied


def test_reliance_is_one_for_a_reader_of_backgrounds_and_zero_for_a_reader_of_subjects(world):
    label, implied = world
    ground = reliance(np.where(implied >= 0, implied, 3), label, implied)
    assert ground.value == pytest.approx(1)
    assert ground.low < 1 <= ground.high
    subject = reliance(label, label, implied)
    assert subject.value == pytest.approx(0)
    assert subject.low <= 0 <= subject.high


def test_guessing_has_no_reliance(world):
    label, implied = world
    values = [reliance(np.random.default_rng(seed).integers(0, 4, 2000), label, implied) for seed in range(150)]
    assert abs(np.mean([found.value for found in values])) < 0.02
    assert np.mean([found.low <= 0 <= found.high for found in values]) >= 0.9
    assert np.mean([found.p_value < 0.05 for found in values]) <= 0.1


def test_half_reliance_is_covered(world):
    label, implied = world
    generator = np.random.default_rng(1)
    prediction = np.where((implied >= 0) & (generator.random(2000) < 0.5), implied, label)
    found = reliance(prediction, label, implied)
    assert found.low < 0.5 < found.high
    assert found.p_value < 1e-6


def test_without_a_conflict_there_is_no_number():
    found = reliance(np.array([0]), np.array([0]), np.array([0]))
    assert np.isnan(found.value)
    assert found.n == 0


@pytest.mark.parametrize(("subject", "bias"), [("alexnet", 0.429), ("resnet50", 0.221)])
def test_published_shape_biases_are_reproduced(subject, bias, shared_data):
    table = pd.read_csv(shared_data / "cue_conflict" / "responses.csv", dtype="str")
    table = table[table["subject"] == subject]
    published = table["source"].str.endswith("session_1")
    if published.any():  # AlexNet was run twice; the published run ends like this
        table = table[published]
    texture = table["image"].str.extract(r"-([a-z]+)\d*\.png$")[0]
    names = sorted({*table["shape_category"], *texture, *table["response"].dropna()})
    shape, cue, answer = (code(part, names).codes for part in (table["shape_category"], texture, table["response"]))
    what = follows(answer, shape, cue)
    assert (what == LABEL).sum() / ((what == LABEL) | (what == BACKGROUND)).sum() == pytest.approx(bias, abs=2e-3)
