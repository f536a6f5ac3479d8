"""Spawrious as it is downloaded."""

from audit.readers import load_dataset
from tests.readers import background_layouts as layouts


def test_the_layout_is_known_without_a_word(tmp_path):
    path = layouts.spawrious(tmp_path / "download")
    assert layouts.reader_of(path) == "spawrious"
    found = load_dataset(path)
    assert found.roles.label == "label"
    assert found.has_images


def test_spawrious_takes_breed_and_background(tmp_path):
    found = load_dataset(layouts.spawrious(tmp_path / "s"))
    assert len(found) == 8
    assert found.metadata.groupby(["background", "label"]).size().eq(2).all()
    assert set(found.metadata["part"]) == {"0", "1"}
