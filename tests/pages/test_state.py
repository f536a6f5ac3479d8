from __future__ import annotations

from streamlit.testing.v1 import AppTest

from pages.state import link_parameters, setting_text, text_settings


def counter_page() -> None:
    import streamlit as st

    from pages.state import PageState

    state = PageState("one")
    st.text(f"where {state['where']}, page {state.number('page', 1)}, settings {state.settings()}")
    if st.button("choose"):
        state.update({"where": '{"a": "b"}', "page": None})
    if st.button("set"):
        state.update_settings({"k": "3"})
    if st.button("clear"):
        state.update({"where": None})


def picker_page() -> None:
    import streamlit as st

    from pages.state import choice_key, shared_choice, write_shared_choices

    shared_choice("dataset", ["a", "b"])
    st.selectbox("Dataset", ["a", "b"], key=choice_key("dataset"))
    write_shared_choices({"dataset": "a"})


def test_a_link_opens_the_page_in_its_state() -> None:
    page = AppTest.from_function(counter_page)
    page.query_params["where"] = '{"a": "c"}'
    page.query_params["page"] = "4"
    page.query_params["set.k"] = "7"
    page.run()
    assert page.text[0].value == "where {\"a\": \"c\"}, page 4, settings {'k': '7'}"


def test_what_is_chosen_on_a_page_goes_into_its_link() -> None:
    page = AppTest.from_function(counter_page).run()
    page.button[0].click().run()
    assert page.query_params["where"] == '{"a": "b"}'
    page.button[2].click().run()
    assert "where" not in page.query_params


def test_settings_are_replaced_and_the_dataset_stays_in_the_link() -> None:
    page = AppTest.from_function(counter_page)
    page.query_params["dataset"] = "cats"
    page.query_params["set.draws"] = "10"
    page.run()
    page.button[1].click().run()
    assert page.query_params == {"dataset": "cats", "set.k": "3"}


def test_a_page_number_that_is_none_is_the_first() -> None:
    page = AppTest.from_function(counter_page)
    page.query_params["page"] = "-3"
    assert "page 1" in page.run().text[0].value


def test_the_address_chooses_the_dataset_and_the_picker_changes_the_address() -> None:
    page = AppTest.from_function(picker_page)
    page.query_params["dataset"] = "b"
    page.run()
    assert page.selectbox[0].value == "b"
    page.selectbox[0].select("a").run()
    assert page.query_params["dataset"] == "a"
    page.query_params["dataset"] = "b"
    assert page.run().selectbox[0].value == "b"


def test_a_bare_address_means_the_first_options_and_stays_bare() -> None:
    page = AppTest.from_function(picker_page).run()
    assert page.selectbox[0].value == "a"
    assert page.query_params == {}
    page.selectbox[0].select("b").run()
    assert page.query_params == {"dataset": "b"}
    # The browser's back button leads to the bare address again, and stays there.
    page.query_params.clear()
    assert page.run().selectbox[0].value == "a"
    assert page.query_params == {}


def test_the_session_remembers_a_pages_state_for_the_menu() -> None:
    page = AppTest.from_function(counter_page)
    page.query_params["dataset"] = "cats"
    page.query_params["where"] = "x"
    page.run()
    assert page.session_state["page state"] == {"one": {"where": "x"}}
    del page.query_params["where"]
    page.run()
    assert page.session_state["page state"] == {"one": {}}


def test_an_unknown_dataset_in_the_address_is_passed_over() -> None:
    page = AppTest.from_function(picker_page)
    page.query_params["dataset"] = "nobody"
    page.run()
    assert page.selectbox[0].value == "a"
    assert page.query_params["dataset"] == "a"


def test_a_link_leaves_out_what_is_empty_and_writes_mappings_as_json() -> None:
    assert link_parameters("d", None, {"where": {"b": 1}, "sample": ""}) == {"dataset": "d", "where": '{"b": 1}'}


def test_only_settings_that_differ_from_the_defaults_are_in_the_link() -> None:
    settings = {"k": 5, "columns": ("a",), "flag": True, "level": None}
    assert text_settings(settings, {"k": 5, "columns": (), "flag": False, "level": 0.9}) == {
        "columns": '["a"]',
        "flag": "true",
        "level": "none",
    }
    assert text_settings({"columns": ["a"]}, {"columns": ("a",)}) == {}


def test_a_number_is_written_as_it_reads() -> None:
    assert [setting_text(value) for value in (0.95, 3, False)] == ["0.95", "3", "false"]


def address_page() -> None:
    import streamlit as st

    from pages.state import PageState, address_is_current, note_address

    if "noted" not in st.session_state:
        st.session_state["noted"] = True
        PageState("p").update({"where": "new"})
        note_address()
    st.text(str(address_is_current()))


def test_a_run_that_was_asked_for_with_an_older_address_is_told_from_a_present_one() -> None:
    page = AppTest.from_function(address_page).run()
    assert page.text[0].value == "True"
    assert page.run().text[0].value == "True"
    page.query_params["where"] = "older"
    assert page.run().text[0].value == "False"


def test_a_picker_tells_the_browser_in_every_run_what_is_chosen() -> None:
    page = AppTest.from_function(picker_page)
    page.query_params["dataset"] = "b"
    page.run()
    # Of a first run that was interrupted the browser may have heard nothing.
    page.run()
    assert page.selectbox[0].value == "b"
    assert page.selectbox[0].proto.set_value
    page.selectbox[0].set_value("a").run()
    assert page.selectbox[0].value == "a"
    assert page.selectbox[0].proto.set_value
