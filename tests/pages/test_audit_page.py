from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.sources import DatasetSource
from audit.workspace import Workspace
from pages import tables
from pages.audit_page import link_settings
from pages.result_view import _says_the_same


def toy_page() -> None:
    import streamlit as st

    from pages.audit_page import show_audit
    from pages.state import choice_key

    st.session_state.setdefault(choice_key("dataset"), "drawn")
    st.session_state.setdefault(choice_key("model"), "prediction")
    show_audit("group_accuracy_toy")


@pytest.fixture
def page(workspace: Workspace) -> AppTest:
    assert workspace.datasets()
    return AppTest.from_function(toy_page, default_timeout=60)


def words(page: AppTest) -> str:
    blocks = [block.body for block in page.html]
    text = [*(c.value for c in page.caption), *(h.value for h in page.subheader)]
    return " ".join([*blocks, *text]).replace("\\", "")


def test_an_audit_of_a_stranger_has_a_page(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "Toy group accuracy" in words(page)
    assert "▲" in words(page)
    assert "Worst for night: 83.3\u00a0% right." in words(page)


def test_the_page_says_which_data_and_model_it_is_about(page: AppTest) -> None:
    page.run()
    assert "Groups · drawn · prediction" in words(page)


def test_the_reading_and_the_limits_are_folded_but_never_missing(page: AppTest) -> None:
    page.run()
    labels = [expander.label for expander in page.expander]
    assert "How to read this" in labels
    assert any(label.startswith("Limits") for label in labels)
    assert page.latex[0].value.strip("$\n ").startswith("a_g")


def test_the_page_says_what_its_scores_mean_and_nothing_of_those_without_a_meaning(page: AppTest) -> None:
    page.run()
    told = next(expander for expander in page.expander if expander.label == "What each score says")
    assert told.markdown[0].value == "- **worst group accuracy**: Share of right answers in the \\*lowest\\* group\\."
    assert "lowest" in next(c for c in page.caption if "worst group accuracy" in c.value).proto.help


def test_a_column_that_repeats_the_rows_names_is_told_from_one_that_says_more() -> None:
    table = pd.DataFrame({"k": [1.0, 3.0], "kind": "k"}, index=pd.Index(["k = 1", "k = 3"], name="group"))
    assert _says_the_same(table, "k", "number of neighbours")
    assert not _says_the_same(table.assign(k=[1.0, 5.0]), "k", "number of neighbours")
    assert not _says_the_same(table, "k", "class")


def test_the_form_has_a_widget_for_every_field(page: AppTest) -> None:
    page.run()
    assert {"Level"} <= {slider.label for slider in page.slider}
    assert {"Draws"} <= {number.label for number in page.number_input}
    assert {"Strict"} <= {toggle.label for toggle in page.toggle}
    assert {"Order"} <= {group.label for group in page.segmented_control}
    assert {"Attributes"} <= {picker.label for picker in page.multiselect}


def test_a_link_to_a_row_shows_its_samples(page: AppTest) -> None:
    page.query_params["where"] = '{"light": "night"}'
    page.run()
    assert "Images: light night" in words(page)
    assert "30 samples, 5 of them predicted wrongly" in words(page)
    assert "; bold: the label, struck through: the model's wrong answer" in words(page)


def test_a_broken_selection_in_a_link_shows_all_samples_and_says_so(page: AppTest) -> None:
    page.query_params["where"] = '{"weather": "rain"}'
    page.run()
    assert not page.exception
    assert "weather" in page.warning[0].value
    assert "60 samples" in words(page)


def test_settings_in_a_link_that_were_not_asked_before_offer_to_run(page: AppTest) -> None:
    page.query_params["set.draws"] = "20"
    page.run()
    assert "not computed yet" in words(page)
    assert "Run the audit" in [button.label for button in page.button]
    assert page.number_input[0].value == 20


def test_a_wrong_setting_in_a_link_is_explained_above_the_form(page: AppTest) -> None:
    page.query_params["set.draws"] = "7"
    page.run()
    assert not page.exception
    assert "between 10 and 10000" in page.warning[0].value.replace("\\", "")


def test_what_is_missing_is_said_before_anything_runs(page: AppTest, workspace: Workspace) -> None:
    source = workspace.datasets()["drawn"]
    workspace.add_dataset(
        DatasetSource(path=source.path, name="bare", roles={"label": "label", "attributes": ("note",)})
    )
    page.session_state["chosen dataset"] = "bare"
    page.session_state["chosen model"] = "gone"
    page.run()
    assert not page.exception
    assert "This audit cannot run yet" in words(page)
    assert "gone" in words(page)


def test_without_a_dataset_the_page_says_what_to_do_next(page: AppTest) -> None:
    page.session_state["chosen dataset"] = None
    page.run()
    assert not page.exception
    assert "No dataset yet" in words(page)


def test_every_table_can_be_downloaded_as_csv_and_parquet(page: AppTest) -> None:
    page.run()
    labels = [button.label for button in page.download_button]
    for table in ("Scores", "Groups", "Samples"):
        assert f"{table} CSV" in labels
        assert f"{table} Parquet" in labels


def test_a_kept_results_settings_read_back_from_its_link(workspace: Workspace) -> None:
    assert workspace.datasets()
    held = {"attributes": ["light"], "level": 0.9, "order": "worst", "draws": 1000, "strict": True, "gone": 1}
    assert link_settings("group_accuracy_toy", held) == {"attributes": '["light"]', "level": "0.9", "strict": "true"}


def test_how_a_results_tables_are_shown_is_worked_out_once(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[int] = []
    readable = tables.readable

    def counted(table: pd.DataFrame, *, own_axis: bool = False) -> pd.DataFrame:
        worked.append(len(table))
        return readable(table, own_axis=own_axis)

    monkeypatch.setattr(tables, "readable", counted)
    page.run()
    assert not page.exception
    first = [frame.value.to_csv() for frame in page.dataframe]
    assert len(worked) == 2
    page.run()
    assert len(worked) == 2
    assert [frame.value.to_csv() for frame in page.dataframe] == first
