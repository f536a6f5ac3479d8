from __future__ import annotations

import pytest

from audit.demo import world_table
from audit.demo.truth import OTHER_SPECIES, PLANTED_SPECIES, TRUTHS, truths


def test_names_are_unique():
    assert len({truth.name for truth in TRUTHS}) == len(TRUTHS)


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.name)
def test_every_truth_lies_in_columns_and_values_of_its_world(truth):
    table = world_table(truth.world, n=400, split="test", seed=0)
    for column, values in truth.where.items():
        assert set(values) <= set(table[column])


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.name)
def test_where_nothing_was_planted_no_bound_is_claimed(truth):
    assert (truth.expected == "none") == (truth.bound is None)


def test_each_of_the_six_audits_has_something_to_find_and_two_have_something_not_to_find():
    assert len({truth.audit for truth in TRUTHS}) == 6
    assert len({truth.audit for truth in TRUTHS if truth.expected == "none"}) >= 2


def test_truths_are_picked_by_audit_and_world():
    assert {truth.name for truth in truths("robustness_index")} == {"center is encoded"}
    assert truths("robustness_index", "menagerie") == ()


def test_planted_and_other_species_are_all_species():
    table = world_table("menagerie", n=100, split="test", seed=0)
    assert set(PLANTED_SPECIES) | set(OTHER_SPECIES) == set(table["label"])
    assert not set(PLANTED_SPECIES) & set(OTHER_SPECIES)
