import numpy as np
import pytest

from audit.prototypes.parts import (
    decompose,
    find_parts,
    heat_box,
    protopnet_similarity,
    scaled,
    similarity,
    squared_distances,
)


def test_the_parts_of_a_class_sum_to_its_weights_and_their_contributions_to_the_logit():
    draw = np.random.default_rng(0)
    weights, basis = draw.normal(size=64), draw.normal(size=(3, 64))
    features = draw.normal(size=(5, 7, 7, 64))
    split = decompose(weights, basis)
    assert np.abs(split.parts.sum(axis=0) - weights).max() < 1e-10
    mean = features.mean(axis=(1, 2))
    assert np.abs((mean @ split.parts.T).sum(axis=1) - mean @ weights).max() < 1e-5
    by_place = np.einsum("bhwd,pd->bp", features, split.parts) / 49
    assert np.abs(by_place.sum(axis=1) - mean @ weights).max() < 1e-5


def test_what_the_parts_span_is_explained_and_the_rest_reported():
    basis = np.eye(4)[:2]
    assert decompose([1.0, 2.0, 0.0, 0.0], basis).unexplained == pytest.approx(0, abs=1e-12)
    assert decompose([3.0, 0.0, 4.0, 0.0], basis).unexplained == pytest.approx(0.8)
    assert np.isnan(decompose(np.zeros(4), basis).unexplained)


def test_parts_are_the_planted_directions_and_shown_by_real_patches():
    draw = np.random.default_rng(1)
    centers = np.abs(draw.normal(size=(3, 20))) * np.repeat(np.eye(3), [7, 7, 6], axis=1)
    which = draw.integers(0, 3, 300)
    patches = (centers[which] + 0.01 * draw.random((300, 20))).astype(np.float32)
    for rows in (patches, patches - 0.05):  # NMF where nothing is negative, k-means otherwise
        parts = find_parts(rows, 3)
        assert parts.share.sum() == pytest.approx(1)
        assert len({int(which[patch]) for patch in parts.patch}) == 3
        assert np.allclose(np.linalg.norm(parts.basis, axis=1), 1, atol=1e-5)


def test_there_are_never_more_parts_than_distinct_patches():
    assert len(find_parts(np.repeat(np.eye(4)[:2], 5, axis=0), 4).share) == 2


def test_protopnets_similarity_is_its_formula():
    assert protopnet_similarity([0.0, 1.0, 1e9]) == pytest.approx(
        [np.log(1e4), np.log(2 / 1.0001), np.log((1e9 + 1) / (1e9 + 1e-4))]
    )
    patches, prototypes = np.random.default_rng(0).normal(size=(2, 3, 5)), np.random.default_rng(1).normal(size=(4, 5))
    distance = np.square(patches[:, :, None] - prototypes).sum(axis=-1)
    assert np.allclose(squared_distances(patches, prototypes), distance)
    assert np.allclose(similarity(patches, prototypes, "protopnet"), np.log((distance + 1) / (distance + 1e-4)))


def test_cosine_of_a_zero_patch_is_0():
    assert similarity(np.zeros((1, 3)), np.eye(3)).tolist() == [[0.0, 0.0, 0.0]]


def test_a_constant_heat_map_is_cold_everywhere():
    assert not scaled(np.full((3, 4), 7.0)).any()
    assert heat_box(np.full((3, 4), 7.0)) == (0.0, 0.0, 0.25, 1 / 3)


def test_the_box_holds_the_connected_warm_places_round_the_peak_alone():
    heat = np.zeros((4, 5))
    heat[1, 1], heat[1, 2], heat[3, 4] = 1.0, 0.9, 0.95
    assert heat_box(heat) == pytest.approx((0.2, 0.25, 0.6, 0.5))
