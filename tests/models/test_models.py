import subprocess
import sys
from types import ModuleType

import pytest

from audit import models, registry
from audit.errors import InputError
from audit.models.base import Model
from tests.fakes import FakeModel


def test_a_specification_has_family_name_and_options():
    found = models.parse("timm:resnet50.a1_in1k?num_classes=7&mean=0.5")
    assert (found.family, found.name) == ("timm", "resnet50.a1_in1k")
    assert found.options == {"num_classes": "7", "mean": "0.5"}


def test_names_may_hold_slashes_and_colons_and_values_percent_codes():
    found = models.parse("open_clip:hf-hub:org/name?weights=/a%26b/c=d.pt")
    assert found.name == "hf-hub:org/name"
    assert found.options == {"weights": "/a&b/c=d.pt"}


@pytest.mark.parametrize("spec", ["timm:a?b", "timm:a?=b", "timm:a?b=1&b=2"])
def test_an_option_without_a_value_or_given_twice_is_refused(spec):
    with pytest.raises(InputError, match="key=value, each once"):
        models.parse(spec)


def test_every_family_says_what_it_is_and_takes():
    found = models.families()
    assert {"open_clip", "timm", "torchvision", "transformers", "precomputed"} <= found.keys()
    for name, module in found.items():
        assert name == module.FAMILY
        assert module.title
        assert module.abilities_hint.endswith(".")
        assert all(isinstance(option, str) for option in module.options)


def test_an_unknown_family_is_refused_with_the_near_one_and_how_to_see_all():
    with pytest.raises(InputError, match=r"got 'tim'\. Did you mean timm\? `audit list` shows all families\.$"):
        models.load_model("tim:resnet50")
    with pytest.raises(InputError, match=r"got 'xyz'\. Families: open_clip, .*; `audit list` shows them .*options\.$"):
        models.load_model("xyz:resnet50")


def test_families_stand_in_the_order_of_their_use():
    found = list(models.families())
    assert found[:4] == ["open_clip", "timm", "transformers", "torchvision"]
    assert found[-2:] == ["captioner", "instruct"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet50", "write torchvision:resnet50 or timm:resnet50"),
        ("mobilenet_v2", r"write torchvision:mobilenet_v2\. "),
        ("mobilenetv2_100", r"write timm:mobilenetv2_100\. "),
        ("no_such_net", "No network of timm or torchvision is called 'no_such_net'"),
    ],
)
def test_a_bare_architecture_is_told_how_to_be_written(name, said):
    with pytest.raises(InputError, match=said):
        models.load_model(name)


def test_an_empty_specification_is_told_the_shape():
    with pytest.raises(InputError, match="must be FAMILY:NAME; got nothing"):
        models.load_model(" ")


def test_an_unknown_option_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"`num_class` must be an option of timm .*Did you mean num_classes"):
        models.load_model("timm:resnet18?num_class=3")


def test_weights_are_given_in_one_place():
    with pytest.raises(InputError, match="`weights` must be given once"):
        models.load_model("timm:resnet18?weights=a.pt", weights="b.pt")


def family_module(name, loaded):
    module = ModuleType(name.replace("-", "_"))
    module.FAMILY, module.title, module.abilities_hint, module.options = "toy", "Toy", "Nothing.", ("depth",)

    def load(name, options, *, weights, device, dtype):
        loaded.append((name, dict(options), weights, device, dtype))
        return FakeModel(f"toy:{name}")

    module.load = load
    return module


def test_a_family_of_another_package_is_found_and_gets_all_that_was_said(monkeypatch):
    from pathlib import Path

    loaded = []
    monkeypatch.setattr(registry, "modules", lambda _group: iter([family_module("toy", loaded)]))
    model = models.load_model("toy:big?depth=3&weights=~/w.pt", device="cpu", dtype="bf16")
    assert isinstance(model, Model)
    assert loaded == [("big", {"depth": "3"}, Path("~/w.pt").expanduser(), "cpu", "bf16")]


def test_two_modules_cannot_claim_one_family(monkeypatch):
    twice = [family_module("toy_one", []), family_module("toy_two", [])]
    monkeypatch.setattr(registry, "modules", lambda _group: iter(twice))
    with pytest.raises(InputError, match="both toy_one and toy_two claim it"):
        models.load_model("toy:a")


def test_finding_the_families_imports_no_deep_learning_library():
    heavy = {"torch", "timm", "open_clip", "transformers", "torchvision", "huggingface_hub"}
    code = f"import sys; from audit.models import families; families(); print(*({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
