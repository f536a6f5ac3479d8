from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit import maps, similarity
from audit.dataset import Dataset
from audit.errors import InputError
from audit.similarity import StoredEmbeddings, cosines, image_vector, nearest_samples, stored_embeddings, text_vector
from audit.store import Store
from tests.fakes import FakeClassifier, FakeCLIP, FakeEncoder

COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Six plain pictures, two of each colour, and a file that is no picture."""
    for number, colour in enumerate([*COLOURS.values()] * 2):
        Image.new("RGB", (32, 32), colour).save(tmp_path / f"{number}.png")
    (tmp_path / "6.png").write_bytes(b"no picture")
    table = pd.DataFrame(
        {"filepath": [f"{n}.png" for n in range(7)], "label": [*COLOURS, *COLOURS, "red"]},
        index=pd.Index([f"s{n}" for n in range(7)], name="sample_id"),
    )
    return Dataset(name="plain", metadata=table, root=tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_embeddings_that_were_not_computed_are_not_there(dataset: Dataset, store: Store) -> None:
    assert stored_embeddings(dataset, FakeCLIP(), store) is None


def test_a_text_ranks_the_images_it_names_first(dataset: Dataset, store: Store) -> None:
    model = FakeCLIP()
    maps.embed(dataset, model, store=store)
    stored = stored_embeddings(dataset, model, store)
    assert stored is not None
    assert list(stored.index) == [f"s{n}" for n in range(6)]
    found = pd.Series(cosines(stored.vectors, text_vector(model, "a green thing")), index=stored.index)
    assert set(found.nlargest(2).index) == {"s1", "s4"}


def test_an_image_is_most_like_itself(dataset: Dataset, store: Store) -> None:
    model = FakeEncoder()
    maps.embed(dataset, model, store=store)
    stored = stored_embeddings(dataset, model, store)
    assert stored is not None
    image = Image.open(io.BytesIO((Path(str(dataset.root)) / "2.png").read_bytes()))
    found = cosines(stored.vectors, image_vector(model, image))
    assert found[2] == pytest.approx(1, abs=1e-6)
    assert found[2] == found.max()


def test_cosines_do_not_depend_on_the_size_of_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    vectors[7] = 0
    whole = cosines(vectors, vectors[3])
    monkeypatch.setattr(similarity, "ROWS_AT_ONCE", 7)
    assert np.allclose(cosines(vectors, vectors[3]), whole, atol=1e-6)
    unit = vectors[3] / np.linalg.norm(vectors[3])
    assert whole[10] == pytest.approx(vectors[10] @ unit / np.linalg.norm(vectors[10]), abs=1e-6)
    assert whole[7] == 0


@pytest.mark.parametrize(("query", "words"), [(np.zeros(8), "direction"), (np.ones(5), "8 numbers")])
def test_a_query_that_cannot_be_compared_is_refused(query: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        cosines(np.ones((3, 8), dtype=np.float32), query)


def test_the_nearest_samples_are_those_of_all_pairs_whatever_the_quick_pass_keeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(similarity, "CANDIDATES", 5)
    vectors = np.random.default_rng(1).normal(size=(200, 6)).astype(np.float32)
    stored = StoredEmbeddings(vectors=vectors, index=pd.Index([f"s{n}" for n in range(200)], name="sample_id"))
    found = nearest_samples(stored, "s9", 5)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = pd.Series(unit @ unit[9], index=stored.index).drop("s9").nlargest(5)
    assert list(found.index) == list(expected.index)
    assert np.allclose(found, expected, atol=1e-6)


def test_neighbours_never_come_from_the_own_group() -> None:
    vectors = np.random.default_rng(2).normal(size=(30, 4)).astype(np.float32)
    group = np.repeat(["a", "b", "c"], 10)
    stored = StoredEmbeddings(vectors=vectors, index=pd.Index([f"s{n}" for n in range(30)], name="sample_id"))
    found = nearest_samples(stored, "s3", 25, group=group)
    assert len(found) == 20
    assert not {f"s{n}" for n in range(10)} & set(found.index)


def test_a_sample_alone_in_its_world_has_no_neighbours() -> None:
    stored = StoredEmbeddings(vectors=np.ones((1, 3), dtype=np.float32), index=pd.Index(["s0"], name="sample_id"))
    assert nearest_samples(stored, "s0", 3).empty


def test_a_sample_without_an_embedding_is_named() -> None:
    stored = StoredEmbeddings(vectors=np.ones((2, 3), dtype=np.float32), index=pd.Index(["a", "b"], name="sample_id"))
    with pytest.raises(InputError, match="'c' has none"):
        nearest_samples(stored, "c", 3)


def test_what_a_model_lacks_is_said(dataset: Dataset, store: Store) -> None:
    with pytest.raises(InputError, match="text encoder"):
        text_vector(FakeEncoder(), "a dog")
    with pytest.raises(InputError, match="image encoder"):
        image_vector(FakeClassifier(), Image.new("RGB", (8, 8)))
    with pytest.raises(InputError, match="no embeddings came with"):
        stored_embeddings(dataset, FakeClassifier(), store)
    with pytest.raises(InputError, match="at least one word"):
        text_vector(FakeCLIP(), "  ")
