from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.workspace import Workspace
from pages.colouring import worth_colouring


def colour_page() -> None:
    import streamlit as st

    from pages.colouring import CORRECT, colour_options, colour_values, linked_table
    from pages.session import dataset_of
    from pages.state import choice_key

    st.session_state[choice_key("model")] = "prediction"
    dataset = dataset_of("drawn")
    table = linked_table(dataset, "gone", "drawn", "prediction")
    options = colour_options(dataset, table, "drawn", "prediction")
    st.text(" | ".join(options.values()))
    right = colour_values(CORRECT, dataset, table)
    st.text("" if right is None else right.value_counts().to_dict())
    st.text(str(colour_values("gone / column", dataset, table)))
    from_result = next(option for option in options if option.endswith("/ correct"))
    values = colour_values(from_result, dataset, table)
    st.text("" if values is None else int(values.sum()))


@pytest.fixture
def texts(workspace: Workspace) -> list[str]:
    assert workspace.datasets()
    page = AppTest.from_function(colour_page, default_timeout=60).run()
    assert not page.exception
    return [text.value for text in page.text]


def test_label_and_attributes_come_first_and_results_last(texts: list[str]) -> None:
    options = texts[0].split(" | ")
    assert options[:3] == ["label", "light", "prediction is right"]
    assert options[-1] == "Toy group accuracy: correct"
    assert "filepath" not in options


def test_a_point_is_right_where_label_and_prediction_agree(texts: list[str]) -> None:
    assert texts[1] == "{'right': 55, 'wrong': 5}"


def test_a_colouring_that_is_gone_colours_nothing(texts: list[str]) -> None:
    assert texts[2] == "None"


def test_a_results_column_colours_the_map(texts: list[str]) -> None:
    assert texts[3] == "55"


def test_a_column_of_names_is_not_worth_a_colour() -> None:
    assert not worth_colouring(pd.Series([f"name {i}" for i in range(500)]), "name")
    assert not worth_colouring(pd.Series(["same"] * 5), "constant")
    assert worth_colouring(pd.Series(np.arange(500.0)), "score")
    assert worth_colouring(pd.Series(["a", "b"] * 5), "light")
