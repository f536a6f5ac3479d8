from __future__ import annotations

import numpy as np
import pytest

from audit.demo.noise import noise_bank, texture, white_noise


@pytest.mark.parametrize("kind", ["soft", "grain", "tall", "wide"])
def test_a_texture_has_mean_zero_and_standard_deviation_one(kind):
    windows = np.stack([texture(np.random.default_rng(seed), 128, 128, kind) for seed in range(20)])
    assert abs(windows.mean()) < 0.1
    assert windows.std() == pytest.approx(1.0, abs=0.1)


def test_the_bank_tiles_without_a_seam():
    bank = noise_bank(1.0, 1.0, 1.9)
    seam = np.abs(bank[:, 255] - bank[:, 256]).mean()
    assert seam < 1.5 * np.abs(np.diff(bank[:, :255], axis=1)).mean()


def test_ripples_are_longer_across_than_down():
    window = texture(np.random.default_rng(0), 128, 128, "wide")
    assert np.abs(np.diff(window, axis=0)).mean() > 1.5 * np.abs(np.diff(window, axis=1)).mean()


def test_white_noise_has_no_neighbourly_correlation():
    noise = white_noise(np.random.default_rng(0), 128, 3)
    assert noise.shape == (128, 128, 3)
    assert abs(float((noise[1:] * noise[:-1]).mean())) < 0.02
