import hashlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from audit.errors import InputError
from audit.prototypes.modifications import CHARACTERISTICS, Modification, modified, modified_array, pixel_rms, wave


def reference_image():
    y, x = np.mgrid[0:224, 0:224]
    waves = [127 + 100 * np.sin(x / 17) * np.cos(y / 23), 127 + 90 * np.cos((x + y) / 31), 127 + 80 * np.sin(y / 11)]
    noisy = np.stack(waves, axis=-1) + np.random.default_rng(0).normal(0, 12, (224, 224, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def digest(image):
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()[:16]


def test_the_reference_image_is_the_published_one():
    assert digest(reference_image()) == "9e1a1ad49dd2ee2b"


@pytest.mark.parametrize(
    ("kind", "expected", "change"),
    [("contrast", "472570cea8c033c9", 27.635609), ("shape", "1188e8327c527ac2", 15.852346)],
)
def test_contrast_and_shape_give_the_reference_pixels(kind, expected, change):
    image = reference_image()
    found = modified_array(image, kind)
    assert digest(found) == expected
    assert np.abs(found.astype(float) - image).mean() == pytest.approx(change, abs=1e-6)


@pytest.mark.parametrize("strength", [0.5, 1.0, 1.7])
@pytest.mark.parametrize(
    ("kind", "enhancer", "reference"),
    [("contrast", ImageEnhance.Contrast, 0.45), ("saturation", ImageEnhance.Color, 0.7)],
)
def test_contrast_and_saturation_are_pillows_to_the_last_bit(kind, enhancer, reference, strength):
    image = np.random.default_rng(3).integers(0, 256, (61, 47, 3), dtype=np.uint8)
    factor = max(1 - (1 - reference) * strength, 0)
    assert np.array_equal(
        modified_array(image, kind, strength), np.asarray(enhancer(Image.fromarray(image)).enhance(factor))
    )


def test_hue_is_pillows_hue_moved_by_25():
    image = reference_image()
    hsv = np.asarray(Image.fromarray(image).convert("HSV")).copy()
    hsv[..., 0] = (hsv[..., 0].astype(int) + 25) % 256
    expected = np.asarray(Image.frombytes("HSV", (224, 224), hsv.tobytes()).convert("RGB"))
    assert np.array_equal(modified_array(image, "hue"), expected)


def test_texture_is_opencvs_non_local_means_in_its_own_channel_order():
    import cv2

    image = reference_image()[:64, :64]
    flipped = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    denoised = cv2.fastNlMeansDenoisingColored(flipped, None, h=4, hColor=4, templateWindowSize=7, searchWindowSize=21)
    assert np.array_equal(modified_array(image, "texture"), cv2.cvtColor(denoised, cv2.COLOR_BGR2RGB))


def test_shape_rolls_rows_then_columns_of_images_that_are_not_square():
    image = np.random.default_rng(1).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    expected = image.copy()
    for i in range(30):
        expected[i] = np.roll(expected[i], int(4 * np.sin(np.pi * i * 0.05)), axis=0)
    for i in range(50):
        expected[:, i] = np.roll(expected[:, i], int(4 * np.sin(np.pi * i * 0.05)), axis=0)
    assert np.array_equal(modified_array(image, "shape"), expected)
    assert wave(4, 0.0).tolist() == [0, 0, 0, 0]


def test_identity_and_strength_0_change_nothing():
    images = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)
    assert torch.equal(modified(images, "identity"), images)
    for kind in CHARACTERISTICS:
        assert torch.equal(modified(images, kind, 0.0), images)


def test_a_grey_image_has_no_hue_and_no_saturation_to_lose():
    grey = torch.randint(0, 256, (1, 1, 20, 20), dtype=torch.uint8).expand(-1, 3, -1, -1).contiguous()
    assert torch.equal(modified(grey, "hue"), grey)
    assert torch.equal(modified(grey, "saturation"), grey)


def test_a_stronger_change_alters_more_pixels():
    images = torch.from_numpy(reference_image()[:64, :64].transpose(2, 0, 1).copy())[None]
    for kind in CHARACTERISTICS:
        weak, strong = (pixel_rms(images, modified(images, kind, strength))[0] for strength in (0.5, 1.5))
        assert 0 < weak < strong


def test_a_batch_is_changed_as_its_images_are():
    images = torch.from_numpy(np.random.default_rng(5).integers(0, 256, (3, 3, 24, 24), dtype=np.uint8))
    for kind in CHARACTERISTICS:
        assert torch.equal(modified(images, kind)[1:2], modified(images[1:2], kind))


def test_a_negative_strength_is_refused():
    with pytest.raises(InputError, match="at least 0"):
        Modification(kind="hue", strength=-1)
