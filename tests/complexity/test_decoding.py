import numpy as np
import pytest
from sklearn.linear_model import Ridge

from audit.complexity.decoding import decode, fold_codes
from audit.errors import InputError


def draw(n=240, d=12, m=5, seed=0):
    rng = np.random.default_rng(seed)
    layer = rng.standard_normal((n, d)) @ np.diag(np.linspace(0.2, 2, d))
    features = layer @ rng.standard_normal((d, m)) + rng.standard_normal((n, m))
    return layer, features


def test_errors_are_those_of_ridge_regression_fitted_without_the_test_fold():
    layer, features = draw()
    fold = fold_codes(len(layer), folds=4, repeats=2, seed=1)
    found = decode([layer], features, fold, penalties=(0.1,))
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    expected = []
    for row in fold:
        for part in range(4):
            test = row == part
            x = layer[~test] - layer[~test].mean(axis=0)
            alpha = 0.1 * np.linalg.eigvalsh(x.T @ x).mean()
            model = Ridge(alpha=alpha).fit(layer[~test], z[~test])
            expected.append(((z[test] - model.predict(layer[test])) ** 2).sum(axis=0))
    assert found.error[0] == pytest.approx(np.stack(expected), rel=1e-4)


def test_r2_is_one_for_a_feature_of_the_layer_and_below_zero_for_noise_in_a_wide_layer():
    rng = np.random.default_rng(0)
    layer = rng.standard_normal((100, 200))
    narrow = layer[:, :5]
    noise = rng.standard_normal((100, 300))
    fold = fold_codes(100, folds=5, repeats=3, seed=0)
    assert decode([narrow], narrow[:, :1], fold).r2[0, 0] == pytest.approx(1, abs=0.01)
    wide = decode([layer], noise, fold).r2[0]
    assert wide.mean() < 0.0
    assert wide.max() < 0.3


def test_each_feature_gets_its_own_penalty():
    rng = np.random.default_rng(3)
    layer = rng.standard_normal((80, 60))
    features = np.column_stack([layer[:, 0], rng.standard_normal(80)])
    fold = fold_codes(80, folds=4, repeats=2, seed=0)
    both = decode([layer], features, fold).r2[0]
    weak = decode([layer], features, fold, penalties=(1e-3,)).r2[0]
    strong = decode([layer], features, fold, penalties=(10.0,)).r2[0]
    assert both[0] > strong[0] + 0.05
    assert both[1] > weak[1] + 0.1


def test_a_constant_feature_has_no_r2():
    layer, features = draw(m=2)
    features[:, 1] = 7.3
    found = decode([layer], features, fold_codes(len(layer), folds=3, repeats=1, seed=0))
    assert np.isfinite(found.r2[0, 0])
    assert np.isnan(found.r2[0, 1])


def test_deviations_of_fits_have_mean_zero_and_the_values_of_a_category_are_pooled_by_their_errors():
    layer, features = draw(m=3)
    found = decode([layer], features, fold_codes(len(layer), folds=3, repeats=2, seed=0))
    assert found.deviations.mean(axis=1) == pytest.approx(0, abs=1e-12)
    pooled = found.pooled([0, 2])
    share = found.error[0].sum(axis=0)[[0, 2]].sum() / found.total.sum(axis=0)[[0, 2]].sum()
    assert pooled.r2[0, 0] == pytest.approx(1 - share)


def test_samples_of_one_group_share_a_fold_and_every_fold_has_samples():
    group = np.repeat(np.arange(30), 7)
    fold = fold_codes(210, folds=5, repeats=4, seed=2, group_id=group)
    for row in fold:
        assert set(np.bincount(row)) <= set(range(28, 57))
        assert all(len(set(row[group == g])) == 1 for g in range(30))
    huge = np.concatenate([np.zeros(200, dtype=int), np.arange(1, 6)])
    assert set(fold_codes(205, folds=5, repeats=1, seed=0, group_id=huge)[0]) == set(range(5))


def test_a_leak_through_groups_is_seen_only_when_groups_are_split():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    layer = rng.standard_normal((20, 30))[group] + 0.1 * rng.standard_normal((200, 30))
    feature = rng.standard_normal((20, 1))[group]
    split = decode([layer], feature, fold_codes(200, folds=5, repeats=2, seed=0)).r2[0, 0]
    whole = decode([layer], feature, fold_codes(200, folds=5, repeats=2, seed=0, group_id=group)).r2[0, 0]
    assert split > 0.9
    assert whole < 0.2


@pytest.mark.parametrize("folds", [1, 11])
def test_more_folds_than_groups_are_refused(folds):
    with pytest.raises(InputError, match="`folds` must lie between 2 and"):
        fold_codes(10, folds=folds, repeats=1, seed=0)


def test_a_layer_of_another_length_and_no_penalty_are_refused():
    layer, features = draw()
    fold = fold_codes(len(layer), folds=3, repeats=1, seed=0)
    with pytest.raises(InputError, match="`layers` must have one row a sample"):
        decode([layer[:-1]], features, fold)
    with pytest.raises(InputError, match="`penalties` must be positive"):
        decode([layer], features, fold, penalties=())
