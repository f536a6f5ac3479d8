import kmedoids
import numpy as np
import pytest

from audit.errors import InputError
from audit.prototypes.selection import (
    MOST_PAIRED,
    boundary_samples,
    choose_prototypes,
    cosine_distances,
    gaussian_kernel,
    medoid_loss,
    medoids,
    mmd_criticisms,
    mmd_prototypes,
    nonnegative_weights,
    protodash,
    teen,
)


def unit(n, d, seed=0):
    rows = (
        np.random.default_rng(seed).normal(size=(n, d)) + np.eye(d)[np.random.default_rng(seed).integers(0, d, n)] * 3
    )
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_the_loss_of_k_medoids_is_that_of_the_library(k):
    rows = unit(120, 6)
    best = min(kmedoids.fasterpam(cosine_distances(rows), k, random_state=seed).loss for seed in range(5))
    assert medoid_loss(rows, medoids(rows, k)) <= best + 1e-3 * best
    if k > 1:
        assert medoid_loss(rows, medoids(rows, k)) == pytest.approx(
            kmedoids.fasterpam(cosine_distances(rows), k, init="build").loss, rel=1e-9
        )


def mmd_value(kernel, chosen):
    n, m = len(kernel), len(chosen)
    return 2 / (n * m) * kernel[:, chosen].sum() - kernel[np.ix_(chosen, chosen)].sum() / m**2


def test_mmd_critic_is_the_greedy_choice_of_its_own_objective():
    kernel = gaussian_kernel(unit(40, 5, seed=2))
    chosen = []
    for _ in range(6):
        rest = [i for i in range(40) if i not in chosen]
        chosen.append(max(rest, key=lambda i: mmd_value(kernel, [*chosen, i])))
    assert mmd_prototypes(kernel, 6).tolist() == chosen


def test_criticisms_are_the_greedy_choice_of_witness_and_difference():
    kernel = gaussian_kernel(unit(30, 4, seed=3))
    prototypes = mmd_prototypes(kernel, 3)
    witness = np.abs(kernel.mean(axis=1) - kernel[:, prototypes].mean(axis=1))
    chosen = []
    for _ in range(4):
        rest = [i for i in range(30) if i not in {*chosen, *prototypes.tolist()}]
        chosen.append(
            max(
                rest,
                key=lambda i: (
                    witness[[*chosen, i]].sum() + np.linalg.slogdet(kernel[np.ix_([*chosen, i], [*chosen, i])])[1]
                ),
            )
        )
    assert mmd_criticisms(kernel, prototypes, 4).tolist() == chosen


def test_protodash_is_the_greedy_choice_by_gradient_with_refitted_weights():
    from scipy.optimize import minimize

    kernel = gaussian_kernel(unit(30, 4, seed=4))
    mean = kernel.mean(axis=1)
    chosen, weight = [], np.zeros(0)
    for _ in range(4):
        gradient = mean - kernel[:, chosen] @ weight
        gradient[chosen] = -np.inf
        chosen.append(int(gradient.argmax()))
        block, target = kernel[np.ix_(chosen, chosen)], mean[chosen]
        weight = minimize(
            lambda w, b=block, t=target: 0.5 * w @ b @ w - w @ t,
            np.zeros(len(chosen)),
            jac=lambda w, b=block, t=target: b @ w - t,
            bounds=[(0, None)] * len(chosen),
            options={"ftol": 1e-15, "gtol": 1e-12},
        ).x
    found, weights = protodash(kernel, 4)
    assert found.tolist() == chosen
    assert np.allclose(weights, weight, atol=1e-5)


def test_weights_are_never_negative():
    weights = nonnegative_weights(np.array([[1.0, 0.9], [0.9, 1.0]]), np.array([1.0, 0.1]))
    assert weights == pytest.approx([1.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("method", ["kmedoids", "kmeans", "mmd_critic", "protodash"])
def test_every_method_names_distinct_samples_with_shares_of_1(method):
    found = choose_prototypes(unit(50, 5), 4, method)
    assert 1 <= len(found.rows) <= 4
    assert len(set(found.rows.tolist())) == len(found.rows)
    assert found.share.sum() == pytest.approx(1)
    assert np.all(np.diff(found.share) <= 1e-12)
    assert bool(len(found.criticisms)) == (method == "mmd_critic")


@pytest.mark.parametrize("method", ["kmedoids", "kmeans", "mmd_critic", "protodash"])
def test_a_class_with_fewer_samples_than_k_has_each_of_them(method):
    found = choose_prototypes(unit(2, 5), 4, method)
    assert set(found.rows.tolist()) <= {0, 1}
    assert choose_prototypes(unit(1, 5), 4, method).rows.tolist() == [0]


def test_duplicates_are_one_prototype():
    rows = np.repeat(unit(2, 5), 10, axis=0)
    assert len(choose_prototypes(rows, 5).rows) == 2


def test_no_prototypes_are_refused():
    with pytest.raises(InputError, match="at least 1"):
        choose_prototypes(unit(3, 4), 0)


def test_a_large_class_never_needs_all_its_pairs():
    found = choose_prototypes(unit(MOST_PAIRED * 5, 4), 2)
    assert len(found.rows) == 2
    assert found.share.sum() == pytest.approx(1)


def test_borderline_samples_have_the_smallest_margin():
    own, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    angles = np.linspace(0, np.pi / 2, 5)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found, margin = boundary_samples(rows, own, other, 2)
    assert found.tolist() == [4, 3]
    assert margin == pytest.approx(np.cos(angles) - np.sin(angles))


def test_with_one_class_nothing_is_borderline():
    found, margin = boundary_samples(unit(3, 4), unit(1, 4), np.zeros((0, 4)), 2)
    assert len(found) == 0
    assert np.isnan(margin).all()


def test_teen_draws_small_classes_towards_what_they_resemble_and_leaves_large_ones():
    means = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0]])
    found = teen(means, np.array([10, 12, 2]))
    assert np.allclose(found[:2], np.eye(2))
    p = np.array([1.0, 1.0]) / 2**0.5
    # Both large classes are equally alike, so the mixture is the small class's own direction.
    assert found[2] == pytest.approx(0.5 * p + 0.5 * p)
    means[2] = [1.0, 0.0]
    weight = np.exp(16.0) / (np.exp(16.0) + 1)
    mixed = np.array([weight, 1 - weight]) / np.linalg.norm([weight, 1 - weight])
    assert teen(means, np.array([10, 12, 2]))[2] == pytest.approx(0.5 * np.array([1.0, 0.0]) + 0.5 * mixed)


def test_without_a_large_class_teen_changes_nothing():
    means = np.array([[2.0, 0.0], [0.0, 3.0]])
    assert np.allclose(teen(means, np.array([2, 3])), np.eye(2))
