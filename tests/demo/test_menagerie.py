from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from audit.demo import render, world_table
from audit.demo.animals import SPECIES
from audit.demo.animals.pieces import COAT_COLOURS
from audit.demo.backgrounds import BACKGROUNDS
from audit.demo.menagerie import HOME, HOME_SHARE, HUE_TWINS
from audit.demo.truth import OTHER_SPECIES, SHAPE_TWINS


@pytest.fixture(scope="module")
def train() -> pd.DataFrame:
    return world_table("menagerie", n=6000, split="train", seed=1)


@pytest.fixture(scope="module")
def test() -> pd.DataFrame:
    return world_table("menagerie", n=1600, split="test", seed=1)


def _row(label: str, **facts: str) -> dict[str, str]:
    usual = {"background": "meadow", "light": "day", "coat": "brown", "size": "medium", "viewpoint": "right"}
    return {"label": label, "group_id": f"{label}-0", "sample_id": "one", "split": "test", **usual, **facts}


def _association(table: pd.DataFrame, first: str, second: str) -> float:
    """Cramér's V of two columns."""
    counts = pd.crosstab(table[first], table[second])
    return float(np.sqrt(chi2_contingency(counts)[0] / counts.to_numpy().sum() / (min(counts.shape) - 1)))


def test_at_least_eight_species_live_on_at_least_six_backgrounds(test):
    assert test["label"].nunique() >= 8
    assert test["background"].nunique() >= 6


def test_species_are_equally_frequent(train, test):
    for table in (train, test):
        assert len(set(table["label"].value_counts())) == 1


@pytest.mark.parametrize("species", HOME)
def test_in_training_a_planted_species_is_at_home_in_at_least_95_percent(train, species):
    mine = train[train["label"] == species]
    assert (mine["background"] == HOME[species]).mean() == pytest.approx(HOME_SHARE["train"], abs=0.01)
    assert (mine["background"] == HOME[species]).mean() >= 0.95


@pytest.mark.parametrize("species", HOME)
def test_in_the_test_split_half_of_a_planted_species_is_on_every_other_background(test, species):
    counts = test.loc[test["label"] == species, "background"].value_counts(normalize=True)
    assert counts[HOME[species]] == pytest.approx(0.5, abs=0.01)
    assert counts.drop(HOME[species]).between(0.08, 0.12).all()


def test_the_other_species_are_spread_evenly_over_the_backgrounds(train, test):
    for table in (train, test):
        others = table[table["label"].isin(OTHER_SPECIES)]
        assert _association(others, "label", "background") < 0.03


@pytest.mark.parametrize("attribute", ["light", "size", "viewpoint"])
def test_nothing_is_planted_between_the_species_and(train, test, attribute):
    for table in (train, test):
        assert _association(table, "label", attribute) < 0.03
        assert _association(table, "background", attribute) < 0.06


def test_coats_are_balanced_over_the_species_that_share_them(test):
    shared = test[~test["label"].isin(HUE_TWINS)]
    assert _association(shared, "label", "coat") < 0.05
    assert _association(shared, "coat", "light") < 0.08


def test_night_is_rare_in_training_and_a_third_of_the_test_split(train, test):
    assert (train["light"] == "night").mean() == pytest.approx(0.12, abs=0.01)
    assert (test["light"] == "night").mean() == pytest.approx(1 / 3, abs=0.02)


def test_an_individual_keeps_species_and_coat_has_several_images_and_stays_in_one_split(train, test):
    for table in (train, test):
        assert (table.groupby("group_id")[["label", "coat", "split"]].nunique().max() < 2).all()
        assert table.groupby("group_id").size().median() == 5
    assert not set(train["group_id"]) & set(test["group_id"])


def test_hue_twins_are_one_shape_of_equal_luma():
    (first, one), (second, two) = HUE_TWINS.items()
    drawn = [
        render("menagerie", {**_row(name, coat=coat), "group_id": "same"}, seed=0)
        for name, coat in ((first, one), (second, two))
    ]
    (image, mask), (other, other_mask) = drawn
    assert mask is not None
    assert np.array_equal(mask, other_mask)
    assert np.abs(image.astype(float) - other)[mask > 0].mean() > 40
    lumas = [np.dot(COAT_COLOURS[coat], (0.299, 0.587, 0.114)) for coat in (one, two)]
    assert abs(lumas[0] - lumas[1]) < 3


def test_shape_twins_share_their_coats_and_differ_in_outline(test):
    coats = [set(test.loc[test["label"] == name, "coat"]) for name in SHAPE_TWINS]
    assert coats[0] == coats[1]
    masks = [render("menagerie", {**_row(name), "group_id": "same"}, seed=0)[1] for name in SHAPE_TWINS]
    assert masks[0] is not None
    assert masks[1] is not None
    assert (masks[0] != masks[1]).sum() > 0.08 * (masks[0] > 0).sum()


def test_night_is_darker_and_flatter_than_day():
    day, night = (render("menagerie", _row("cat", light=light), seed=0)[0].astype(float) for light in ("day", "night"))
    assert night.mean() < 0.5 * day.mean()
    pools = [image.reshape(16, 8, 16, 8, 3).mean(axis=(1, 3)).std() for image in (day, night)]
    assert pools[1] < 0.6 * pools[0]


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("species", SPECIES)
def test_the_animal_is_inside_the_picture_and_covers_a_part_of_it(species, background):
    for viewpoint in ("left", "right", "front"):
        row = _row(species, background=background, size="large", viewpoint=viewpoint)
        coat = HUE_TWINS.get(species, "white")
        image, mask = render("menagerie", {**row, "coat": coat}, seed=4, size=64)
        assert image.shape == (64, 64, 3)
        assert mask is not None
        assert 0.05 < (mask > 0).mean() < 0.6
        touching = (mask[:, 0] > 0).sum() + (mask[:, -1] > 0).sum() + (mask[0] > 0).sum()
        assert touching <= 4


def test_left_is_the_mirror_of_right():
    left, right = (render("menagerie", _row("elephant", viewpoint=view), seed=0)[1] for view in ("left", "right"))

    def cut_out(mask: np.ndarray) -> np.ndarray:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        return mask[rows[0] : rows[0] + 60, columns[0] : columns[0] + 60] > 0

    same = (cut_out(left[:, ::-1]) == cut_out(right)).mean()
    unturned = (cut_out(left) == cut_out(right)).mean()
    assert same > 0.95 > unturned


def test_nights_of_the_test_split_are_darker_than_those_of_training():
    train, test = (
        render("menagerie", _row("cat", light="night", split=split), seed=0)[0].mean() for split in ("train", "test")
    )
    assert test < 0.85 * train


def test_days_are_drawn_alike_in_both_splits():
    train, test = (render("menagerie", _row("cat", split=split), seed=0)[0] for split in ("train", "test"))
    assert np.array_equal(train, test)
