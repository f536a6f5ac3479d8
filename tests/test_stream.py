import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit import stream
from audit.dataset import Dataset
from audit.images import open_image
from audit.stream import Batch, Decoder, View
from tests.fakes import small_preprocessing


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    names = []
    for row in range(10):
        names.append(f"{row}.png")
        Image.new("RGB", (20, 20), (row, 2 * row, 3 * row)).save(tmp_path / names[-1])
    (tmp_path / "4.png").write_bytes(b"no image")
    index = pd.Index(names, name="sample_id", dtype="str")
    return Dataset(name="d", metadata=pd.DataFrame({"filepath": names}, index=index), root=tmp_path)


VIEW = View(preprocessing=small_preprocessing(8))
SPANS = [(0, 3), (3, 6), (6, 9)]


def read(dataset: Dataset, device: str = "cpu", *, threads: int = 3) -> list[Batch]:
    rows = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9])
    return list(Decoder(dataset, rows, [VIEW], device=device, threads=threads).batches(SPANS))


def test_batches_come_in_order_with_each_image_in_its_place(dataset: Dataset) -> None:
    batches = read(dataset)
    assert [(batch.start, batch.stop) for batch in batches] == SPANS
    colours = [batch.pixels[VIEW].images.float().mean(dim=(2, 3)) for batch in batches]
    assert [row[0].item() for colour in colours for row in colour] == [1, 2, 3, 5, 6, 7, 8, 9]
    assert batches[0].pixels[VIEW].images.shape == (3, 3, 8, 8)


def test_an_image_that_cannot_be_read_is_left_out_with_its_reason(dataset: Dataset) -> None:
    pixels = read(dataset)[1].pixels[VIEW]
    assert pixels.good == [4, 5]
    assert pixels.failures == {3: "not an image"}


def test_the_number_of_threads_changes_nothing(dataset: Dataset) -> None:
    one, many = read(dataset, threads=1), read(dataset, threads=8)
    for first, second in zip(one, many, strict=True):
        assert first.pixels[VIEW].images.equal(second.pixels[VIEW].images)


@pytest.mark.parametrize(("device", "ahead"), [("cpu", 3), ("mps", 9)])
def test_only_an_accelerator_is_decoded_ahead_of_and_never_without_bound(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, device: str, ahead: int
) -> None:
    opened: list[str] = []
    lock = threading.Lock()

    def counted(path: str, **rest: object) -> Image.Image:
        with lock:
            opened.append(path)
        return open_image(path, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(stream, "open_image", counted)
    monkeypatch.setattr(stream, "BATCHES_AHEAD", 2)
    batches = Decoder(dataset, np.arange(10).repeat(2), [VIEW], device=device, threads=2).batches(
        [(start, start + 3) for start in range(0, 18, 3)],
    )
    next(batches)
    time.sleep(0.3)
    assert len(opened) == ahead
    batches.close()


def test_a_fault_of_the_program_is_raised_not_quarantined(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "open_image", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        read(dataset)
