from types import SimpleNamespace

import pytest
import torch

from audit.models.base import Preprocessing
from audit.models.hidden_states import prefix_tokens, state_layers


def network(patch):
    return SimpleNamespace(config=SimpleNamespace(patch_size=patch))


@pytest.mark.parametrize(
    ("tokens", "patch", "prefix"),
    [(17, 8, 1), (21, 8, 5), (16, 8, 0), (4, 8, 0), (17, None, 0), (9, (8, 16), 1), (100, 8, 0)],
)
def test_tokens_beyond_the_grid_come_before_the_patches(tokens, patch, prefix):
    assert prefix_tokens(network(patch), torch.zeros(1, tokens, 4), torch.zeros(1, 3, 32, 32)) == prefix


def test_maps_have_no_tokens_before_the_patches():
    assert prefix_tokens(network(8), torch.zeros(1, 4, 4, 4), torch.zeros(1, 3, 32, 32)) == 0


def test_the_embeddings_output_is_no_layer():
    preprocessing = Preprocessing(size=(32, 32), resize_to=(32, 32), mean=(0.0,) * 3, std=(1.0,) * 3)
    tokens = [torch.zeros(1, 17, 4)] * 3
    assert list(state_layers(network(8), tokens, preprocessing)) == [
        "blocks.0.cls",
        "blocks.0.patches",
        "blocks.1.cls",
        "blocks.1.patches",
    ]
    assert list(state_layers(network(8), [torch.zeros(1, 8, 4, 4)] * 2, preprocessing)) == ["blocks.0"]
