from __future__ import annotations

from streamlit.testing.v1 import AppTest

from audit.curation.board import Curation
from audit.database import Database
from audit.workspace import Workspace
from pages.curate import curated_facts
from pages.curation_files import ALL, CURATED, SHOWN


def curate_page() -> None:
    import streamlit as st

    from pages.curate import show
    from pages.state import choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = "prediction"
    show()


def curation(workspace: Workspace) -> Curation:
    return Curation(Database(workspace.home), workspace.load_dataset("drawn"), "drawn")


def test_the_page_offers_what_cannot_be_used_and_all_samples(workspace: Workspace) -> None:
    page = AppTest.from_function(curate_page, default_timeout=60).run()
    assert not page.exception
    assert "Look at 2 samples" in [button.label for button in page.button]
    assert any("All samples (60)" in option for option in page.selectbox[0].options)
    assert any("Nothing yet" in caption.value for caption in page.caption)
    assert workspace.datasets()


def test_what_others_tagged_is_offered_by_tag_and_told_with_their_name(workspace: Workspace) -> None:
    curation(workspace).tag(["s001", "s002"], "too dark", author="Ann")
    page = AppTest.from_function(curate_page, default_timeout=60)
    page.query_params["queue"] = "tag:too dark"
    page.run()
    assert not page.exception
    assert page.selectbox[0].value == "tag:too dark"
    assert any("Ann tagged 2 samples" in block.value for block in page.markdown)
    labels = [button.label for button in page.button]
    assert "Tag all 2" in labels
    assert "Take “too dark” off 2 samples" in labels


def test_an_act_is_undone_by_name(workspace: Workspace) -> None:
    act = curation(workspace).tag(["s001"], "too dark", author="Ann")
    page = AppTest.from_function(curate_page, default_timeout=60).run()
    undo = next(button for button in page.button if button.key == f"undo {act}")
    assert undo.disabled
    page.text_input(key="curate author").set_value("Ben").run()
    page.button(key=f"undo {act}").click().run()
    assert not page.exception
    assert curation(workspace).current().tags.empty
    assert [event.author for event in curation(workspace).events()] == ["Ann", "Ben"]


def test_the_facts_count_samples_labels_and_people(workspace: Workspace) -> None:
    made = curation(workspace)
    made.tag(["s001", "s002"], "a", author="Ann")
    made.tag(["s001"], "b", author="Ben")
    made.correct_label(["s001"], "cross", author="Ben")
    facts = curated_facts(made.current())
    assert facts == {"Tagged": "2 samples", "Corrected": "1 label", "Notes": "0", "People": "2"}


def test_what_is_exported_stays_chosen_after_a_correction(workspace: Workspace) -> None:
    page = AppTest.from_function(curate_page, default_timeout=60).run()
    page.radio(key="export part").set_value(ALL).run()
    curation(workspace).correct_label(["s001"], "cross", author="Ben")
    page.run()
    assert not page.exception
    radio = page.radio(key="export part")
    assert (radio.value, radio.options) == (ALL, [SHOWN, CURATED, ALL])
    assert any("Everything curated: 1 sample " in caption.value for caption in page.caption)


def test_a_corrected_label_is_told_on_the_tile_and_in_the_facts(workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn")
    curation(workspace).correct_label(["s001"], "<b>cross</b>", author="Ben")
    curation(workspace).tag(["s002"], "too dark", author="Ben")
    page = AppTest.from_function(curate_page, default_timeout=60)
    page.query_params["queue"] = "corrected"
    page.query_params["sample"] = "s001"
    page.run()
    assert not page.exception
    old = dataset.metadata.loc["s001", "label"]
    assert not any("nan" in caption.value for caption in page.caption)
    assert any(f"{old}, corrected to &lt;b&gt;cross&lt;/b&gt;" in block.body for block in page.html)
    assert any(f'alt="{old}, label corrected to &lt;b&gt;cross' in block.body for block in page.html)
