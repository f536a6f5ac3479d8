"""ImageNet-9 as it is downloaded."""

import numpy as np
import pytest

from audit.backgrounds.regions import MaskRegion
from audit.images import open_image
from audit.readers import load_dataset
from tests.readers import background_layouts as layouts


def test_the_layout_is_known_without_a_word(tmp_path):
    path = layouts.imagenet9(tmp_path / "download")
    assert layouts.reader_of(path) == "imagenet9"
    found = load_dataset(path)
    assert found.roles.label == "label"
    assert found.has_images


def test_imagenet9_gives_gap_and_challenge_accuracy_by_hand(tmp_path):
    """Six foregrounds; two wrong on random backgrounds, one of them on its own class's too."""
    found = load_dataset(layouts.imagenet9(tmp_path / "i"))
    table = found.metadata
    assert len(table) == 24
    assert set(table["label"]) == {"dog", "fish"}
    assert set(table["wnid"]) == {"n02085936", "n01440764"}
    assert table["mask"].notna().sum() == 6
    mixed = table["variant"] == "mixed_rand"
    predicted = table["label"].copy()
    wrong = table["foreground"].isin(["n02085936_0", "n01440764_1"])
    predicted[mixed & wrong] = "insect"
    predicted[(table["variant"] == "mixed_same") & (table["foreground"] == "n02085936_0")] = "bird"
    result = layouts.scores(found, predicted)
    value = result.overall["value"]
    assert value["bg_gap"] == pytest.approx(5 / 6 - 4 / 6)
    assert value["challenge_accuracy"] == pytest.approx(4 / 6)
    assert result.overall.loc["bg_gap", "n"] == 6
    assert value["drop"] == pytest.approx(((2 / 3 - 2 / 3) + (1 - 2 / 3)) / 2)


def test_imagenet9_masks_are_arrays(tmp_path):
    found = load_dataset(layouts.imagenet9(tmp_path / "i"))
    row = found.metadata[found.metadata["mask"].notna()].iloc[0]
    image = open_image(row["filepath"], root=found.root)
    assert (np.asarray(MaskRegion(column="mask")(image, found, str(row.name))) > 0).sum() == 16
