import numpy as np
import pytest

from audit.pair_tiles import PairTiles


def brute(rows, group, k):
    scores = rows @ rows.T
    scores[group[:, None] == group[None, :]] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, 1), order


@pytest.mark.parametrize(("n", "k", "tile"), [(300, 5, 64), (257, 20, 50), (64, 30, 64), (500, 1, 33)])
def test_the_products_kept_are_the_largest_of_the_whole_matrix(n, k, tile):
    rows = np.random.default_rng(n).standard_normal((n, 24)).astype(np.float32)
    group = np.arange(n) // 3
    value, other = PairTiles(rows, group, k, tile=tile).search()
    expected, _ = brute(rows, group, k)
    assert value == pytest.approx(expected, abs=1e-4)
    assert value == pytest.approx(np.einsum("ikd,id->ik", rows[other], rows), abs=1e-4)
    assert (group[other] != group[:, None]).all()


def test_rows_that_meet_their_likes_last_keep_them():
    # Every later tile offers more than a row has room for, each product larger than all before.
    n, k = 400, 4
    angle = np.linspace(np.pi / 2, 0, n)
    rows = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    value, other = PairTiles(rows, np.arange(n), k, tile=40).search()
    expected, _ = brute(rows, np.arange(n), k)
    assert value == pytest.approx(expected, abs=1e-6)
    ahead = np.concatenate([np.zeros((1, 2)), np.ones((1, 2))]).astype(np.float32)
    far = np.concatenate([np.repeat(ahead[:1] + 0.1, 39, axis=0), np.repeat(ahead[1:], 361, axis=0)])
    crowded, _ = PairTiles(far, np.arange(400), k, tile=40).search()
    assert crowded == pytest.approx(brute(far, np.arange(400), k)[0], abs=1e-6)
    assert len(np.unique(other[0])) == k


def test_where_fewer_rows_are_of_other_groups_the_rest_is_minus_infinity():
    rows = np.eye(60, 8, dtype=np.float32) + 0.5
    group = np.repeat([0, 1], [57, 3])
    value, _ = PairTiles(rows, group, 5, tile=20).search()
    assert np.isfinite(value[:57]).sum(axis=1).tolist() == [3] * 57
    assert np.isfinite(value[57:]).all()
