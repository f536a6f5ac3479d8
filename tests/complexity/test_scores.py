import numpy as np
import pytest

from audit.complexity.decoding import decode, fold_codes
from audit.complexity.scores import complexity, depth, difference, mean_complexity, null_band, shuffled
from audit.errors import InputError

LAYERS = 8


def planted(n=600, d=64, seed=0):
    """Return layers and features: feature j is written linearly into layer j and all later ones."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, LAYERS))
    layers = []
    for place in range(LAYERS):
        layer = rng.standard_normal((n, d)) * 0.3
        directions = np.linalg.qr(rng.standard_normal((d, LAYERS)))[0]
        layers.append(layer + features[:, : place + 1] @ directions[:, : place + 1].T * 4)
    return layers, features


@pytest.fixture(scope="module")
def found():
    layers, features = planted()
    fold = fold_codes(len(features), folds=5, repeats=2, seed=0)
    return complexity(decode(layers, features, fold))


def test_a_feature_available_from_layer_j_on_has_complexity_j_of_l(found):
    assert found.value == pytest.approx(np.arange(LAYERS) / LAYERS, abs=0.05)
    assert found.negative.sum() > 0
    assert (found.r2[np.tril_indices(LAYERS)] > 0.9).all()


def test_its_interval_holds_the_value_and_is_narrow(found):
    assert (found.low <= found.value).all()
    assert (found.high >= found.value).all()
    assert (found.high - found.low).max() < 0.05


def test_depth_is_the_first_layer_that_gives_half_of_the_best(found):
    assert depth(found.r2) == pytest.approx(np.arange(LAYERS) / (LAYERS - 1))
    assert np.isnan(depth(np.full((3, 1), -0.1))).all()


def test_differences_are_paired_and_signed(found):
    gap = difference(found, found, 1, 5)
    assert gap.value == pytest.approx(-0.5, abs=0.05)
    assert gap.low < gap.value < gap.high < 0
    assert gap.p_value < 1e-6
    assert difference(found, found, 2, 2).value == 0


def test_the_mean_leaves_dead_features_out(found):
    alive = np.ones(LAYERS, dtype=bool)
    alive[-1] = False
    value, low, high, count = mean_complexity(found, alive)
    assert value == pytest.approx(found.value[:-1].mean())
    assert low < value < high
    assert count == LAYERS - 1


def test_fewer_than_three_layers_are_refused():
    layers, features = planted(n=60)
    fold = fold_codes(60, folds=3, repeats=1, seed=0)
    with pytest.raises(InputError, match="at least 3"):
        complexity(decode(layers[:2], features, fold))


def test_a_constant_feature_has_no_complexity():
    layers, features = planted(n=90)
    features[:, 0] = 1.0
    value = complexity(decode(layers, features, fold_codes(90, folds=3, repeats=2, seed=0))).value
    assert np.isnan(value[0])
    assert np.isfinite(value[1:]).all()


def test_shuffled_features_give_a_complexity_of_one_and_a_band_near_zero():
    layers, features = planted(n=300)
    dealt = shuffled(features, np.arange(300), np.random.default_rng(0))
    r2 = complexity(decode(layers, dealt, fold_codes(300, folds=5, repeats=1, seed=0))).r2
    band, null, values = null_band(r2)
    assert null > 0.97
    assert (band < 0.1).all()
    assert len(values) == LAYERS


def test_shuffling_deals_whole_groups():
    owner = np.repeat(np.arange(12), 5)
    feature = np.repeat(np.arange(12.0), 5)[:, None]
    dealt = shuffled(feature, owner, np.random.default_rng(1))
    assert sorted(dealt[:, 0]) == sorted(feature[:, 0])
    assert all(len(set(dealt[owner == g, 0])) == 1 for g in range(12))
    assert (dealt != feature).any()


def test_the_interval_covers_a_known_complexity():
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((200, 1))
        layers = [z + noise * rng.standard_normal((200, 1)) for noise in (2.0, 1.0, 0.5)]
        truth = 1 - np.mean([1 / (1 + noise**2) for noise in (2.0, 1.0, 0.5)])
        one = complexity(decode(layers, z, fold_codes(200, folds=5, repeats=4, seed=seed)))
        hits += bool(one.low[0] <= truth <= one.high[0])
    assert hits >= 34
