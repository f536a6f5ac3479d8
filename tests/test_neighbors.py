import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import neighbor_pool as pool_module
from audit import neighbors as module
from audit.errors import InputError
from audit.neighbors import NeighborSearch, nearest_neighbors
from audit.pair_tiles import PairTiles
from audit.score_blocks import error_bound, largest, unit_vectors


def brute(vectors, k, group):
    """Neighbours by sorting every row of the float64 matrix."""
    unit = unit_vectors(vectors)
    scores = np.rint(unit @ unit.T * pool_module.GRID)
    scores[group[:, None] == group[None]] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(scores, order, 1)
    return np.where(np.isfinite(found), order, -1), 1 - found / pool_module.GRID


@pytest.mark.parametrize(("n", "d", "k", "groups"), [(300, 8, 5, 30), (900, 64, 20, 100), (60, 4, 80, 3), (5, 3, 1, 2)])
def test_neighbours_are_those_of_a_full_float64_sort(n, d, k, groups):
    draw = np.random.default_rng(n)
    vectors, group = draw.standard_normal((n, d)), draw.integers(0, groups, n)
    found = nearest_neighbors(vectors, k=k, group=group)
    index, distance = brute(vectors, min(k, n), group)
    width = index.shape[1]
    assert np.array_equal(found.index[:, :width], index)
    there = index >= 0
    assert np.allclose(found.distance[:, :width][there], distance[there], atol=2e-12)
    assert np.isinf(found.distance[:, :width][~there]).all()


@pytest.mark.parametrize("precision", ["bfloat16", "tf32", "float64"])
def test_every_precision_gives_the_same_neighbours(precision):
    draw = np.random.default_rng(3)
    vectors, group = draw.standard_normal((400, 16)), draw.integers(0, 40, 400)
    expected = nearest_neighbors(vectors, k=11, group=group)
    found = nearest_neighbors(vectors, k=11, group=group, precision=precision)
    assert np.array_equal(found.index, expected.index)
    assert np.allclose(found.distance, expected.distance, atol=2e-12)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), block=st.integers(4_000, 40_000))
def test_the_size_of_a_block_does_not_matter(seed, block):
    draw = np.random.default_rng(seed)
    vectors, group = draw.standard_normal((120, 5)), draw.integers(0, 12, 120)
    whole = nearest_neighbors(vectors, k=7, group=group)
    parts = nearest_neighbors(vectors, k=7, group=group, block_bytes=block)
    assert np.array_equal(whole.index, parts.index)
    assert np.array_equal(whole.distance, parts.distance)


def test_lanes_give_the_same_neighbours_as_one_block_after_the_other(monkeypatch):
    vectors = np.random.default_rng(11).standard_normal((500, 16)).astype(np.float32)
    group = np.arange(500) // 7
    monkeypatch.setattr(module, "numpy_is_quicker", lambda: False)
    alone = nearest_neighbors(vectors, k=9, group=group)
    monkeypatch.setattr(module, "numpy_is_quicker", lambda: True)
    monkeypatch.setattr(module, "lane_count", lambda: 3)
    lanes = nearest_neighbors(vectors, k=9, group=group, block_bytes=3 * 4 * 500 * 20)
    for name in module.Neighbors.FIELDS:
        assert np.array_equal(getattr(alone, name), getattr(lanes, name)), name


@pytest.mark.parametrize("precision", ["float32", "tf32"])
def test_searching_pair_by_pair_gives_the_same_neighbours_as_block_by_block(monkeypatch, precision):
    draw = np.random.default_rng(12)
    vectors = draw.standard_normal((700, 12)).astype(np.float32)
    vectors[50:60] = vectors[3]  # ties
    group = draw.integers(0, 90, 700)
    alone = nearest_neighbors(vectors, k=9, group=group, precision=precision)
    monkeypatch.setattr(pool_module, "TILE", 100)
    monkeypatch.setattr(module, "PairTiles", functools.partial(PairTiles, tile=100))
    pairs = nearest_neighbors(vectors, k=9, group=group, precision=precision)
    for name in module.Neighbors.FIELDS:
        assert np.array_equal(getattr(alone, name), getattr(pairs, name)), name


def test_gathered_products_give_the_same_as_sampled_ones(monkeypatch):
    draw = np.random.default_rng(4)
    vectors, group = draw.standard_normal((300, 12)), draw.integers(0, 30, 300)
    sampled = nearest_neighbors(vectors, k=9, group=group)
    monkeypatch.setattr(pool_module, "has_mkl", lambda: False)
    gathered = nearest_neighbors(vectors, k=9, group=group)
    assert np.array_equal(sampled.index, gathered.index)
    assert np.allclose(sampled.distance, gathered.distance, atol=2e-12)


def test_no_neighbour_comes_from_the_own_group():
    draw = np.random.default_rng(5)
    vectors, group = draw.standard_normal((500, 6)), draw.integers(0, 9, 500)
    found = nearest_neighbors(vectors, k=50, group=group)
    assert (group[found.index] != group[:, None]).all()


def test_without_groups_a_sample_is_not_its_own_neighbour():
    found = nearest_neighbors(np.random.default_rng(0).standard_normal((50, 3)), k=10)
    assert (found.index != np.arange(50)[:, None]).all()


def test_equal_distances_are_ordered_by_row_number_and_reported():
    vectors = np.tile(np.array([[1.0, 2.0]]), (40, 1))
    found = nearest_neighbors(vectors, k=3, group=np.arange(40) // 2)
    assert found.index[0].tolist() == [2, 3, 4]
    assert found.index[9].tolist() == [0, 1, 2]
    assert found.tied.all()


def test_few_eligible_candidates_leave_empty_places():
    found = nearest_neighbors(np.eye(4), k=3, group=["a", "a", "a", "b"])
    assert found.eligible.tolist() == [1, 1, 1, 3]
    assert found.index[0].tolist() == [3, -1, -1]
    assert np.isinf(found.distance[0, 1:]).all()


def test_queries_and_candidates_can_be_chosen():
    vectors = np.random.default_rng(6).standard_normal((60, 4))
    group = np.arange(60) // 3
    some = NeighborSearch(vectors, group=group).search(2, queries=np.array([5, 1]), candidates=np.arange(30, 60))
    whole, _ = brute(vectors, 60, group)
    expected = [[row for row in whole[q] if row >= 30][:2] for q in (5, 1)]
    assert some.index.tolist() == expected


def test_rotation_and_scale_do_not_matter():
    draw = np.random.default_rng(7)
    vectors = draw.standard_normal((200, 10))
    rotation, _ = np.linalg.qr(draw.standard_normal((10, 10)))
    turned = vectors @ rotation * draw.uniform(0.1, 10, (200, 1))
    assert np.array_equal(nearest_neighbors(vectors, k=8).index, nearest_neighbors(turned, k=8).index)


def test_very_large_and_very_small_rows_keep_their_direction():
    vectors = np.array([[1e300, 0.0], [1e-300, 1e-302], [0.0, 1.0]])
    assert nearest_neighbors(vectors, k=1).index.ravel().tolist() == [1, 0, 1]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_quick_scores_lie_within_the_bound(precision):
    vectors = unit_vectors(np.random.default_rng(8).standard_normal((300, 200)))
    exact = vectors @ vectors.T
    form = torch.float32 if precision == "float32" else torch.bfloat16
    rows = torch.from_numpy(vectors).to(form).float()
    assert np.abs((rows @ rows.T).double().numpy() - exact).max() <= error_bound(200, precision)


@pytest.mark.parametrize("k", [1, 5, 40])
def test_the_largest_scores_are_those_of_topk(k):
    scores = torch.randn(30, 4000, generator=torch.Generator().manual_seed(0))
    scores[:, 5] = float("-inf")
    values, places = largest(scores, k)
    expected = torch.topk(scores, k, dim=1)
    assert np.array_equal(values, expected.values.numpy())
    assert np.array_equal(places, expected.indices.numpy())


def test_rows_without_direction_are_named():
    with pytest.raises(InputError, match="row 1 is all zero"):
        nearest_neighbors([[1.0, 0.0], [0.0, 0.0]], k=1)
    with pytest.raises(InputError, match="row 0 is not finite"):
        nearest_neighbors([[np.nan, 0.0], [0.0, 1.0]], k=1)


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="`k` must be at least 1; got 0"):
        nearest_neighbors(np.eye(3), k=0)
    with pytest.raises(InputError, match="`group` must have one entry a row"):
        nearest_neighbors(np.eye(3), k=1, group=["a"])
    with pytest.raises(InputError, match="must be a table"):
        nearest_neighbors(np.ones(3), k=1)
