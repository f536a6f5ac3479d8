"""Where the subject is."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from audit.backgrounds.regions import (
    BoxRegion,
    CenterRegion,
    MaskRegion,
    SaliencyRegion,
    box_columns,
    choose_region,
)
from audit.dataset import Roles
from audit.errors import InputError
from audit.image_files import ImageProblem
from tests.fakes import FakeClassifier

IMAGE = Image.new("RGB", (16, 16))


def _drawn(region, dataset, sample="s0"):
    return np.asarray(region(IMAGE, dataset, sample))


def test_a_mask_is_read_from_its_file(squares):
    mask = _drawn(MaskRegion(column="mask"), squares)
    assert mask.sum() == 255 * 36
    assert mask[4, 4] == 255


def test_255_is_void_where_a_mask_holds_other_values(squares):
    values = np.zeros((16, 16), dtype=np.uint8)
    values[2:4], values[4] = 12, 255
    Image.fromarray(values).save(squares.root / "mask0.png")
    assert (_drawn(MaskRegion(column="mask"), squares) > 0).sum() == 32


def test_a_numpy_mask_is_read(squares):
    array = np.zeros((1, 16, 16), dtype=bool)
    array[0, :3] = True
    np.save(squares.root / "m.npy", array)
    table = squares.metadata.assign(mask="m.npy")
    assert (_drawn(MaskRegion(column="mask"), squares.with_metadata(table)) > 0).sum() == 48


def test_a_missing_or_broken_mask_names_the_reason(squares):
    (squares.root / "mask0.png").write_bytes(b"no mask")
    table = squares.metadata.copy()
    table.loc["s1", "mask"], table.loc["s2", "mask"] = None, "absent.png"
    changed = squares.with_metadata(table)
    reasons = []
    for sample in ("s0", "s1", "s2"):
        with pytest.raises(ImageProblem) as caught:
            _drawn(MaskRegion(column="mask"), changed, sample)
        reasons.append(caught.value.reason)
    assert reasons == ["mask cannot be read", "without a mask", "mask: file missing"]


def test_a_mask_outside_the_root_is_refused(squares):
    changed = squares.with_metadata(squares.metadata.assign(mask="../elsewhere.png"))
    with pytest.raises(ImageProblem, match="mask"):
        _drawn(MaskRegion(column="mask"), changed)


def test_boxes_are_read_as_edges_or_as_sizes(squares):
    table = squares.metadata.assign(
        x_min=2.0, y_min=3.0, x_max=6.0, y_max=9.0, bbox_x=2, bbox_y=3, bbox_width=4, bbox_height=6
    )
    dataset = squares.with_metadata(table)
    assert box_columns(dataset) == ("x_min", "y_min", "x_max", "y_max")
    edges = _drawn(BoxRegion(columns=("x_min", "y_min", "x_max", "y_max")), dataset)
    sizes = _drawn(BoxRegion(columns=("bbox_x", "bbox_y", "bbox_width", "bbox_height")), dataset)
    assert (edges > 0).sum() == 24
    assert (edges == sizes).all()


def test_the_middle_is_that_of_the_square_a_model_sees(squares):
    drawn = np.asarray(CenterRegion(share=0.5)(Image.new("RGB", (40, 20)), squares, "s0"))
    assert (drawn > 0).sum() == 100
    assert drawn[5, 15] == drawn[14, 24] == 255


def test_masks_come_before_boxes_and_the_middle_is_last(squares):
    boxed = squares.with_metadata(squares.metadata.assign(x0=1, y0=1, x1=2, y1=2))
    without = Roles(label="label")
    model = FakeClassifier()
    assert choose_region(boxed, model) == MaskRegion(column="mask")
    assert isinstance(choose_region(boxed.with_roles(without), model), BoxRegion)
    assert isinstance(choose_region(squares.with_roles(without), model), CenterRegion)


def test_a_region_that_is_not_there_is_an_error(squares):
    bare = squares.with_roles(Roles(label="label"))
    with pytest.raises(InputError, match="no column of masks"):
        choose_region(bare, FakeClassifier(), "mask")
    with pytest.raises(InputError, match="no columns of boxes"):
        choose_region(bare, FakeClassifier(), "box")
    with pytest.raises(InputError, match="gives no gradients"):
        choose_region(bare, FakeClassifier(), "saliency")


class Cornered(FakeClassifier):
    """Looks at the upper left quarter alone."""

    def forward_images(self, images):
        return images[:, :, :8, :8].mean(dim=(2, 3)) * 5


def test_saliency_lies_where_the_model_looks_even_without_gradients_around():
    images = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = SaliencyRegion(share=0.2).find(Cornered(), images) > 0
    assert found[:, :8, :8].sum() / found.sum() > 0.75


def test_the_key_changes_with_the_masks_content(squares):
    before = MaskRegion(column="mask").depends_on(squares)
    Image.new("L", (16, 16), 255).save(squares.root / "mask3.png")
    assert MaskRegion(column="mask").depends_on(dataclasses.replace(squares)) != before
    boxes = pd.Series(1.0, index=squares.index)
    region = BoxRegion(columns=("x0", "y0", "x1", "y1"))
    one = squares.with_metadata(squares.metadata.assign(x0=0.0, y0=0.0, x1=boxes, y1=boxes))
    other = squares.with_metadata(squares.metadata.assign(x0=0.0, y0=0.0, x1=boxes + 1, y1=boxes))
    assert region.depends_on(one) != region.depends_on(other)
