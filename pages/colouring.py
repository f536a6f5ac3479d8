"""What the map can be coloured by: metadata, whether the prediction is right, and any result's column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from audit.dataset import IMAGE_COLUMN
from audit.registry import audits
from pages.result_view import precomputed_column
from pages.selection import prediction_column, sample_table
from pages.session import attempt, result_of, workspace

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.result import Result

CORRECT = "prediction is right"
"""The colouring by whether label and prediction agree."""

_SEPARATOR = " / "


def colour_options(dataset: Dataset, table: pd.DataFrame, name: str, model_name: str) -> dict[str, str]:
    """Return the colourings by name, with their words: label first, then attributes, correctness, the rest.

    Parameters
    ----------
    dataset
        The samples.
    table
        The samples as :func:`linked_table` leaves them.
    name, model_name
        Names in the workspace; their newest results' columns can colour the map.
    """
    roles = dataset.roles
    columns = [column for column in (roles.label, *roles.attributes, roles.center, roles.background) if column]
    options = {column: column.replace("_", " ") for column in columns}
    if roles.label and prediction_column(dataset, table, precomputed_column()):
        options[CORRECT] = CORRECT
    for column in _telling_columns(dataset.fingerprint, dataset):
        options.setdefault(column, column.replace("_", " "))
    known = audits()
    seen: set[str] = set()
    for facts in workspace().runs(dataset=name, model=model_name):
        audit = str(facts["audit"])
        if audit in known and audit not in seen and facts["dataset_fingerprint"] == dataset.fingerprint:
            seen.add(audit)
            for column in result_of(str(facts["key"])).by_sample.columns:
                options[f"{facts['key']}{_SEPARATOR}{column}"] = (
                    f"{known[audit].title}: {str(column).replace('_', ' ')}"
                )
    return options


# Counting what a column of a million texts holds takes longer than everything else that a click needs.
@st.cache_resource(max_entries=8, show_spinner=False)
def _telling_columns(fingerprint: str, _dataset: Dataset) -> tuple[str, ...]:  # noqa: ARG001 - the key of the cache
    table = _dataset.metadata
    return tuple(column for column in map(str, table.columns) if worth_colouring(table[column], column))


def worth_colouring(values: pd.Series[Any], column: str) -> bool:
    """Return whether a column says anything by colour: numbers, or text that repeats."""
    if column == IMAGE_COLUMN:
        return False
    distinct = int(values.nunique())
    return distinct > 1 and (pd.api.types.is_numeric_dtype(values) or distinct <= max(60, len(values) // 20))


def colour_values(colour: str, dataset: Dataset, table: pd.DataFrame) -> pd.Series[Any] | None:
    """Return the values of a colouring, aligned to the table; ``None`` when it no longer exists."""
    if colour == CORRECT:
        column = prediction_column(dataset, table, precomputed_column())
        if column is None or dataset.roles.label is None:
            return None
        right = table[dataset.roles.label].astype("str").to_numpy() == table[column].astype("str").to_numpy()
        return pd.Series(np.where(right, "right", "wrong"), index=table.index, name="prediction")
    if colour in dataset.metadata.columns:
        values = dataset.metadata[colour]
        return values if table.index.is_(values.index) else values.loc[table.index]
    key, separator, column = colour.partition(_SEPARATOR)
    if not separator or not workspace().store.has_result(key):
        return None
    by_sample = result_of(key).by_sample
    return by_sample[column].reindex(table.index) if column in by_sample.columns else None


def linked_table(dataset: Dataset, key: str, name: str, model_name: str) -> pd.DataFrame:
    """Return the samples with the columns of the result that a link came from, else with the model's predictions.

    Parameters
    ----------
    dataset
        The samples.
    key
        Key of a result in the store; may be empty or gone.
    name, model_name
        Names in the workspace; their newest result that holds predictions lends them.
    """
    if key and workspace().store.has_result(key):
        result, problem = attempt(lambda: result_of(key))
        if not problem:
            return _beside(_identity(dataset), key, "", dataset, result)
    if "predicted" not in dataset.metadata.columns:
        for facts in workspace().runs(dataset=name, model=model_name):
            if facts["dataset_fingerprint"] == dataset.fingerprint:
                result = result_of(str(facts["key"]))
                if "predicted" in result.by_sample.columns:
                    return _beside(_identity(dataset), str(facts["key"]), "predicted", dataset, result)
    return dataset.metadata


def _identity(dataset: Dataset) -> str:
    """Name this very object: equal datasets may have their files in different places."""
    return f"{dataset.fingerprint} {id(dataset)}"


# A result is write-once under its key, so the joined table cannot grow old.
@st.cache_resource(max_entries=6, show_spinner=False)
def _beside(
    identity: str,  # noqa: ARG001 - the key of the cache, with the next
    key: str,  # noqa: ARG001
    column: str,
    _dataset: Dataset,
    _result: Result,
) -> pd.DataFrame:
    if column:
        return _dataset.metadata.join(_result.by_sample[column])
    return sample_table(_dataset, _result)
