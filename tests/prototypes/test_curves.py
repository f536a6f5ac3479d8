import numpy as np
import pytest
import torch

from audit.models import load_model
from audit.prototypes.curves import area, class_heat, emptied, probability, removal_order, shuffled

GRID = (8, 8)


def test_cells_go_in_equal_steps_from_none_to_all():
    gone = removal_order(np.arange(49), (7, 7), steps=7)
    assert gone.reshape(8, 49).sum(axis=1).tolist() == [0, 7, 14, 21, 28, 35, 42, 49]
    assert gone[1, 0].all()


def test_an_emptied_cell_has_the_images_mean_colour_and_the_others_stay():
    image = torch.randint(0, 256, (3, 16, 24), dtype=torch.uint8)
    gone = np.zeros((2, 2, 3), dtype=bool)
    gone[1, 0, 2] = True
    found = emptied(image, gone)
    assert torch.equal(found[0], image)
    mean = image.float().mean(dim=(1, 2)).round().to(torch.uint8)
    assert torch.equal(found[1, :, :8, 16:], mean[:, None, None].expand(3, 8, 8))
    assert torch.equal(found[1, :, 8:], image[:, 8:])


def test_the_true_mask_deletes_faster_than_random_and_random_faster_than_its_inverse():
    draw = np.random.default_rng(0)
    areas = []
    for _ in range(20):
        mask = np.zeros(GRID)
        row, column = draw.integers(0, 5, 2)
        mask[row : row + 3, column : column + 3] = 1
        image = torch.full((3, 32, 32), 20, dtype=torch.uint8)
        image[:, row * 4 : row * 4 + 12, column * 4 : column * 4 + 12] = 250
        orders = [np.argsort(-mask.ravel(), kind="stable")]
        orders += [draw.permutation(64), np.argsort(mask.ravel(), kind="stable")]
        curves = []
        for order in orders:
            shown = emptied(image, removal_order(order, GRID)).float()
            curves.append((shown.amax(dim=1) > 200).float().mean(dim=(1, 2)).numpy())
        areas.append(area(np.stack(curves)))
    true, random, inverse = np.mean(areas, axis=0)
    assert true < random < inverse


def test_the_area_is_that_of_the_trapezoid_rule():
    assert area(np.array([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])) == pytest.approx([0.5, 1.0])


def test_the_exact_heat_of_a_linear_head_sums_to_the_logit():
    draw = np.random.default_rng(1)
    features, weight = draw.normal(size=(7, 7, 16)), draw.normal(size=16)
    heat = class_heat(features, np.zeros((49, 1)), np.zeros((49, 0)), weight)
    assert abs(heat.sum() - features.mean(axis=(0, 1)) @ weight) < 1e-10


def test_without_a_head_the_heat_is_the_lead_over_other_classes_parts():
    own, others = np.array([[0.9, 0.1], [0.2, 0.3]]), np.array([[0.5], [0.4]])
    heat = class_heat(np.zeros((1, 2, 3)), own, others, None)
    assert heat == pytest.approx(np.array([[0.4, -0.1]]))


def test_probability_is_the_softmax_of_one_class():
    logits = np.array([[0.0, np.log(3.0)], [800.0, 0.0]])
    assert probability(logits, 1) == pytest.approx([0.75, 0.0])


def test_shuffling_leaves_the_model_itself_alone():
    model = load_model("demo", device="cpu")
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    other = shuffled(model, seed=0)
    assert all(torch.equal(before[name], value) for name, value in model.module.state_dict().items())
    images = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8)
    assert not torch.allclose(model.patch_features(images), other.patch_features(images))
