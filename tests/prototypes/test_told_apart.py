import json

import numpy as np
import pytest
import torch
from scipy import stats

from audit.models import load_model
from audit.prototypes.modifications import CHARACTERISTICS
from audit.prototypes.rivals import lead, rivals
from audit.prototypes.told_apart import ToldApart, lead_lost, told_apart_rows

GROUP = np.arange(4)


def test_the_rival_is_the_largest_other_class_and_of_equal_ones_the_first():
    logits = np.array([[3.0, 2.0, 1.0], [1.0, 5.0, 2.0], [0.0, 4.0, 4.0], [7.0, 7.0, 0.0]])
    code = np.array([0, 1, 0, 1])
    rival = rivals(logits, code)
    assert rival.tolist() == [1, 2, 1, 0]
    assert lead(logits, code, rival).tolist() == [1.0, 3.0, -4.0, 0.0]


def test_the_rivals_do_not_change_the_logits():
    logits = np.array([[3.0, 2.0]])
    rivals(logits, np.array([0]))
    assert logits.tolist() == [[3.0, 2.0]]


def test_the_lead_lost_is_the_sum_of_drops_over_the_sum_of_leads():
    before = np.array([1.0, 3.0, 2.0, 2.0])
    after = np.stack([before, before / 2, np.zeros(4), -before, np.array([0.0, 3.0, 2.0, 2.0])])
    found = lead_lost(before, after, GROUP, draws=200, seed=0)
    assert found.value == pytest.approx([0.0, 0.5, 1.0, 2.0, 1 / 8])
    assert found.moved == pytest.approx([0, 0, 0, 1, 0])
    assert found.p_value[1] == pytest.approx(stats.binomtest(0, 4).pvalue)
    assert np.isnan(found.p_value[0])
    assert (found.low <= found.value + 1e-12).all()
    assert (found.value <= found.high + 1e-12).all()


def test_samples_that_another_class_leads_are_left_out():
    before = np.array([1.0, -5.0, 0.0, 3.0])
    found = lead_lost(before, np.zeros((5, 4)), GROUP, draws=50, seed=0)
    assert found.n == 2
    assert found.value == pytest.approx(np.ones(5))


def test_without_a_lead_nothing_is_defined():
    found = lead_lost(np.array([-1.0, -2.0]), np.zeros((5, 2)), np.arange(2), draws=50, seed=0)
    assert found.n == 0
    assert np.isnan(found.value).all()


def test_a_row_says_who_the_rival_is_and_what_leads():
    class Named:
        classes = ("robin", "bluebird")

    before = np.full(12, 2.0)
    after = np.stack([before, before, np.full(12, 0.1), before, before])
    because = lead_lost(before, after, np.arange(12), draws=100, seed=0)
    rows = told_apart_rows(Named(), [ToldApart(0, 1, np.arange(12), because)], "benjamini_hochberg")
    assert [row["characteristic"] for row in rows] == list(CHARACTERISTICS)
    hue = rows[CHARACTERISTICS.index("hue")]
    assert hue["prototype"] == "robin from bluebird, hue"
    assert hue["value"] == pytest.approx(0.95)
    assert hue["matters"] == "yes"
    assert {row["because"] for row in rows} == {"hue"}
    assert json.loads(hue["where"]) == {"prototype_class": "robin"}
    assert told_apart_rows(Named(), [], "benjamini_hochberg") == []


def test_features_and_answers_of_one_pass_are_those_of_two():
    model = load_model("demo", device="cpu")
    images = torch.randint(0, 256, (3, 3, 64, 64), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    features, vectors = model.patch_features(images), model.encode_image(images)
    passes = []
    handle = model.module.get_submodule(model.dense[0].module).register_forward_hook(lambda *_: passes.append(1))
    together, answers = model.patch_features_during(lambda: model.encode_image(images))
    handle.remove()
    assert len(passes) == 1
    assert torch.equal(features, together)
    assert torch.equal(vectors, answers)
