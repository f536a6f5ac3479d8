import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from audit.models import load_model
from audit.prototypes.modifications import CHARACTERISTICS
from audit.prototypes.rivals import lead, rivals
from audit.prototypes.told_apart import lead_drop, tell_apart, told_apart_rows


class Named:
    """As much of a case as rows and leads need."""

    classes = ("robin", "bluebird")
    code = np.array([0] * 12 + [1])
    group = np.arange(13)


def likeness_of(leads):
    return SimpleNamespace(rows=np.arange(12), lead=np.asarray(leads), rival=np.ones(12, dtype=np.int64))


def test_the_rival_is_the_largest_other_class_and_of_equal_ones_the_first():
    logits = np.array([[3.0, 2.0, 1.0], [1.0, 5.0, 2.0], [0.0, 4.0, 4.0], [7.0, 7.0, 0.0]])
    code = np.array([0, 1, 0, 1])
    assert rivals(logits, code).tolist() == [1, 2, 1, 0]
    assert lead(logits, code).tolist() == [1.0, 3.0, -4.0, 0.0]
    assert logits[0].tolist() == [3.0, 2.0, 1.0]


def test_the_drop_is_the_sum_of_falls_over_the_sum_of_leads():
    before = np.array([1.0, 3.0, 2.0, 2.0])
    after = np.stack([before, before / 2, np.zeros(4), -before, np.array([0.0, 3.0, 2.0, 2.0])])
    assert lead_drop(before, after) == pytest.approx([0.0, 0.5, 1.0, 2.0, 1 / 8])
    assert np.isnan(lead_drop(np.zeros(0), np.zeros((5, 0)))).all()


def test_answers_lost_are_those_that_another_class_leads_after_the_change():
    before = np.full(12, 2.0)
    hue = np.where(np.arange(12) < 9, -1.0, 1.0)
    found = tell_apart(Named(), likeness_of([before, before, before, hue, before / 2, before]), np.array([0, 1]))
    assert [each.place for each in found] == [0]
    one = found[0]
    assert one.rival == 1
    assert [numbers["value"] for numbers in one.lost] == [0, 0, 0.75, 0, 0]
    low, high = proportion_confint(9, 12, method="wilson")
    assert (one.lost[2]["low"], one.lost[2]["high"]) == pytest.approx((low, high))
    assert one.drop[2:4] == pytest.approx([1.25, 0.5])
    assert one.p_value[3] == pytest.approx(stats.binomtest(0, 12).pvalue)
    assert np.isnan(one.p_value[[0, 1, 4]]).all()


def test_samples_that_another_class_leads_already_are_left_out():
    before = np.where(np.arange(12) < 4, -1.0, 2.0)
    (one,) = tell_apart(Named(), likeness_of([before] + [-before] * 5), np.array([0]))
    assert {numbers["n"] for numbers in one.lost} == {8.0}
    assert {numbers["value"] for numbers in one.lost} == {1.0}
    assert tell_apart(Named(), likeness_of([-np.ones(12)] * 6), np.array([0])) == []
    assert tell_apart(Named(), likeness_of([np.full(12, np.nan)] * 6), np.array([0])) == []


def test_a_row_says_how_many_answers_are_lost_and_what_leads():
    before = np.full(12, 2.0)
    hue, shape = np.full(12, -0.1), np.where(np.arange(12) < 3, -0.1, 1.0)
    found = tell_apart(Named(), likeness_of([before, before, before, hue, shape, before]), np.array([0]))
    rows = told_apart_rows(Named(), found, "benjamini_hochberg")
    assert [row["characteristic"] for row in rows] == list(CHARACTERISTICS)
    row = rows[CHARACTERISTICS.index("hue")]
    assert row["prototype"] == "robin, hue"
    assert (row["value"], row["matters"]) == (1.0, "yes")
    assert row["lead_drop"] == pytest.approx(1.05)
    assert {row["because"] for row in rows} == {"hue"}
    assert {row["rival"] for row in rows} == {"bluebird"}
    assert json.loads(row["where"]) == {"prototype_class": "robin"}
    assert told_apart_rows(Named(), [], "benjamini_hochberg") == []


def test_a_larger_loss_that_is_not_shown_to_hold_keeps_a_smaller_one_from_leading():
    before = np.full(12, 2.0)
    # Half of the answers are lost with hue while as many leads rise as fall: no sign of it.
    hue = np.where(np.arange(12) < 6, -0.1, 3.0)
    shape = np.where(np.arange(12) < 3, -0.1, 1.0)
    found = tell_apart(Named(), likeness_of([before, before, before, hue, shape, before]), np.array([0]))
    rows = told_apart_rows(Named(), found, "benjamini_hochberg")
    assert rows[CHARACTERISTICS.index("shape")]["matters"] == "yes"
    assert {row["because"] for row in rows} == {""}


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
