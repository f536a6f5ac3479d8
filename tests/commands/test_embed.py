from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Cli = Callable[..., Any]


def test_given_embeddings_are_counted_and_kept(cli: Cli, pets: Path, tmp_path: Path) -> None:
    answer = cli("embed", pets, "--model", "precomputed", "--embeddings", tmp_path / "vectors.npy", "--json").json
    assert (answer["dataset"], answer["samples"], answer["dimensions"], answer["quarantined"]) == ("pets", 12, 4, 0)


def test_out_holds_vectors_with_their_ids(cli: Cli, pets: Path, tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.npy"
    cli("embed", pets, "--model", "precomputed", "--embeddings", vectors, "--out", tmp_path / "out")
    with np.load(tmp_path / "out" / "embeddings.npz", allow_pickle=False) as kept:
        np.testing.assert_array_equal(kept["embeddings"], np.load(vectors))
        assert kept["sample_id"].tolist() == [f"s{row}" for row in range(12)]


def test_the_model_must_be_named(cli: Cli, pets: Path) -> None:
    said = cli("embed", pets)
    assert (said.status, "`--model` must be given" in said.err) == (2, True)


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_broken_images_are_counted_by_reason(cli: Cli, tmp_path: Path) -> None:
    for name, species in (("a", "cat"), ("b", "cat"), ("c", "dog")):
        (tmp_path / "photos" / species).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), name_colour(name)).save(tmp_path / "photos" / species / f"{name}.png")
    (tmp_path / "photos" / "dog" / "d.png").touch()
    words = ("embed", tmp_path / "photos", "--model", "timm:test_convnext.random", "--out", tmp_path / "out")
    said = cli(*words)
    assert said.status == 0, said.err
    assert "photos, " in said.out
    assert ": 3 samples with " in said.out
    assert "1 images could not be used:\n  1  empty file\n" in said.out
    assert "dog/d.png" in (tmp_path / "out" / "quarantine.csv").read_text(encoding="utf-8")


def name_colour(name: str) -> tuple[int, int, int]:
    return (ord(name) * 2 % 255, 90, 40)
