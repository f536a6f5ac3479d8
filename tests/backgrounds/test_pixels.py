"""Changes of a region's pixels."""

import numpy as np
import pytest
import torch

from audit.backgrounds import pixels

SIDE = 16


@pytest.fixture
def images():
    return torch.randint(0, 256, (5, 3, SIDE, SIDE), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def regions():
    found = torch.zeros((5, SIDE, SIDE), dtype=torch.bool)
    found[:, 2:9, 3:12] = True
    found[1] = False
    found[2] = True
    found[3, 0, 0] = True
    return found


CHANGES = {
    "blur": lambda i, r: pixels.blurred(i, r, 0.1),
    "grey": lambda i, r: pixels.greyed(i, r, (1, 2, 3)),
    "shuffle": lambda i, r: pixels.shuffled(i, r, torch.rand((5, 16), generator=torch.Generator().manual_seed(0))),
    "noise": lambda i, r: pixels.noisy(i, r, torch.randn((5, 3, SIDE, SIDE)), 0.1),
    "hue": pixels.hue_turned,
}


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_changes_outside_the_region(name, images, regions):
    before = images.clone()
    changed = CHANGES[name](images, regions)
    assert torch.equal(changed.permute(0, 2, 3, 1)[~regions], images.permute(0, 2, 3, 1)[~regions])
    assert not torch.equal(changed[0], images[0])
    assert changed.dtype == torch.uint8
    assert torch.equal(images, before)


@pytest.mark.parametrize("name", CHANGES)
def test_a_batch_is_changed_as_its_images_are_one_by_one(name, images, regions):
    if name == "noise":
        return  # its fields are given by the caller
    whole = CHANGES[name](images, regions)
    if name == "shuffle":
        keys = torch.rand((5, 16), generator=torch.Generator().manual_seed(0))
        alone = [pixels.shuffled(images[i : i + 1], regions[i : i + 1], keys[i : i + 1]) for i in range(5)]
    else:
        alone = [CHANGES[name](images[i : i + 1], regions[i : i + 1]) for i in range(5)]
    assert torch.equal(whole, torch.cat(alone))


def test_boxes_reach_from_the_first_to_the_last_pixel():
    region = torch.zeros((2, 8, 8), dtype=torch.bool)
    region[0, 1, 5] = region[0, 6, 2] = True
    box = pixels.boxes(region)
    assert not box[1].any()
    assert box[0, 1:7, 2:6].all()
    assert box[0].sum() == 24


def test_blur_takes_no_colour_from_outside_the_region():
    image = torch.zeros((1, 3, SIDE, SIDE), dtype=torch.uint8)
    image[:, :, :, 8:] = 255
    region = torch.zeros((1, SIDE, SIDE), dtype=torch.bool)
    region[:, :, :8] = True
    assert pixels.blurred(image, region, 0.3).max() == 255
    assert pixels.blurred(image, region, 0.3)[:, :, :, :8].max() == 0


def test_blur_is_the_gaussian_mean():
    image = torch.zeros((1, 3, 33, 33), dtype=torch.uint8)
    image[:, :, 16, :] = 200
    blurred = pixels.blurred(image, torch.ones((1, 33, 33), dtype=torch.bool), 2 / 33)
    weights = np.exp(-0.5 * (np.arange(-6, 7) / 2) ** 2)
    assert blurred[0, 0, 16, 16] == round(200 * weights[6] / weights.sum())
    assert blurred[0, 0, 18, 16] == round(200 * weights[8] / weights.sum())


def test_shuffling_moves_whole_patches_and_loses_none(images):
    keys = torch.rand((5, 16), generator=torch.Generator().manual_seed(3))
    moved = pixels.shuffled(images, torch.ones((5, SIDE, SIDE), dtype=torch.bool), keys)
    steps = range(0, 16, 4)
    for before, after in zip(images, moved, strict=True):
        patches = [
            sorted(tuple(part[:, y : y + 4, x : x + 4].flatten().tolist()) for y in steps for x in steps)
            for part in (before, after)
        ]
        assert patches[0] == patches[1]


def test_noise_has_one_length_on_subject_and_background():
    images = torch.full((1, 3, SIDE, SIDE), 128, dtype=torch.uint8)
    region = torch.zeros((1, SIDE, SIDE), dtype=torch.bool)
    region[:, :, :7] = True
    noise = torch.randn((1, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    lengths = [float((pixels.noisy(images, part, noise, 0.04).float() - 128).norm()) for part in (region, ~region)]
    assert lengths[0] == pytest.approx(255 * 0.04 * (3 * SIDE**2) ** 0.5, rel=0.01)
    assert lengths[1] == pytest.approx(lengths[0], rel=0.01)


def test_a_turned_hue_keeps_luma_and_returns_when_turned_again():
    image = torch.tensor([120, 90, 110], dtype=torch.uint8).view(1, 3, 1, 1)
    everywhere = torch.ones((1, 1, 1), dtype=torch.bool)
    turned = pixels.hue_turned(image, everywhere)
    weights = torch.tensor(pixels.LUMA).view(1, 3, 1, 1)
    assert (turned * weights).sum() == pytest.approx(float((image * weights).sum()), abs=1)
    assert (pixels.hue_turned(turned, everywhere).int() - image.int()).abs().max() <= 1
