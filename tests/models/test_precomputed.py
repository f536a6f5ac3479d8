from pathlib import Path

import pytest

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import Model


def test_it_has_no_abilities_and_names_its_column():
    model = load_model("precomputed?prediction=resnet50")
    assert isinstance(model, Model)
    assert model.abilities == frozenset()
    assert model.prediction == "resnet50"
    assert model.name == "precomputed?prediction=resnet50"
    assert model.provenance()["prediction"] == "resnet50"


def test_another_column_is_another_model():
    names = ("precomputed", "precomputed?prediction=a", "precomputed?prediction=b")
    assert len({load_model(name).fingerprint for name in names}) == 3
    assert load_model("precomputed").fingerprint == load_model("precomputed").fingerprint


@pytest.mark.parametrize(("spec", "weights"), [("precomputed:resnet50", None), ("precomputed", Path("w.pt"))])
def test_a_name_or_weights_are_refused(spec, weights):
    with pytest.raises(InputError, match="must be"):
        load_model(spec, weights=weights)
