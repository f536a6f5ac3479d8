from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from audit.sources import ModelSource
from audit.workspace import Workspace


def home_page() -> None:
    import streamlit as st

    from pages.home import show
    from pages.state import choice_key

    st.session_state.setdefault(choice_key("dataset"), "drawn")
    st.session_state.setdefault(choice_key("model"), "prediction")
    show()


@pytest.fixture
def page(workspace: Workspace) -> AppTest:
    assert workspace.datasets()
    return AppTest.from_function(home_page, default_timeout=60)


def words(page: AppTest) -> str:
    return " ".join([*(block.body for block in page.html), *(caption.value for caption in page.caption)])


def test_an_answered_audit_is_told_in_one_line_with_its_number(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "Worst for night" in words(page)
    assert "worst group accuracy 83" in words(page).replace("\\", "")


def test_what_is_loaded_is_said_with_what_cannot_be_used(page: AppTest) -> None:
    page.run()
    assert "<dd>60</dd>" in words(page)
    assert "2 images cannot be used" in words(page)


def test_an_audit_that_can_run_is_offered(page: AppTest, workspace: Workspace) -> None:
    workspace.add_model(ModelSource(spec="precomputed?prediction=label", name="oracle"))
    page.session_state["chosen model"] = "oracle"
    page.run()
    assert "not computed yet" in words(page)
    assert any(button.key == "run all" for button in page.button)


def test_what_is_missing_is_said_in_plain_words(page: AppTest, workspace: Workspace) -> None:
    workspace.add_model(ModelSource(spec="precomputed?prediction=gone", name="broken"))
    page.session_state["chosen model"] = "broken"
    page.run()
    assert not page.exception
    assert "something is missing" in words(page)
    assert "has no column 'gone' to read predictions from" in words(page).replace("&#x27;", "'")


def test_with_nothing_loaded_the_page_says_what_to_do(page: AppTest) -> None:
    page.session_state["chosen dataset"] = None
    page.run()
    assert not page.exception
    assert "Nothing is loaded yet" in words(page)
