from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.judged import judged, wrong_first
from audit.result import Result, Verdict, score_table
from pages.selection import (
    cards,
    cell_text,
    inside_any,
    inside_polygon,
    outlines,
    outlines_from_text,
    outlines_text,
    page_of,
    prediction_column,
    rows_of,
    sample_facts,
    sample_table,
    subsample,
    where_text,
)


@pytest.fixture
def dataset() -> Dataset:
    metadata = pd.DataFrame(
        {"label": ["cat", "dog", "cat"], "prediction": ["cat", "cat", "dog"], "light": ["day", "night", "night"]},
        index=pd.Index(["a", "b", "c"], name="sample_id"),
    )
    roles = Roles(label="label", prediction="prediction", attributes=("light",))
    return Dataset(name="pets", metadata=metadata, roles=roles)


def result_with(by_sample: pd.DataFrame) -> Result:
    return Result(
        overall=score_table([{"score": "s", "value": 1.0}]),
        by_group=score_table([], index="group"),
        by_sample=by_sample,
        verdict=Verdict(state="differs", sentence="It differs."),
    )


def test_the_samples_of_a_row_are_those_whose_columns_have_its_values(dataset: Dataset) -> None:
    assert rows_of('{"label": "cat", "light": ["night", "dusk"]}', dataset.metadata).tolist() == [False, False, True]


@pytest.mark.parametrize("where", ["{", "[]", '"cat"', '{"colour": "red"}'])
def test_a_broken_link_is_an_error_in_plain_words(where: str, dataset: Dataset) -> None:
    with pytest.raises(InputError, match="`where` must"):
        rows_of(where, dataset.metadata)


def test_a_selection_is_said_in_words() -> None:
    assert where_text('{"class_name": "cat", "light": ["day", "night"]}') == "class name cat, light day or night"
    assert where_text("") == "all samples"


def test_a_results_own_column_wins_over_the_metadata(dataset: Dataset) -> None:
    mine = pd.DataFrame({"prediction": ["x", "y"]}, index=pd.Index(["a", "b"], name="sample_id"))
    table = sample_table(dataset, result_with(mine))
    assert table["prediction"].fillna("none").tolist() == ["x", "y", "none"]
    assert list(table["label"]) == ["cat", "dog", "cat"]


def test_a_card_strikes_only_a_wrong_prediction(dataset: Dataset) -> None:
    right, wrong, _ = cards(dataset, dataset.metadata, ["a", "b", "c"], prediction="prediction")
    assert not right.wrong
    assert wrong.wrong
    assert wrong.alternative == "dog, wrongly predicted cat, night"


def test_a_card_without_a_label_is_never_wrong(dataset: Dataset) -> None:
    unlabelled = dataset.with_roles(Roles(prediction="prediction"))
    card = cards(unlabelled, dataset.metadata, ["b"], prediction="prediction")[0]
    assert not card.wrong
    assert card.alternative == "sample b"


def test_the_label_is_never_taken_for_a_prediction(dataset: Dataset) -> None:
    same = dataset.with_roles(Roles(label="prediction", prediction="prediction"))
    assert prediction_column(same, dataset.metadata) is None


def test_wrong_predictions_come_first_and_keep_their_order(dataset: Dataset) -> None:
    assert list(wrong_first(dataset.metadata, "label", "prediction").index) == ["b", "c", "a"]
    assert list(wrong_first(dataset.metadata, None, "prediction").index) == ["a", "b", "c"]


def test_samples_without_a_prediction_are_neither_wrong_nor_right(dataset: Dataset) -> None:
    table = dataset.metadata.assign(prediction=["cat", None, "dog"], label=["cat", "dog", "cat"])
    wrong, right = judged(table, "label", "prediction")
    assert wrong.tolist() == [False, False, True]
    assert right.tolist() == [True, False, False]
    assert list(wrong_first(table, "label", "prediction").index) == ["c", "a", "b"]


def test_label_prediction_and_confidence_come_first_and_paths_last(dataset: Dataset) -> None:
    known = {"light": "day", "filepath": "a/b.png", "mask_path": "c.png", "note": "x" * 80, "label": "cat", "size": "3"}
    known |= {"predicted": "dog", "confidence": "0.9"}
    first, last = sample_facts(dataset, known, "predicted")
    assert list(first) == ["label", "predicted", "confidence", "light", "size"]
    assert list(last) == ["filepath", "mask_path", "note"]


def test_a_corrected_label_counts_as_the_label(dataset: Dataset) -> None:
    ids = list(dataset.metadata.index)
    made = cards(dataset, dataset.metadata, ids, prediction="prediction", corrected={"b": "<b>owl</b>", "a": "cat"})
    assert [card.corrected for card in made] == ["", "<b>owl</b>", ""]
    assert "label corrected to <b>owl</b>" in made[1].alternative


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (np.nan, ""), (pd.NA, ""), (0.123456, "0.1235"), (np.True_, "yes"), ("x", "x")]
)
def test_a_missing_cell_is_empty(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_a_point_is_inside_a_concave_outline_only_where_it_is() -> None:
    arrow = np.array([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)], dtype=float)
    points = np.array([(1, 0.5), (2, 3), (3.5, 2), (5, 1)])
    assert inside_polygon(points, arrow).tolist() == [True, False, True, False]


def test_two_corners_enclose_nothing() -> None:
    assert not inside_polygon(np.array([[0.5, 0.5]]), np.array([[0.0, 0.0], [1.0, 1.0]])).any()


def test_a_box_and_a_lasso_become_outlines() -> None:
    chart = {"box": [{"x": [2, 0], "y": [0, 1]}], "lasso": [{"x": [5, 6, 6], "y": [5, 5, 6]}]}
    found = outlines(chart)
    points = np.array([(1, 0.5), (5.9, 5.5), (3, 3)])
    assert inside_any(points, found).tolist() == [True, True, False]


def test_an_outline_survives_a_link() -> None:
    polygons = [np.array([(0, 0), (1.25, 0), (1, 1)]), np.array([(-2, -2), (-1, -2), (-1, -1), (-2, -1)])]
    again = outlines_from_text(outlines_text(polygons))
    assert [p.tolist() for p in again] == [p.tolist() for p in polygons]


def test_a_long_outline_is_thinned_for_its_link() -> None:
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    text = outlines_text([circle])
    assert len(text) < 1000
    points = np.random.default_rng(0).uniform(-1.2, 1.2, (500, 2))
    far = np.abs(np.hypot(*points.T) - 1) > 0.02
    thin = inside_any(points, outlines_from_text(text))
    assert (thin == inside_any(points, [circle]))[far].all()


@pytest.mark.parametrize("text", ["", "x", "1,2;3", "1,nan;2,2;3,3"])
def test_text_that_is_no_outline_selects_nothing(text: str) -> None:
    assert outlines_from_text(text) == []


def test_a_page_beyond_the_last_is_the_last() -> None:
    assert page_of(50, 9, 24) == (3, slice(48, 72), 3)
    assert page_of(0, 0, 24) == (1, slice(0, 24), 1)


def test_the_same_points_are_drawn_every_time() -> None:
    first, second = subsample(100_000, 50_000), subsample(100_000, 50_000)
    assert len(first) == 50_000
    assert (first == second).all()
    assert (np.diff(first) > 0).all()
    assert len(subsample(10, 50_000)) == 10
