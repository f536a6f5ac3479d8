"""Rows of slices and of look-alike groups."""

import numpy as np
import pytest

from audit.base import select
from audit.subgroups.slice_rows import error_slice_rows, slice_rows

BH = "benjamini_hochberg"
SEARCH = {"alpha": 0.95, "depth": 3, "n_min": 20, "draws": 300, "seed": 0}


def test_the_planted_slice_is_found_and_confirmed(make_inputs, make_world):
    table = make_world(3000, night=0.6)
    inputs = make_inputs(table)
    found = slice_rows(inputs, "wilson", **SEARCH)
    best = found.rows[0]
    assert best["subgroup"] == "label = cat & light = night"
    assert best["q_value"] < 0.01
    assert best["value"] == pytest.approx(0.4, abs=0.12)
    mask = select(best["where"], table)
    assert mask.sum() == best["n"] + best["n_searched"]
    assert set(found.of_sample[mask]) == {best["subgroup"]}
    nested = [row for row in found.rows if row["parent"] == best["subgroup"]]
    assert all(best["subgroup"].split(" & ")[0] in row["subgroup"] for row in nested)


def test_chance_slices_are_not_confirmed(make_inputs, make_world):
    found = slice_rows(make_inputs(make_world(3000, night=0.1)), "wilson", **SEARCH)
    assert all(row["q_value"] > 0.05 for row in found.rows)


def test_a_world_without_errors_has_no_slices_and_says_so(make_inputs, make_world):
    table = make_world()
    table["prediction"] = table["label"]
    found = slice_rows(make_inputs(table), "wilson", **SEARCH)
    assert found.rows == []
    assert "no errors" in found.notes[0]


def test_too_few_samples_are_not_searched(make_inputs, make_world):
    found = slice_rows(make_inputs(make_world(60)), "wilson", **SEARCH)
    assert "fewer than 40 samples" in found.notes[0]


def test_slices_are_confirmed_over_group_ids(make_inputs, make_world):
    found = slice_rows(make_inputs(make_world(3000, night=0.6), group_id="patient"), "wilson", **SEARCH)
    assert found.rows[0]["q_value"] < 0.05


def _embedded(table, seed=0):
    generator = np.random.default_rng(seed)
    embeddings = generator.normal(0, 1, (len(table), 6))
    embeddings[:, :3] += 4 * np.eye(3)[table["label"].map({"cat": 0, "dog": 1, "owl": 2})]
    embeddings[:, 3] += 5 * (table["light"] == "night")
    return embeddings


@pytest.mark.parametrize("roles", [{}, {"group_id": "patient"}])
def test_planted_look_alikes_are_found_named_and_confirmed(make_inputs, make_world, roles):
    table = make_world(3000, night=0.8)
    found = error_slice_rows(
        make_inputs(table, **roles),
        _embedded(table),
        "wilson",
        BH,
        slices=12,
        seed=0,
        phrases=("a cat", "a dog", "an owl", "at night"),
        phrase_embeddings=np.eye(6)[:4],
    )
    best = found.rows[0]
    assert best["confused"] == "cat taken for dog"
    assert best["q_value"] < 0.01
    assert best["phrases"].startswith("at night")
    held_out_and_searched = found.of_sample == best["subgroup"]
    assert ((table["label"] == "cat") & (table["light"] == "night"))[held_out_and_searched].mean() > 0.8


def test_few_samples_are_not_clustered(make_inputs, make_world):
    table = make_world(200)
    found = error_slice_rows(make_inputs(table), _embedded(table), "wilson", BH, slices=5, seed=0)
    assert found.rows == []
    assert "need 400 samples" in found.notes[0]
