from __future__ import annotations

import numpy as np
import pandas as pd

from audit.comparison import NamedResult, compare_runs
from audit.result import Result, Verdict, score_table
from pages.compare_groups import compared_groups, in_units


def run(name: str, values: list[float], *, groups: tuple[str, ...] = ("day", "night"), n: int = 50) -> NamedResult:
    rows = [
        {
            "group": group,
            "value": value,
            "low": value - 0.1,
            "high": value + 0.1,
            "n": n,
            "unit": "share",
            "where": f'{{"light": "{group}"}}',
        }
        for group, value in zip(groups, values, strict=True)
    ]
    result = Result(
        overall=score_table([{"score": "accuracy", "value": 0.5}]),
        by_group=score_table(rows, index="group"),
        by_sample=pd.DataFrame(index=pd.Index(["a"], name="sample_id")),
        verdict=Verdict(state="differs", sentence="It does.", score="accuracy"),
    )
    return NamedResult(name=name, result=result, provenance={"audit": "toy"})


def shown(*runs: NamedResult) -> tuple[pd.DataFrame, list[str], list[str]]:
    comparison = compare_runs(runs)
    return compared_groups(comparison.by_group, comparison.names)


def test_with_two_models_the_difference_and_its_interval_come_first() -> None:
    table, units, wheres = shown(run("old", [0.8, 0.6]), run("new", [0.7, 0.65]))
    assert list(table.columns) == [
        "group",
        "difference",
        "difference, 95 % interval",
        "old",
        "old, 95 % interval",
        "new",
        "new, 95 % interval",
        "n",
    ]
    assert table["difference"].tolist() == [0.7 - 0.8, 0.65 - 0.6]
    # MOVER with both half-widths 0.1: the root of their squares.
    half = 100 * np.hypot(0.1, 0.1)
    assert table["difference, 95 % interval"][0] == f"{-10 - half:+.1f} to {-10 + half:+.1f} points"
    assert table["new, 95 % interval"][1] == "55.0 to 75.0 %"
    assert units == ["share", "share"]
    assert wheres == ['{"light": "day"}', '{"light": "night"}']
    words = in_units(table, units).to_html()
    assert "-10.0 points" in words
    assert "65.0 %" in words


def test_with_three_models_each_has_its_value_and_interval() -> None:
    table, _, _ = shown(run("a", [0.8, 0.6]), run("b", [0.7, 0.65]), run("c", [0.9, 0.5], n=40))
    assert "difference" not in table.columns
    assert [column for column in table.columns if "interval" in column] == [f"{m}, 95 % interval" for m in "abc"]
    # Not all models have the same n.
    assert "n" not in table.columns


def test_a_model_that_is_called_as_a_column_takes_nothing_from_it() -> None:
    table, units, _ = shown(run("group", [0.8, 0.6]), run("n", [0.7, 0.65]))
    assert table["group"].tolist() == ["day", "night"]
    assert table["n"].tolist() == [50, 50]
    assert table["model group"].tolist() == [0.8, 0.6]
    assert table["model n"].tolist() == [0.7, 0.65]
    assert "65.0 %" in in_units(table, units).to_html()


def test_a_group_that_one_model_lacks_stays_empty_there() -> None:
    table, units, wheres = shown(run("old", [0.8, 0.6]), run("new", [0.7, 0.5], groups=("day", "dusk")))
    assert table["group"].tolist() == ["day", "night", "dusk"]
    assert np.isnan(table["new"][1])
    assert np.isnan(table["old"][2])
    assert wheres[2] == '{"light": "dusk"}'
    assert "–" in in_units(table, units).to_html()


def test_groups_of_one_name_are_kept_apart() -> None:
    table, _, _ = shown(run("old", [0.8, 0.6], groups=("day", "day")), run("new", [0.7, 0.5], groups=("day", "day")))
    assert table["old"].tolist() == [0.8, 0.6]
    assert table["new"].tolist() == [0.7, 0.5]
