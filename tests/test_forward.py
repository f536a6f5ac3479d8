import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from audit.base import ImageExtractor
from audit.errors import InputError
from audit.forward import DeviceBatches, collect, default_batch_size, finite_rows
from audit.outputs import EncodedImages
from tests.fakes import FakeEncoder, small_preprocessing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Halves(ImageExtractor):
    limit: int = 100
    message: str = "MPS backend out of memory (MPS allocated: 1 GB)"

    def compute(self, model: Any, images: torch.Tensor) -> Mapping[str, torch.Tensor]:
        if len(images) > self.limit:
            raise RuntimeError(self.message)
        values = images.float().mean(dim=(1, 2, 3))
        return {"full": values, "half": values.to(torch.bfloat16), "count": torch.arange(len(images))}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Short(ImageExtractor):
    def compute(self, model: Any, images: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(images) - 1, 2)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (10, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_a_batch_gives_one_row_an_image(images: torch.Tensor) -> None:
    arrays = collect(DeviceBatches(FakeEncoder(), 16).launch(EncodedImages(), images))
    assert arrays["value"].shape == (10, 12)
    assert arrays["value"].dtype == np.float32


@pytest.mark.parametrize("message", ["MPS backend out of memory", "DefaultCPUAllocator: can't allocate memory"])
def test_every_device_s_lack_of_memory_halves_the_batch(images: torch.Tensor, message: str) -> None:
    device = DeviceBatches(FakeEncoder(), 10)
    arrays = collect(device.launch(Halves(limit=3, message=message), images))
    assert device.size == 3
    np.testing.assert_allclose(arrays["value/full"], images.float().mean(dim=(1, 2, 3)).numpy())


def test_half_precision_is_kept_as_float32_and_whole_numbers_stay(images: torch.Tensor) -> None:
    arrays = collect(DeviceBatches(FakeEncoder(), 16).launch(Halves(), images))
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "value/full": "float32",
        "value/half": "float32",
        "value/count": "int64",
    }


def test_too_few_rows_name_the_extractor(images: torch.Tensor) -> None:
    with pytest.raises(InputError, match=r"`Short` must return one row an image \(10\); got 9"):
        DeviceBatches(FakeEncoder(), 16).launch(Short(), images)


def test_no_images_give_no_pieces(images: torch.Tensor) -> None:
    assert collect(DeviceBatches(FakeEncoder(), 16).launch(EncodedImages(), images[:0])) == {}


def test_a_row_is_finite_when_every_array_is() -> None:
    arrays = {"a": np.array([[1.0, 2], [np.nan, 1], [1, 1]]), "b": np.array([1.0, 2, np.inf]), "c": np.arange(3)}
    assert finite_rows(arrays).tolist() == [True, False, False]


def test_batches_hold_more_small_images_than_large_ones() -> None:
    sizes = [default_batch_size("cpu", small_preprocessing(side)) for side in (16, 64, 224, 448, 1024)]
    assert sizes == [128, 128, 32, 8, 8]
    assert default_batch_size("cuda:0", small_preprocessing(224)) == 256
