from __future__ import annotations

import json

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from audit.workspace import Workspace
from pages.confusion import confused_pairs, confusion_counts, confusion_figure, drawn_classes


def confusion_page() -> None:
    import streamlit as st

    from pages.confusion import show_confusion
    from pages.session import dataset_of
    from pages.state import PageState

    st.session_state["confusion"] = True
    dataset = dataset_of("drawn")
    show_confusion(dataset, dataset.metadata, PageState("p"), prediction=st.session_state.get("column", "prediction"))


LABELS = pd.Series(["a", "a", "a", "b", "b", "c", "c", None])
TAKEN = pd.Series(["a", "b", "b", "b", "a", "c", None, "a"])


def test_samples_without_label_or_prediction_are_not_counted() -> None:
    counts = confusion_counts(LABELS, TAKEN)
    assert counts.to_numpy().tolist() == [[1, 2, 0], [1, 1, 0], [0, 0, 1]]


def test_a_class_that_is_only_predicted_has_its_column() -> None:
    counts = confusion_counts(pd.Series(["a"]), pd.Series(["z"]))
    assert counts.loc["a", "z"] == 1
    assert counts.loc["z"].sum() == 0


def test_the_most_frequent_confusion_comes_first_with_its_share_and_the_other_way_round() -> None:
    pairs = confused_pairs(confusion_counts(LABELS, TAKEN), "label", "taken")
    assert list(pairs.index) == [("a", "b"), ("b", "a")]
    first = pairs.iloc[0]
    assert (first["n"], first["of"], first["back"]) == (2, 3, 1)
    assert first["share"] == 2 / 3
    assert json.loads(first["where"]) == {"label": "a", "taken": "b"}


def test_with_many_classes_those_confused_most_are_drawn() -> None:
    names = [f"class {n:03d}" for n in range(100)]
    labels = pd.Series(names * 3)
    taken = pd.Series(names * 3)
    taken[[90, 190, 290]] = "class 055"
    counts = confusion_counts(labels, taken)
    classes = drawn_classes(counts, confused_pairs(counts, "l", "p"), 20)
    assert classes[:2] == ["class 090", "class 055"]
    assert len(classes) == 20


def test_every_cell_with_samples_carries_them_and_a_large_share_is_written_dark() -> None:
    counts = confusion_counts(LABELS, TAKEN)
    figure = confusion_figure(counts, ["a", "b", "c"], "label", "taken")
    heat, cells = figure.data
    assert np.isnan(heat.z[0][2])
    assert heat.z[0][1] == 2 / 3
    assert [json.loads(where) for where in cells.customdata][:2] == [
        {"label": "a", "taken": "a"},
        {"label": "a", "taken": "b"},
    ]
    assert list(cells.textfont.color[:2]) == ["#FFFFFF", "#16202A"]
    assert "a taken for b: 2 of 3 (66.7 %)" in cells.hovertext


def test_the_matrix_says_how_many_are_taken_for_another_class(workspace: Workspace) -> None:
    assert workspace.datasets()
    page = AppTest.from_function(confusion_page, default_timeout=60).run()
    assert not page.exception
    assert "samples are taken for another class (" in page.caption[0].value


def test_without_predictions_the_page_says_how_to_get_some(workspace: Workspace) -> None:
    assert workspace.datasets()
    page = AppTest.from_function(confusion_page, default_timeout=60)
    page.session_state["column"] = None
    page.run()
    assert "There are no predictions yet" in page.caption[0].value
