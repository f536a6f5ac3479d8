import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from audit.differences.auroc import auroc, clustered_auroc, group_influence, placements
from audit.errors import InputError


def scores(dtype, *, decimals, rows=25, samples=180, seed=0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(rows, samples)).round(decimals).astype(dtype), draw.random(samples) < 0.4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decimals", [0, 1, 9])
def test_it_equals_scikit_learn_with_and_without_ties(dtype, decimals) -> None:
    values, first = scores(dtype, decimals=decimals)
    expected = [roc_auc_score(first, row) for row in values]
    assert np.abs(auroc(values, first).value - expected).max() < 1e-9


def test_negative_zero_ties_with_zero() -> None:
    values = np.array([[0.0, -0.0, 0.0, -0.0]], dtype=np.float32)
    assert auroc(values, np.array([True, True, False, False])).value[0] == 0.5


def test_the_test_is_mann_whitneys_with_ties() -> None:
    values, first = scores(np.float64, decimals=1)
    expected = [
        mannwhitneyu(row[first], row[~first], alternative="greater", method="asymptotic").pvalue for row in values
    ]
    assert np.allclose(auroc(values, first).p_value, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_interval_is_delongs_on_the_scale_of_log_odds(dtype) -> None:
    values, first = scores(dtype, decimals=1)
    found, placed = auroc(values, first), placements(values, first)
    variance = (
        placed[:, first].var(axis=1, ddof=1) / first.sum() + placed[:, ~first].var(axis=1, ddof=1) / (~first).sum()
    )
    half = 1.959964 * np.sqrt(variance) / (found.value * (1 - found.value))
    assert np.allclose(found.low, expit(logit(found.value) - half), atol=1e-6)
    assert np.allclose(found.high, expit(logit(found.value) + half), atol=1e-6)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(3)
    first = np.arange(120) < 60
    values = draw.normal(size=(2000, 120)) + first
    truth = 0.7602  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    found = auroc(values, first)
    assert 0.93 <= np.mean((found.low <= truth) & (truth <= found.high)) <= 0.97


def test_perfect_separation_is_not_certain() -> None:
    values = np.array([[3.0, 4, 5, 0, 1, 2]])
    found = auroc(values, np.arange(6) < 3)
    assert found.value[0] == 1
    assert found.low[0] == pytest.approx(0.025 ** (1 / 3))
    assert found.high[0] == 1


def test_samples_that_are_groups_of_their_own_change_nothing_but_the_quantile() -> None:
    values, first = scores(np.float64, decimals=1, samples=900)
    alone, clustered = auroc(values, first), clustered_auroc(values, first, np.arange(900))
    assert np.array_equal(alone.value.round(12), clustered.value.round(12))
    assert np.allclose(alone.low, clustered.low, atol=1e-3)


def test_repeating_every_sample_does_not_narrow_the_clustered_interval() -> None:
    values, first = scores(np.float64, decimals=9, samples=60)
    once = clustered_auroc(values, first, np.arange(60))
    often = clustered_auroc(np.repeat(values, 8, axis=1), np.repeat(first, 8), np.repeat(np.arange(60), 8))
    assert np.allclose(once.low, often.low)
    assert (auroc(np.repeat(values, 8, axis=1), np.repeat(first, 8)).low > often.low).all()


def test_three_groups_against_three_cannot_pass() -> None:
    values = np.repeat([[3.0, 4, 5, 0, 1, 2]], 10, axis=1)
    found = clustered_auroc(values, np.repeat(np.arange(6) < 3, 10), np.repeat(np.arange(6), 10))
    assert found.p_value[0] == pytest.approx(1 / 20)


def test_influences_square_to_the_variance() -> None:
    values, first = scores(np.float64, decimals=9)
    placed = placements(values, first)
    variance = placed[:, first].var(axis=1) / first.sum() + placed[:, ~first].var(axis=1) / (~first).sum()
    assert np.allclose((group_influence(values, first, np.arange(180)) ** 2).sum(axis=1), variance)


@pytest.mark.parametrize(
    ("values", "first", "said"),
    [
        (np.ones((1, 3)), np.array([True, False, False]), "at least 2"),
        (np.ones((1, 5)), np.array([True, True, False, False]), "one column a sample"),
        (np.array([[0, 1, np.nan, 2]]), np.array([True, True, False, False]), "finite"),
    ],
)
def test_what_cannot_be_ranked_is_refused(values, first, said) -> None:
    with pytest.raises(InputError, match=said):
        auroc(values, first)
