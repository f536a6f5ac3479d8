"""Arrow and Parquet tables as plain columns, arrays and images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from audit.errors import InputError
from audit.readers.base import StoredImages, Table
from audit.roles import EMBEDDING_NAMES, normalised

_LARGEST_EXACT = 2**53
_ARRAY_NAMES = frozenset({*EMBEDDING_NAMES, "probabilities"})
_IMAGES_A_BATCH = 64


def read_parquet(path: Path) -> Table:
    """Return a Parquet file's rows; columns of images are left in the file until they are unpacked.

    Raises
    ------
    InputError
        If the file is no Parquet file, or a column cannot be used.
    """
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            arrow = file.read(columns=[field.name for field in schema if not is_image(field.type)])
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0][:160]
        raise InputError(f"{path.name} must be a Parquet file; it cannot be read ({first}).") from error
    images = {
        field.name: StoredImages(file=path, column=field.name, rows=_parquet_images(path, field.name))
        for field in schema
        if is_image(field.type)
    }
    return table_of_arrow(arrow, path, images=images, schema=schema)


def read_arrow_stream(path: Path) -> Table:
    """Return the rows of a file in Arrow's stream format, memory-mapped so that images stay on disk.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as stream:
            arrow = stream.read_all()
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0][:160]
        raise InputError(f"{path.name} must be an Arrow stream; it cannot be read ({first}).") from error
    names = [field.name for field in arrow.schema if is_image(field.type)]
    images = {name: StoredImages(file=path, column=name, rows=_arrow_images(arrow.column(name))) for name in names}
    return table_of_arrow(arrow.drop_columns(names), path, images=images, schema=arrow.schema)


def is_image(kind: pa.DataType) -> bool:
    """Return whether a column holds images: bytes, or bytes with a path as Hugging Face writes them."""
    if pa.types.is_struct(kind):
        return {field.name for field in kind} == {"bytes", "path"}
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _parquet_images(path: Path, name: str) -> Callable[[], Iterator[tuple[bytes | None, str | None]]]:
    def rows() -> Iterator[tuple[bytes | None, str | None]]:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_IMAGES_A_BATCH, columns=[name]):
                yield from _image_rows(batch.column(0))

    return rows


def _arrow_images(column: pa.ChunkedArray) -> Callable[[], Iterator[tuple[bytes | None, str | None]]]:
    def rows() -> Iterator[tuple[bytes | None, str | None]]:
        for chunk in column.chunks:
            yield from _image_rows(chunk)

    return rows


def _image_rows(values: pa.Array) -> Iterator[tuple[bytes | None, str | None]]:
    for scalar in values:
        value = scalar.as_py()
        yield (value["bytes"], value["path"]) if isinstance(value, Mapping) else (value, None)


def table_of_arrow(
    arrow: pa.Table,
    source: Path,
    *,
    images: Mapping[str, StoredImages] | None = None,
    schema: pa.Schema | None = None,
) -> Table:
    """Return an Arrow table's columns as plain columns and, for lists of numbers of one length, arrays.

    Parameters
    ----------
    arrow
        The columns that hold no images.
    source
        Their file.
    images
        Those that do.
    schema
        Schema whose metadata names classes, as Hugging Face writes it; the table's own otherwise.

    Raises
    ------
    InputError
        If a column name repeats, or an embedding's lengths differ.
    """
    repeated = [name for name in arrow.column_names if arrow.column_names.count(name) > 1]
    if repeated:
        raise InputError(f"{source.name} must name each column once; '{repeated[0]}' occurs more often. Rename one.")
    classes = _class_labels(schema or arrow.schema)
    columns: dict[str, pd.Series[Any]] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, column in zip(arrow.column_names, arrow.columns, strict=True):
        kind = column.type
        if name in classes and pa.types.is_integer(kind):
            names = dict(enumerate(classes[name]))
            columns[name] = pd.Series([names.get(value) for value in column.to_pylist()], dtype="str")
        elif isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind):
            rows = _flat_rows(column) if _is_flat_list(kind) else list(column.to_pylist())
            place_list(name, rows, source, columns, arrays)
        else:
            columns[name] = _plain_column(column)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(arrow.num_rows))
    return Table(
        frame=without_row_numbers(frame),
        source=source,
        arrays=arrays,
        images={name: (stored,) for name, stored in (images or {}).items()},
        class_names=classes,
    )


def _class_labels(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Return the class names that Hugging Face keeps in a schema's metadata, by column."""
    text = (schema.metadata or {}).get(b"huggingface")
    if text is None:
        return {}
    features = json.loads(text).get("info", {}).get("features", {})
    return {
        name: tuple(map(str, feature["names"]))
        for name, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")
    }


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


def place_list(
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
    vectors = [_vector(row) for row in rows]
    required = next((len(vector) for vector in vectors if vector is not None), 0)
    faults = (at for at, vector in enumerate(vectors) if vector is None or len(vector) != required)
    fault = next(faults, None)
    if fault is None:
        arrays[name] = np.stack([vector for vector in vectors if vector is not None])
        return
    if normalised(name) in _ARRAY_NAMES:
        row, vector = rows[fault], vectors[fault]
        got = "no list" if not isinstance(row, list) else "other values" if vector is None else f"{len(vector)} numbers"
        raise InputError(
            f"column `{name}` of {source.name} must hold a list of {required} numbers in every row; "
            f"data row {fault + 1} has {got}. Drop or mend that row.",
        )
    texts = [None if row is None else json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    columns[name] = pd.Series(texts, dtype="str")


def _vector(row: object) -> np.ndarray | None:
    """Return a list of numbers as an array, ``None`` for anything else."""
    if not isinstance(row, list) or any(isinstance(value, list) for value in row):
        return None
    vector = np.asarray(row)
    return vector if vector.dtype.kind in "iuf" else None


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


def without_row_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop the nameless first column that a data frame's own index leaves behind when it only counts the rows."""
    if len(frame.columns) < 2:
        return frame
    first = str(frame.columns[0])
    if first.startswith("Unnamed:") or first == "__index_level_0__":
        numbers = pd.to_numeric(frame[first], errors="coerce")
        if np.array_equal(numbers.to_numpy(dtype=float, na_value=np.nan), np.arange(len(frame), dtype=float)):
            return frame.drop(columns=first)
    return frame
