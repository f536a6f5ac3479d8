"""Waterbirds as WILDS ships it."""

import pytest

from audit.readers import load_dataset
from tests.readers import background_layouts as layouts


def test_the_layout_is_known_without_a_word(tmp_path):
    path = layouts.waterbirds(tmp_path / "download")
    assert layouts.reader_of(path) == "waterbirds"
    found = load_dataset(path)
    assert found.roles.label == "label"
    assert found.has_images


def test_waterbirds_are_named_and_common_is_what_training_saw(tmp_path):
    found = load_dataset(layouts.waterbirds(tmp_path / "w"))
    table = found.metadata
    assert (found.roles.label, found.roles.background, found.roles.split) == ("label", "background", "split")
    assert table.groupby(["split", "label", "background"]).size()["train"].to_dict() == {
        ("landbird", "land"): 9,
        ("landbird", "water"): 1,
        ("waterbird", "land"): 1,
        ("waterbird", "water"): 9,
    }
    assert found.quarantine["reason"].tolist() == ["file missing"]
    predicted = table["label"].where(table["background"] != "water", "waterbird")
    result = layouts.scores(found, predicted)
    value = result.overall["value"]
    # Tested on the test split: landbirds 5/5 on land, 0/5 on water; waterbirds 4/4 on both.
    assert value["drop"] == pytest.approx(0.5)
    assert result.settings["pairs"] == "train"
    assert result.overall.loc["drop", "n"] == 18
