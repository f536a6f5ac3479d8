import dataclasses

import pytest
import torch
from torch import nn

from audit.errors import InputError
from audit.models.layers import Layer
from audit.models.network import ClassList, Network
from tests.fakes import small_preprocessing


def network(*, seed=0, **changes):
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4))
    settings = {
        "module": module,
        "name": "net",
        "preprocessing": small_preprocessing(),
        "device": "cpu",
        "dtype": "float32",
        "abilities": frozenset(),
        "architecture": {"family": "test"},
        "libraries": ("timm",),
    }
    return Network(**{**settings, **changes})


@pytest.fixture
def images():
    return torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)


def test_equal_weights_and_settings_have_one_fingerprint():
    assert network().fingerprint == network().fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"dtype": "bfloat16"},
        {"architecture": {"family": "test", "quick_gelu": True}},
        {"preprocessing": dataclasses.replace(small_preprocessing(), mean=(0.4, 0.5, 0.5))},
        {"classes": ClassList(names=("a", "b", "c", "d"))},
    ],
)
def test_whatever_changes_the_numbers_changes_the_fingerprint(change):
    assert network(**change).fingerprint != network().fingerprint


def test_notes_and_names_do_not_change_the_fingerprint():
    assert network(notes=("a",), name="other").fingerprint == network().fingerprint


def test_outputs_are_float32_without_gradients_in_every_number_format(images):
    exact = network().compute(lambda x: network().module(x), images)
    for dtype in ("float32", "bfloat16"):
        model = network(dtype=dtype)
        found = model.compute(model.module, images)
        assert found.dtype == torch.float32
        assert not found.requires_grad
        torch.testing.assert_close(found, exact, rtol=0.02, atol=0.02)


def test_sixteen_bits_really_are_computed_in_sixteen_bits(images):
    model = network(dtype="bfloat16")
    seen = []
    model.compute(lambda x: seen.append(model.module(x).dtype) or x, images)
    assert seen == [torch.bfloat16]


def test_a_network_is_frozen_and_in_evaluation_mode():
    module = network().module
    assert not module.training
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_readable_layers_are_an_ability(images):
    model = network(layers={"flat": Layer(module="0")})
    assert model.abilities == {"layer_activations"}
    assert model.activations(images, ["flat"])["flat"].shape == (2, 768)
    with pytest.raises(InputError, match="`layers` must be layers of net"):
        model.activations(images, ["deep"])


def test_the_provenance_is_plain_data_with_versions():
    import json

    found = network(notes=("careful",)).provenance()
    assert json.loads(json.dumps(found))["versions"].keys() == {"torch", "timm"}
    assert found["notes"] == ["careful"]
    assert found["preprocessing"]["size"] == (16, 16)


def test_what_a_model_lacks_is_said_with_what_it_has():
    assert "`model` must have class logits; net has not" in str(network().lacks("class logits"))
