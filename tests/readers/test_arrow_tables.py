"""Parquet and Arrow columns become plain columns, arrays and images."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.errors import InputError
from audit.readers.arrow_tables import read_arrow_stream, read_parquet


def written(tmp_path: Path, columns: dict[str, pa.Array], metadata: dict[bytes, bytes] | None = None) -> Path:
    path = tmp_path / "samples.parquet"
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return path


def test_plain_columns_keep_their_kind(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "text": pa.array(["a", None, ""]),
            "gap": pa.array([1, None, 2], pa.int16()),
            "whole": pa.array([1.0, 2.0, None]),
            "fraction": pa.array([0.5, None, 2.0]),
            "flag": pa.array([True, False, True]),
            "category": pa.array(["x", "y", "x"]).dictionary_encode(),
            "price": pa.array([decimal.Decimal("1.50"), decimal.Decimal("2.25"), None]),
            "day": pa.array([dt.date(2026, 1, 1)] * 3),
        },
    )
    frame = read_parquet(path).frame
    assert frame["text"].isna().tolist() == [False, True, True]
    assert frame["gap"].astype("str").tolist()[::2] == ["1", "2"]
    assert frame["whole"].astype("str").tolist()[:2] == ["1", "2"]
    assert frame["fraction"].tolist()[::2] == [0.5, 2.0]
    assert frame["flag"].dtype == bool
    assert frame["category"].tolist() == ["x", "y", "x"]
    assert frame["price"].tolist()[:2] == [1.5, 2.25]
    assert frame["day"].tolist()[0] == "2026-01-01"


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float64(), 2), pa.large_list(pa.float32())])
def test_a_list_column_of_one_length_is_an_array(tmp_path: Path, kind: pa.DataType) -> None:
    table = read_parquet(written(tmp_path, {"embedding": pa.array([[1, 2], [3, 4], [5, 6]], kind)}))
    np.testing.assert_array_equal(table.arrays["embedding"], [[1, 2], [3, 4], [5, 6]])
    assert len(table.frame) == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [([[1.0, 2.0], [3.0]], "data row 2 has 1 numbers"), ([[1.0, 2.0], None], "data row 2 has no list")],
)
def test_ragged_embeddings_are_named_with_file_column_and_row(
    tmp_path: Path, rows: list[list[float] | None], message: str
) -> None:
    with pytest.raises(InputError, match=f"column `embedding` of samples.parquet must hold a list of 2 .*{message}"):
        read_parquet(written(tmp_path, {"embedding": pa.array(rows)}))


def test_other_lists_become_json(tmp_path: Path) -> None:
    frame = read_parquet(written(tmp_path, {"tags": pa.array([["a"], ["b", "c"], None])})).frame
    assert frame["tags"].tolist()[:2] == ['["a"]', '["b", "c"]']
    assert frame["tags"].isna().tolist() == [False, False, True]


def test_class_labels_of_hugging_face_become_names(tmp_path: Path) -> None:
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}, "n": {"dtype": "int64", "_type": "Value"}}
    schema = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    table = read_parquet(written(tmp_path, {"label": pa.array([1, 0, -1]), "n": pa.array([1, 0, 1])}, schema))
    assert table.frame["label"].tolist()[:2] == ["dog", "cat"]
    assert table.frame["label"].isna().tolist() == [False, False, True]
    assert table.frame["n"].tolist() == [1, 0, 1]
    assert table.class_names == {"label": ("cat", "dog")}


def test_a_saved_index_is_a_column_unless_it_counts_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": ["a", "b"]}, index=pd.Index(["x", "y"], name="sample_id"))
    frame.to_parquet(tmp_path / "named.parquet")
    assert list(read_parquet(tmp_path / "named.parquet").frame.columns) == ["label", "sample_id"]
    frame.reset_index(drop=True).iloc[[0, 1]].to_parquet(tmp_path / "counted.parquet")
    assert list(read_parquet(tmp_path / "counted.parquet").frame.columns) == ["label"]


def test_images_stay_in_the_file_until_they_are_asked_for(tmp_path: Path) -> None:
    column = pa.array([{"bytes": b"one", "path": "1.png"}, {"bytes": None, "path": "2.png"}, None])
    table = read_parquet(written(tmp_path, {"image": column, "raw": pa.array([b"a", b"b", None])}))
    assert list(table.frame.columns) == []
    assert list(table.images["image"][0].rows()) == [(b"one", "1.png"), (None, "2.png"), (None, None)]
    assert list(table.images["raw"][0].rows()) == [(b"a", None), (b"b", None), (None, None)]


def test_an_arrow_stream_is_read_like_parquet(tmp_path: Path) -> None:
    arrow = pa.table({"label": ["a", "b"], "image": [{"bytes": b"x", "path": None}] * 2, "embedding": [[1.0], [2.0]]})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_stream(sink, arrow.schema) as stream:
        stream.write_table(arrow)
    table = read_arrow_stream(tmp_path / "a.arrow")
    assert table.frame["label"].tolist() == ["a", "b"]
    assert table.arrays["embedding"].tolist() == [[1.0], [2.0]]
    assert list(table.images["image"][0].rows()) == [(b"x", None), (b"x", None)]


def test_damaged_files_are_named(tmp_path: Path) -> None:
    for name, read in (("a.parquet", read_parquet), ("a.arrow", read_arrow_stream)):
        (tmp_path / name).write_bytes(b"PAR1 and then nothing of use")
        with pytest.raises(InputError, match=f"{name} must be"):
            read(tmp_path / name)


def test_a_repeated_column_is_refused(tmp_path: Path) -> None:
    arrow = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(arrow, tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a.parquet must name each column once; 'a'"):
        read_parquet(tmp_path / "a.parquet")
