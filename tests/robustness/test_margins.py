import numpy as np
import pytest

from audit.robustness.design import all_rows
from audit.robustness.index import neighbor_types
from audit.robustness.margins import (
    fragile_share,
    lower_tail_mean,
    margin_aware_index,
    margins,
    median_margin,
    temperature,
)
from audit.robustness.search import find_neighbors
from tests.planted import mixed


@pytest.fixture(scope="module")
def planted():
    vectors, label, center, slide = mixed()
    design = all_rows(label, center, slide)
    near = find_neighbors(vectors, design, k=51)
    return design, near, neighbor_types(near.index, design.rows, design)


def test_known_margins(planted):
    design, near, _ = planted
    values = margins(near.so_distance, near.os_distance)
    assert median_margin(values, design.block) == pytest.approx(-0.007344, abs=5e-7)
    assert lower_tail_mean(values) == pytest.approx(-0.093938, abs=5e-7)
    assert fragile_share(values) == 0.5625


def test_known_margin_aware_index(planted):
    _, near, types = planted
    assert margin_aware_index(types, near.distance, 51) == pytest.approx(0.460023, abs=5e-7)


def test_margins_follow_their_formula():
    so, os = np.array([[0.1, 0.3]]), np.array([[0.4, 0.8]])
    assert margins(so, os) == pytest.approx([(0.6 - 0.2) / 0.8])


def test_too_few_neighbours_and_coinciding_ones_leave_the_margin_undefined():
    so, os = np.array([[0.1, np.inf], [0.0, 0.0]]), np.array([[0.4, 0.8], [0.0, 0.0]])
    assert np.isnan(margins(so, os)).all()


def test_nothing_defined_gives_nan():
    nothing = np.array([np.nan])
    assert np.isnan(median_margin(nothing, np.array([0])))
    assert np.isnan(lower_tail_mean(nothing))
    assert np.isnan(fragile_share(nothing))
    assert np.isnan(temperature(np.array([[0, 3]], dtype=np.int8), np.ones((1, 2)), 2))
    assert np.isnan(margin_aware_index(np.array([[0, 3]], dtype=np.int8), np.ones((1, 2)), 2))


def test_at_high_temperature_the_margin_aware_index_is_the_plain_one(planted):
    _, near, types = planted
    plain = np.mean(types[:, :11][(types[:, :11] == 1) | (types[:, :11] == 2)] == 1)
    assert margin_aware_index(types, near.distance, 11, tau=1e9) == pytest.approx(plain, abs=1e-8)


def test_a_collapsed_embedding_weighs_every_neighbour_alike():
    types = np.array([[1, 2, 2, 1]], dtype=np.int8)
    assert margin_aware_index(types, np.zeros((1, 4)), 4) == 0.5


def test_tiny_temperatures_do_not_underflow():
    types = np.array([[1, 2]], dtype=np.int8)
    assert margin_aware_index(types, np.array([[0.5, 0.9]]), 2, tau=1e-6) == 1.0
