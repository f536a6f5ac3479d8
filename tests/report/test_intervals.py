"""The drawing of a number without any script."""

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import audit
from audit.report.intervals import interval_svg, published_words, tick_text, ticks
from audit.value_axis import value_axis

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
    assert tick_text(-0.25, "share") == "−25 %"


def test_differences_of_shares_are_told_in_points_as_on_the_page():
    row = {"score": "drop", "value": 0.3, "low": 0.0, "high": 0.5, "unit": "points"}
    texts = [e.text for e in ET.fromstring(interval_svg([row], name="score")) if e.attrib.get("opacity") == ".75"]
    assert texts == value_axis(["points"], [0.0, 0.5], title=None)["ticktext"]
    assert "points" in " ".join(texts)
    assert "%" not in " ".join(texts)


def test_no_signed_difference_of_an_audit_is_written_with_a_sign_of_per_cent():
    folder = Path(audit.__file__).parent
    signed = [path.name for path in folder.rglob("*.py") if re.search(r"\+\.\d%", path.read_text(encoding="utf-8"))]
    assert signed == []


def test_published_models_are_named_ticks_on_the_axis_of_the_number():
    published = {"A <1>": 0.2, "B": 0.9, "C": float("nan")}
    svg = ET.fromstring(interval_svg([ROW], name="score", published=published))
    assert "published models" in "".join(svg.itertext())
    ticks_of = [element for element in svg if element.tag.endswith("path") and len(element)]
    assert [element[0].text for element in ticks_of] == ["A <1>: 20.0 %", "B: 90.0 %"]
    low, high = (float(element.attrib["d"][1:].split()[0]) for element in ticks_of)
    dot = next(float(e.attrib["cx"]) for e in svg if e.tag.endswith("circle"))
    # The dot at 50 % lies where the ticks at 20 and 90 % put it.
    assert (dot - low) / (high - low) == pytest.approx(0.3 / 0.7, abs=0.01)


def test_published_models_are_told_in_words_by_number_lowest_and_highest():
    words = published_words({"A": 0.2, "B": 0.9, "C": 0.5}, "share")
    assert words == "Each grey tick is a published value, 3 in all: lowest A 20.0 %, highest B 90.0 %."


@pytest.mark.parametrize("published", [None, {}, {"A": float("nan")}])
def test_without_published_models_nothing_is_drawn_or_said_of_them(published):
    drawn = interval_svg([ROW], name="score", published=published)
    assert drawn == interval_svg([ROW], name="score")
    assert published_words(published, "share") == ""


def test_a_short_name_leaves_the_dot_in_view_of_a_phone():
    svg = ET.fromstring(interval_svg([ROW], name="score"))
    dot = next(float(e.attrib["cx"]) for e in svg if e.tag.endswith("circle"))
    width = float(svg.attrib["viewBox"].split()[2])
    # 358 pixels are seen of a picture that is 480 wide.
    assert dot / width < 358 / 480
