from __future__ import annotations

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from audit.plots import ACCENT, OKABE_ITO, OTHER, category_colours
from audit.workspace import Workspace
from pages.point_map import LEVELS, about_point, colours_of, content_key, map_words
from tests.pages.drawn import draw_map


def large_map_page() -> None:
    import streamlit as st

    from pages import map_chart
    from pages.explore import show
    from pages.state import choice_key

    map_chart.MOST_POINTS = 10
    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = "prediction"
    try:
        show()
    finally:
        map_chart.MOST_POINTS = 50_000


def test_categories_have_the_colours_that_every_other_drawing_gives_them() -> None:
    values = pd.Series(["b", "a", "b", None], name="label")
    colours = colours_of(values, 4)
    drawn = [colours.palette[code] for code in colours.codes]
    shades = category_colours(values)
    assert drawn == [shades["b"], shades["a"], shades["b"], OTHER]
    assert [colours.names[code] for code in colours.codes] == ["b", "a", "b", "no value"]


def test_past_eight_values_the_rarer_ones_are_other() -> None:
    values = pd.Series([f"v{number}" for number in range(10) for _ in range(10 - number)], name="label")
    colours = colours_of(values, len(values))
    assert {colours.palette[code] for code in colours.codes[values == "v9"]} == {OTHER}
    assert colours.legend["entries"][-1] == {"name": "other (3 values)", "colour": OTHER, "n": 6}
    assert len(colours.legend["entries"]) == len(OKABE_ITO)


def test_the_legend_counts_every_point_once() -> None:
    values = pd.Series(["a", "b", None, "a"] * 5, name="label")
    assert sum(entry["n"] for entry in colours_of(values, 20).legend["entries"]) == 20


def test_few_numbers_and_yes_or_no_are_categories() -> None:
    assert [entry["name"] for entry in colours_of(pd.Series([1, 2, 1], name="x"), 3).legend["entries"]] == ["1", "2"]
    flags = colours_of(pd.Series([True, False], name="x"), 2)
    assert [flags.names[code] for code in flags.codes] == ["True", "False"]


def test_magnitudes_run_from_the_least_to_the_most_and_missing_ones_have_no_step() -> None:
    colours = colours_of(pd.Series([0.0, 5.0, 10.0, np.nan, *np.linspace(1, 9, 9)], name="score"), 13)
    assert colours.codes[:4].tolist() == [0, 127, LEVELS - 1, LEVELS]
    assert len(colours.palette) == LEVELS + 1
    assert colours.legend["entries"] == [{"name": "no value", "colour": OTHER, "n": 1}]


def test_without_a_column_all_points_share_the_accent() -> None:
    colours = colours_of(None, 3)
    assert [colours.palette[code] for code in colours.codes] == [ACCENT] * 3


def test_equal_columns_have_one_key_and_a_changed_value_another() -> None:
    text, numbers = pd.Series(["a", "b"], name="x"), pd.Series([1.0, 2.0], name="x")
    assert content_key(text) == content_key(text.copy())
    assert content_key(text) != content_key(pd.Series(["a", "c"], name="x"))
    assert content_key(numbers) != content_key(numbers + 1)


def test_the_map_in_words_tells_how_many_are_selected() -> None:
    assert map_words(60_000, "label", np.array([True, False, True])) == (
        "Map of 60,000 samples coloured by label; 2 are selected."
    )
    assert map_words(5, "", None) == "Map of 5 samples; none is selected."


def test_a_point_that_is_none_has_nothing_beside_it(workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn")
    assert about_point(dataset, dataset.index, None, -1) is None
    assert about_point(dataset, dataset.index, None, len(dataset)) is None


def test_beside_a_point_stand_its_sample_and_its_value(workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn")
    # The last image is missing: the words stay.
    about = about_point(dataset, dataset.index, dataset.metadata["label"], 59)
    assert about == {"index": 59, "id": "s059", "value": "cross", "source": ""}


def test_a_large_map_is_drawn_by_our_own_component_with_its_gallery(workspace: Workspace) -> None:
    draw_map(workspace, "prediction")
    page = AppTest.from_function(large_map_page, default_timeout=60)
    page.query_params["where"] = '{"light": "night"}'
    page.run()
    assert not page.exception
    sent = [
        block.proto for block in page.get("bidi_component") if block.proto.component_name.startswith("model-audit.p")
    ]
    names = [proto.component_name for proto in sent]
    # Places, colours, the bits of what the link names, and the map.
    assert names.count("model-audit.point-columns") == 3
    assert names.count("model-audit.points") == 1
    assert '"alternative": "Map of' in sent[-1].json
    assert "30 are selected" in sent[-1].json
