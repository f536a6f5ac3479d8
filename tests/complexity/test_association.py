import numpy as np
import pytest
from scipy import stats

from audit.complexity.association import associate, correlate
from audit.complexity.importance import gradient_importance, linear_importance
from audit.complexity.representation import explained, one_hot, share


def test_strength_and_value_are_those_of_the_indicator_that_correlates_most():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 300)
    feature = (codes == 1) * 2.0 + rng.standard_normal(300)
    found = associate(feature[:, None], codes, np.arange(300))
    expected = stats.pearsonr(feature, codes == 1)
    assert found.level[0] == 1
    assert found.strength[0] == pytest.approx(expected.statistic**2)
    assert found.p_value[0] == pytest.approx(3 * expected.pvalue)
    above = (feature[codes == 1][:, None] > feature[codes != 1][None]).mean()
    assert found.auroc[0] == pytest.approx(above)


def test_the_value_named_is_the_one_whose_samples_reach_the_top():
    codes = np.repeat([0, 1, 2], 100)
    # Value 0 is steadily a little above nothing, value 1 is often far above it.
    feature = np.concatenate([np.full(100, 0.2), np.tile([0.0, 3.0], 50), np.zeros(100)])
    assert associate(feature[:, None], codes, np.arange(300)).level[0] == 1


def test_groups_count_once():
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(20), 30)
    codes = rng.integers(0, 2, 20)[owner]
    feature = rng.standard_normal(20)[owner] + 0.01 * rng.standard_normal(600)
    alone = associate(feature[:, None], codes, np.arange(600))
    grouped = associate(feature[:, None], codes, owner)
    assert grouped.n == 20
    assert grouped.p_value[0] > 100 * alone.p_value[0]


def test_p_values_without_association_are_not_small_too_often():
    rng = np.random.default_rng(2)
    found = associate(rng.exponential(size=(200, 400)), rng.integers(0, 4, 200), np.arange(200))
    assert (found.p_value < 0.05).mean() < 0.08


def test_a_quantity_is_associated_by_rank():
    rng = np.random.default_rng(3)
    numbers = rng.standard_normal(150)
    numbers[:10] = np.nan
    features = np.column_stack([np.exp(numbers), -numbers, rng.standard_normal(150)])
    features[:10] = 0
    found = correlate(features, numbers, np.arange(150))
    assert found.strength[:2] == pytest.approx(1)
    assert found.level[:2].tolist() == [1, 0]
    assert found.auroc[:2] == pytest.approx([1, 0])
    assert found.p_value[2] == pytest.approx(stats.spearmanr(features[10:, 2], numbers[10:]).pvalue)


def test_fewer_than_two_values_have_no_association():
    found = associate(np.ones((6, 2)), np.zeros(6, dtype=int), np.arange(6))
    assert np.isnan(found.strength).all()


def test_linear_importance_is_the_closed_form_and_that_of_gradients():
    rng = np.random.default_rng(0)
    codes, directions = rng.exponential(size=(50, 3)), rng.standard_normal((3, 8))
    head = rng.standard_normal((4, 8))
    answer = rng.integers(0, 4, 50)
    found = linear_importance(codes, directions, head, answer, np.arange(50))
    effect = (head - head.mean(axis=0)) @ directions.T
    gamma = np.abs(effect[answer] * codes).mean(axis=0)
    assert found.value == pytest.approx(gamma / gamma.sum())
    assert found.promoted.tolist() == effect.argmax(axis=0).tolist()
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()
    gradients = (head - head.mean(axis=0))[answer]
    assert gradient_importance(codes, directions, gradients, np.arange(50)).value == pytest.approx(found.value)


def test_a_feature_that_always_speaks_for_the_answer_has_sign_one():
    head = np.asarray([[1.0, 0], [0, 1.0]])
    found = linear_importance(np.eye(2), np.eye(2), head, np.asarray([0, 1]), np.arange(2))
    assert found.sign == pytest.approx([1, 1])


def test_a_representation_made_of_a_factor_is_explained_by_it_alone():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 400)
    layer = rng.standard_normal((4, 6))[codes] * 5 + 0.1 * rng.standard_normal((400, 6))
    fold = rng.integers(0, 5, 400)
    own = share(explained(layer, one_hot(codes), fold), np.arange(400))
    other = share(explained(layer, one_hot(rng.integers(0, 4, 400)), fold), np.arange(400))
    assert own.value > 0.98
    assert own.low <= own.value <= own.high
    assert abs(other.value) < 0.05
