import functools
import math

import numpy as np
import pytest
import torch
from PIL import Image

from audit.errors import InputError
from audit.models.base import Preprocessing
from audit.models.preprocessing import normalise, resize_and_crop

SIZES = [(301, 200), (200, 301), (96, 96), (97, 95), (33, 21)]
"""(width, height): odd, tall, equal to the target, nearly so, smaller than it."""

MEAN, STD = (0.48, 0.45, 0.40), (0.26, 0.25, 0.27)


@functools.cache
def picture(width, height):
    pixels = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    smooth = Image.fromarray(pixels).resize((max(width // 3, 1), max(height // 3, 1))).resize((width, height))
    return Image.blend(Image.fromarray(pixels), smooth, 0.6)


def network_input(image, preprocessing):
    array = resize_and_crop(image, preprocessing)
    return normalise(torch.from_numpy(array.copy()).permute(2, 0, 1)[None], preprocessing)[0]


@pytest.mark.parametrize("target", [96, (96, 160)])
@pytest.mark.parametrize("resize", ["shortest", "longest", "squash"])
def test_it_equals_open_clips_evaluation_transform_to_the_last_bit(resize, target):
    from open_clip.transform import image_transform

    square = (target, target) if isinstance(target, int) else target
    theirs = image_transform(target, is_train=False, mean=MEAN, std=STD, resize_mode=resize, fill_color=7)
    ours = Preprocessing(size=square, resize=resize, resize_to=square, mean=MEAN, std=STD, fill=7)
    for size in SIZES:
        image = picture(*size)
        assert torch.equal(network_input(image, ours), theirs(image)), size


@pytest.mark.parametrize(
    ("crop", "target", "interpolation"),
    [(0.875, 112, "bicubic"), (0.95, 98, "bilinear"), (1.0, 96, "lanczos"), (0.9, (112, 80), "bilinear")],
)
@pytest.mark.parametrize("mode", ["center", "squash", "border"])
def test_it_equals_timms_evaluation_transform_to_the_last_bit(mode, crop, target, interpolation):
    from timm.data import create_transform

    from audit.models.timm import CROP_MODES

    height, width = (target, target) if isinstance(target, int) else target
    theirs = create_transform(
        (3, height, width),
        crop_pct=crop,
        crop_mode=mode,
        interpolation=interpolation,
        mean=MEAN,
        std=STD,
    )
    ours = Preprocessing(
        size=(height, width),
        resize=CROP_MODES[mode],
        resize_to=(math.floor(height / crop), math.floor(width / crop)),
        interpolation=interpolation,
        mean=MEAN,
        std=STD,
        fill=tuple(round(255 * value) for value in MEAN) if mode == "border" else 0,
    )
    for size in SIZES:
        image = picture(*size)
        assert torch.equal(network_input(image, ours), theirs(image)), size


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b3", "vit_b_16", "inception_v3"])
def test_it_equals_the_transforms_of_torchvisions_weights_to_the_last_bit(name):
    from torchvision.models import get_model_weights

    from audit.models.torchvision import preprocessing

    published = get_model_weights(name).DEFAULT
    ours, theirs = preprocessing(published, {}), published.transforms()
    for size in SIZES:
        image = picture(*size)
        assert torch.equal(network_input(image, ours), theirs(image)), size


def test_normalising_leaves_the_pixels_as_they_were():
    pixels = torch.full((1, 3, 2, 2), 51, dtype=torch.uint8)
    preprocessing = Preprocessing(size=(2, 2), resize_to=(2, 2), mean=(0.2, 0.2, 0.2), std=(0.1, 0.1, 0.1))
    assert normalise(pixels, preprocessing).abs().max() < 1e-6
    assert (pixels == 51).all()


def test_normalised_images_can_be_differentiated_after_use_in_inference_mode():
    preprocessing = Preprocessing(size=(2, 2), resize_to=(2, 2), mean=(0.31, 0.2, 0.2), std=(0.1, 0.1, 0.1))
    with torch.inference_mode():
        normalise(torch.zeros(1, 3, 2, 2, dtype=torch.uint8), preprocessing)
    weight = torch.ones((), requires_grad=True)
    (normalise(torch.ones(1, 3, 2, 2, dtype=torch.uint8), preprocessing) * weight).sum().backward()
    assert weight.grad is not None


def test_an_image_that_is_not_rgb_is_refused_by_name():
    preprocessing = Preprocessing(size=(2, 2), resize_to=(2, 2), mean=MEAN, std=STD)
    with pytest.raises(InputError, match="RGB; got mode L"):
        resize_and_crop(Image.new("L", (4, 4)), preprocessing)
