"""CounterAnimal as it is downloaded."""

import pytest

from audit.readers import load_dataset, readers
from audit.readers.counter_animal import detect
from tests.readers import background_layouts as layouts


def test_the_layout_is_known_without_a_word(tmp_path):
    path = layouts.counter_animal(tmp_path / "download")
    assert layouts.reader_of(path) == "counter_animal"
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


def test_other_trees_are_left_to_other_readers(tmp_path):
    layouts.picture(tmp_path / "train" / "cat" / "1.jpg")
    layouts.picture(tmp_path / "train" / "dog" / "1.jpg")
    layouts.picture(tmp_path / "9 lives" / "common" / "1.jpg")
    particular = {"counter_animal", "waterbirds", "imagenet9", "nico", "spawrious"}
    one = {name for name, module in readers().items() if module.detect(tmp_path / "train")}
    assert not one & particular
    assert "counter_animal" in {name for name, module in readers().items() if module.detect(tmp_path)}
