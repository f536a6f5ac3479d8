from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from audit.database import Database
from audit.review.board import start_review
from audit.workspace import Workspace
from pages.report import report_options


def report_page() -> None:
    import streamlit as st

    from pages.report import show
    from pages.state import choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = "prediction"
    show()


def test_runs_and_reviews_can_be_reported(workspace: Workspace) -> None:
    review = start_review(Database(workspace.home), "Release 2", author="Ann")
    options = report_options("drawn", "prediction")
    assert options[f"review:{review.id}"] == "Review: Release 2"
    assert any(words.startswith("Toy group accuracy") for words in options.values())


def test_the_page_offers_three_formats_of_the_chosen_run(workspace: Workspace) -> None:
    page = AppTest.from_function(report_page, default_timeout=60).run()
    assert not page.exception
    assert page.selectbox[0].value.startswith("run:")
    assert any(re.match(r"\d+(\.\d)? [kM]B; print it", caption.value) for caption in page.caption)
    assert workspace.datasets()


def test_the_preview_says_that_it_scrolls_and_how_to_keep_the_whole(workspace: Workspace) -> None:
    page = AppTest.from_function(report_page, default_timeout=60).run()
    assert workspace.datasets()
    said = next(caption.value for caption in page.caption if "Preview" in caption.value)
    assert "scroll" in said
    assert next(button.label for button in page.get("download_button")) in said
    frame = page.get("iframe")[0]
    assert frame.proto.src.startswith("data:text/html;base64,")
