"""NICO++ as it is downloaded."""

from audit.readers import load_dataset
from tests.readers import background_layouts as layouts


def test_the_layout_is_known_without_a_word(tmp_path):
    path = layouts.nico(tmp_path / "download")
    assert layouts.reader_of(path) == "nico"
    found = load_dataset(path)
    assert found.roles.label == "label"
    assert found.has_images


def test_nico_takes_the_context_as_background(tmp_path):
    found = load_dataset(layouts.nico(tmp_path / "n"))
    assert len(found) == 10
    assert found.metadata.groupby("background").size().to_dict() == {"autumn": 4, "grass": 4, "water": 2}
    assert set(found.metadata["split"]) == {"train"}
    assert set(found.metadata["label"]) == {"bear", "racing car"}
