"""Thumbnails are small, cached by content, and never the original."""

from __future__ import annotations

import base64
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from audit import thumbnails
from audit.dataset import Dataset
from audit.errors import InputError
from audit.image_files import ImageProblem
from audit.thumbnails import data_uri, thumbnail


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    root = tmp_path / "root"
    root.mkdir()
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    for name in ("a", "twin"):
        Image.linear_gradient("L").resize((400, 200)).save(root / f"{name}.jpg", exif=exif)
    (root / "cut.jpg").write_bytes((root / "a.jpg").read_bytes()[:900])
    table = pd.DataFrame(
        {"filepath": ["a.jpg", "twin.jpg", "cut.jpg", None, "bad.jpg"]},
        index=pd.Index(["a", "twin", "cut", "none", "bad"], name="sample_id"),
    )
    quarantine = pd.DataFrame(
        {"filepath": ["bad.jpg"], "reason": ["not an image"]}, index=pd.Index(["bad"], name="sample_id")
    )
    return Dataset(name="pictures", metadata=table, root=root, quarantine=quarantine)


def test_a_thumbnail_is_a_small_webp_of_the_same_shape(dataset: Dataset, tmp_path: Path) -> None:
    path = thumbnail(dataset, "a", size=100, folder=tmp_path / "cache")
    with Image.open(path) as image:
        assert (image.format, image.size) == ("WEBP", (100, 50))
    assert b"secret" not in path.read_bytes()


def test_it_is_made_once(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = thumbnail(dataset, "a", folder=tmp_path / "cache")
    monkeypatch.setattr(thumbnails, "open_small", lambda *_, **__: pytest.fail("decoded again"))
    assert thumbnail(dataset, "a", folder=tmp_path / "cache") == first


def test_equal_images_share_a_file_and_sizes_do_not(dataset: Dataset, tmp_path: Path) -> None:
    assert thumbnail(dataset, "a", folder=tmp_path) == thumbnail(dataset, "twin", folder=tmp_path)
    assert thumbnail(dataset, "a", folder=tmp_path) != thumbnail(dataset, "a", size=80, folder=tmp_path)


def test_a_changed_image_gets_a_new_thumbnail(dataset: Dataset, tmp_path: Path) -> None:
    before = thumbnail(dataset, "a", folder=tmp_path)
    assert dataset.root is not None
    Image.new("RGB", (50, 50), "red").save(dataset.root / "a.jpg")
    assert thumbnail(dataset, "a", folder=tmp_path) != before


@pytest.mark.parametrize(
    ("sample", "reason"), [("cut", "truncated image"), ("none", "no image"), ("bad", "not an image")]
)
def test_a_sample_without_a_usable_image_says_why(dataset: Dataset, tmp_path: Path, sample: str, reason: str) -> None:
    with pytest.raises(ImageProblem, match=reason):
        thumbnail(dataset, sample, folder=tmp_path / "cache")
    assert not list(tmp_path.glob("cache/**/*.webp"))


def test_an_unknown_sample_or_size_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`sample_id` must be a sample of 'pictures'; got 'z'"):
        thumbnail(dataset, "z", folder=tmp_path)
    with pytest.raises(InputError, match="`size` must be between 16 and 1024; got 4"):
        thumbnail(dataset, "a", size=4, folder=tmp_path)


def test_a_data_address_holds_the_thumbnail(dataset: Dataset, tmp_path: Path) -> None:
    kind, _, body = data_uri(dataset, "a", folder=tmp_path).partition(",")
    assert kind == "data:image/webp;base64"
    assert base64.b64decode(body) == thumbnail(dataset, "a", folder=tmp_path).read_bytes()
