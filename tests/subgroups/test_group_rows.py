"""Rows of subgroups, classes, cells, crossings and attributes."""

import json

import numpy as np
import pytest

from audit.base import select
from audit.significance import fisher_exact
from audit.subgroups.group_rows import attribute_rows, cell_rows, class_rows, intersection_rows, subgroup_rows
from audit.subgroups.overall import overall_scores

BH = "benjamini_hochberg"


def _all(inputs):
    overall = overall_scores(inputs, method="wilson", correction=BH, draws=200, seed=0)
    return [
        *subgroup_rows(inputs, "wilson", BH, 0),
        *class_rows(inputs, overall, "wilson", BH, 0),
        *cell_rows(inputs, "wilson", BH),
        *intersection_rows(inputs, "wilson", BH),
    ]


def test_where_selects_exactly_the_samples_of_each_row(make_inputs, make_world):
    table = make_world()
    inputs = make_inputs(table)
    rows = _all(inputs)
    assert {row["kind"] for row in rows} == {"subgroup", "class", "class_std", "cell", "intersection"}
    right = table["label"] == table["prediction"]
    for row in rows:
        mask = select(row["where"], table)
        assert mask.sum() == row["n"]
        if row["score"] == "accuracy":
            assert row["value"] == pytest.approx(right[mask].mean())
            assert row["low"] <= row["value"] <= row["high"]


def test_a_cell_is_tested_against_the_rest_of_its_class(make_inputs, make_world):
    table = make_world()
    row = next(
        row for row in cell_rows(make_inputs(table), "wilson", BH) if row["subgroup"] == "class cat, light = night"
    )
    right, cats = table["label"] == table["prediction"], table["label"] == "cat"
    night, day = cats & (table["light"] == "night"), cats & (table["light"] == "day")
    assert row["null"] == pytest.approx(right[day].mean())
    assert row["p_value"] == pytest.approx(
        float(fisher_exact(right[night].sum(), night.sum(), right[day].sum(), day.sum()))
    )
    assert row["p_value"] < 0.01


def test_q_values_are_corrected_within_a_kind(make_inputs):
    for rows in (cell_rows(make_inputs(), "wilson", "holm"), intersection_rows(make_inputs(), "wilson", BH)):
        assert all(row["q_value"] >= row["p_value"] for row in rows)


def test_a_subgroup_says_how_likely_it_is_the_worst_and_what_it_could_show(make_inputs, make_world):
    rows = {row["group"]: row for row in subgroup_rows(make_inputs(make_world(night=0.6)), "wilson", BH, 0)}
    assert rows["night"]["probability_worst"] > 0.95
    assert 0 < rows["night"]["detectable"] < 0.2
    assert rows["night"]["value"] < rows["night"]["shrunk"] + 0.02


def test_a_subgroup_of_one_sample_is_listed_with_its_wide_interval(make_inputs, make_world):
    table = make_world()
    table.loc[table.index[0], "light"] = "dusk"
    row = next(row for row in subgroup_rows(make_inputs(table), "wilson", BH, 0) if row["group"] == "dusk")
    assert row["n"] == 1
    assert row["high"] - row["low"] > 0.7


def test_a_class_carries_its_spread_and_the_band_of_chance(make_inputs, make_world):
    inputs = make_inputs(make_world(night=0.6))
    overall = overall_scores(inputs, method="wilson", correction=BH, draws=300, seed=0)
    rows = {row["class"]: row for row in class_rows(inputs, overall, "wilson", BH, 0) if row["kind"] == "class_std"}
    assert rows["cat"]["value"] > rows["cat"]["null_high"] > rows["cat"]["null"]
    assert rows["cat"]["p_value"] < 0.02


def test_attributes_can_be_compared(make_inputs, make_world):
    inputs = make_inputs(make_world(night=0.6))
    overall = overall_scores(inputs, method="wilson", correction=BH, draws=300, seed=0)
    rows = {row["attribute"]: row for row in attribute_rows(inputs, overall, BH, draws=300, seed=0)}
    assert rows["light"]["p_value"] == next(row["p_value"] for row in overall.rows if row["score"] == "macro_std")
    assert rows["light"]["p_value"] < 0.02 < rows["size"]["p_value"]
    assert rows["light"]["macro_variance_debiased"] > rows["size"]["macro_variance_debiased"]


def test_group_ids_give_other_p_values(make_inputs):
    alone = {row["subgroup"]: row for row in subgroup_rows(make_inputs(), "wilson", BH, 0)}
    for row in subgroup_rows(make_inputs(group_id="patient"), "wilson", BH, 0):
        assert row["value"] == alone[row["subgroup"]]["value"]
        assert row["p_value"] != alone[row["subgroup"]]["p_value"]
        assert np.isfinite(row["p_value"])


def test_overlapping_subgroups_are_compared_with_the_samples_outside(make_inputs, make_world):
    table = make_world()
    table["dark"], table["tiny"] = (
        (table["light"] == "night").astype(int),
        (table["size"] == "small").map({True: "yes", False: "no"}),
    )
    rows = subgroup_rows(
        make_inputs(table, attributes=("dark", "tiny"), settings={"overlapping": True}), "wilson", BH, 0
    )
    assert [row["group"] for row in rows] == ["dark", "tiny"]
    for row in rows:
        assert select(row["where"], table).sum() == row["n"]
    assert json.loads(rows[1]["where"]) == {"tiny": "yes"}
