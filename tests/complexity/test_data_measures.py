import numpy as np
import pytest

from audit.complexity.diversity import diversity, wrong_auroc
from audit.complexity.intrinsic_dimension import maximum_likelihood, neighbour_distances, two_nearest
from audit.complexity.redundancy import linear_cka, redundancy
from audit.complexity.sharpness import label_sharpness
from audit.errors import InputError


def ball(dimension, n=1500, width=256, seed=0):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((width, dimension)))[0]
    return rng.standard_normal((n, dimension)) @ basis.T


@pytest.mark.parametrize("dimension", [2, 5, 10, 20])
def test_the_dimension_of_a_gaussian_in_256_is_that_of_scikit_dimension(dimension):
    skdim = pytest.importorskip("skdim", reason="scikit-dimension is not installed")
    points = ball(dimension, n=800)
    distances = neighbour_distances(points, 20)
    mle, two = maximum_likelihood(distances, 20), two_nearest(distances)
    assert mle.value == pytest.approx(skdim.id.MLE(K=20).fit(points).dimension_, rel=1e-9)
    assert two.value == pytest.approx(skdim.id.TwoNN().fit(points).dimension_, rel=1e-9)
    assert mle.low < mle.value < mle.high
    assert two.low < two.value < two.high
    # With so few points both estimates are known to fall short in many dimensions.
    assert 0.6 * dimension < mle.value < 1.2 * dimension


def test_a_gaussian_of_dimension_five_has_dimension_about_five():
    value = maximum_likelihood(neighbour_distances(ball(5, n=4000), 20), 20).value
    assert value == pytest.approx(5.0, abs=0.25)


def test_duplicates_are_dropped_and_too_few_points_refused():
    points = np.repeat(np.random.default_rng(0).standard_normal((50, 3)), 2, axis=0)
    assert len(neighbour_distances(points, 10)) == 50
    with pytest.raises(InputError, match="`k` must lie between 1"):
        neighbour_distances(points, 50)
    with pytest.raises(InputError, match="`k` must lie between 2"):
        maximum_likelihood(neighbour_distances(points, 10), 11)


def test_biased_cka_of_independent_data_is_near_one_and_the_debiased_near_zero():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((100, 512)), rng.standard_normal((100, 512))
    assert linear_cka(x, y, debiased=False) == pytest.approx(0.84, abs=0.01)
    assert linear_cka(x, y) == pytest.approx(0.0, abs=0.02)
    assert linear_cka(x, 3 * x[:, ::-1]) == pytest.approx(1.0)


def test_cka_needs_equal_lengths():
    with pytest.raises(InputError, match="same number of samples"):
        linear_cka(np.ones((5, 2)), np.ones((6, 2)))


def test_debiased_cka_is_that_of_full_kernel_matrices():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((30, 6)) + 2
    y = x[:, :3] + 0.5 * rng.standard_normal((30, 3))

    def hsic(a, b):
        k, l = (m @ m.T * (1 - np.eye(30)) for m in (a, b))  # noqa: E741
        n, one = 30, np.ones(30)
        inner = np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
        return (inner - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))

    expected = hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))
    assert linear_cka(x, y) == pytest.approx(expected)


def test_a_feature_spread_over_channels_is_redundant_and_one_in_a_single_channel_is_not():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((300, 2))
    channels = np.column_stack([z[:, :1] + 0.3 * rng.standard_normal((300, 40)), 6 * z[:, 1]])
    value, spread = redundancy(channels, z, masks=40)
    assert value[0] > 0.9
    assert value[1] < 0.75
    assert spread[1] > spread[0]
    nothing, _ = redundancy(channels, rng.standard_normal((300, 1)))
    assert np.isnan(nothing).all()


def test_label_sharpness_of_two_gaussians_is_one_over_the_closest_distance():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.standard_normal((200, 3)), rng.standard_normal((150, 3)) + np.asarray([8, 0, 0])])
    codes = np.repeat([0, 1], [200, 150])
    between = np.linalg.norm(points[:200, None] - points[None, 200:], axis=2)
    found = label_sharpness(points, codes, draws=100)
    assert found.value == pytest.approx(1 / between.min())
    assert found.count == 200 * 150
    assert found.quantile == pytest.approx(1 / np.sort(between.ravel())[29], rel=1e-6)
    assert found.low <= found.quantile <= found.high
    i, j = np.unravel_index(between.argmin(), between.shape)
    assert found.pairs[0].tolist() == [i, 200 + j]
    assert (np.diff(found.distances) >= 0).all()


def test_label_sharpness_is_the_same_whatever_the_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    points, codes = rng.standard_normal((130, 4)), rng.integers(0, 3, 130)
    codes[:5] = -1
    whole = label_sharpness(points, codes, draws=20)
    monkeypatch.setattr("audit.complexity.sharpness.BLOCK", 17)
    parts = label_sharpness(points, codes, draws=20)
    assert (whole.value, whole.quantile, whole.low) == (parts.value, parts.quantile, parts.low)
    assert np.array_equal(whole.pairs, parts.pairs)
    assert (codes[whole.pairs] >= 0).all()


def test_equal_images_of_different_classes_come_first_and_leave_the_maximum_finite():
    points = np.asarray([[0.0], [0.0], [3.0], [5.0]])
    found = label_sharpness(points, np.asarray([0, 1, 0, 1]), draws=20)
    assert found.equal == 1
    assert found.pairs[0].tolist() == [0, 1]
    assert found.value == pytest.approx(1 / 2)


def test_pairs_inside_a_group_or_a_class_do_not_count():
    points = np.arange(4.0)[:, None]
    found = label_sharpness(points, np.asarray([0, 1, 0, 1]), owner=np.asarray([0, 0, 1, 1]), draws=20)
    assert sorted(map(tuple, found.pairs.tolist())) == [(0, 3), (1, 2)]
    assert np.isnan(label_sharpness(points, np.zeros(4, dtype=int)).value)


def test_low_diversity_that_goes_with_errors_has_a_high_auroc():
    rng = np.random.default_rng(0)
    wrong = rng.random(400) < 0.3
    values = rng.standard_normal(400) - 1.5 * wrong
    found = wrong_auroc(values, wrong, np.arange(400))
    pairs = (values[wrong][:, None] < values[~wrong][None]).mean()
    assert found.value == pytest.approx(pairs)
    assert 0.5 < found.low < found.value < found.high
    assert np.isnan(wrong_auroc(values, np.zeros(400, dtype=bool), np.arange(400)).value)
    assert diversity(np.asarray([[1.0, 1, 1], [0, 3, 0]])) == pytest.approx([0, 2])
