"""Comparing models."""

import numpy as np
import pandas as pd
import pytest

from audit.result import Result, Verdict, score_table
from audit.subgroups.compare_figures import comparison_figures


def _result(table, right):
    return Result(
        overall=score_table([{"score": "accuracy", "value": float(right.mean())}]),
        by_group=score_table([{"subgroup": "day", "value": 0.5}], index="subgroup"),
        by_sample=pd.DataFrame(
            {"correct": pd.array(right, dtype="boolean"), "subgroup": table["light"]}, index=table.index
        ),
        verdict=Verdict(state="differs", sentence="Yes."),
        settings={"attribute": "light"},
    )


@pytest.fixture
def table(make_world):
    return make_world()


def _results(table, count, seed=0):
    hard = np.random.default_rng(seed).random(len(table)) + 0.15 * (table["light"] == "night").to_numpy()
    return {f"model {i}": _result(table, hard < 0.5 + 0.05 * i) for i in range(count)}


def test_a_better_model_is_better_for_every_class(make_dataset, table):
    change = comparison_figures(_results(table, 2), make_dataset(table))[0]
    assert "3 better, 0 worse" in change.text


def test_six_models_are_fitted_by_a_curve(make_dataset, table):
    moon = comparison_figures(_results(table, 6), make_dataset(table))[-1]
    assert "over 6 models" in moon.text
    assert len(moon.figure.data) == 3


def test_samples_that_one_model_did_not_answer_are_left_out(make_dataset, table):
    results = _results(table, 2)
    results["model 1"].by_sample.loc[table.index[:100], "correct"] = pd.NA
    change = comparison_figures(results, make_dataset(table))[0]
    counts = change.figure.layout.yaxis.ticktext
    left = table["label"].iloc[100:].value_counts()
    assert all(any(f"n={left[name]}" in text and name in text for text in counts) for name in left.index)


def test_equally_frequent_classes_are_drawn_by_class(make_dataset, table):
    even = table.groupby("label").head(300)
    results = _results(even, 2)
    common = comparison_figures(results, make_dataset(even))[2]
    assert "equally frequent" in common.text


def test_ranges_of_numbers_are_selected_through_by_sample(make_dataset, table):
    table["age"] = np.arange(len(table))
    results = _results(table, 2)
    for result in results.values():
        result.settings["attribute"] = "age"
    change = comparison_figures(results, make_dataset(table, attributes=("age",)))[1]
    clicked = [entry for trace in change.figure.data if trace.customdata is not None for entry in trace.customdata]
    assert clicked[0].startswith('{"subgroup"')
