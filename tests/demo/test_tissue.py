from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.demo import render, world_table
from audit.demo.tissue import CENTERS, CLASSES


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return world_table("tissue", n=960, split="test", seed=1)


def test_four_classes_come_from_four_centers(table):
    assert (table["label"].nunique(), table["center"].nunique()) == (4, 4)


def test_every_class_is_equally_frequent_in_every_center_and_patient(table):
    assert np.ptp(pd.crosstab(table["label"], table["center"]).to_numpy()) == 0
    assert (pd.crosstab(table["label"], table["group_id"]) > 0).all(axis=None)
    assert (pd.crosstab(table["label"], table["slide"]) > 0).all(axis=None)


def test_a_slide_belongs_to_one_patient_and_a_patient_to_one_center(table):
    assert table.groupby("slide")["group_id"].nunique().max() == 1
    assert table.groupby("group_id")["center"].nunique().max() == 1
    assert (table.groupby("group_id")["slide"].nunique() == 2).all()


def test_no_patient_is_in_both_splits(table):
    train = world_table("tissue", n=960, split="train", seed=1)
    assert not set(train["group_id"]) & set(table["group_id"])


def test_the_mean_colour_tells_the_center_far_better_than_the_class(table):
    rows = table.head(120).to_dict("records")
    colours = np.array([render("tissue", row, seed=1, size=32)[0].mean(axis=(0, 1)) for row in rows])
    distances = np.linalg.norm(colours[:, None] - colours[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    same = {
        name: np.mean([rows[i][name] == rows[j][name] for i, j in enumerate(nearest)]) for name in ("center", "label")
    }
    assert same["center"] > 0.9
    assert same["label"] < 0.8


@pytest.mark.parametrize("center", CENTERS)
def test_lymphocytes_are_denser_in_nuclei_than_stroma_in_every_center(center):
    def share_of_nuclei(label: str) -> float:
        row = {"label": label, "center": center, "slide": "s", "group_id": "g", "sample_id": "one", "split": "train"}
        red = render("tissue", row, seed=2)[0][..., 0].astype(float)
        return float((red < np.percentile(red, 99) * 0.72).mean())

    assert share_of_nuclei("lymphocyte") > 2 * share_of_nuclei("stroma")


def test_every_class_can_be_drawn_small():
    for label in CLASSES:
        row = {"label": label, "center": "alder", "slide": "s", "group_id": "g", "sample_id": "one", "split": "train"}
        image, mask = render("tissue", row, seed=2, size=48)
        assert image.shape == (48, 48, 3)
        assert mask is None
        assert image.std() > 5


def test_training_shows_pure_tissue_and_the_test_split_a_border_to_another_class():
    def redness(split: str) -> list[float]:
        rows = [
            {"label": "stroma", "center": "alder", "slide": "s", "group_id": "g", "sample_id": str(i), "split": split}
            for i in range(12)
        ]
        pictures = [render("tissue", row, seed=2)[0].astype(float) for row in rows]
        halves = [(p[:64], p[64:], p[:, :64], p[:, 64:]) for p in pictures]
        return [float(np.ptp([half[..., 0].mean() for half in parts])) for parts in halves]

    assert np.mean(redness("test")) > 2 * np.mean(redness("train"))
