from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest

from pages.corrections import changes


def test_only_changed_and_filled_values_are_corrections() -> None:
    before = pd.Series({"s0": "sea", "s1": "land", "s2": None, "s3": "sky"}, dtype="str")
    after = pd.Series({"s0": "sea", "s1": "sand", "s2": "moon", "s3": None}, dtype="str")
    assert changes(before, after) == {"s1": "sand", "s2": "moon"}


def editor_page() -> None:
    from types import SimpleNamespace

    import pandas as pd
    import streamlit as st

    from pages.corrections import show_corrections
    from pages.state import choice_key

    st.session_state.setdefault(choice_key("dataset"), "drawn")
    table = pd.DataFrame(
        {"background_used": ["sea", "land"], "background_confidence": [0.9, 0.4], "predicted": ["a", "b"]},
        index=pd.Index(["s0", "s1"], name="sample_id"),
    )
    allowed = {} if st.session_state.get("nothing") else {"background_used": "background_corrected"}
    show_corrections(SimpleNamespace(corrects=allowed), None, table, key="k")


def test_the_editor_offers_the_least_certain_first_and_saves_only_changes() -> None:
    page = AppTest.from_function(editor_page, default_timeout=30).run()
    assert not page.exception
    assert page.expander[0].label == "Correct the backgrounds of these samples"
    assert page.dataframe[0].value.index.tolist() == ["s1", "s0"]
    assert page.button[0].disabled


def test_an_audit_that_names_no_column_shows_no_editor() -> None:
    page = AppTest.from_function(editor_page, default_timeout=30)
    page.session_state["nothing"] = True
    page.run()
    assert not page.exception
    assert len(page.expander) == 0
