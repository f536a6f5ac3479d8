"""Embeddings and probabilities from files are checked row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.errors import InputError
from audit.readers.array_files import ArrayFile, aligned, chosen_key, read_array

IDS = pd.Index(["a", "b", "c"], name="sample_id")


def given(rows: object, **fields: object) -> ArrayFile:
    return ArrayFile(rows=np.asarray(rows), where="file.npy", **fields)


def test_a_plain_array_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((3, 2), dtype=np.float16))
    array = read_array(str(tmp_path / "a.npy"), "embeddings")
    assert array.rows.dtype == np.float16
    assert (array.where, array.ids) == ("a.npy", None)


def test_ids_and_class_names_of_an_archive_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", probs=np.full((2, 2), 0.5), ids=np.array([7, 8]), class_names=np.array(["x", "y"]))
    array = read_array(str(tmp_path / "a.npz"), "probabilities")
    assert list(array.ids) == ["7", "8"]
    assert array.class_names == ("x", "y")


def test_an_array_of_several_is_found_by_name_by_key_or_alone(tmp_path: Path) -> None:
    arrays = {"clip": np.zeros((3, 2)), "embeddings": np.ones((3, 4)), "labels": np.zeros(3)}
    assert chosen_key(arrays, "embeddings") == "embeddings"
    assert chosen_key({"clip": arrays["clip"], "labels": arrays["labels"]}, "embeddings") == "clip"
    np.savez(tmp_path / "a.npz", **arrays)
    assert read_array(f"{tmp_path / 'a.npz'}#clip", "embeddings").rows.shape == (3, 2)


def test_an_array_that_cannot_be_chosen_is_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=np.zeros((3, 2)), two=np.zeros((3, 2)))
    with pytest.raises(InputError, match=r"Arrays: one, two. Write a.npz#NAME"):
        read_array(str(tmp_path / "a.npz"), "embeddings")
    with pytest.raises(InputError, match="got 'three'"):
        read_array(f"{tmp_path / 'a.npz'}#three", "embeddings")


def test_a_list_column_of_parquet_is_read_with_its_ids(tmp_path: Path) -> None:
    pd.DataFrame({"sample_id": ["b", "a"], "embedding": [[1.0], [2.0]]}).to_parquet(tmp_path / "a.parquet")
    array = read_array(str(tmp_path / "a.parquet"), "embeddings")
    assert aligned(array, pd.Index(["a", "b"]), "embeddings", "t").tolist() == [[2.0], [1.0]]
    with pytest.raises(InputError, match="List columns: embedding"):
        read_array(f"{tmp_path / 'a.parquet'}#other", "embeddings")


def test_pickled_damaged_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04broken")
    (tmp_path / "empty.npy").write_bytes(b"")
    for name in ("objects.npy", "damaged.npz", "empty.npy"):
        with pytest.raises(InputError, match=f"`embeddings` must be a plain NumPy file; {name} cannot be read"):
            read_array(str(tmp_path / name), "embeddings")
    with pytest.raises(InputError, match="is not there"):
        read_array(str(tmp_path / "gone.npy"), "embeddings")
    with pytest.raises(InputError, match=r"got 'a.txt'"):
        read_array("a.txt", "embeddings")


def test_rows_are_matched_by_id_before_position() -> None:
    array = given([[3.0], [1.0], [9.0], [2.0]], ids=pd.Index(["c", "a", "z", "b"]))
    assert aligned(array, IDS, "embeddings", "samples.csv").tolist() == [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (given([[1.0]] * 2), r"samples.csv has 3 rows, file.npy has 2"),
        (given([1.0, 2.0, 3.0]), r"has shape \(3,\)"),
        (given(np.zeros((3, 0))), r"has shape \(3, 0\)"),
        (given([["x"]] * 3), "type <U1"),
        (given([[1.0, 2.0], [1.0, np.nan], [np.inf, 1.0]]), r"holds nan in row 2 \(sample 'b'\), column 2; 2 rows"),
        (given([[1.0]] * 3, ids=pd.Index(["a", "b", "d"])), r"has none for 'c' \(1 of 3 missing\)"),
        (given([[1.0]] * 3, ids=pd.Index(["a", "b", "b"])), "'b' comes again in row 3"),
    ],
)
def test_rows_that_do_not_fit_are_named(array: ArrayFile, message: str) -> None:
    with pytest.raises(InputError, match=message):
        aligned(array, IDS, "embeddings", "samples.csv")


def test_logits_are_no_probabilities() -> None:
    with pytest.raises(InputError, match=r"row 2 \(sample 'b'\) sums to 6 .*Give probabilities, not logits"):
        aligned(given([[0.5, 0.5], [2.0, 4.0], [1.0, 0.0]]), IDS, "probabilities", "samples.csv")


def test_half_precision_probabilities_of_many_classes_pass() -> None:
    rows = np.random.default_rng(0).dirichlet(np.ones(1000), size=3).astype(np.float16)
    assert aligned(given(rows), IDS, "probabilities", "samples.csv").shape == (3, 1000)
