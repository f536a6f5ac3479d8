from __future__ import annotations

import dataclasses

import pandas as pd
from streamlit.testing.v1 import AppTest

from audit.dataset import Roles
from audit.workspace import Workspace
from pages.neighbours import neighbour_row


def neighbours_page() -> None:
    import streamlit as st

    from pages.neighbours import show_neighbours
    from pages.session import dataset_of
    from pages.state import PageState, choice_key

    st.session_state[choice_key("dataset")] = "drawn"
    st.session_state[choice_key("model")] = "prediction"
    dataset = dataset_of("drawn")
    show_neighbours(dataset, dataset.metadata, PageState("p"), prediction="prediction")


def test_neighbours_are_told_with_how_many_have_another_label(workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn")
    found = pd.Series({"s003": 0.95, "s001": 0.5, "gone": 0.4})
    row = neighbour_row("All", dataset, dataset.metadata, "s000", found, prediction="prediction")
    assert row.text.startswith("1 of 2 have another label than circle.")
    assert [picture.sample_id for picture in row.groups[0].pictures] == ["s003", "s001"]
    assert row.groups[0].pictures[0].tag == "cosine .950"


def test_a_wrong_prediction_is_written_beside_the_label(workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn")
    wrong = dataset.metadata[dataset.metadata["label"] != dataset.metadata["prediction"]].iloc[0]
    row = neighbour_row(
        "All", dataset, dataset.metadata, "s000", pd.Series({str(wrong.name): 0.9}), prediction="prediction"
    )
    assert row.groups[0].pictures[0].caption == f"{wrong['label']}, predicted {wrong['prediction']}"


def test_without_labels_neighbours_are_named_by_their_ids(workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn")
    dataset = dataset.with_roles(dataclasses.replace(Roles(), label=None))
    row = neighbour_row("All", dataset, dataset.metadata, "s000", pd.Series({"s003": 0.9}), prediction=None)
    assert row.groups[0].pictures[0].caption == "s003"


def test_an_opened_sample_has_its_neighbours_by_the_embeddings(workspace: Workspace) -> None:
    assert workspace.datasets()
    page = AppTest.from_function(neighbours_page, default_timeout=60)
    page.query_params["sample"] = "s000"
    page.run()
    assert not page.exception
    assert page.subheader[0].value == "Nearest to the model"


def test_without_an_opened_sample_there_is_nothing(workspace: Workspace) -> None:
    assert workspace.datasets()
    page = AppTest.from_function(neighbours_page, default_timeout=60).run()
    assert not page.subheader
