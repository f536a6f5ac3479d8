from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.dataset import Dataset
from audit.workspace import Workspace
from pages.data import count_values, countable_columns, image_remedy
from pages.session import unusable_of


def data_page() -> None:
    import streamlit as st

    from pages.data import show
    from pages.state import choice_key

    st.session_state.setdefault(choice_key("dataset"), "drawn")
    st.session_state.setdefault(choice_key("model"), "prediction")
    show()


@pytest.fixture
def page(workspace: Workspace) -> AppTest:
    assert workspace.datasets()
    return AppTest.from_function(data_page, default_timeout=60)


def words(page: AppTest) -> str:
    return " ".join([*(block.body for block in page.html), *(caption.value for caption in page.caption)])


def test_values_are_counted_with_their_share_of_all_samples() -> None:
    table = count_values(pd.Series(["a", "b", "a", None], name="light"))
    assert table.loc["a"].tolist() == [2, 0.5]
    assert table.index.name == "light"


def test_columns_of_predictions_are_not_offered_for_counting(workspace: Workspace) -> None:
    assert countable_columns(workspace.load_dataset("drawn")) == ["label", "light", "note"]


def test_broken_images_are_listed_with_their_reasons(page: AppTest) -> None:
    page.query_params["view"] = "quarantine"
    page.run()
    assert not page.exception
    listed = page.dataframe[1].value
    assert list(listed.index) == ["s058", "s059"]
    assert listed["reason"].tolist() == ["empty file", "file missing"]
    assert "Quarantine CSV" in [button.label for button in page.download_button]


def test_roles_that_are_changed_are_kept_with_the_dataset(page: AppTest, workspace: Workspace) -> None:
    page.query_params["view"] = "roles"
    page.run()
    center = next(box for box in page.selectbox if box.label == "Center")
    prediction = next(box for box in page.selectbox if box.label == "Prediction")
    center.select("light")
    prediction.select(None)
    next(button for button in page.button if button.label == "Keep these roles").click().run()
    assert not page.exception
    roles = workspace.load_dataset("drawn").roles
    assert roles.center == "light"
    assert roles.prediction is None
    assert roles.label == "label"


def test_the_gallery_leaves_out_what_cannot_be_shown(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert any("of 58" in caption.value.replace("\\", "") for caption in page.caption)


def test_the_facts_count_usable_and_unusable_images(page: AppTest) -> None:
    page.run()
    facts = next(block.body for block in page.html if "Samples</dt>" in block.body)
    assert "<dt>Samples</dt><dd>60</dd>" in facts
    assert "<dt>With a usable image</dt><dd>58</dd>" in facts
    assert "<dt>Unusable images</dt><dd>2</dd>" in facts
    assert "Shown are the 58 samples of 60 with a usable image." in words(page)


def test_columns_of_predictions_become_models(page: AppTest, workspace: Workspace) -> None:
    workspace.remove_model("second_model")
    page.query_params["view"] = "models"
    page.run()
    picker = next(box for box in page.multiselect if box.label == "Columns to audit like models")
    assert picker.value == ["second_model"]
    next(button for button in page.button if button.label == "Use them as models").click().run()
    assert not page.exception
    assert workspace.models()["second_model"].spec == "precomputed?prediction=second_model"


def test_one_column_cannot_be_label_and_prediction(page: AppTest, workspace: Workspace) -> None:
    page.query_params["view"] = "roles"
    page.run()
    next(box for box in page.selectbox if box.label == "Prediction").select("label")
    next(button for button in page.button if button.label == "Keep these roles").click().run()
    assert page.error[0].value.startswith("`Prediction` must be another column than the label")
    assert workspace.load_dataset("drawn").roles.prediction == "prediction"


def test_what_becomes_the_label_stops_being_an_attribute(page: AppTest, workspace: Workspace) -> None:
    page.query_params["view"] = "roles"
    page.run()
    next(box for box in page.selectbox if box.label == "Label").select("light")
    next(button for button in page.button if button.label == "Keep these roles").click().run()
    assert not page.exception
    roles = workspace.load_dataset("drawn").roles
    assert roles.label == "light"
    assert "light" not in roles.attributes


def test_images_that_could_not_be_decoded_count_as_unusable_everywhere(page: AppTest, workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn")
    broken = pd.DataFrame(
        {"filepath": ["x.png"], "reason": ["truncated image"]}, index=pd.Index(["s000"], name="sample_id"), dtype="str"
    )
    workspace.store.write_quarantine(dataset.images_fingerprint, broken)
    assert unusable_of(dataset)["reason"].tolist() == ["truncated image", "empty file", "file missing"]


@pytest.mark.parametrize(
    ("column", "words"),
    [("shot", "“shot” looks like image paths"), ("note", "or with its column of image paths")],
)
def test_a_table_without_images_says_which_column_might_name_them(column: str, words: str) -> None:
    table = pd.DataFrame(
        {column: ["a/1.png", "b/2.JPG", None]} if column == "shot" else {column: ["fine", "odd", None]}
    )
    assert words in image_remedy(Dataset(name="own", metadata=table.rename(index=str).rename_axis("sample_id")))
