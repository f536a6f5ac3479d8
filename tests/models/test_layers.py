import pytest
import torch
from torch import nn

from audit.errors import InputError
from audit.models.layers import (
    Layer,
    capture,
    captured_input,
    known_layers,
    last_layer,
    pooled,
    timm_layers,
    token_layers,
)


def test_maps_are_averaged_over_space_whichever_side_the_channels_are():
    x = torch.arange(48.0).reshape(2, 3, 2, 4)
    assert torch.equal(pooled(x, Layer(module="")), x.mean((2, 3)))
    last = x.permute(0, 2, 3, 1)
    assert torch.equal(pooled(last, Layer(module="", channels_last=True)), x.mean((2, 3)))


def test_tokens_give_the_class_token_the_patches_or_all():
    x = torch.arange(30.0).reshape(2, 5, 3)
    assert torch.equal(pooled(x, Layer(module="", pool="cls")), x[:, 0])
    assert torch.equal(pooled(x, Layer(module="", pool="patches", prefix=2)), x[:, 2:].mean(1))
    assert torch.equal(pooled((x, None), Layer(module="")), x.mean(1))


def test_a_module_is_hooked_once_and_the_hooks_are_gone_afterwards():
    network = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    layers = {"a.cls": Layer(module="0", pool="cls"), "a.patches": Layer(module="0", pool="patches", prefix=1)}
    seen = []
    x = torch.randn(2, 4, 3)
    found = capture(network, layers, lambda: (seen.append(len(network[0]._forward_hooks)), network(x)))
    assert seen == [1]
    assert not network[0]._forward_hooks
    assert torch.equal(found["a.cls"], network[0](x)[:, 0])
    assert list(found) == ["a.cls", "a.patches"]


def test_hooks_are_gone_after_a_failure():
    network = nn.Sequential(nn.Linear(3, 3))
    with pytest.raises(RuntimeError):
        capture(network, {"a": Layer(module="0")}, lambda: network(torch.zeros(1, 9)))
    assert not network[0]._forward_hooks


def test_the_features_are_what_the_last_layer_receives():
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(5, 3)
    assert torch.equal(captured_input(network, "2", lambda: network(x)), network[:2](x))
    assert last_layer(network, 2) == "2"
    assert last_layer(network, 9) == ""


def test_an_unknown_layer_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"got 'block.1'. Did you mean blocks.1"):
        known_layers(["block.1"], {"blocks.0": Layer(module="a"), "blocks.1": Layer(module="b")}, "net")


def test_blocks_without_a_class_token_have_patches_alone():
    assert list(token_layers(["m"], ["n"], prefix=0, has_class_token=False)) == ["n.patches"]
    assert list(token_layers(["m"], ["n"], prefix=1, has_class_token=True)) == ["n.cls", "n.patches"]


def test_a_network_without_known_structure_has_no_layers():
    assert timm_layers(nn.Linear(2, 2)) == {}
