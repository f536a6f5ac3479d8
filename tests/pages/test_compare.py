from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.workspace import Workspace
from pages.compare import comparison_verdict, linked_models, signed


def compare_page() -> None:
    import streamlit as st

    from pages.compare import show
    from pages.state import choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = "prediction"
    show()


def rows(low: float, high: float, difference: float = -0.1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "value": [0.9, 0.9 + difference],
            "difference": [np.nan, difference],
            "difference_low": [np.nan, low],
            "difference_high": [np.nan, high],
            "unit": "share",
        },
        index=pd.Index(["first", "second"], name="model"),
    )


def test_models_differ_when_the_interval_of_the_difference_leaves_out_zero() -> None:
    verdict = comparison_verdict(rows(-0.15, -0.05), "accuracy")
    assert verdict.state == "differs"
    assert verdict.sentence == (
        "Accuracy: second 80.0 %, first 90.0 %; difference -10.0 points, 95 % interval -15.0 to -5.0 points."
    )


def test_an_interval_around_zero_is_no_evidence() -> None:
    assert comparison_verdict(rows(-0.15, 0.05), "accuracy").state == "no_difference"


def test_a_difference_without_an_interval_says_nothing_for_sure() -> None:
    assert comparison_verdict(rows(np.nan, np.nan), "accuracy").state == "too_few"


def test_models_without_a_value_cannot_be_compared() -> None:
    assert comparison_verdict(rows(np.nan, np.nan, np.nan), "accuracy").state == "not_computed"


@pytest.mark.parametrize(("value", "text"), [(0.1, "+.100"), (-0.1, "-.100"), (np.nan, "not defined")])
def test_a_difference_has_its_sign(value: float, text: str) -> None:
    assert signed(value, "") == text


@pytest.mark.parametrize(("text", "models"), [('["b", "gone"]', ["b"]), ("{", []), ("3", []), ("", [])])
def test_a_link_names_only_models_that_are_there(text: str, models: list[str]) -> None:
    assert linked_models(text, ["a", "b"]) == models


def test_two_models_are_shown_side_by_side_with_the_difference(workspace: Workspace) -> None:
    assert len(workspace.models()) == 2
    page = AppTest.from_function(compare_page, default_timeout=60)
    page.query_params["audit"] = "group_accuracy_toy"
    page.run()
    assert not page.exception
    assert "difference" in "".join(block.body for block in page.html)
    assert page.query_params["models"] == '["prediction", "second_model"]'


def test_models_are_compared_by_the_settings_that_most_were_asked_with(workspace: Workspace) -> None:
    from audit.run import run

    dataset, model = workspace.load_dataset("drawn"), workspace.load_model("prediction")
    run("group_accuracy_toy", dataset, model, store=workspace.store, settings={"level": 0.8})
    page = AppTest.from_function(compare_page, default_timeout=60)
    page.query_params["audit"] = "group_accuracy_toy"
    page.run()
    assert not page.exception
    assert "difference" in "".join(block.body for block in page.html)
