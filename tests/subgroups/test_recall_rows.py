"""Differences of recalls, and gaps with another attribute held equal."""

import numpy as np
import pytest

from audit.base import select
from audit.subgroups import recall_rows as module
from audit.subgroups.recall_rows import recall_rows, standardised_rows

BH = "benjamini_hochberg"


def test_the_planted_recall_difference_is_found(make_inputs, make_world):
    table = make_world(night=0.5)
    rows, notes = recall_rows(make_inputs(table), BH, draws=200, seed=0)
    assert notes == []
    row = next(row for row in rows if row["class"] == "cat")
    assert row["group"] == "day - night"
    assert row["value"] == pytest.approx(0.4, abs=0.12)
    assert row["low"] > 0.2
    assert row["q_value"] < 0.001
    assert select(row["where"], table).sum() == row["n"]


def test_differences_with_group_ids_are_defined(make_inputs):
    rows, _ = recall_rows(make_inputs(group_id="patient"), BH, draws=200, seed=0)
    assert all(row["low"] < row["value"] < row["high"] for row in rows)
    assert all(np.isfinite(row["p_value"]) for row in rows)


def test_overlapping_subgroups_are_compared_by_a_paired_bootstrap(make_inputs, make_world):
    table = make_world(night=0.6)
    table["dark"], table["any"] = table["light"] == "night", True
    rows, _ = recall_rows(
        make_inputs(table, attributes=("dark", "any"), settings={"overlapping": True}), BH, draws=400, seed=0
    )
    row = next(row for row in rows if row["class"] == "cat")
    assert row["value"] < row["high"] < 0
    assert row["p_value"] < 0.02


def test_too_many_pairs_are_not_listed_and_said_so(make_inputs, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    rows, notes = recall_rows(make_inputs(), BH, draws=200, seed=0)
    assert rows == []
    assert "1 pair of subgroups times 3 classes are too many" in notes[0]


def test_a_gap_that_is_another_attributes_is_explained_by_it(make_inputs, make_world):
    generator = np.random.default_rng(0)
    table = make_world(4000)
    table["size"] = np.where(generator.random(4000) < np.where(table["light"] == "night", 0.9, 0.1), "small", "large")
    wrong = generator.random(4000) < np.where(table["size"] == "small", 0.5, 0.1)
    table["prediction"] = table["label"].where(~wrong, "zebra")
    rows, _ = standardised_rows(make_inputs(table), draws=300, seed=0)
    row = next(row for row in rows if row["attribute"] == "size")
    assert row["raw_low"] > 0.2
    assert row["low"] < 0 < row["high"]
    assert row["explained"] == pytest.approx(row["raw"] - row["value"])
    assert {"the label", "size"} == {row["attribute"] for row in rows}


def test_an_attribute_without_common_values_is_said_to_be_so(make_inputs, make_world):
    table = make_world()
    table["size"] = table["light"].map({"day": "large", "night": "small"})
    rows, notes = standardised_rows(make_inputs(table), draws=200, seed=0)
    assert all(row["attribute"] != "size" for row in rows)
    assert any("'size' cannot be held equal" in note for note in notes)


def test_tiny_subgroups_are_not_the_pair(make_inputs, make_world):
    table = make_world()
    table["light"] = "day"
    table.loc[table.index[:3], "light"] = "dusk"
    rows, notes = standardised_rows(make_inputs(table), draws=200, seed=0)
    assert rows == []
    assert "fewer than two subgroups have 10 samples" in notes[0]
