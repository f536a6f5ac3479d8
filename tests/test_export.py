"""Exported tables are exact, and no spreadsheet runs a cell of theirs."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from audit.export import guarded, to_csv, to_parquet


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "=-1", "-1-1"])
def test_a_cell_that_starts_like_a_formula_is_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "+2.5", "-1e-5", "-.5", "cat", "", "a=b", "-3%"])
def test_numbers_and_plain_texts_are_left_alone(text: str) -> None:
    assert guarded(text) == text


def test_headers_index_and_categories_are_guarded_too() -> None:
    frame = pd.DataFrame({"=head": pd.Categorical(["@a", "b"])}, index=pd.Index(["=x", "y"], name="group"))
    assert to_csv(frame) == b"group,'=head\n'=x,'@a\ny,b\n"


def test_numbers_are_written_in_full_and_missing_values_empty() -> None:
    frame = pd.DataFrame({"value": [-0.1234567890123456, np.nan], "n": pd.Series([3, None], dtype="Int64")})
    assert to_csv(frame) == b"value,n\n-0.1234567890123456,3\n,\n"


def test_a_table_survives_csv_and_parquet() -> None:
    frame = pd.DataFrame(
        {"value": [0.5, -1.25], "label": ["Kranich, grau", 'say "ü"']}, index=pd.Index(["a", "b"], name="sample_id")
    )
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(to_csv(frame)), index_col="sample_id"), frame)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(to_parquet(frame))).set_index("sample_id"), frame)


def test_a_range_as_index_is_not_written() -> None:
    assert to_csv(pd.DataFrame({"n": [1, 2]})) == b"n\n1\n2\n"


def test_mixed_types_become_text_in_parquet() -> None:
    frame = pd.DataFrame({"mixed": pd.Series([1, "a", None], dtype=object), 7: [1, 2, 3]})
    back = pd.read_parquet(io.BytesIO(to_parquet(frame)))
    assert back["mixed"].tolist()[:2] == ["1", "a"]
    assert back["mixed"].isna().tolist() == [False, False, True]
    assert back["7"].tolist() == [1, 2, 3]


def test_an_empty_table_keeps_its_header() -> None:
    assert to_csv(pd.DataFrame({"a": pd.Series(dtype="str"), "b": pd.Series(dtype="float")})) == b"a,b\n"
