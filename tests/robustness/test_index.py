import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from audit.robustness.design import all_rows, eligible
from audit.robustness.index import (
    accuracy_curve,
    balanced_accuracy,
    chance_level,
    choose_k,
    confounder_insensitivity,
    count_types,
    generalization_index,
    in_center_share,
    k_grid,
    lift,
    neighbor_types,
    older_index,
    out_of_center_share,
    reweighted_index,
    robustness_index,
    vote,
)
from audit.robustness.search import find_neighbors
from tests.planted import make, mixed, noise


@pytest.fixture(scope="module")
def planted():
    vectors, label, center, slide = mixed()
    design = all_rows(label, center, slide)
    near = find_neighbors(vectors, design, k=101)
    return design, near, neighbor_types(near.index, design.rows, design)


def index_of(vectors, label, center, slide, k):
    design = all_rows(label, center, slide)
    near = find_neighbors(vectors, design, k=k, m=0)
    return float(robustness_index(count_types(neighbor_types(near.index, design.rows, design), (k,))[0]))


def test_the_planted_rows_are_those_of_the_methods_file():
    vectors = mixed()[0]
    assert vectors.sum() == pytest.approx(-1809.495997436, abs=1e-8)
    assert vectors[0, 0] == pytest.approx(0.873309457120, abs=1e-12)
    assert vectors[-1, -1] == pytest.approx(0.066681519944, abs=1e-12)


@pytest.mark.parametrize(
    ("k", "index", "older", "accuracy"),
    [
        (1, 0.452906, 0.924800, 0.602083),
        (5, 0.442728, 0.899338, 0.700000),
        (11, 0.446519, 0.900780, 0.746875),
        (51, 0.461842, 0.914734, 0.805208),
    ],
)
def test_known_values_at_each_k(planted, k, index, older, accuracy):
    design, near, types = planted
    counts = count_types(types, (k,))[0]
    assert float(robustness_index(counts)) == pytest.approx(index, abs=5e-7)
    assert float(older_index(counts)) == pytest.approx(older, abs=5e-7)
    assert accuracy_curve(near.index, design, design.label, (k,))[0] == pytest.approx(accuracy, abs=5e-7)


def test_known_shares_of_the_four_types(planted):
    counts = count_types(planted[2], (11,))[0]
    assert counts / counts.sum() == pytest.approx([0.295360, 0.251420, 0.311648, 0.141572], abs=5e-7)


def test_the_best_k_is_71(planted):
    design, near, _ = planted
    ks = k_grid(101)
    assert choose_k(ks, accuracy_curve(near.index, design, design.label, ks)) == 71


def test_the_grid_is_1_3_5_7_9_11_21():
    assert k_grid(31) == (1, 3, 5, 7, 9, 11, 21, 31)
    assert k_grid(4) == (1, 3)
    with pytest.raises(InputError, match="`k_max` must be at least 1"):
        k_grid(0)


def test_published_curves_equal_the_index_of_their_fractions(shared_data):
    file = shared_data / "pathorob" / "ri_curves.csv"
    if not file.is_file():
        pytest.skip("no published curves here")
    table = pd.read_csv(file)
    assert table.groupby(["model", "dataset"]).ngroups == 6
    found = robustness_index(table[["SS_cum", "SO_cum", "OS_cum", "OO_cum"]].to_numpy())
    assert np.abs(found - table["robustness_index_published"]).max() < 1e-12


def test_indices_follow_their_formulas():
    counts = np.array([4, 3, 2, 1])
    assert confounder_insensitivity(counts) == pytest.approx(4 / 6)
    assert generalization_index(counts) == pytest.approx((12 + 6) / (12 + 4))
    assert in_center_share(counts) == pytest.approx(4 / 6)
    assert out_of_center_share(counts) == pytest.approx(3 / 4)


def test_without_so_and_os_the_index_is_undefined():
    assert np.isnan(robustness_index([5, 0, 0, 2]))


@pytest.mark.parametrize(("classes", "centers"), [(4, 4), (6, 3), (2, 5)])
def test_noise_gives_the_chance_level(classes, centers):
    found, expected = [], (centers - 1) / (centers + classes - 2)
    for seed in range(24):
        vectors, label, center, slide = noise(classes, centers, seed)
        found.append(index_of(vectors, label, center, slide, 25))
        design = all_rows(label, center, slide)
        assert chance_level(eligible(design), 25) == pytest.approx(expected, abs=1e-12)
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 3 * error


def test_noise_of_the_methods_file_is_near_one_half():
    assert index_of(*make(s_bio=0, s_ctr=0, s_slide=0), 101) == pytest.approx(0.4994, abs=5e-5)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rotation_scale_and_order_leave_the_index(seed):
    vectors, label, center, slide = make(seed, 3, 3, 3, 4, 8, 0.5, 0.5)
    draw = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(draw.standard_normal((8, 8)))
    order = draw.permutation(len(vectors))
    expected = index_of(vectors, label, center, slide, 5)
    assert index_of((vectors @ rotation * 3)[order], label[order], center[order], slide[order], 5) == expected


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_swapping_class_and_center_gives_one_less_the_index(seed):
    vectors, label, center, slide = make(seed, 3, 2, 3, 4, 8, 0.5, 0.5)
    found = index_of(vectors, label, center, slide, 5) + index_of(vectors, center, label, slide, 5)
    assert found == pytest.approx(1, abs=1e-12)


def test_lift_and_reweighting_are_neutral_at_the_null():
    assert float(lift(0.29, 0.29)) == pytest.approx(0)
    assert float(reweighted_index(0.29, 0.29)) == pytest.approx(0.5)


def test_the_reweighted_index_is_the_logistic_of_the_lift():
    assert float(reweighted_index(0.7, 0.3)) == pytest.approx(1 / (1 + np.exp(-float(lift(0.7, 0.3)))))


def test_an_infinite_lift_is_undefined_but_reweighting_is_not():
    assert np.isnan(lift(1.0, 0.5))
    assert float(reweighted_index(1.0, 0.5)) == 1.0


def test_vote_ties_go_to_the_lowest_code_and_no_neighbour_votes_nothing():
    index = np.array([[1, 2], [-1, -1], [0, 1]])
    assert vote(index, np.array([2, 1, 0]), 3, (1, 2)).tolist() == [[1, -1, 2], [0, -1, 1]]


def test_balanced_accuracy_weighs_classes_equally():
    assert balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])) == 0.5
    assert np.isnan(balanced_accuracy(np.array([0, 1]), np.array([-1, -1])))


def test_no_k_can_be_chosen_without_any_neighbour():
    with pytest.raises(InputError, match="eligible neighbour"):
        choose_k((1, 3), [np.nan, np.nan])
