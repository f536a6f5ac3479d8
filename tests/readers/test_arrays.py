"""Embeddings without a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers import load_dataset


def test_a_plain_array_has_numbered_samples(tmp_path: Path) -> None:
    np.save(tmp_path / "clip.npy", np.eye(3))
    dataset = load_dataset(tmp_path / "clip.npy")
    assert (dataset.name, list(dataset.index)) == ("clip", ["0", "1", "2"])
    assert dataset.arrays["embeddings"].shape == (3, 3)
    assert dataset.roles == Roles()


def test_arrays_of_an_archive_become_columns(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "clip.npz",
        embeddings=np.eye(4),
        sample_id=np.array(["007", "8", "9", "x"]),
        label=np.array([1, 0, 1, 0]),
        center=np.array(["A", "B", "A", "B"]),
        probabilities=np.full((4, 2), 0.5),
        class_names=np.array(["cat", "dog"]),
    )
    dataset = load_dataset(tmp_path / "clip.npz")
    assert list(dataset.index) == ["007", "8", "9", "x"]
    assert dataset.roles == Roles(label="label", center="center", attributes=("center",))
    assert dataset.metadata["label"].tolist() == ["dog", "cat", "dog", "cat"]
    assert dataset.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"label": np.zeros(3)}, r"holds label \(3,\)"),
        ({"embeddings": np.eye(3), "label": np.zeros(2)}, r"must have 3 rows, .*`label` has shape \(2,\)"),
        ({"embeddings": np.array([[1.0, np.nan]])}, r"holds nan in row 1 \(sample '0'\), column 2"),
        ({"embeddings": np.zeros((0, 4))}, "at least one row"),
    ],
)
def test_an_archive_that_does_not_fit_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "clip.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "clip.npz")
