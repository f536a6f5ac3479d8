"""Figures that fit a phone: lines, ticks, and scales of colours below their cells."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from pages.charts import projected
from pages.narrow import fit_narrow, in_lines, too_wide


def cells(columns: int, text: str = "19 % ★", name: str = "robin: part 1") -> go.Figure:
    heat = go.Heatmap(
        z=[[0.1] * columns] * 2,
        x=[f"column {i}" for i in range(columns)],
        y=[name, "b"],
        text=[[text] * columns] * 2,
        texttemplate="%{text}",
        colorbar={"title": {"text": "lost"}},
    )
    return projected(go.Figure(heat).update_layout(height=300))


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("short", ["short"]),
        ("background exchanged with another class", ["background exchanged", "with another class"]),
        ("label = cow & size = large & more = yes", ["label = cow &", "size = large & more = yes"]),
        ("foreground greyed by a lot ★  <span style='a'>n=1,400</span>", None),
        ("Donaudampfschifffahrtsgesellschaft", ["Donaudampfschifffahrtsgesellschaft"]),
        ("broken<br>already", ["broken", "already"]),
    ],
)
def test_long_words_become_lines_and_what_belongs_together_stays_together(words: str, lines: list[str] | None) -> None:
    found = in_lines(words, 26).split("<br>")
    if lines is None:
        assert found[-1].endswith("lot ★  <span style='a'>n=1,400</span>")
    else:
        assert found == lines


def test_long_names_and_titles_get_lines_and_the_figure_the_room_for_them() -> None:
    drawn = go.Figure(go.Scatter(x=[1], y=[0])).update_layout(
        height=90,
        xaxis={"title": {"text": "share of the class's counter images"}},
        yaxis={"tickmode": "array", "tickvals": [0], "ticktext": ["background exchanged with another class"]},
    )
    shown = projected(drawn)
    assert shown.layout.yaxis.ticktext == ("background exchanged<br>with another class",)
    assert shown.layout.xaxis.title.text == "share of the class's<br>counter images"
    assert shown.layout.height > 90
    assert drawn.layout.height == 90


def test_bars_that_lie_get_lines_too() -> None:
    bars = go.Figure(go.Bar(x=[1.0], y=["background exchanged with another class"], orientation="h"))
    axis = projected(bars).layout.yaxis
    assert axis.tickvals == ("background exchanged with another class",)
    assert axis.ticktext == ("background exchanged<br>with another class",)


def test_ticks_that_would_be_turned_are_left_out_and_zero_stays() -> None:
    values = [-0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6]
    figure = go.Figure(go.Scatter(x=[1], y=[0])).update_layout(
        xaxis={"tickvals": values, "ticktext": [str(value) for value in values]},
        yaxis={"tickvals": [0], "ticktext": ["a"]},
    )
    axis = projected(figure).layout.xaxis
    assert axis.tickvals == (-0.8, -0.4, 0, 0.4)
    assert axis.ticktext == ("-0.8", "-0.4", "0", "0.4")


def test_the_scale_of_cells_lies_below_them_and_their_columns_are_named_above() -> None:
    shown = cells(5)
    assert shown.data[0].colorbar.orientation == "h"
    assert not shown.data[0].colorbar.title.text
    assert shown.layout.xaxis.title.text == "colour: lost"
    assert shown.layout.xaxis.side == "top"
    assert shown.layout.margin.b > 50


@pytest.mark.parametrize(("columns", "wide"), [(5, False), (9, True)])
def test_only_cells_that_cannot_be_read_on_a_phone_have_to_scroll(columns: int, wide: bool) -> None:
    assert too_wide(cells(columns)) is wide
    assert not too_wide(projected(go.Figure(go.Scatter(x=[1], y=[1]))))


def test_a_title_never_stands_on_the_numbers_of_a_plot_of_one_row() -> None:
    figure = go.Figure(layout={"height": 90, "xaxis": {"title": {"text": "difference of robustness indices"}}})
    figure.update_yaxes(tickvals=[0], ticktext=["one less other"])
    fit_narrow(figure)
    # 64 pixels of plot, then numbers and two lines of title.
    assert figure.layout.height == 64 + 96 + 20
    untitled = go.Figure(layout={"height": 90})
    fit_narrow(untitled)
    assert untitled.layout.height == 90
