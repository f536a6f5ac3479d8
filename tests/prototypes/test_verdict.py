"""The sentence of prototype explanations: what it counts, and what it warns of."""

from types import SimpleNamespace

import numpy as np
import pytest

from audit.prototypes.verdict import verdict

FIDELITY = {"score": "fidelity", "value": 0.8, "low": 0.7, "high": 0.9, "null": 0.1, "n": 200}
CASE = SimpleNamespace(answers=True)
PROTOTYPES = SimpleNamespace(place=np.repeat([0, 1], 3), row=np.arange(6))


def _said(*rows, reasons=None):
    return verdict(CASE, PROTOTYPES, [FIDELITY, *rows], reasons).sentence


@pytest.mark.parametrize(("high", "warns"), [(0.5, True), (0.4, False), (float("nan"), False)])
def test_heat_maps_that_mark_no_more_than_chance_are_said_to(high, warns):
    said = _said({"score": "deletion_auc", "value": 0.43, "high": high, "null": 0.47})
    assert ("heat maps do no better than chance at what answers rest on" in said) == warns


def test_parts_without_a_leading_characteristic_are_counted():
    leading = [("hue",), ("hue",), (), ("shape",), ()]
    reasons = SimpleNamespace(leading=leading, misleading=np.zeros(5, dtype=bool))
    assert "2 of 5 parts look alike mostly because of hue, 1 because of shape, 2 undecided" in _said(reasons=reasons)
