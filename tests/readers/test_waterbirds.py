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


@pytest.mark.parametrize(
    ("layout", "reader"),
    [
        (layouts.counter_animal, "counter_animal"),
        (layouts.waterbirds, "waterbirds"),
        (layouts.imagenet9, "imagenet9"),
        (layouts.nico, "nico"),
        (layouts.spawrious, "spawrious"),
    ],
)
def test_each_layout_is_known_without_a_word(layout, reader, tmp_path):
    path = layout(tmp_path / "download")
    assert next(name for name, module in readers().items() if module.detect(path)) == reader
    found = load_dataset(path)
    assert found.roles.label == "label"
    assert found.has_images


def test_counter_animal_has_sides_backgrounds_and_indices(tmp_path):
    found = load_dataset(layouts.counter_animal(tmp_path / "c"))
    table = found.metadata
    assert len(table) == 4 + 4 + 4 + 4 + 4 + 1
    assert found.quarantine["reason"].to_dict() == {"9 ostrich/counter-water/broken.jpg": "truncated image"}
    assert set(table["label"]) == {"ostrich", "black grouse", "polar bear"}
    assert set(table.loc[table["label"] == "polar bear", "imagenet_index"]) == {296}
    assert table.loc[table["imagenet_index"] == 9, "background"].value_counts().to_dict() == {
        "grass": 4,
        "water": 3,
        "sky": 2,
    }
    assert set(table.loc[table["imagenet_index"] == 9, "synset"]) == {"ostrich, Struthio camelus"}
    assert not table["filepath"].str.contains("stray").any()
    assert (found.roles.background, found.roles.label) == ("background", "label")


def test_counter_animal_opens_by_its_inner_folder_too(tmp_path):
    folder = layouts.counter_animal(tmp_path / "c")
    assert load_dataset(folder / "LAION-final").name == "CounterAnimal"
    assert not detect(folder / "LAION-final" / "9 ostrich")


def test_counter_animal_gives_the_drop_by_hand(tmp_path):
    """Ostrich 4/4 against 2/5, grouse 3/4 against 1/4; the polar bear has one side and is not averaged."""
    found = load_dataset(layouts.counter_animal(tmp_path / "c"))
    predicted = found.metadata["label"].copy()
    side, label = found.metadata["side"], found.metadata["label"]
    predicted[predicted.index[(label == "ostrich") & (side == "counter")][:3]] = "polar bear"
    predicted[predicted.index[(label == "black grouse") & (side == "counter")][:3]] = "ostrich"
    predicted[predicted.index[(label == "black grouse") & (side == "common")][:1]] = "ostrich"
    result = layouts.scores(found, predicted)
    value = result.overall["value"]
    assert value["drop"] == pytest.approx(((1 - 0.4) + (0.75 - 0.25)) / 2)
    assert value["drop_micro"] == pytest.approx(7 / 8 - 3 / 9)
    assert value["common_accuracy"] == pytest.approx(0.875)
    assert value["counter_accuracy"] == pytest.approx(0.325)
    assert result.overall.loc["drop", "support"] == 2
    assert any("1 classes lack samples on one side" in note and "polar bear" in note for note in result.notes)
    mistakes = result.by_group[result.by_group["kind"] == "mistake"]
    assert mistakes.loc["ostrich taken for polar bear", "value"] == pytest.approx(0.6)


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
