import json

import pytest
from PIL import Image

from audit.errors import InputError
from audit.readers import load_dataset

PAIRS = [{"set1": "Dogs in a park", "set2": "Cats in a park", "difference": "species", "difficulty": "hard"}] * 2


def bench(folder, lines=PAIRS):
    for pair in ("1_a", "1_b", "2_a", "2_b"):
        (folder / "easy" / pair).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / "easy" / pair / "000000.jpg")
    text = "\n".join(json.dumps(line) for line in lines)
    (folder / "easy.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_pairs_sides_and_texts_are_read_and_the_level_is_the_folders(tmp_path) -> None:
    table = load_dataset(bench(tmp_path)).metadata
    assert sorted(zip(table["pair"], table["side"], strict=True)) == [
        ("easy 1", "a"), ("easy 1", "b"), ("easy 2", "a"), ("easy 2", "b"),
    ]  # fmt: skip
    assert set(table["level"]) == {"easy"}
    assert set(table.loc[table["side"] == "b", "set_text"]) == {"Cats in a park"}


def test_one_level_alone_is_read_too(tmp_path) -> None:
    dataset = load_dataset(bench(tmp_path) / "easy")
    assert dataset.name == "easy"
    assert len(dataset) == 4


def test_a_broken_line_is_named(tmp_path) -> None:
    folder = bench(tmp_path)
    (folder / "easy.jsonl").write_text('{"set1": "x"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        load_dataset(folder)
