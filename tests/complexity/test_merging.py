import numpy as np
import pytest
import torch
from torch import nn

from audit.complexity.channel_groups import channel_groups
from audit.complexity.merging import merge_into, merge_order


def conv_net(activation=nn.ReLU, *, norm=True, depthwise=False):
    torch.manual_seed(0)
    middle = [nn.BatchNorm2d(8)] if norm else []
    scaled = [nn.Conv2d(8, 8, 3, groups=8, padding=1), nn.BatchNorm2d(8), activation()] if depthwise else []
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), *middle, activation(), *scaled, nn.MaxPool2d(2), nn.Conv2d(8, 6, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4),
    )  # fmt: skip
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_()
            module.running_mean.normal_()
            module.running_var.uniform_(0.1, 2.0)
    return network.eval()


def mlp_net(activation):
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(12, 16), activation(), nn.Linear(16, 5)).eval()


def duplicate(network, group, channels):
    """Make channels of a group equal to its first one."""
    state = network.state_dict()
    with torch.no_grad():
        for name in group.rows:
            if state[name].ndim:
                state[name][channels] = state[name][0].clone()
        for name in group.columns:
            state[name][:, channels] = state[name][:, :1].clone()


def find(network, shape):
    images = torch.randn(4, *shape, generator=torch.Generator().manual_seed(3))
    return channel_groups(network, lambda: network(images)), images


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (conv_net(), (3, 12, 12)),
        (conv_net(norm=False), (3, 12, 12)),
        (conv_net(nn.ReLU6), (3, 12, 12)),
        (conv_net(nn.ReLU6, depthwise=True), (3, 12, 12)),
        (conv_net(depthwise=True), (3, 12, 12)),
        (mlp_net(nn.GELU), (12,)),
        (mlp_net(nn.ReLU), (12,)),
    ],
    ids=["bn-relu", "bias-relu", "bn-relu6", "depthwise-relu6", "depthwise-relu", "gelu", "relu"],
)
def test_equal_channels_are_merged_first_and_the_logits_stay(network, shape, copies):
    group = find(network, shape)[0][0]
    channels = list(range(1, copies + 1))
    duplicate(network, group, channels)
    _, images = find(network, shape)
    with torch.no_grad():
        before = network(images)
        merging = merge_order(group, network)
        assert (merging.threshold[:copies] == 0).all()
        assert merging.threshold[copies] > 0
        assert set(merging.pairs[:copies].ravel()) == {0, *channels}
        assert merge_into(network, merging, 0.0) == group.width - copies
        after = network(images)
    assert float((after - before).abs().max()) < 1e-5


def test_groups_are_the_channels_between_layers_with_what_scales_and_reads_them():
    groups, _ = find(conv_net(depthwise=True), (3, 12, 12))
    assert [group.name for group in groups] == ["0", "7"]
    first, second = groups
    assert first.width == 8
    assert first.norms == ("1", "4")
    assert first.columns == ("7.weight",)
    assert {"0.weight", "0.bias", "1.running_var", "3.weight", "4.bias"} <= set(first.rows)
    assert second.columns == ("11.weight",)
    assert first.homogeneous


def test_channels_that_are_added_or_joined_with_others_are_left_alone():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 6, 1)
            self.first = nn.Conv2d(6, 4, 1)
            self.second = nn.Conv2d(4, 6, 1)
            self.left = nn.Conv2d(6, 3, 1)
            self.right = nn.Conv2d(6, 3, 1)
            self.head = nn.Linear(6, 2)

        def forward(self, x):
            x = torch.relu(self.stem(x))
            x = x + self.second(torch.relu(self.first(x)))
            x = torch.cat([self.left(x), self.right(x)], dim=1)
            return self.head(x.mean(dim=(2, 3)))

    network = Residual().eval()
    assert [group.name for group in find(network, (3, 5, 5))[0]] == ["first"]


def test_a_layer_that_is_called_twice_is_left_alone():
    shared = nn.Linear(6, 6)
    network = nn.Sequential(shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(6, 2)).eval()
    assert find(network, (6,))[0] == []


def test_fewer_channels_survive_at_a_larger_threshold_and_clusters_count_them():
    network = conv_net()
    group = find(network, (3, 12, 12))[0][0]
    merging = merge_order(group, network)
    counts = [merging.surviving(beta) for beta in (0.0, 0.1, 0.3, 0.5)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == group.width
    for beta, count in zip((0.0, 0.1, 0.3, 0.5), counts, strict=True):
        assert merging.clusters(beta).max() + 1 == count
    tree = np.asarray(merging.threshold)
    assert (np.diff(tree[np.isfinite(tree)]) >= 0).all()


def test_near_duplicates_merge_before_others_and_move_the_logits_little():
    network = conv_net()
    group = find(network, (3, 12, 12))[0][0]
    duplicate(network, group, [5])
    with torch.no_grad():
        network[0].weight[5] += 0.001 * torch.randn(network[0].weight[5].shape)
    _, images = find(network, (3, 12, 12))
    merging = merge_order(group, network)
    assert merging.pairs[0].tolist() == [0, 5]
    with torch.no_grad():
        before = network(images)
        merge_into(network, merging, merging.threshold[0])
        assert float((network(images) - before).abs().max()) < 0.01
