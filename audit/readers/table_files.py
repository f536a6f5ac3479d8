"""Tables from files: CSV, TSV, Parquet and JSON lines, without guesses that change what is written there."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers.arrow_tables import place_list, read_parquet, tidy, without_row_numbers
from audit.readers.base import Table
from audit.roles import categorical_columns, normalised

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".jsonl", ".ndjson"})

_SEPARATORS = ",;\t|"
_WHOLE = r"[+-]?(?:0|[1-9]\d{0,17})(?:\.0+)?"
_DECIMAL = r"[+-]?(?:(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|inf|Inf|infinity)"
_MISSING_NUMBERS = frozenset({"NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None", "none", "-", "#N/A"})


def read_table(path: Path, roles: Roles | None = None) -> Table:
    """Return a table file's rows.

    Numbers become numbers unless a leading zero would be lost ("00012" stays text); an empty cell is missing; "NA" and
    "None" are names in columns of classes, groups and ids, and missing in columns of numbers.

    Parameters
    ----------
    path
        A .csv, .tsv, .parquet, .jsonl or .ndjson file.
    roles
        Roles set by the user: their columns are read as names of things.

    Raises
    ------
    InputError
        If the file cannot be read, has no rows, or repeats a column name.
    """
    if not path.is_file():
        raise InputError(f"`path` must be a table file; '{path}' is not there. Check the path.")
    suffix = path.suffix.lower()
    if suffix in {".csv", ".tsv"}:
        table = _read_delimited(path, roles)
    elif suffix == ".parquet":
        table = read_parquet(path)
    elif suffix in {".jsonl", ".ndjson"}:
        table = _read_json_lines(path)
    else:
        known = ", ".join(sorted(TABLE_SUFFIXES))
        raise InputError(f"`path` must be a table ({known}); got '{path.name}'.")
    if len(table.frame) == 0:
        raise InputError(f"{path.name} must have at least one row; it has none. Check that it was written to its end.")
    return table


def _read_delimited(path: Path, roles: Roles | None) -> Table:
    encoding = _encoding(path)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    header, separator = _header(path, encoding, separator)
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(f"{path.name} must name each column once; '{repeated[0]}' occurs more often. Rename one.")
    try:
        arrow = pyarrow.csv.read_csv(
            path,
            # One thread: only then does the parser know the number of a bad row.
            read_options=pyarrow.csv.ReadOptions(
                column_names=header,
                skip_rows_after_names=1,
                encoding=encoding,
                use_threads=False,
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise InputError(_delimited_fault(path, str(error))) from error
    frame = arrow.to_pandas()
    named = categorical_columns(frame.columns, roles)
    for column in frame.columns:
        if normalised(column) != "sample_id":
            frame[column] = _inferred(frame[column], decimal="," if separator == ";" else ".", names=column in named)
    return Table(frame=without_row_numbers(frame), source=path)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf8"


def _header(path: Path, encoding: str, separator: str) -> tuple[list[str], str]:
    """Return the column names and the separator: the candidate that occurs most often in the header."""
    try:
        with path.open(encoding="utf-8-sig" if encoding == "utf8" else encoding, newline="") as file:
            line = next((line for line in file if line.strip()), "")
    except UnicodeDecodeError as error:
        raise InputError(_delimited_fault(path, str(error))) from error
    if not line:
        raise InputError(f"{path.name} must have a header and at least one row; it is empty.")
    bare = re.sub(r'"[^"]*"', "", line)
    if separator == ",":
        separator = max(_SEPARATORS, key=lambda candidate: (bare.count(candidate), candidate == ","))
    names = [name.strip() for name in next(csv.reader([line.rstrip("\r\n")], delimiter=separator))]
    return [name or f"Unnamed: {position}" for position, name in enumerate(names)], separator


def _delimited_fault(path: Path, message: str) -> str:
    if match := re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message):
        row, expected, got = map(int, match.groups())
        return (
            f"{path.name} must have {expected} cells in every row, as its header has; data row {row - 1} has {got}. "
            "Put quotes around a cell that holds the separator."
        )
    if "UTF8" in message or "codec" in message:
        return f"{path.name} must be UTF-8 text; it is not ({message.splitlines()[0][:100]}). Save it as UTF-8."
    return f"{path.name} must be a well-formed table; {' '.join(message.split())[:160]}."


def _inferred(texts: pd.Series[Any], *, decimal: str, names: bool) -> pd.Series[Any]:
    """Return a column of texts as whole numbers or decimals where every cell is one; otherwise as it is."""
    present = texts.dropna()
    missing = present.isin(_MISSING_NUMBERS)
    numbers = present[~missing]
    if len(numbers) == 0 or (names and missing.any()):
        return texts
    if decimal == ",":
        numbers = numbers.str.replace(r"^([+-]?\d+),(\d+)$", r"\1.\2", regex=True)
    if numbers.str.fullmatch(_WHOLE).all():
        whole = numbers.str.replace(r"\.0+$", "", regex=True).astype("int64")
        return whole if len(whole) == len(texts) else whole.astype("Int64").reindex(texts.index)
    if names or not numbers.str.fullmatch(_DECIMAL).all():
        return texts
    return numbers.astype("float64").reindex(texts.index)


def _read_json_lines(path: Path) -> Table:
    records: list[Mapping[str, Any]] = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    records.append(_record(path, number, line))
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} must be UTF-8 text; it is not ({error.reason}). Save it as UTF-8.") from error
    columns: dict[str, pd.Series[Any]] = {}
    arrays: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(key for record in records for key in record):
        values = [record.get(name) for record in records]
        if any(isinstance(value, list | dict) for value in values):
            place_list(name, values, path, columns, arrays)
        else:
            columns[name] = tidy(_series(values))
    return Table(frame=pd.DataFrame(columns, index=pd.RangeIndex(len(records))), source=path, arrays=arrays)


def _record(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path.name} must hold one JSON object a line; line {number} is not one ({error})."
        ) from error
    if not isinstance(record, dict):
        raise InputError(f"{path.name} must hold one JSON object a line; line {number} holds {type(record).__name__}.")
    return record


def _series(values: Sequence[Any]) -> pd.Series[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int} and any(value is None for value in values):
        return pd.Series(values, dtype="Int64")
    plain = kinds in ({str}, {bool}, {int}, {float}, {int, float})
    return pd.Series(values) if plain else pd.Series(values, dtype=object)
