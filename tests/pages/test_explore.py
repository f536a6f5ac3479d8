from __future__ import annotations

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from audit.workspace import Workspace
from pages.explore import composition, nearest
from tests.pages.drawn import draw_map


def explore_page() -> None:
    import streamlit as st

    from pages.explore import show
    from pages.state import choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = "prediction"
    show()


def test_a_selection_is_compared_with_all_samples() -> None:
    values = pd.Series(["a", "a", "b", "b"], name="label")
    table = composition(values, np.array([True, True, True, False]))
    assert table.loc["a"].tolist() == [2, 2 / 3, 0.5]
    assert table.loc["b"].tolist() == [1, 1 / 3, 0.5]


def test_without_a_selection_there_is_nothing_to_compare_with() -> None:
    assert list(composition(pd.Series(["a", "b"], name="label"), None).columns) == ["n", "share"]


def test_many_numbers_are_counted_in_quarters() -> None:
    table = composition(pd.Series(np.arange(100.0), name="score"), None)
    assert table["n"].tolist() == [25, 25, 25, 25]


def test_quarters_come_in_their_own_order_however_many_samples_each_has() -> None:
    values = pd.Series(np.arange(100.0), name="score")
    chosen = np.arange(100) >= 20
    assert composition(values, chosen)["n"].tolist() == [5, 25, 25, 25]


def test_missing_values_are_counted_too() -> None:
    assert composition(pd.Series(["a", None], name="label"), None)["n"].sum() == 2


def test_a_point_is_the_nearest_to_itself() -> None:
    points = np.array([[0.0, 0], [0, 0], [3, 0], [1, 0]])
    assert nearest(points, 1, 3).tolist() == [1, 0, 3]


def test_before_a_map_is_drawn_the_page_says_what_to_do(workspace: Workspace) -> None:
    assert workspace.datasets()
    page = AppTest.from_function(explore_page, default_timeout=60).run()
    assert not page.exception
    assert "The map has not been drawn yet" in "".join(block.body for block in page.html)
    assert [button.label for button in page.button] == ["Draw the map"]


def test_a_drawn_map_is_shown_with_its_gallery(workspace: Workspace) -> None:
    draw_map(workspace, "prediction")
    page = AppTest.from_function(explore_page, default_timeout=60)
    page.query_params["where"] = '{"light": "night"}'
    page.run()
    assert not page.exception
    assert any("Selected: light night" in heading.value.replace("\\", "") for heading in page.subheader)
    assert any("30 samples" in caption.value for caption in page.caption)
