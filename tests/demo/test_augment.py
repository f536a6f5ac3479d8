from __future__ import annotations

import numpy as np
import pytest
import torch

from audit.demo.augment import hue_turned, shifted, varied, warped


def test_a_hue_turned_all_the_way_is_the_same_and_a_third_exchanges_the_primaries():
    images = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 255
    assert torch.allclose(hue_turned(images, np.array([0.0, 2 * np.pi])), images, atol=1e-2)
    red = torch.tensor([200.0, 0, 0])[None, :, None, None].expand(1, 3, 2, 2)
    third = hue_turned(red, np.array([2 * np.pi / 3]))[0, :, 0, 0]
    assert sorted(third.tolist()) == pytest.approx([0, 0, 200], abs=1e-3)
    assert float(third[0]) == pytest.approx(0, abs=1e-3)
    grey = torch.full((1, 3, 2, 2), 90.0)
    assert torch.allclose(hue_turned(grey, np.array([1.0])), grey, atol=1e-3)


def test_waves_move_pixels_by_at_most_five_and_lose_none():
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    image[16, 16] = (255, 0, 0)
    random = np.random.default_rng(0)
    for _ in range(40):
        (row,), (column,) = np.nonzero(warped(image, random)[..., 0])
        assert abs(row - 16) <= 5
        assert abs(column - 16) <= 5
    noise = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    waved = warped(noise, random)
    assert not np.array_equal(waved, noise)
    assert np.array_equal(np.sort(waved.reshape(-1, 3), axis=0), np.sort(noise.reshape(-1, 3), axis=0))


def test_varied_images_keep_their_mean_luma_and_lose_contrast_colour_and_texture():
    images = torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 120 + 60
    same = varied(images, 0.0, np.random.default_rng(0))
    assert torch.allclose(same, images, atol=1e-3)
    changed = varied(images, 1.0, np.random.default_rng(0))
    assert changed.std() < 0.8 * images.std()
    assert float((changed.mean((2, 3)) - images.mean((2, 3))).abs().mean()) < 3
    assert torch.equal(changed, varied(images, 1.0, np.random.default_rng(0)))


def test_a_shift_is_of_at_most_three_pixels_and_says_whether_it_mirrors():
    image = np.zeros((16, 16, 3), dtype=np.uint8)
    image[8, 5] = 255
    random = np.random.default_rng(0)
    for _ in range(40):
        moved, mirrored = shifted(image, "menagerie", random)
        (row,), (column,) = np.nonzero(moved[..., 0])
        assert abs(row - 8) <= 3
        assert abs(column - (10 if mirrored else 5)) <= 3
