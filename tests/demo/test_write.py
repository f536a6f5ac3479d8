from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.demo import render, world_table, write_world
from audit.errors import InputError


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", ["menagerie", "tissue"])
def test_equal_seeds_write_equal_bytes_with_one_process_or_two(tmp_path, name):
    write_world(name, tmp_path / "one", n=12, seed=5, workers=1)
    write_world(name, tmp_path / "two", n=12, seed=5, workers=2)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_another_seed_writes_other_pictures(tmp_path):
    first = write_world("tissue", tmp_path / "one", n=4, seed=5, workers=1)
    second = write_world("tissue", tmp_path / "two", n=4, seed=6, workers=1)
    pictures = [(path.parent / "images" / "tissue-test-00000.jpg").read_bytes() for path in (first, second)]
    assert pictures[0] != pictures[1]


def test_the_table_lists_every_file_that_was_written(tmp_path):
    samples = write_world("menagerie", tmp_path / "world", n=20, workers=1)
    table = pd.read_csv(samples)
    assert len(table) == 20
    assert table["sample_id"].is_unique
    listed = set(table["filepath"]) | set(table["mask"]) | {"samples.csv", "world.json"}
    assert set(_bytes(tmp_path / "world")) == listed


def test_a_complete_world_is_left_as_it_is(tmp_path):
    samples = write_world("tissue", tmp_path / "world", n=4, workers=1)
    before = samples.stat().st_mtime_ns
    assert write_world("tissue", tmp_path / "world", n=4, workers=1) == samples
    assert samples.stat().st_mtime_ns == before


def test_a_world_of_other_parameters_is_replaced(tmp_path):
    write_world("tissue", tmp_path / "world", n=4, workers=1)
    samples = write_world("tissue", tmp_path / "world", n=8, workers=1)
    assert len(pd.read_csv(samples)) == 8
    assert len(list((tmp_path / "world" / "images").iterdir())) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        write_world("tissue", tmp_path, n=4)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "n", "split", "named"),
    [("circus", 4, "test", "`name`"), ("tissue", 0, "test", "`n`"), ("tissue", 4, "both", "`split`")],
)
def test_wrong_parameters_are_named(name, n, split, named):
    with pytest.raises(InputError, match=named):
        world_table(name, n=n, split=split, seed=0)


def test_a_written_picture_is_the_rendered_one_up_to_compression(tmp_path):
    samples = write_world("menagerie", tmp_path / "world", n=6, seed=3, workers=1)
    row = world_table("menagerie", n=6, split="test", seed=3).to_dict("records")[2]
    image, mask = render("menagerie", row, seed=3)
    with Image.open(samples.parent / row["filepath"]) as written:
        stored = np.asarray(written.convert("RGB")).astype(float)
    assert np.abs(stored - image).mean() < 6
    with Image.open(samples.parent / row["mask"]) as written:
        assert np.array_equal(np.asarray(written.convert("L")), mask)
