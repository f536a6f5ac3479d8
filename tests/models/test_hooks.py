from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from audit.models.hooks import hooked
from audit.models.layers import Layer, capture


def test_a_hook_sees_what_its_own_thread_runs_and_nothing_else() -> None:
    network, seen = nn.Linear(3, 2), []
    with hooked([(network, lambda _module, inputs, _output: seen.append(len(inputs[0])))]):
        network(torch.zeros(4, 3))
        other = threading.Thread(target=lambda: network(torch.zeros(7, 3)))
        other.start()
        other.join()
    network(torch.zeros(9, 3))
    assert seen == [4]


def test_a_hook_before_its_module_may_change_the_inputs() -> None:
    network = nn.Identity()
    with hooked([(network, lambda _module, inputs: (inputs[0] + 1,))], before=True):
        assert network(torch.zeros(2)).tolist() == [1, 1]
    assert network(torch.zeros(2)).tolist() == [0, 0]


def test_hooks_are_removed_when_the_block_fails() -> None:
    network = nn.Linear(3, 2)
    with pytest.raises(ZeroDivisionError), hooked([(network, print)]):
        raise ZeroDivisionError
    assert not network._forward_hooks


def test_threads_that_share_a_network_read_their_own_layers() -> None:
    network = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
    layers = {"first": Layer(module="0"), "last": Layer(module="2")}
    start, wrong = threading.Barrier(4), []

    def read(rows: int) -> None:
        start.wait()
        images = torch.full((rows, 6), float(rows))
        with torch.inference_mode():
            wanted = network[0](images)
            for _ in range(60):
                found = capture(network, layers, lambda: network(images))
                if found["first"].shape != (rows, 6) or not torch.equal(found["first"], wanted):
                    wrong.append(rows)

    threads = [threading.Thread(target=read, args=(rows,)) for rows in (3, 4, 5, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
