from __future__ import annotations

import pytest
from PIL import Image

from audit.errors import InputError
from audit.panels import Picture


def test_a_picture_shows_a_sample_or_an_image() -> None:
    assert Picture(sample_id="s1").image is None
    assert Picture(image=Image.new("RGB", (2, 2))).sample_id == ""
    with pytest.raises(InputError, match="`sample_id` or `image`"):
        Picture(caption="neither")


@pytest.mark.parametrize(
    "box", [(0.5, 0.0, 0.5, 1.0), (0.0, 0.6, 1.0, 0.5), (-0.1, 0.0, 1.0, 1.0), (0.0, 0.0, 1.2, 1.0)]
)
def test_a_box_lies_inside_the_picture(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="`box` must be"):
        Picture(sample_id="s1", box=box)


def test_a_box_may_be_the_whole_picture() -> None:
    assert Picture(sample_id="s1", box=(0.0, 0.0, 1.0, 1.0)).box == (0.0, 0.0, 1.0, 1.0)
