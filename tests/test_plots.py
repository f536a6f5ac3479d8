import json
import math

import numpy as np
import pandas as pd
import pytest

from audit.plots import OTHER, category_colours, interval_figure, map_figure, palette, score_figure, template
from audit.result import score_table


@pytest.fixture
def groups() -> pd.DataFrame:
    rows = [
        {"subgroup": name, "value": value, "low": value - 0.1, "high": value + 0.05, "n": 10, "unit": "share",
         "where": json.dumps({"light": name})}
        for name, value in {"day": 0.9, "night": 0.5, "dusk": 0.7}.items()
    ]  # fmt: skip
    return score_table(rows, index="subgroup")


def test_the_worst_row_is_drawn_first(groups: pd.DataFrame) -> None:
    figure = interval_figure(groups, null=None)
    assert list(figure.data[0].x) == [0.5, 0.7, 0.9]


def test_a_point_carries_the_selection_of_its_row(groups: pd.DataFrame) -> None:
    figure = interval_figure(groups, null=None)
    assert json.loads(figure.data[0].customdata[0]) == {"light": "night"}


def test_the_interval_reaches_from_low_to_high(groups: pd.DataFrame) -> None:
    bars = interval_figure(groups, null=None).data[0].error_x
    assert np.allclose([bars.arrayminus[0], bars.array[0]], [0.1, 0.05])


def test_rows_without_a_value_are_not_drawn(groups: pd.DataFrame) -> None:
    groups.loc["dusk", "value"] = math.nan
    assert len(interval_figure(groups, null=None).data[0].x) == 2


def test_rows_beyond_the_limit_are_counted_on_the_axis(groups: pd.DataFrame) -> None:
    figure = interval_figure(groups, null=None, limit=2)
    assert "1 more rows" in figure.layout.xaxis.title.text


def test_a_score_is_drawn_with_its_null_and_the_published_models() -> None:
    row = pd.Series({"value": 0.19, "low": 0.16, "high": 0.23, "null": 0.5, "n": 100})
    names = [trace.name for trace in score_figure(row, published={"Virchow2": 0.8}).data]
    assert names == ["published models", "with no effect", "value with 95 % interval"]


def test_what_p_compares_with_is_drawn_too_where_it_is_not_the_null() -> None:
    row = pd.Series({"value": 0.5, "low": 0.4, "high": 0.7, "null": 0.55, "without_center": 0.9, "unit": ""})
    marks = {trace.name: (trace.x[0], trace.marker.symbol) for trace in score_figure(row).data}
    assert marks["random neighbours"] == (0.55, "diamond-open")
    assert marks["centers dealt at random"] == (0.9, "square-open")
    assert score_figure(row).layout.xaxis.range[1] > 0.9


def test_an_undefined_score_is_drawn_without_a_dot() -> None:
    row = pd.Series({"value": math.nan, "low": math.nan, "high": math.nan, "null": 0.5})
    assert [trace.name for trace in score_figure(row).data] == ["with no effect"]


def test_categories_past_eight_share_the_grey_of_other() -> None:
    values = pd.Series([f"class {i}" for i in range(20) for _ in range(20 - i)])
    colours = category_colours(values)
    assert len(colours) == 20
    assert sum(shade == OTHER for shade in colours.values()) == 13


def test_eight_categories_have_eight_colours() -> None:
    assert len(set(palette(8))) == 8
    assert palette(9)[8] == OTHER


def test_the_map_is_one_trace_of_points_with_ids() -> None:
    figure = map_figure(np.random.default_rng(0).normal(size=(4, 2)), list("abcd"), pd.Series(["x", "y", "x", "z"]))
    assert list(figure.data[0].customdata) == list("abcd")
    assert all(trace.x == (None,) for trace in figure.data[1:])


def test_points_outside_the_selection_turn_grey_and_stay() -> None:
    selected = np.array([True, False, False, True])
    figure = map_figure(np.zeros((4, 2)), list("abcd"), pd.Series(["x", "y", "x", "z"]), selected=selected)
    shades = list(figure.data[0].marker.color)
    assert shades[1] == shades[2] == OTHER
    assert OTHER not in (shades[0], shades[3])
    assert len(figure.data[0].x) == 4


def test_a_numeric_column_is_coloured_by_magnitude() -> None:
    figure = map_figure(np.zeros((30, 2)), [str(i) for i in range(30)], pd.Series(np.arange(30.0), name="margin"))
    assert figure.data[0].marker.colorbar.title.text == "margin"


def test_light_and_dark_have_ink_of_their_own() -> None:
    assert template(dark=True).layout.font.color != template(dark=False).layout.font.color


def test_differences_of_shares_are_drawn_in_points(groups: pd.DataFrame) -> None:
    axis = interval_figure(groups.assign(unit="points"), null=0.0, axis_title="drop", limit=2).layout.xaxis
    assert axis.title.text == "drop, points (1 more rows in the table)"
    assert "+20" in axis.ticktext
    row = pd.Series({"value": 0.19, "low": 0.16, "high": 0.23, "null": 0.0, "unit": "points"})
    assert "+20 points" in score_figure(row).layout.xaxis.ticktext
