from __future__ import annotations

import ast
from pathlib import Path

import plotly.graph_objects as go

from pages.charts import carries_rows, picked_text, projected


def test_a_clicked_point_means_what_it_carries() -> None:
    assert picked_text({"points": [{"customdata": ['{"a": "b"}']}]}) == '{"a": "b"}'
    assert picked_text({"points": [{"customdata": "s1"}]}) == "s1"


def test_a_point_that_carries_nothing_means_nothing() -> None:
    assert picked_text({"points": [{"x": 1}, {"customdata": []}]}) == ""
    assert picked_text({}) == ""


def test_only_a_figure_with_rows_can_be_clicked() -> None:
    assert carries_rows(go.Figure(go.Scatter(x=[1], y=[1], customdata=["{}"])))
    assert not carries_rows(go.Figure(go.Scatter(x=[1], y=[1])))


def test_a_figure_is_enlarged_for_the_wall_and_the_drawn_one_stays_as_it_was() -> None:
    drawn = go.Figure(go.Scatter(x=[1], y=[1]))
    drawn.update_layout(margin={"l": 99})
    shown = projected(drawn)
    assert shown.layout.xaxis.tickfont.size == 14
    assert shown.layout.margin.l == 99
    assert shown.layout.margin.t == 20
    assert drawn.layout.xaxis.tickfont.size is None


def test_the_scale_of_colours_is_enlarged_where_there_is_one() -> None:
    marker = {"color": [1, 2], "colorbar": {"title": {"text": "share"}}}
    figure = go.Figure([go.Scatter(x=[1, 2], y=[1, 2], marker=marker), go.Scatter(x=[1], y=[1])])
    shown = projected(figure.add_heatmap(z=[[1]]))
    scaled, plain, cells = shown.data
    assert scaled.marker.colorbar.title.text == "share"
    assert scaled.marker.colorbar.title.font.size == cells.colorbar.title.font.size == 15
    assert scaled.marker.colorbar.tickfont.size == cells.colorbar.tickfont.size == 14
    assert not plain.marker.colorbar.to_plotly_json()


def test_no_colour_of_text_is_fixed_so_that_the_theme_can_change() -> None:
    shown = projected(go.Figure(go.Scatter(x=[1], y=[1])))
    assert shown.layout.font.color is None
    assert shown.layout.xaxis.tickfont.color is None


def test_every_chart_of_every_page_has_a_text_alternative() -> None:
    drawing = {"plotly_chart", "iframe", "image", "pyplot", "altair_chart", "line_chart", "bar_chart"}
    calls = [
        (path.name, call)
        for path in sorted((Path(__file__).parents[2] / "pages").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in drawing
        if isinstance(call.func.value, ast.Name) and call.func.value.id == "st"
    ]
    assert calls
    lacking = [f"{name}:{call.lineno}" for name, call in calls if "alt" not in {word.arg for word in call.keywords}]
    assert lacking == []


def test_every_shown_figure_is_given_its_text() -> None:
    calls = [
        (path.name, call)
        for path in sorted((Path(__file__).parents[2] / "pages").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "show_figure"
    ]
    assert calls
    texts = {name: [word.value for word in call.keywords if word.arg == "text"] for name, call in calls}
    empty = [name for name, found in texts.items() if not found or getattr(found[0], "value", "words") == ""]
    assert empty == []
