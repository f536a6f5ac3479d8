import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit import maps
from audit.dataset import Dataset
from audit.errors import InputError
from audit.maps import MapCoordinates, principal_components, read_map, umap_layout
from audit.models import load_model
from audit.store import Store

TWO = np.repeat([[0.0] * 8, [10.0] * 8], 40, axis=0) + np.random.default_rng(0).normal(size=(80, 8))


def embedded(vectors: np.ndarray) -> Dataset:
    index = pd.Index([f"s{row}" for row in range(len(vectors))], name="sample_id")
    metadata = pd.DataFrame({"label": "x"}, index=index)
    return Dataset(name="points", metadata=metadata, arrays={"embeddings": vectors.astype(np.float32)})


def coordinates(vectors: np.ndarray, store: Store, **settings: object) -> pd.DataFrame:
    extractor = MapCoordinates(**settings)  # type: ignore[arg-type]
    return read_map(store, maps.draw(embedded(vectors), load_model("precomputed"), extractor, store=store))


def separation(points: np.ndarray) -> float:
    """Distance of the two groups' middles over the groups' own spread."""
    first, second = points[:40], points[40:]
    spread = max(first.std(axis=0).max(), second.std(axis=0).max())
    return float(np.linalg.norm(first.mean(axis=0) - second.mean(axis=0)) / spread)


def test_principal_components_are_those_of_the_exact_decomposition() -> None:
    vectors = np.random.default_rng(1).normal(size=(200, 30)) * np.linspace(5, 1, 30)
    found = principal_components(vectors, components=2, seed=0)
    centred = vectors - vectors.mean(axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * scale[:2]
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=0.02 * np.abs(expected).max())


def test_components_beyond_the_datas_rank_are_zero() -> None:
    found = principal_components(np.arange(5.0)[:, None], components=2, seed=0)
    assert found.shape == (5, 2)
    np.testing.assert_allclose(found[:, 1], 0)
    assert np.ptp(found[:, 0]) == pytest.approx(4)


@pytest.mark.parametrize("vectors", [np.ones((1, 3)), np.ones((6, 3)), np.zeros((2, 1))])
@pytest.mark.parametrize("method", ["pca", "umap"])
def test_points_that_do_not_differ_lie_in_one_place(vectors: np.ndarray, method: str, tmp_path: Path) -> None:
    found = coordinates(vectors, Store(tmp_path), method=method)
    assert found.shape == (len(vectors), 2)
    assert (found == 0).all(axis=None)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_a_map_of_few_points_is_finite(n: int) -> None:
    found = umap_layout(TWO[:n], neighbors=15, min_dist=0.1, seed=0)
    assert found.shape == (n, 2)
    assert np.isfinite(found).all()


def test_umap_keeps_two_far_groups_apart() -> None:
    assert separation(umap_layout(TWO, neighbors=10, min_dist=0.1, seed=0)) > 3


def test_umap_is_the_same_for_the_same_seed() -> None:
    first = umap_layout(TWO, neighbors=10, min_dist=0.1, seed=3)
    np.testing.assert_array_equal(first, umap_layout(TWO, neighbors=10, min_dist=0.1, seed=3))
    assert (first != umap_layout(TWO, neighbors=10, min_dist=0.1, seed=4)).any()


def test_above_the_limit_the_others_are_placed_among_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "FITTED", 50)
    found = umap_layout(TWO, neighbors=5, min_dist=0.1, seed=0)
    assert np.isfinite(found).all()
    assert separation(found) > 3


def test_a_placed_copy_of_a_fitted_point_lies_on_it() -> None:
    places = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    np.testing.assert_allclose(maps._place(TWO[:5], TWO, places, 7), places[:5], atol=1e-4)


def test_several_threads_may_draw_at_the_same_time() -> None:
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(umap_layout(TWO, neighbors=10, min_dist=0.1, seed=0)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_a_map_is_of_directions_not_of_lengths(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 4))
    first = coordinates(vectors, Store(tmp_path / "a"))
    second = coordinates(vectors * np.linspace(1, 9, 30)[:, None], Store(tmp_path / "b"))
    np.testing.assert_allclose(first.to_numpy(), second.to_numpy(), atol=1e-5)


def test_a_drawn_map_is_read_by_its_key_with_its_samples_ids(tmp_path: Path) -> None:
    found = coordinates(TWO, Store(tmp_path), method="pca")
    assert found.index.name == "sample_id"
    assert list(found.index[:2]) == ["s0", "s1"]
    assert separation(found.to_numpy()) > 1


def test_a_key_that_is_no_maps_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = maps.embed(embedded(TWO), load_model("precomputed"), store=store)
    with pytest.raises(InputError, match="`key` must be that of a map"):
        read_map(store, key)


def test_without_embeddings_there_is_no_map(tmp_path: Path) -> None:
    bare = Dataset(name="bare", metadata=embedded(TWO).metadata)
    with pytest.raises(InputError, match="`MapCoordinates` is not to be had: no embeddings came with 'bare'"):
        maps.draw(bare, load_model("precomputed"), MapCoordinates(), store=Store(tmp_path))
