import math

import pytest

from audit.value_axis import value_axis


def test_differences_of_shares_are_told_in_points():
    axis = value_axis(["points", "points"], [-0.153, 0.1, math.nan], title="drop", note=" (2 more)")
    assert axis["title"]["text"] == "drop, points (2 more)"
    ticks = dict(zip(axis["ticktext"], axis["tickvals"], strict=True))
    assert ticks["−10"] == pytest.approx(-0.1)
    assert ticks["0"] == 0
    assert ticks["+10"] == pytest.approx(0.1)
    # One further at either end: Plotly leaves room there.
    assert axis["tickvals"][0] < -0.153
    assert axis["tickvals"][-1] > 0.1


def test_without_a_title_the_last_tick_with_room_says_points():
    axis = value_axis(["points"], [0.153, 0.41], title=None)
    assert axis["ticktext"] == ["+20", "+25", "+30", "+35 points", "+40"]
    assert axis["tickvals"] == pytest.approx([0.2, 0.25, 0.3, 0.35, 0.4])


def test_small_differences_have_ticks_apart():
    texts = value_axis(["points"], [0.0011, 0.0018], title=None)["ticktext"]
    assert texts == ["+0.12", "+0.14", "+0.16 points", "+0.18"]


def test_one_value_has_ticks_around_it():
    axis = value_axis(["points"], [0.1, 0.1], title="")
    assert axis == {"title": {"text": "points"}, "tickvals": [0.09, 0.1, 0.11], "ticktext": ["+9", "+10", "+11"]}


@pytest.mark.parametrize(
    ("units", "numbers", "tick_format"),
    [
        (["share"], [0.4], ".0%"),
        (["share", "points"], [0.4, 0.1], ".0%"),
        (["points"], [], ".0%"),
        (["", "points"], [0.4, 0.1], ".3~g"),
        ([], [], ".3~g"),
    ],
)
def test_everything_else_is_left_to_plotly(units, numbers, tick_format):
    assert value_axis(units, numbers, title="what") == {"title": {"text": "what"}, "tickformat": tick_format}
