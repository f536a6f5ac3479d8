import numpy as np
import pytest

from audit.prototypes.quality import (
    WINDOW,
    agreement,
    annotated_parts,
    box_iou,
    consistency,
    distinctiveness,
    met_parts,
    purity,
    stability,
    window,
)

GRID = (14, 14)


def detector(n, seed):
    """Return parts' points, and peaks that lie on part 0, 1 and 2 in every image."""
    draw = np.random.default_rng(seed)
    cells = np.stack([draw.permutation(196)[:3] for _ in range(n)])
    points = np.stack([(cells % 14 + 0.5) / 14, (cells // 14 + 0.5) / 14], axis=-1)
    return points, cells


def test_a_detector_of_parts_is_wholly_consistent_and_stable():
    points, cells = detector(40, 0)
    met = [annotated_parts(points, window(cells[:, part], GRID)) for part in range(3)]
    assert consistency(met) == 100
    assert stability(met, met) == 100
    assert [agreement(each) for each in met] == [1, 1, 1]


def test_random_maps_meet_a_part_as_often_as_their_box_is_large():
    points, _ = detector(4000, 1)
    peaks = np.random.default_rng(2).integers(0, 196, 4000)
    centred = np.full_like(points, 0.5)
    met = annotated_parts(centred, window(peaks, GRID))
    # A box whose middle may lie anywhere holds the image's middle with the probability of its own area.
    assert met[:, 0].mean() == pytest.approx(WINDOW**2, abs=0.03)
    assert consistency([annotated_parts(points, window(peaks, GRID))]) == 0
    other = annotated_parts(points, window(np.random.default_rng(3).integers(0, 196, 4000), GRID))
    assert stability([annotated_parts(points, window(peaks, GRID))], [other]) < 80


def test_a_part_that_cannot_be_seen_is_never_met():
    points = np.full((2, 1, 2), np.nan)
    assert not annotated_parts(points, np.array([[0, 0, 1, 1], [0, 0, 1, 1]])).any()


def test_prototypes_without_images_have_no_consistency():
    assert np.isnan(consistency([np.zeros((0, 3), dtype=bool)]))
    assert np.isnan(stability([np.zeros((0, 3), dtype=bool)], [np.zeros((0, 3), dtype=bool)]))


def test_purity_is_the_share_of_the_commonest_part_among_the_most_similar():
    parts = np.array([1] * 8 + [2] * 2 + [3] * 20)
    assert purity(parts, np.arange(30)[::-1]) == pytest.approx(0.8)
    assert np.isnan(purity([], []))


def test_the_overlap_of_boxes():
    assert box_iou([0, 0, 1, 1], [0, 0, 1, 1]) == pytest.approx(1)
    assert box_iou([0, 0, 0.5, 1], [0.5, 0, 1, 1]) == pytest.approx(0)
    assert box_iou([0, 0, 0.5, 1], [0.25, 0, 0.75, 1]) == pytest.approx(1 / 3)


def test_prototypes_at_one_place_are_not_distinct():
    same = np.broadcast_to([0.0, 0.0, 0.5, 0.5], (3, 2, 4))
    assert distinctiveness(same) == pytest.approx(0)
    apart = np.array([[[0, 0, 0.4, 0.4], [0.6, 0.6, 1, 1]]])
    assert distinctiveness(apart) == pytest.approx(1)
    assert np.isnan(distinctiveness(same[:, :1]))


def test_boxes_stay_inside_the_image():
    boxes = window(np.arange(196), GRID)
    assert boxes.min() >= 0
    assert boxes.max() <= 1


def test_each_peak_meets_the_pseudo_part_of_its_cell():
    labels = np.arange(4).reshape(1, 2, 2).repeat(2, axis=0)
    assert met_parts(labels, np.array([3, 0]), 4).tolist() == [[False, False, False, True], [True, False, False, False]]
