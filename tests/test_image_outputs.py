import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.dataset import Dataset
from audit.image_outputs import find
from audit.image_pass import compute_missing
from audit.image_request import Request
from audit.outputs import EncodedImages
from audit.store import Store
from tests.fakes import FakeEncoder


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    names = [f"{row}.png" for row in range(6)]
    for row, name in enumerate(names):
        Image.new("RGB", (20, 20), (40 * row, 0, 0)).save(tmp_path / name)
    (tmp_path / "2.png").write_bytes(b"no image")
    index = pd.Index(names, name="sample_id", dtype="str")
    return Dataset(name="d", metadata=pd.DataFrame({"filepath": names}, index=index), root=tmp_path)


@pytest.fixture
def store(dataset: Dataset, tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    request = Request(
        dataset=dataset,
        model=FakeEncoder(),
        store=store,
        batch_size=4,
        progress=lambda _: None,
        cancelled=lambda: False,
    )
    compute_missing(request, [EncodedImages()])
    return store


def test_an_output_that_nobody_computed_is_not_found(dataset: Dataset, tmp_path: Path) -> None:
    assert find(EncodedImages(), dataset, FakeEncoder(), Store(tmp_path / "empty")) is None


def test_each_sample_has_its_row_and_a_broken_one_its_reason(dataset: Dataset, store: Store) -> None:
    output = find(EncodedImages(), dataset, FakeEncoder(), store)
    assert output is not None
    assert output.position.tolist() == [0, 1, -1, 2, 3, 4]
    assert output.failures == {2: "not an image"}


def test_all_rows_are_taken_without_a_copy_and_some_in_the_datasets_order(dataset: Dataset, store: Store) -> None:
    output = find(EncodedImages(), dataset, FakeEncoder(), store)
    assert output is not None
    assert isinstance(output.take(output.usable), np.memmap)
    some = output.take(np.array([True, False, False, False, True, False]))
    reds = (some[:, 0] + 1) / 2 * 255
    np.testing.assert_allclose(reds, [0, 160], atol=1e-4)


def test_a_subset_finds_its_rows_in_the_parent(dataset: Dataset, store: Store) -> None:
    output = find(EncodedImages(), dataset.subset(["1.png", "2.png", "5.png"]), FakeEncoder(), store)
    assert output is not None
    assert output.position.tolist() == [1, -1, 4]
    assert output.failures == {1: "not an image"}


def test_a_subset_with_other_images_under_the_same_ids_finds_nothing(dataset: Dataset, store: Store) -> None:
    subset = dataset.subset(["1.png", "5.png"])
    changed = dataclasses.replace(subset, content=("0" * 32, "1" * 32))
    assert find(EncodedImages(), changed, FakeEncoder(), store) is None
