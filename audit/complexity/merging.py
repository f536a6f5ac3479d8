"""Iterative feature merging: how many channels are left when those with nearly equal weights are made one.

    D_ij = sum over the tensors that touch the channels of ||w_i - w_j||^2        (rows that make, columns that read)
    the closest pair is merged while min D <= beta max D                           (Chen et al., ICLR 2024)

A merged channel is written so that equal channels keep the function exactly. With activations that double with their
input: rows, biases and BatchNorm's scale, shift and mean are summed, its variance becomes k^2 (v + eps) - eps for k
channels, reading columns are averaged. With other activations, or with depthwise weights on the way (two sums would
multiply), rows are averaged and reading columns summed, which is the same function for equal channels [audit-defined].
D is that of the channels as written; channels whose means are equal have D = 0 whatever their counts, so that three
equal channels become one as two do. BatchNorm's running statistics are merged but not part of D, and max D is that of
the unmerged network: both grow with the square of a merged channel's count, and would end in one channel at any beta
[audit-defined].
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import nn

    from audit.complexity.channel_groups import ChannelGroup

LARGEST_BETA = 0.5
"""Merging is followed to this threshold."""

STATISTICS = frozenset({"running_mean", "running_var", "num_batches_tracked"})

EQUAL = 1e-12
"""Share of the largest D below which two channels count as equal."""


@dataclasses.dataclass(frozen=True, eq=False)
class Merging:
    """The order in which the channels of a group merge.

    Parameters
    ----------
    group
        The channels.
    pairs
        Channel that stays and channel that goes, by merge, (merges, 2).
    threshold
        Smallest beta at which each merge happens, ascending; infinite for those not followed, (channels - 1,).
    """

    group: ChannelGroup
    pairs: NDArray[np.int64]
    threshold: NDArray[np.float64]

    def surviving(self, beta: float) -> int:
        """Return the number of channels left."""
        return self.group.width - int((self.threshold <= beta).sum())

    def clusters(self, beta: float) -> NDArray[np.int64]:
        """Return the cluster of each channel, 0 and up, (channels,)."""
        member = np.arange(self.group.width)
        for stays, goes in self.pairs[: int((self.threshold <= beta).sum())]:
            member[member == goes] = stays
        return np.asarray(np.unique(member, return_inverse=True)[1], dtype=np.int64)


class _Channels:
    """Sums over the members of each channel, and the channel as it would be written."""

    def __init__(self, group: ChannelGroup, state: dict[str, torch.Tensor]) -> None:
        learnt = [name for name in group.rows if name.rpartition(".")[2] not in STATISTICS]
        self.summed = sums_rows(group)
        self.count = np.ones(group.width)
        self.rows = self._joined([_numbers(state[name]) for name in learnt], group.width)
        self.columns = self._joined([np.moveaxis(_numbers(state[name]), 1, 0) for name in group.columns], group.width)

    @staticmethod
    def _joined(parts: list[NDArray[np.float64]], width: int) -> NDArray[np.float64]:
        return np.concatenate([part.reshape(width, -1) for part in parts], axis=1)

    def written(self, which: NDArray[np.int64] | slice) -> NDArray[np.float64]:
        """Return channels as they would be written, (channels, numbers)."""
        k = self.count[which][:, None]
        rows, columns = self.rows[which], self.columns[which]
        return np.concatenate([rows, columns / k] if self.summed else [rows / k, columns], axis=1)

    def means(self, which: NDArray[np.int64] | slice) -> NDArray[np.float64]:
        """Return the mean of the channels' members."""
        joined = np.concatenate([self.rows[which], self.columns[which]], axis=1)
        return np.asarray(joined / self.count[which][:, None])

    def merge(self, stays: int, goes: int) -> None:
        """Add one channel's members to another's."""
        for values in (self.count, self.rows, self.columns):
            values[stays] += values[goes]


def _numbers(tensor: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().double().cpu().numpy())


def sums_rows(group: ChannelGroup) -> bool:
    """Return whether merged channels have their rows summed: only where every activation doubles with its input."""
    owners = {name.rpartition(".")[0] for name in group.rows}
    return group.homogeneous and len(owners - set(group.norms)) == 1


def merge_order(group: ChannelGroup, network: nn.Module) -> Merging:
    """Return the order in which a group's channels merge, followed to :data:`LARGEST_BETA`."""
    channels = _Channels(group, network.state_dict())
    alive = np.ones(group.width, dtype=bool)
    distance = _distances(channels)
    largest = float(np.where(np.isfinite(distance), distance, 0).max())
    smallest, partner = distance.min(axis=1), distance.argmin(axis=1)
    pairs, threshold, reached = [], np.full(group.width - 1, np.inf), 0.0
    for step in range(group.width - 1):
        one = int(np.argmin(np.where(alive, smallest, np.inf)))
        other = int(partner[one])
        reached = max(reached, float(smallest[one]) / largest if largest > 0 else 0.0)
        if reached > LARGEST_BETA:
            break
        stays, goes = min(one, other), max(one, other)
        threshold[step] = reached
        pairs.append((stays, goes))
        channels.merge(stays, goes)
        alive[goes] = False
        distance[goes], distance[:, goes] = np.inf, np.inf
        fresh = _distances_to(channels, stays, alive, largest)
        distance[stays], distance[:, stays] = fresh, fresh
        closer = fresh < smallest
        smallest[closer], partner[closer] = fresh[closer], stays
        stale = alive & ((partner == goes) | (partner == stays) | (np.arange(group.width) == stays)) & ~closer
        smallest[stale], partner[stale] = distance[stale].min(axis=1), distance[stale].argmin(axis=1)
    return Merging(group, np.asarray(pairs, dtype=np.int64).reshape(-1, 2), threshold)


def norm_epsilon(group: ChannelGroup, network: nn.Module) -> dict[str, float]:
    """Return the eps of a group's BatchNorms by name."""
    return {name: float(network.get_submodule(name).eps) for name in group.norms}  # type: ignore[arg-type]


def _distances(channels: _Channels) -> NDArray[np.float64]:
    written = channels.written(slice(None))
    squares = np.einsum("ij,ij->i", written, written)
    found = squares[:, None] + squares[None] - 2 * written @ written.T
    largest = float(found.max())
    # The expansion above leaves rounding where channels are equal: close pairs are computed from differences.
    for i, j in np.argwhere(np.triu(found < 1e-6 * largest, 1)):
        found[i, j] = found[j, i] = float(((written[i] - written[j]) ** 2).sum())
    found = np.where(found <= EQUAL * largest, 0.0, found)
    np.fill_diagonal(found, np.inf)
    return found


def _distances_to(channels: _Channels, place: int, alive: NDArray[np.bool_], largest: float) -> NDArray[np.float64]:
    found = np.full(len(alive), np.inf)
    others = np.flatnonzero(alive & (np.arange(len(alive)) != place))
    own = channels.written(np.asarray([place]))
    found[others] = ((channels.written(others) - own) ** 2).sum(axis=1)
    mean = channels.means(np.asarray([place]))
    gap = ((channels.means(others) - mean) ** 2).sum(axis=1)
    found[others[gap <= EQUAL * max(largest, 1e-300)]] = 0.0
    return found


def merge_into(network: nn.Module, merging: Merging, beta: float) -> int:
    """Merge a group's channels in a network, in place, and return how many are left.

    The first channel of a cluster takes its place; the others are no longer read (their columns become 0), so that
    the network keeps its shape and computes what the smaller one would.
    """
    import torch

    clusters = merging.clusters(beta)
    group = merging.group
    state = network.state_dict(keep_vars=False)
    epsilon = norm_epsilon(group, network)
    with torch.no_grad():
        for cluster in range(int(clusters.max()) + 1):
            members = np.flatnonzero(clusters == cluster)
            if len(members) > 1:
                _merge(state, group, torch.as_tensor(members), epsilon)
    return int(clusters.max()) + 1


def _merge(
    state: dict[str, torch.Tensor], group: ChannelGroup, members: torch.Tensor, epsilon: dict[str, float]
) -> None:
    first, k, summed = int(members[0]), len(members), sums_rows(group)
    for name in group.rows:
        owner, _, kind = name.rpartition(".")
        tensor = state[name]
        mean = tensor[members].mean(dim=0)
        if summed and kind == "running_var":
            tensor[first] = k**2 * (mean + epsilon[owner]) - epsilon[owner]
        else:
            tensor[first] = mean * k if summed else mean
    for name in group.columns:
        tensor = state[name]
        mean = tensor[:, members].mean(dim=1)
        tensor[:, members[1:]] = 0
        tensor[:, first] = mean if summed else mean * k
