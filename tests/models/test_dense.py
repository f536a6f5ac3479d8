import numpy as np
import pytest
import torch

from audit.models import load_model
from audit.models.dense import FEWEST, DenseMap, choose_dense

SPECS = {
    "timm:resnet10t.random?size=64x64": ("pooled", None),
    "timm:mobilenetv2_035.random": ("pooled", (7, 7)),
    "timm:convnext_atto.random": ("similarity", (7, 7)),
    "timm:vit_tiny_patch16_224.random": ("similarity", (14, 14)),
    "torchvision:squeezenet1_0.random": ("similarity", (13, 13)),
    "torchvision:swin_t.random": ("pooled", (7, 7)),
}


@pytest.mark.parametrize(("spec", "kind", "grid"), [(spec, *rest) for spec, rest in SPECS.items()], ids=list(SPECS))
def test_features_by_place_are_found_in_every_kind_of_network(spec, kind, grid):
    model = load_model(spec, device="cpu")
    place, head = model.dense
    height, width = model.preprocessing.size
    images = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8)
    features = model.patch_features(images)
    assert tuple(features.shape[:3]) == (2, *place.grid)
    assert grid is None or place.grid == grid
    assert (head is not None) == (kind == "pooled")
    if head is not None:
        told = features.mean(dim=(1, 2)) @ head.weight.T + head.bias
        assert (told - model.logits(images)).abs().max() < 1e-4


def test_an_image_moved_by_a_cell_moves_its_features_by_a_cell():
    model = load_model("demo", device="cpu")
    place, _ = model.dense
    assert place.grid == (4, 4)
    image = torch.full((1, 3, 64, 64), 128, dtype=torch.uint8)
    one, two = image.clone(), image.clone()
    one[..., 20:28, 4:12] = 255
    two[..., 20:28, 52:60] = 255
    plain = model.patch_features(image)
    changes = [(model.patch_features(each) - plain).norm(dim=-1)[0].sum(dim=0).numpy() for each in (one, two)]
    assert np.argmax(changes[0]) < np.argmax(changes[1])


def test_a_finer_map_is_read_where_the_last_has_few_cells():
    places = (DenseMap(module="last", grid=(2, 2)), DenseMap(module="finer", grid=(FEWEST, FEWEST)))
    assert choose_dense(places, "x").module == "finer"
    tokens = (DenseMap(module="norm", grid=(2, 2), prefix=1), places[1])
    assert choose_dense(tokens, "x").module == "norm"
