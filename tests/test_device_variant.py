"""Changes of whole batches on the device, through the engine."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from audit import engine
from audit.dataset import Dataset
from audit.device_variant import DeviceVariant, DrawnRegion, FoundRegion, region_batches
from audit.image_files import ImageProblem
from audit.outputs import EncodedImages
from audit.store import Store
from tests.fakes import FakeEncoder


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeftHalf(DrawnRegion):
    refuse: str = ""

    def __call__(self, image, dataset, sample_id):
        if sample_id == self.refuse:
            raise ImageProblem("without a mask")
        drawn = Image.new("L", (2, 1))  # of another size than the image
        drawn.putpixel((0, 0), 255)
        return drawn


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bright(FoundRegion):
    def find(self, model, images):
        FOUND.append(len(images))
        return (images[:, 0] > 127).to(torch.uint8) * 255


FOUND: list[int] = []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Darkened(DeviceVariant):
    region: DrawnRegion | FoundRegion | None = None
    by: int = 0

    def foreground(self):
        return self.region

    def bind(self, dataset, model, preprocessing):
        def change(images, regions, samples):
            named = torch.tensor([int(name[1:]) for name in samples], dtype=torch.uint8).view(-1, 1, 1, 1)
            if regions is None:
                return torch.zeros_like(images) + named + self.by
            return torch.where(regions[:, None] > 0, named + self.by, images)

        return change


class Whole(FakeEncoder):
    def encode_image(self, images):
        return images.permute(0, 2, 3, 1).flatten(1).float()


@pytest.fixture
def dataset(tmp_path):
    generator = np.random.default_rng(0)
    for number in range(7):
        Image.fromarray(generator.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    index = pd.Index([f"s{number}" for number in range(7)], name="sample_id")
    table = pd.DataFrame({"filepath": [f"{number}.png" for number in range(7)]}, index=index, dtype="str")
    return Dataset(name="d", metadata=table, root=tmp_path)


def _pixels(dataset, variant, tmp_path, size=3):
    wanted = EncodedImages(variant=variant)
    store = Store(tmp_path / f"store{size}")
    outputs = engine.compute(dataset, Whole(), [EncodedImages(), wanted], store=store, batch_size=size)
    return (
        np.asarray(outputs[EncodedImages()]).reshape(-1, 16, 16, 3),
        np.asarray(outputs[wanted]).reshape(-1, 16, 16, 3),
        outputs,
    )


def test_a_change_is_told_which_samples_it_sees(dataset, tmp_path):
    changed = _pixels(dataset, Darkened(by=2), tmp_path)[1]
    assert changed[:, 0, 0, 0].tolist() == [2, 3, 4, 5, 6, 7, 8]


def test_a_drawn_region_is_resized_as_the_image_is(dataset, tmp_path):
    original, changed, _ = _pixels(dataset, Darkened(region=LeftHalf()), tmp_path)
    assert (changed[:, :, :8] == np.arange(7)[:, None, None, None]).all()
    np.testing.assert_array_equal(changed[:, :, 8:], original[:, :, 8:])


def test_a_sample_without_its_region_is_left_out_with_the_reason(dataset, tmp_path):
    outputs = _pixels(dataset, Darkened(region=LeftHalf(refuse="s4")), tmp_path)[2]
    assert "s4" not in outputs.dataset.index
    assert any("without a mask" in note for note in outputs.notes)


def test_a_found_region_is_found_once_for_all_changes_of_a_batch(dataset, tmp_path):
    FOUND.clear()
    wanted = [EncodedImages(variant=Darkened(region=Bright(), by=by)) for by in range(3)]
    outputs = engine.compute(dataset, Whole(), wanted, store=Store(tmp_path / "s"), batch_size=4)
    assert sum(FOUND) == len(dataset)
    found = np.asarray(outputs[wanted[2]]).reshape(-1, 16, 16, 3)
    original = _pixels(dataset, Darkened(), tmp_path)[0]
    assert (found[original[..., 0] > 127] <= 8).all()
    np.testing.assert_array_equal(found[original[..., 0] <= 127], original[original[..., 0] <= 127])


def test_finding_in_parts_gives_the_same_region():
    images = torch.randint(0, 255, (5, 3, 4, 4), dtype=torch.uint8)
    whole = Bright().find(Whole(), images)
    assert torch.equal(region_batches(Bright(), Whole(), images, 2), whole)


def test_variants_with_other_fields_are_kept_apart(dataset, tmp_path):
    one, other = Darkened(by=1), Darkened(by=2)
    keys = {engine.image_key(EncodedImages(variant=variant), dataset, Whole()) for variant in (one, other, None)}
    assert len(keys) == 3
