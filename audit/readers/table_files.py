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
import pyarrow.parquet

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers.base import StoredImages, Table
from audit.roles import EMBEDDING_NAMES, categorical_columns, normalised

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".jsonl", ".ndjson"})

_SEPARATORS = ",;\t|"
_WHOLE = r"[+-]?(?:0|[1-9]\d{0,17})(?:\.0+)?"
_DECIMAL = r"[+-]?(?:(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|inf|Inf|infinity)"
_MISSING_NUMBERS = frozenset({"NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None", "none", "-", "#N/A"})
_LARGEST_EXACT = 2**53
_ARRAY_NAMES = frozenset({*EMBEDDING_NAMES, "probabilities"})


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
        table = table_of_arrow(_read_parquet(path), path)
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
    return Table(frame=_without_row_numbers(frame), source=path)


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


def _without_row_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop the nameless first column that a data frame's own index leaves behind when it only counts the rows."""
    first = str(frame.columns[0])
    if len(frame.columns) > 1 and (first.startswith("Unnamed:") or first == "__index_level_0__"):
        numbers = pd.to_numeric(frame[first], errors="coerce")
        if np.array_equal(numbers.to_numpy(dtype=float, na_value=np.nan), np.arange(len(frame), dtype=float)):
            return frame.drop(columns=first)
    return frame


def _read_parquet(path: Path) -> pa.Table:
    try:
        return pyarrow.parquet.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0][:160]
        raise InputError(f"{path.name} must be a Parquet file; it cannot be read ({first}).") from error


def table_of_arrow(arrow: pa.Table, source: Path, *, class_names: Mapping[str, tuple[str, ...]] | None = None) -> Table:
    """Return an Arrow table's columns as plain columns, arrays (lists of numbers) and images.

    Raises
    ------
    InputError
        If a column name repeats, or an embedding's lengths differ.
    """
    repeated = [name for name in arrow.column_names if arrow.column_names.count(name) > 1]
    if repeated:
        raise InputError(f"{source.name} must name each column once; '{repeated[0]}' occurs more often. Rename one.")
    columns: dict[str, pd.Series[Any]] = {}
    arrays: dict[str, np.ndarray] = {}
    images: dict[str, StoredImages] = {}
    for name, column in zip(arrow.column_names, arrow.columns, strict=True):
        kind = column.type
        if pa.types.is_struct(kind) and {field.name for field in kind} == {"bytes", "path"}:
            images[name] = _stored_images(column)
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            images[name] = StoredImages(content=column.to_pylist(), paths=[None] * len(column))
        elif isinstance(kind, pa.ExtensionType) or pa.types.is_nested(kind):
            rows = column.to_pylist() if not _is_flat_list(kind) else _flat_rows(column)
            _place_list(name, rows, source, columns, arrays)
        else:
            columns[name] = _plain_column(column)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(arrow.num_rows))
    frame = _without_row_numbers(frame) if len(frame.columns) else frame
    return Table(frame=frame, source=source, arrays=arrays, images=images, class_names=class_names or {})


def _stored_images(column: pa.ChunkedArray) -> StoredImages:
    rows = column.to_pylist()
    return StoredImages(
        content=[row["bytes"] if row else None for row in rows],
        paths=[row["path"] if row else None for row in rows],
    )


def _is_flat_list(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)))


def _flat_rows(column: pa.ChunkedArray) -> np.ndarray | list[Any]:
    """Return a list column's rows: as one (n, d) array when all have the same length, as a list of arrays otherwise."""
    column = column.combine_chunks()
    if column.null_count == 0 and len(column):
        lengths = pa.compute.list_value_length(column).to_numpy(zero_copy_only=False)
        values = column.flatten()
        if (lengths == lengths[0]).all() and values.null_count == 0:
            return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(column), -1)
    return list(column.to_pylist())


def _place_list(
    name: str,
    rows: np.ndarray | list[Any],
    source: Path,
    columns: dict[str, pd.Series[Any]],
    arrays: dict[str, np.ndarray],
) -> None:
    """Put a list column among the arrays when it is one; as JSON text among the columns when it is not."""
    if isinstance(rows, np.ndarray):
        arrays[name] = rows
        return
    lengths = [len(row) if isinstance(row, list) else None for row in rows]
    flat = all(
        isinstance(row, list) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in row)
        for row in rows
    )
    if flat and len(set(lengths)) == 1:
        arrays[name] = np.asarray(rows, dtype=np.float64)
        return
    if normalised(name) in _ARRAY_NAMES:
        position, required = next(
            ((row, lengths[0]) for row, length in enumerate(lengths) if length is None or length != lengths[0]),
            (0, lengths[0]),
        )
        got = "no list" if lengths[position] is None else f"{lengths[position]} numbers" if flat else "other values"
        raise InputError(
            f"column `{name}` of {source.name} must hold lists of {required} numbers as in data row 1; "
            f"data row {position + 1} has {got}. Drop or mend that row.",
        )
    texts = [None if row is None else json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    columns[name] = pd.Series(texts, dtype="str")


def _plain_column(column: pa.ChunkedArray) -> pd.Series[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_integer(kind) and column.null_count:
        whole: pd.Series[Any] = column.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return whole
    return tidy(column.to_pandas())


def tidy(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column with empty texts as missing, whole floats as integers, and mixtures as texts."""
    if pd.api.types.is_object_dtype(values.dtype):
        kinds = {type(value) for value in values.dropna()}
        if kinds == {bool}:
            return values.astype("boolean").astype("str")
        values = values.map(str, na_action="ignore").astype("str")
    if pd.api.types.is_string_dtype(values.dtype):
        return values.astype("str").mask(values == "")
    if pd.api.types.is_float_dtype(values.dtype):
        present = values.dropna()
        if len(present) and np.all((present == np.floor(present)) & (present.abs() < _LARGEST_EXACT)):
            return values.astype("int64") if len(present) == len(values) else values.astype("float64").astype("Int64")
    return values


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
            _place_list(name, values, path, columns, arrays)
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
