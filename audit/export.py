"""Tables as files for other programs."""

from __future__ import annotations

import io
import re
from typing import Any

import pandas as pd

_RISKY_START = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?%?")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: one that starts like it gets a leading apostrophe.

    Parameters
    ----------
    text
        The content of a cell. Plain numbers ("-0.5", "+3") are left as they are.
    """
    return f"'{text}" if text.startswith(_RISKY_START) and not _NUMBER.fullmatch(text) else text


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, a named index as its first columns, cells and headers guarded against formulas.

    Parameters
    ----------
    frame
        Any table; numbers are written in full precision, missing values as empty cells.
    """
    table = _with_index(frame)
    cells = {position: _guarded_column(table.iloc[:, position]) for position in range(table.shape[1])}
    written = pd.DataFrame(cells, index=table.index)
    written.columns = pd.Index([guarded(str(column)) for column in table.columns])
    return written.to_csv(index=False, lineterminator="\n").encode()


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Return a table as Parquet, a named index as its first columns; columns of mixed types become text.

    Parameters
    ----------
    frame
        Any table.
    """
    table = _with_index(frame)
    table.columns = pd.Index([str(column) for column in table.columns])
    for position, column in enumerate(table.columns):
        values = table.iloc[:, position]
        if pd.api.types.is_object_dtype(values.dtype):
            table[column] = values.map(str, na_action="ignore").astype("str")
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(level=named) if named else frame.copy()


def _guarded_column(values: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values
    return values.map(lambda value: guarded(value) if isinstance(value, str) else value, na_action="ignore")
