"""The drawing of a number without any script."""

import itertools
import xml.etree.ElementTree as ET

import pytest

from audit.report.intervals import interval_svg, tick_text, ticks

ROW = {"score": "a <b>", "value": 0.5, "low": 0.4, "high": 0.6, "null": 0.1, "n": 20, "unit": "share"}


def test_it_is_well_formed_and_holds_dot_line_diamond_and_numbers():
    svg = interval_svg([ROW], name="score", text="half & half")
    root = ET.fromstring(svg)
    assert root.attrib["aria-label"] == "half & half"
    words = "".join(root.itertext())
    assert "a <b>" in words
    assert "50.0 % (40.0 to 60.0 %)" in words
    assert svg.count("<circle") == 1
    assert svg.count("<path") == 1


def test_a_row_without_a_value_is_not_drawn():
    assert interval_svg([{"score": "a", "value": None}], name="score") == ""


def test_a_larger_value_lies_further_right():
    rows = [{"score": "a", "value": 1.0}, {"score": "b", "value": 2.0}]
    root = ET.fromstring(interval_svg(rows, name="score"))
    first, second = (float(e.attrib["cx"]) for e in root if e.tag.endswith("circle"))
    assert first < second


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.03, 0.17), (3, 1234), (1e-6, 3e-6)])
def test_ticks_are_round_few_and_inside(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low <= tick <= high for tick in found)
    assert len({round(b - a, 12) for a, b in itertools.pairwise(found)}) == 1


def test_shares_are_told_in_percent():
    assert tick_text(0.25, "share") == "25 %"


def test_a_short_name_leaves_the_dot_in_view_of_a_phone():
    svg = ET.fromstring(interval_svg([ROW], name="score"))
    dot = next(float(e.attrib["cx"]) for e in svg if e.tag.endswith("circle"))
    width = float(svg.attrib["viewBox"].split()[2])
    # 358 pixels are seen of a picture that is 480 wide.
    assert dot / width < 358 / 480
