"""Whose background a sample gets."""

import numpy as np
import pandas as pd
import pytest

from audit.backgrounds.donors import donor_rows, label_codes
from audit.dataset import Dataset, Roles


def _dataset(labels, tmp_path):
    for number in range(len(labels)):
        (tmp_path / f"{number}.jpg").write_bytes(b"x")
    table = pd.DataFrame(
        {"filepath": [f"{n}.jpg" for n in range(len(labels))], "label": labels},
        index=pd.Index([f"s{n}" for n in range(len(labels))], name="sample_id"),
    )
    return Dataset(name="d", metadata=table, root=tmp_path, roles=Roles(label="label"))


@pytest.fixture
def dataset(tmp_path):
    return _dataset(["a"] * 50 + ["b"] * 30 + ["c"] + [None], tmp_path)


def test_donors_of_the_own_class_are_other_samples_of_it(dataset):
    rows, labels = donor_rows(dataset, "swap_same", 0), label_codes(dataset)
    has = rows >= 0
    assert (labels[rows[has]] == labels[has]).all()
    assert (rows != np.arange(len(rows))).all()
    assert has.tolist() == [True] * 80 + [False, False]


def test_donors_of_other_classes_come_from_each_of_them(dataset):
    rows, labels = donor_rows(dataset, "swap_random", 0), label_codes(dataset)
    has = rows >= 0
    assert (labels[rows[has]] != labels[has]).all()
    assert has.tolist() == [True] * 81 + [False]
    assert set(labels[rows[:50]]) == {1, 2}


def test_a_few_donors_serve_all(dataset):
    assert len(np.unique(donor_rows(dataset, "swap_random", 0))) <= 8 + 8 + 1 + 1


def test_the_choice_belongs_to_the_seed(dataset):
    assert (donor_rows(dataset, "swap_random", 0) != donor_rows(dataset, "swap_random", 1)).any()


def test_one_class_alone_takes_backgrounds_from_itself(tmp_path):
    rows = donor_rows(_dataset(["a", "a", "a"], tmp_path), "swap_random", 0)
    assert (rows >= 0).all()
    assert (rows != np.arange(3)).all()
