import numpy as np
import pytest
import torch
import transformers

from audit.errors import InputError
from audit.models.image_processor import preprocessing
from audit.models.preprocessing import resize_and_crop
from tests.models.test_preprocessing import SIZES, network_input, picture


def processors():
    crop = {"height": 224, "width": 224}
    return [
        transformers.CLIPImageProcessorPil(),
        transformers.CLIPImageProcessorPil(size={"shortest_edge": 57}, crop_size={"height": 50, "width": 50}),
        transformers.BitImageProcessorPil(size={"shortest_edge": 256}, crop_size=crop),
        transformers.ViTImageProcessorPil(),
        transformers.SiglipImageProcessorPil(),
        transformers.ConvNextImageProcessorPil(size={"shortest_edge": 224}),
        transformers.ConvNextImageProcessorPil(size={"shortest_edge": 384}),
        transformers.BeitImageProcessorPil(size={"height": 256, "width": 256}, do_center_crop=True, crop_size=crop),
    ]


@pytest.mark.parametrize("processor", processors(), ids=lambda processor: type(processor).__name__)
def test_it_equals_transformers_processors_on_pillow_pixel_for_pixel(processor, tmp_path):
    processor.save_pretrained(tmp_path)
    ours = preprocessing("test", str(tmp_path), {}, trust=False)
    for size in SIZES:
        image = picture(*size)
        theirs = processor(image, return_tensors="np", do_rescale=False, do_normalize=False)["pixel_values"][0]
        assert np.array_equal(resize_and_crop(image, ours), theirs.transpose(1, 2, 0)), size


def test_normalised_values_equal_transformers_within_rounding(tmp_path):
    processor = transformers.CLIPImageProcessorPil()
    processor.save_pretrained(tmp_path)
    image = picture(301, 200)
    theirs = torch.from_numpy(processor(image, return_tensors="np")["pixel_values"][0])
    ours = network_input(image, preprocessing("test", str(tmp_path), {}, trust=False))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_a_wished_size_keeps_the_processors_margin(tmp_path):
    crop = {"height": 224, "width": 224}
    transformers.BitImageProcessorPil(size={"shortest_edge": 256}, crop_size=crop).save_pretrained(tmp_path)
    found = preprocessing("test", str(tmp_path), {"size": "112"}, trust=False)
    assert (found.size, found.resize_to, found.resize) == ((112, 112), (128, 128), "shortest")


def test_a_processor_without_a_fixed_size_asks_for_one(tmp_path):
    transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, do_center_crop=False).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"images of several sizes .* Add \?size=PIXELS"):
        preprocessing("test", str(tmp_path), {}, trust=False)


@pytest.mark.parametrize(
    ("settings", "mean", "std"),
    [
        ({"do_normalize": False}, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        ({"image_mean": 0.5, "image_std": 0.25}, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
    ],
)
def test_a_processors_normalisation_is_taken_as_it_is(tmp_path, settings, mean, std):
    transformers.ViTImageProcessorPil(**settings).save_pretrained(tmp_path)
    found = preprocessing("test", str(tmp_path), {}, trust=False)
    assert (found.mean, found.std) == (mean, std)
