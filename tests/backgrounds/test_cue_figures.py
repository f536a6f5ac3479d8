"""What answers follow, and how available and predictive attributes are, as drawn."""

import numpy as np
import pytest

from audit.backgrounds.cue_figures import attributes, ternary
from audit.result import score_table


def _conflict(name, label, background, neither, n):
    return {
        "row": name,
        "class": name,
        "value": background,
        "n": n,
        "follows_label": label,
        "follows_background": background,
        "follows_neither": neither,
        "where": f'{{"label": "{name}"}}',
    }


def _attribute(name, value, availability, predictivity=0.7):
    return {
        "row": name,
        "value": value,
        "availability": availability,
        "predictivity": predictivity,
        "availability_chance": 0.5,
        "predictivity_chance": 0.25,
    }


def _ternary(*rows):
    return ternary(score_table(rows, index="row"))


def _attributes(*rows):
    return attributes(score_table(rows, index="row"))


def test_each_class_is_a_point_between_label_background_and_neither():
    drawn = _ternary(_conflict("cow", 0.5, 0.25, 0.25, 16), _conflict("owl", 0.1, 0.9, 0.0, 4))
    (points,) = drawn.figure.data
    assert (list(points.a), list(points.b), list(points.c)) == ([0.5, 0.1], [0.25, 0.9], [0.25, 0.0])
    assert list(points.text) == ["cow", "owl"]
    assert list(points.customdata) == ['{"label": "cow"}', '{"label": "owl"}']
    assert points.hovertext[0] == "cow: label 50%, background 25%, neither 25%, n = 16"


def test_the_largest_class_has_the_largest_point():
    drawn = _ternary(_conflict("cow", 0.5, 0.5, 0, 4), _conflict("owl", 1, 0, 0, 16), _conflict("yak", 1, 0, 0, 1))
    # Areas beyond the smallest are as the samples: 16 to 4 to 1 in area is 4 to 2 to 1 in width.
    assert np.asarray(drawn.figure.data[0].marker.size) - 8 == pytest.approx([5, 10, 2.5])


def test_the_text_names_the_class_that_follows_backgrounds_most():
    drawn = _ternary(_conflict("cow", 0.5, 0.25, 0.25, 16), _conflict("owl", 0.1, 0.9, 0.0, 1200))
    assert drawn.title == "Cue conflict"
    assert drawn.text.endswith("the background most often for owl (90.0% of 1,200 samples).")


def test_one_class_is_drawn_too():
    assert len(_ternary(_conflict("cow", 1, 0, 0, 1)).figure.data[0].a) == 1


def test_no_conflict_draws_nothing():
    assert _ternary() is None


def test_attributes_stand_by_predictivity_and_availability_with_reliance_as_colour():
    drawn = _attributes(_attribute("coat", 0.5, 0.9, 0.8), _attribute("place", 0.1, 0.6, 0.7))
    (points,) = drawn.figure.data
    assert (list(points.x), list(points.y)) == ([0.8, 0.7], [0.9, 0.6])
    assert list(points.marker.color) == [0.5, 0.1]
    assert (points.marker.cmin, points.marker.cmax) == (0, 0.5)
    assert drawn.text.endswith("coat 0.80 / 0.90 / .500; place 0.70 / 0.60 / .100.")
    assert points.hovertext[0] == (
        "coat: predictivity 0.80 (chance 0.25), availability 0.90 (chance 0.50), reliance .500"
    )


def test_little_reliance_is_not_coloured_as_much():
    (points,) = _attributes(_attribute("coat", 0.01, 0.9)).figure.data
    assert points.marker.cmax == 0.2


def test_attributes_that_imply_no_class_are_hollow():
    drawn = _attributes(_attribute("coat", np.nan, 0.9), _attribute("place", 0.4, 0.6))
    colored, hollow = drawn.figure.data
    assert (list(colored.text), list(hollow.text)) == (["place"], ["coat"])
    assert hollow.marker.symbol == "circle-open"
    assert colored.marker.symbol is None
    assert "coat 0.70 / 0.90 / not defined" in drawn.text


def test_hollow_attributes_alone_are_drawn():
    (hollow,) = _attributes(_attribute("coat", np.nan, 0.9)).figure.data
    assert list(hollow.text) == ["coat"]


def test_nothing_is_drawn_without_embeddings_or_attributes():
    assert _attributes(_attribute("coat", 0.5, np.nan)) is None
    assert _attributes() is None
