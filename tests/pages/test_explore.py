from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.jobs import Jobs
from audit.sources import ModelSource
from audit.workspace import Workspace
from pages.explore import composition, nearest
from tests.pages.drawn import draw_map


def explore_page(model: str = "prediction") -> None:
    import streamlit as st

    from pages.explore import show
    from pages.state import choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = model
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


def test_before_a_model_has_looked_at_the_samples_the_page_says_what_to_do(workspace: Workspace) -> None:
    workspace.add_model(ModelSource(spec="demo", name="demo"))
    page = AppTest.from_function(explore_page, default_timeout=60, kwargs={"model": "demo"}).run()
    assert not page.exception
    assert "The map has not been drawn yet" in "".join(block.body for block in page.html)
    assert [button.label for button in page.button] == ["Draw the map"]
    assert not workspace.jobs.list()


def test_the_map_of_vectors_that_are_there_is_drawn_at_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "start_worker", lambda _self, **_: 0)
    page = AppTest.from_function(explore_page, default_timeout=60).run()
    assert not page.exception
    assert [job.request.settings["method"] for job in reversed(workspace.jobs.list())] == ["pca", "umap"]
    workspace.jobs.cancel(workspace.jobs.list()[-1].id)
    page = AppTest.from_function(explore_page, default_timeout=60).run()
    assert [button.label for button in page.button if button.label == "Draw the map"], "nothing is asked for twice"
    assert len(workspace.jobs.list()) == 2


def test_a_drawn_map_is_shown_with_its_gallery(workspace: Workspace) -> None:
    draw_map(workspace, "prediction")
    page = AppTest.from_function(explore_page, default_timeout=60)
    page.query_params["where"] = '{"light": "night"}'
    page.run()
    assert not page.exception
    assert any("Selected: light night" in heading.value.replace("\\", "") for heading in page.subheader)
    assert any("30 samples" in caption.value for caption in page.caption)
