import numpy as np
import pytest
from PIL import Image

from audit.demo.tissue import render_tissue, tissue_table
from audit.robustness.stain import StainNormalised, macenko, reinhard


@pytest.fixture(scope="module")
def stained():
    """The same kind of tissue from four centers with different stains."""
    rows = tissue_table(64, "test", 0).drop_duplicates("center").to_dict("records")
    return [render_tissue(row | {"label": "tumour"}, seed=1, size=64).astype(np.float64) for row in rows]


@pytest.mark.parametrize("method", [reinhard, macenko])
def test_centers_look_more_alike_afterwards(stained, method):
    def spread(images):
        return np.std([image.mean(axis=(0, 1)) for image in images], axis=0).mean()

    assert spread([method(image).astype(np.float64) for image in stained]) < 0.5 * spread(stained)


def test_reinhard_done_twice_changes_little():
    pixels = np.random.default_rng(0).uniform(110, 150, (32, 32, 3))
    again = reinhard(reinhard(pixels).astype(np.float64)).astype(float)
    assert np.abs(again - reinhard(pixels)).mean() < 3


def test_a_blank_image_stays_as_it_is_under_macenko():
    blank = np.full((16, 16, 3), 245.0)
    assert np.array_equal(macenko(blank), blank)


def test_a_uniform_image_survives_reinhard():
    assert reinhard(np.full((8, 8, 3), 90.0)).shape == (8, 8, 3)


@pytest.mark.parametrize("method", ["reinhard", "macenko"])
def test_the_variant_returns_an_image_of_the_same_size(method):
    picture = Image.fromarray(np.random.default_rng(1).integers(60, 200, (20, 30, 3)).astype(np.uint8))
    changed = StainNormalised(method=method)(picture, None, "a")
    assert changed.size == picture.size
    assert changed.mode == "RGB"
