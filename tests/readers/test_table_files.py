"""Tables are read as they were written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers.table_files import read_table


def written(tmp_path: Path, content: str | bytes, name: str = "samples.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def frame(tmp_path: Path, content: str | bytes, name: str = "samples.csv") -> pd.DataFrame:
    return read_table(written(tmp_path, content, name)).frame


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_header(tmp_path: Path, separator: str) -> None:
    content = "sample_id,label,n\na,cat,1\nb,dog,2\n".replace(",", separator)
    assert frame(tmp_path, content).to_dict("list") == {"sample_id": ["a", "b"], "label": ["cat", "dog"], "n": [1, 2]}


def test_a_tsv_has_tabs_whatever_its_header_holds(tmp_path: Path) -> None:
    assert list(frame(tmp_path, "a,b,c\td\n1\t2\n", "samples.tsv").columns) == ["a,b,c", "d"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_no_part_of_the_first_name(tmp_path: Path, encoding: str) -> None:
    table = frame(tmp_path, "sample_id,label\na,Bär\n".encode(encoding))
    assert list(table.columns) == ["sample_id", "label"]
    assert table["label"].tolist() == ["Bär"]


def test_quotes_hold_separators_quotes_and_line_ends(tmp_path: Path) -> None:
    table = frame(tmp_path, 'sample_id,caption\r\na,"a cat, a ""big"" one"\r\nb,"two\nlines"\r\n')
    assert table["caption"].tolist() == ['a cat, a "big" one', "two\nlines"]


def test_leading_zeros_and_long_numbers_are_kept(tmp_path: Path) -> None:
    table = frame(tmp_path, "sample_id,label,uid\n00012,007,12345678901234567890123\n12,010,1\n")
    assert table["sample_id"].tolist() == ["00012", "12"]
    assert table["label"].tolist() == ["007", "010"]
    assert table["uid"].tolist() == ["12345678901234567890123", "1"]


def test_numeric_ids_stay_texts(tmp_path: Path) -> None:
    assert frame(tmp_path, "sample_id,n\n1,1\n2,2\n")["sample_id"].tolist() == ["1", "2"]


def test_whole_numbers_with_gaps_stay_whole(tmp_path: Path) -> None:
    table = frame(tmp_path, "sample_id,label,age\na,1,30.0\nb,,\nc,2,41.0\n")
    assert table["label"].astype("str").tolist()[::2] == ["1", "2"]
    assert table["age"].astype("str").tolist()[::2] == ["30", "41"]
    assert table["age"].isna().tolist() == [False, True, False]


def test_none_and_na_are_names_in_a_column_of_classes(tmp_path: Path) -> None:
    table = frame(tmp_path, "sample_id,label,background\na,None,NA\nb,NA,nan\nc,,null\n")
    assert table["label"].tolist()[:2] == ["None", "NA"]
    assert table["label"].isna().tolist() == [False, False, True]
    assert table["background"].tolist() == ["NA", "nan", "null"]


def test_na_is_missing_in_a_column_of_numbers(tmp_path: Path) -> None:
    table = frame(tmp_path, "sample_id,age,label\na,30.5,1\nb,NA,NA\nc,nan,2\n")
    np.testing.assert_array_equal(table["age"], [30.5, np.nan, np.nan])
    assert table["label"].tolist() == ["1", "NA", "2"]


def test_a_column_the_user_calls_a_class_keeps_its_na(tmp_path: Path) -> None:
    path = written(tmp_path, "sample_id,kind\na,1\nb,NA\n")
    assert read_table(path, Roles(label="kind")).frame["kind"].tolist() == ["1", "NA"]
    assert read_table(path).frame["kind"].isna().tolist() == [False, True]


def test_numbers_in_every_spelling_are_numbers(tmp_path: Path) -> None:
    table = frame(tmp_path, "sample_id,x_score\na,1e-3\nb,-.5\nc,+2\nd,3.\n")
    assert table["x_score"].tolist() == [0.001, -0.5, 2.0, 3.0]


def test_decimal_commas_are_read_between_semicolons(tmp_path: Path) -> None:
    assert frame(tmp_path, "sample_id;age\na;1,5\nb;2\n")["age"].tolist() == [1.5, 2.0]


def test_a_row_counter_without_a_name_is_dropped_and_other_nameless_columns_are_not(tmp_path: Path) -> None:
    assert list(frame(tmp_path, ",label\n0,cat\n1,dog\n").columns) == ["label"]
    assert list(frame(tmp_path, ",label\n5,cat\n1,dog\n").columns) == ["Unnamed: 0", "label"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "samples.csv must have a header and at least one row; it is empty"),
        ("sample_id,label\n", "samples.csv must have at least one row"),
        ("a,b,a\n1,2,3\n", "samples.csv must name each column once; 'a'"),
        ("a,b\n1,2\n3\n4,5\n", "2 cells in every row, as its header has; data row 2 has 1"),
        ("a,b\n1,2\n3,4\n4,5,6\n", "data row 3 has 3"),
        ("a,b\n1,\xe4\n".encode("latin-1"), "samples.csv must be UTF-8 text"),
        ("a,\xe4\n1,2\n".encode("latin-1"), "samples.csv must be UTF-8 text"),
    ],
)
def test_a_broken_csv_is_named_with_its_row(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path, content))


def test_json_lines_keep_their_types(tmp_path: Path) -> None:
    lines = (
        '{"sample_id": "007", "label": "None", "n": 1, "tags": ["a", "b"], "mixed": 1, "flag": true}\n\n'
        '{"sample_id": "8", "label": null, "mixed": "x", "flag": null}\n'
    )
    table = frame(tmp_path, lines, "samples.jsonl")
    assert table["sample_id"].tolist() == ["007", "8"]
    assert table["label"].tolist()[0] == "None"
    assert table["label"].isna().tolist() == [False, True]
    assert table["n"].astype("str").tolist()[0] == "1"
    assert table["tags"].tolist()[0] == '["a", "b"]'
    assert table["mixed"].tolist() == ["1", "x"]
    assert table["flag"].tolist()[0] == "True"


def test_json_lines_hold_embeddings(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, '{"embedding": [1, 2.5]}\n{"embedding": [3, 4]}\n', "samples.jsonl"))
    assert table.arrays["embedding"].tolist() == [[1, 2.5], [3, 4]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{broken", "line 2 is not one"),
        ("[1, 2]", "line 2 holds list"),
        ('{"embedding": [1]}', "list of 2 numbers in every row; data row 2 has 1 numbers"),
        ('{"embedding": null}', "data row 2 has no list"),
        ('{"embedding": ["a", "b"]}', "data row 2 has other values"),
    ],
)
def test_a_broken_json_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path, f'{{"embedding": [1, 2]}}\n{line}\n', "samples.jsonl"))


def test_a_file_that_is_no_table_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"got 'notes.txt'"):
        read_table(written(tmp_path, "hello", "notes.txt"))
    with pytest.raises(InputError, match="is not there"):
        read_table(tmp_path / "gone.csv")


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5), separator=st.sampled_from(",;\t|"))
def test_every_text_survives_a_well_formed_csv(tmp_path: Path, rows: list[tuple[str, str]], separator: str) -> None:
    path = tmp_path / "samples.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerows([("sample_id", "caption"), *(("x" + left, "x" + right) for left, right in rows)])
    table = read_table(path).frame
    assert table["sample_id"].tolist() == ["x" + left for left, _ in rows]
    assert table["caption"].tolist() == ["x" + right for _, right in rows]
