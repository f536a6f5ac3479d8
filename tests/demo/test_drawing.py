from __future__ import annotations

import numpy as np

from audit.demo.drawing import Part, Placement, blob, ellipse, limb, mix, paint, ribbon

PLACE = Placement(size=64, x=32, ground=60, scale=30)


def _painted(part: Part, place: Placement = PLACE) -> tuple[np.ndarray, np.ndarray]:
    image, mask = np.full((64, 64, 3), 200, np.float32), np.zeros((64, 64), np.float32)
    paint(image, mask, [part], place)
    return image, mask


def test_an_ellipse_covers_its_area():
    _, mask = _painted(Part().add(ellipse(0, 1, 0.5, 0.3), (10, 20, 30)))
    assert abs(mask.sum() - np.pi * 0.5 * 0.3 * 30**2) < 0.04 * mask.sum()


def test_a_body_is_brighter_on_its_upper_left():
    image, mask = _painted(Part(6.0).add(ellipse(0, 1, 0.6, 0.6), (120, 120, 120)))
    inside = mask > 0.99
    rows, columns = np.nonzero(inside)
    upper_left = (rows < 30) & (columns < 32)
    lower_right = (rows > 30) & (columns > 32)
    values = image[..., 0][inside]
    assert values[upper_left].mean() > values[lower_right].mean() + 10


def test_a_pattern_stays_inside_the_outline_and_a_mark_does_not_widen_it():
    body = ellipse(0, 1, 0.3, 0.3)
    plain = _painted(Part().add(body, (100, 100, 100)))[1]
    part = Part().add(body, (100, 100, 100)).pattern(ellipse(0, 1, 1, 1), (0, 0, 255))
    part.mark(ellipse(0.6, 1, 0.1, 0.1), (255, 0, 0))
    image, mask = _painted(part)
    assert np.array_equal(mask, plain)
    assert (image[mask == 0][:, 2] <= 200).all()
    assert image[30, 50, 0] > 200


def test_mirrored_figures_are_mirrored():
    part = Part().add(ellipse(0.4, 1, 0.3, 0.2), (9, 9, 9))
    right = _painted(part)[1]
    left = _painted(part, Placement(size=64, x=32, ground=60, scale=30, mirrored=True))[1]
    assert np.allclose(left, right[:, ::-1], atol=0.35)


def test_what_lies_outside_the_picture_leaves_it_untouched():
    image, mask = _painted(Part().add(ellipse(9, 9, 0.5, 0.5), (0, 0, 0)))
    assert (image == 200).all()
    assert (mask == 0).all()


def test_a_blob_passes_through_its_corners():
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    curve = blob(corners)
    for corner in corners:
        assert np.abs(curve - corner).sum(axis=1).min() < 1e-9


def test_a_limb_and_a_ribbon_have_the_widths_asked_for():
    stick = limb((0, 0), 0.2, (2, 0), 0.1)
    assert np.isclose(stick[:, 1].max(), 0.2, atol=0.01)
    assert np.isclose(stick[:, 0].max(), 2.1, atol=0.01)
    band = ribbon([(0, 0), (1, 0), (2, 0)], 0.2, 0.1)
    assert np.isclose(np.ptp(band[:, 1]), 0.4, atol=0.01)


def test_mixing_is_linear():
    assert mix((0, 0, 0), (100, 200, 40), 0.25) == (25, 50, 10)
