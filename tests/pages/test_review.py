from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audit.database import Database
from audit.report.source import finding_of_run
from audit.review.board import Review, start_review
from audit.workspace import Workspace
from pages.presenter import policy_sentence, screen_html

POLICY = '[[rule]]\naudit = "group_accuracy_toy"\nscore = "worst_group_accuracy"\ndirection = "at least"\nbound = 0.8\n'


def review_page() -> None:
    import streamlit as st

    from pages.review import show
    from pages.state import choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = "prediction"
    show()


@pytest.fixture
def review(workspace: Workspace) -> Review:
    made = start_review(Database(workspace.home), "Release 2", author="Ann")
    facts = workspace.runs(dataset="drawn", model="prediction")[0]
    result, _ = workspace.store.read_result(facts["key"])
    made.add(finding_of_run(result, facts, workspace), author="Ann")
    return made


def test_without_a_review_the_page_says_how_to_begin_one(workspace: Workspace) -> None:
    page = AppTest.from_function(review_page, default_timeout=60).run()
    assert not page.exception
    assert any("No review yet" in block.body for block in page.html)
    captions = " ".join(caption.value for caption in page.caption)
    assert "Still missing: a name for the review and your own name." in captions
    page.text_input(key="review author").set_value("Ann").run()
    assert any(caption.value == "Still missing: a name for the review." for caption in page.caption)
    page.text_input(key="new review").set_value("Release 2").run()
    assert not any("Still missing" in caption.value for caption in page.caption)
    page.button(key="begin review").click().run()
    assert not page.exception
    assert any("Nothing is on the table" in block.body for block in page.html)
    assert workspace.datasets()


def test_a_finding_is_signed_by_name(review: Review) -> None:
    page = AppTest.from_function(review_page, default_timeout=60).run()
    assert not page.exception
    assert page.button(key=f"{review.id} sign").disabled
    page.text_input(key="review author").set_value("Dr Ruiz").run()
    warned = "A signature will say: “signed with 1 of 1 finding undecided”."
    assert any(warned in warning.value for warning in page.warning)
    page.button(key=f"{review.id} sign").click().run()
    assert not page.exception
    assert any("signed with 1 of 1 finding undecided" in block.value for block in page.markdown)
    assert "(with 1 of 1 finding undecided)" in " ".join(block.body for block in page.html)
    assert [s.author for s in review.minutes().signatures] == ["Dr Ruiz"]


def test_a_note_is_added_by_one_click_and_an_empty_one_is_not(review: Review) -> None:
    item = review.minutes().items[0].id
    page = AppTest.from_function(review_page, default_timeout=60).run()
    page.text_input(key="review author").set_value("Ann").run()
    add = next(button for button in page.button if button.label == "Add the note")
    assert not add.disabled
    page = add.click().run()
    assert any("nothing in the note yet" in caption.value for caption in page.caption)
    page.text_area(key=f"{item} remark 0").set_value("Look at the nights.")
    next(button for button in page.button if button.label == "Add the note").click().run()
    assert not page.exception
    assert [remark.text for remark in review.minutes().items[0].remarks] == ["Look at the nights."]
    assert page.text_area(key=f"{item} remark 1").value == ""


def test_a_decided_review_is_signed_without_a_warning(review: Review) -> None:
    review.decide(review.minutes().items[0].id, "accept", author="Ann")
    page = AppTest.from_function(review_page, default_timeout=60).run()
    assert not page.warning
    review.sign(author="Ann")
    assert review.minutes().signatures[0].undecided == ""
    assert any(expander.label.startswith("Trail (3 acts)") for expander in page.expander)


def test_thresholds_are_set_and_shown_with_their_outcome(review: Review) -> None:
    review.set_policy(POLICY, author="Ann")
    page = AppTest.from_function(review_page, default_timeout=60).run()
    assert not page.exception
    assert any('class="outcome"' in block.body for block in page.html)


def test_presenter_mode_shows_one_finding_and_turns(review: Review) -> None:
    review.set_policy(POLICY, author="Ann")
    page = AppTest.from_function(review_page, default_timeout=60)
    page.query_params["review"] = review.id
    page.query_params["present"] = "1"
    page.run()
    assert not page.exception
    assert any("finding-screen" in block.body and "Worst for night" in block.body for block in page.html)
    page.button(key="present next").click().run()
    assert any("Thresholds agreed beforehand" in block.body for block in page.html)
    page.button(key="present leave").click().run()
    assert any("Review" in block.body and "audit-title" in block.body for block in page.html)


def test_a_screen_holds_sentence_plot_images_and_decision_and_no_markup_from_data(review: Review) -> None:
    name = review.minutes().items[0].id
    review.word(name, "<b>bold</b>", author="Ann")
    review.decide(name, "block", reason="<i>", author="Ann")
    minutes = review.minutes()
    html = screen_html(minutes, minutes.items[0], 1)
    assert "&lt;b&gt;bold" in html
    assert "<i>" not in html
    assert "✕ Decision: block" in html
    assert html.count("<img") > 2
    review.set_policy(POLICY, author="Ann")
    assert policy_sentence(review.minutes()).startswith("Thresholds agreed beforehand: 1 ")


def test_the_users_folder_is_untouched_by_a_review(review: Review, drawn_samples: Path) -> None:
    assert {path.suffix for path in drawn_samples.rglob("*") if path.is_file()} <= {".png", ".csv", ".npy"}
    assert review.minutes().items[0].finding.images
