"""Plotly figures drawn without a browser: what is drawn lies where it should, what cannot be drawn gives nothing."""

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from audit.plots import interval_figure
from audit.report.figures import figure_svg


def tags(svg, name):
    return [element for element in ET.fromstring(svg).iter() if element.tag.endswith("}" + name)]


def words(svg):
    return " ".join(" ".join(ET.fromstring(svg).itertext()).split())


def test_the_house_drawing_keeps_its_dots_names_and_nulls():
    table = pd.DataFrame(
        {
            "value": [0.7, 0.9],
            "low": [0.6, 0.8],
            "high": [0.8, 1.0],
            "null": [0.5, 0.5],
            "n": [10, 20],
            "unit": "share",
        },
        index=pd.Index(["night", "day"], name="group"),
    )
    svg = figure_svg(interval_figure(table, null=None), text="two groups")
    assert "night n=10" in words(svg)
    dots = [float(e.attrib["cx"]) for e in tags(svg, "circle")]
    assert dots == sorted(dots)
    assert len(dots) == 2


def test_an_interval_never_leaves_the_plot():
    figure = go.Figure(go.Scatter(x=[1, 2], y=[0.5, 0.5], error_y={"array": [9, 9]}, mode="markers"))
    figure.update_yaxes(range=[0, 1])
    lines = tags(figure_svg(figure, text=""), "line")
    assert lines
    assert all(0 <= float(line.attrib[y]) <= 420 for line in lines for y in ("y1", "y2"))


def test_bars_stand_on_zero_and_named_axes_have_their_names():
    figure = go.Figure(
        [go.Bar(x=["cat", "dog"], y=[2, -1], name="one"), go.Bar(x=["cat", "dog"], y=[1, 1], name="two")]
    )
    svg = figure_svg(figure, text="")
    # The legend has squares of its own.
    rows = [element for element in tags(svg, "rect") if "fill-opacity" in element.attrib]
    assert len(rows) == 4
    assert float(rows[0].attrib["height"]) == pytest.approx(2 * float(rows[1].attrib["height"]), abs=0.2)
    assert {"cat", "dog", "one", "two"} <= set(words(svg).split())


def test_cells_are_coloured_by_value():
    figure = go.Figure(go.Heatmap(z=[[0, 1], [1, np.nan]], x=["a", "b"], y=["c", "d"], colorscale="Cividis"))
    cells = tags(figure_svg(figure, text=""), "rect")
    assert len(cells) == 3
    assert cells[0].attrib["fill"] != cells[1].attrib["fill"] == cells[2].attrib["fill"]


def test_several_plots_stand_side_by_side():
    figure = make_subplots(cols=2, rows=1)
    figure.add_scatter(x=[0], y=[0], mode="markers", row=1, col=1)
    figure.add_scatter(x=[0], y=[0], mode="markers", row=1, col=2)
    left, right = (float(e.attrib["cx"]) for e in tags(figure_svg(figure, text=""), "circle"))
    assert right - left > 200


def test_a_logarithmic_axis_is_drawn_as_one():
    figure = go.Figure(go.Scatter(x=[1, 10, 100], y=[0, 0, 0], mode="markers"))
    figure.update_xaxes(type="log")
    first, second, third = (float(e.attrib["cx"]) for e in tags(figure_svg(figure, text=""), "circle"))
    assert second - first == pytest.approx(third - second, abs=0.2)


def test_text_from_data_is_escaped():
    figure = go.Figure(go.Scatter(x=["<script>a"], y=[1], mode="markers+text", text=["x<script>alert(1)</script>"]))
    svg = figure_svg(figure, text="<b>&")
    assert "<script" not in svg
    ET.fromstring(svg)


@pytest.mark.parametrize(
    "figure",
    [
        go.Figure(),
        go.Figure(go.Pie(values=[1])),
        go.Figure(go.Scatter(x=list(range(5_000)), y=[0] * 5_000)),
        go.Figure(go.Scatter(x=[1], y=[1], stackgroup="one")),
    ],
)
def test_what_cannot_be_drawn_gives_no_picture(figure):
    assert figure_svg(figure, text="") == ""


def test_names_above_a_grid_stand_above_it_in_the_picture_too():
    figure = go.Figure(go.Heatmap(z=[[0, 1]], x=["left", "right"], y=["row"]))
    below = figure_svg(figure, text="")
    above = figure_svg(figure.update_xaxes(side="top", title="sides"), text="")
    for svg, is_above in ((below, False), (above, True)):
        top = min(float(cell.attrib["y"]) for cell in tags(svg, "rect"))
        names = [float(e.attrib["y"]) for e in tags(svg, "text") if e.text in ("left", "right", "sides")]
        assert all((0 < y < top) == is_above for y in names)


def test_a_note_stands_where_it_was_moved_to():
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="markers"))
    figure.add_annotation(x=0.5, y=0.5, text="here", showarrow=False)
    figure.add_annotation(x=0.5, y=0.5, text="there", showarrow=False, xshift=30, yshift=10)
    here, there = ([float(e.attrib[k]) for k in "xy"] for e in tags(figure_svg(figure, text=""), "text")[-2:])
    assert [there[0] - here[0], there[1] - here[1]] == pytest.approx([30, -10], abs=0.2)


@pytest.mark.parametrize("dash", ["dot", "dash", "dashdot", "longdash", "solid"])
@pytest.mark.parametrize("mode", ["lines", "lines+markers"])
def test_the_legend_draws_a_line_as_the_plot_does(dash, mode):
    line = {"dash": dash, "color": "#123456", "width": 1.5}
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode=mode, line=line, name="no drop"))
    figure.add_scatter(x=[0, 1], y=[1, 0], mode="markers", name="other")
    svg = figure_svg(figure, text="")
    drawn = tags(svg, "polyline")[0].attrib
    legend = next(e.attrib for e in tags(svg, "path") if e.attrib.get("stroke") == "#123456")
    for look in ("stroke", "stroke-width", "stroke-dasharray"):
        assert legend.get(look) == drawn.get(look)
    assert ("stroke-dasharray" in legend) == (dash != "solid")
    assert sum(e.attrib.get("fill") == "#123456" for e in tags(svg, "circle")) == (3 if "markers" in mode else 0)


def test_a_line_ends_where_the_plot_ends():
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="lines"))
    figure.update_yaxes(range=[0.5, 1])
    root = ET.fromstring(figure_svg(figure, text=""))
    frame = next(element for element in root.iter() if len(element) and element[0].tag.endswith("}polyline"))
    assert frame.tag.endswith("}svg")
    axis = next(float(e.attrib["y"]) for e in tags(figure_svg(figure, text=""), "text") if e.text == "0")
    assert float(frame.attrib["y"]) + float(frame.attrib["height"]) < axis - 10


def test_an_axis_reaches_the_line_of_no_effect():
    table = pd.DataFrame({"value": [0.2], "low": [0.15], "high": [0.25], "unit": "points"}, index=["row"])
    svg = figure_svg(interval_figure(table, null=0.0), text="")
    name = next(float(e.attrib["x"]) for e in tags(svg, "text") if e.text == "row")
    line = next(e.attrib["d"] for e in tags(svg, "path") if "stroke-dasharray" in e.attrib)
    assert float(line[1:].split()[0]) > name + 10


def test_texts_on_cells_keep_their_ink_and_their_place():
    figure = go.Figure(go.Heatmap(z=[[0, 1]]))
    figure.add_scatter(
        x=[0, 1],
        y=[0, 0],
        mode="markers+text",
        text=["low", "high"],
        textfont={"color": ["#FFFFFF", "#16202A"]},
        marker={"opacity": 0.001},
    )
    svg = figure_svg(figure, text="")
    inks = {e.text: e.attrib["fill"] for e in tags(svg, "text") if "fill" in e.attrib}
    assert inks == {"low": "#FFFFFF", "high": "#16202A"}
    cell = tags(svg, "rect")[0].attrib
    middle = float(cell["y"]) + float(cell["height"]) / 2
    assert next(float(e.attrib["y"]) for e in tags(svg, "text") if e.text == "low") == pytest.approx(middle + 4, abs=1)


def test_a_name_beside_a_point_stands_on_the_side_that_the_figure_says():
    figure = go.Figure(go.Scatter(x=[1], y=[1], mode="markers+text", text=["name"], textposition="top left"))
    svg = figure_svg(figure, text="")
    name = next(e.attrib for e in tags(svg, "text") if e.text == "name")
    assert name["text-anchor"] == "end"
    assert float(name["x"]) < float(tags(svg, "circle")[0].attrib["cx"])


def test_a_note_on_the_paper_stands_within_the_plot():
    figure = go.Figure(go.Scatter(x=["a", "b"], y=["a long name of a row", "b"], mode="markers"))
    figure.add_annotation(x=0, y=0, xref="paper", yref="paper", text="corner", showarrow=False, xanchor="left")
    svg = figure_svg(figure, text="")
    place = {e.text: float(e.attrib["x"]) for e in tags(svg, "text")}
    assert place["corner"] > place["a long name of a row"]
