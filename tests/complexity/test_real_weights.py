"""Merging on trained weights: a convolutional network's, and the bundled CLIP's text transformer."""

import numpy as np
import pytest
import torch

from audit.complexity.channel_groups import channel_groups
from audit.complexity.merging import merge_into, merge_order
from audit.complexity.merging_outputs import groups_of
from audit.models import load_model


@pytest.fixture(scope="module")
def mobilenet(shared_data):
    weights = shared_data / "weights" / "mobilenetv2_100_imagenet1001.safetensors"
    return load_model("timm:mobilenetv2_100?mean=0.5&std=0.5&crop=1", weights=weights, device="cpu")


def test_every_inverted_residual_of_a_trained_mobilenet_has_its_inner_channels_as_a_group(mobilenet):
    groups = groups_of(mobilenet)
    blocks = [group for group in groups if group.name.startswith("blocks.")]
    # Of the 17 blocks all but the first widen, scale by a depthwise convolution and narrow again.
    assert sum(group.name.endswith("conv_pw") for group in blocks) == 17
    inner = next(group for group in blocks if group.name == "blocks.1.0.conv_pw")
    assert inner.width == 96
    assert set(inner.norms) == {"blocks.1.0.bn1", "blocks.1.0.bn2"}
    assert inner.columns == ("blocks.1.0.conv_pwl.weight",)
    assert not inner.homogeneous


def test_a_copied_channel_of_a_trained_mobilenet_is_merged_and_the_logits_stay(mobilenet):
    group = next(group for group in groups_of(mobilenet) if group.name == "blocks.1.0.conv_pw")
    network = mobilenet.module
    state = network.state_dict()
    saved = {name: state[name].clone() for name in (*group.rows, *group.columns)}
    images = torch.randint(0, 256, (2, 3, 224, 224), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    try:
        with torch.no_grad():
            for name in group.rows:
                if state[name].ndim:
                    state[name][40] = state[name][3].clone()
            for name in group.columns:
                state[name][:, 40] = state[name][:, 3].clone()
            before = mobilenet.logits(images)
            merging = merge_order(group, network)
            assert merging.pairs[0].tolist() == [3, 40]
            merge_into(network, merging, 0.0)
            assert float((mobilenet.logits(images) - before).abs().max()) < 1e-5 * max(1.0, float(before.abs().max()))
    finally:
        with torch.no_grad():
            for name, tensor in saved.items():
                state[name].copy_(tensor)


def test_the_blocks_of_a_trained_transformer_merge_and_equal_units_keep_the_embedding():
    network = load_model("demo", device="cpu").module
    tokens = torch.randint(1, 400, (3, 32), generator=torch.Generator().manual_seed(0))
    groups = channel_groups(network, lambda: network.encode_text(tokens))
    assert [group.name for group in groups] == [f"transformer.resblocks.{i}.mlp.c_fc" for i in (0, 1)]
    group = groups[0]
    assert (group.width, group.homogeneous) == (256, False)
    state = network.state_dict()
    with torch.no_grad():
        for name in group.rows:
            state[name][[7, 9]] = state[name][5].clone()
        for name in group.columns:
            state[name][:, [7, 9]] = state[name][:, 5:6].clone()
        before = network.encode_text(tokens)
        merging = merge_order(group, network)
        assert merge_into(network, merging, 0.0) == 254
        assert float((network.encode_text(tokens) - before).abs().max()) < 1e-5
    counts = [merging.surviving(beta) for beta in (0.0, 0.1, 0.3, 0.5)]
    assert counts == sorted(counts, reverse=True)
    assert np.isfinite(merging.threshold[:2]).all()
