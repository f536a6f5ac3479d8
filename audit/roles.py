"""Guess from their names and values which part each column of a table plays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from audit.dataset import IMAGE_COLUMN, Roles

PATH_NAMES = (
    "filepath", "file_path", "file_name", "filename", "image_path", "image_filepath", "img_path", "image_filename",
    "image_file_name", "img_filename", "image_file", "img_file", "relative_path", "path", "image", "img", "file",
)  # fmt: skip
"""Names of the column that holds the image's path, the surest first."""

ID_NAMES = ("sample_id", "id", "image_id", "img_id", "sample", "uid", "uuid")
"""Names of the column that holds the sample's id, the surest first."""

EMBEDDING_NAMES = ("embeddings", "embedding")
"""Names of a list column that holds one vector a sample."""

ROLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "label": (
        "label", "labels", "target", "class", "class_name", "class_label", "label_name", "y", "y_true", "true_label",
        "ground_truth", "gt", "species", "category", "biological_class", "diagnosis", "disease", "dx", "tumor",
    ),
    "prediction": (
        "prediction", "predictions", "pred", "preds", "predicted", "y_pred", "predicted_label", "predicted_class",
        "pred_label", "pred_class", "model_prediction",
    ),
    # The coarsest unit first: slides of one patient are not independent.
    "group_id": (
        "group_id", "patient_id", "patient", "participant_id", "participant", "subject_id", "subject", "case_id",
        "case", "person_id", "identity", "photographer", "lesion_id", "slide_id", "slide", "wsi", "scene_id",
    ),
    "center": (
        "center", "centre", "center_id", "centre_id", "medical_center", "medical_centre", "hospital", "hospital_id",
        "site", "site_id", "institution", "scanner", "scanner_id", "domain",
    ),
    "background": ("background", "bg", "background_type", "background_class", "place"),
    "split": ("split", "partition", "data_split"),
    "caption": ("caption", "captions", "text", "description", "sentence"),
    "mask": ("mask", "mask_path", "mask_file", "mask_filename", "segmentation", "segmentation_path"),
}  # fmt: skip
"""Column names by role, the surest first; compared in lower case with underscores."""

FEWEST_SUBGROUPS, MOST_SUBGROUPS = 2, 30

_NO_ATTRIBUTE = re.compile(
    r"(^|_)(id|ids|idx|index|uid|uuid|wnid|hash|md5|sha1|sha256|key|url|uri|path|file|filename|filepath|"
    r"x|y|row|col|column|width|height|coord|coords|prob|probability|score|logit|confidence|pred)$"
    r"|^(pred|prob|score|logit|conf|unnamed)_",
)
_LOOKS_LIKE_PATH = re.compile(r".*\.[A-Za-z0-9]{2,5}$")


def normalised(name: object) -> str:
    """Return a column name in lower case with underscores: "Patient ID" becomes "patient_id"."""
    return re.sub(r"[^0-9a-z]+", "_", str(name).strip().lower()).strip("_")


def find_column(columns: Iterable[Any], names: Iterable[str]) -> str | None:
    """Return the column whose normalised name comes first among the names, or ``None``."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(normalised(column), column)
    return next((by_name[name] for name in names if name in by_name), None)


def guess_roles(metadata: pd.DataFrame, given: Roles | None = None) -> Roles:
    """Return the roles that the columns' names and values suggest; what is given stays as it is.

    Parameters
    ----------
    metadata
        One row a sample.
    given
        Roles set by the user; each overrides the guess, and its column is not guessed for another role. The columns
        of label and prediction are no attributes.

    Returns
    -------
    Roles
        ``attributes`` are the remaining columns of 2 to 30 different texts, booleans or whole numbers, in the order
        of the table, background and center among them; never ids, paths or columns of predicted classes.
    """
    given = given or Roles()
    set_by_user = {role: column for role, column in given.columns() if role != "attributes"}
    chosen = dict(set_by_user)
    for role, names in ROLE_NAMES.items():
        if role in chosen:
            continue
        free = [column for column in metadata.columns if column not in chosen.values() and column != IMAGE_COLUMN]
        for name in names:
            column = find_column(free, (name,))
            if column is not None and _fits(role, metadata, column):
                chosen[role] = column
                break
    attributes = without_answers(given.attributes, chosen.get("label"), chosen.get("prediction"))
    attributes = attributes or _attributes(metadata, chosen)
    return Roles(**{**dict.fromkeys(ROLE_NAMES), **chosen}, attributes=attributes)


def without_answers(attributes: Iterable[str], label: str | None, prediction: str | None) -> tuple[str, ...]:
    """Return the attributes that are neither the label nor the prediction: no class differs within itself."""
    return tuple(column for column in attributes if column not in {label, prediction})


def categorical_columns(columns: Iterable[Any], given: Roles | None = None) -> set[str]:
    """Return the columns that name things (classes, groups, ids, captions) by their names alone: "NA" is text there."""
    columns = list(columns)
    known = {name for names in ROLE_NAMES.values() for name in names} | {*ID_NAMES, *PATH_NAMES}
    named = {column for column in columns if normalised(column) in known}
    return named | {column for _, column in (given or Roles()).columns()}


def _fits(role: str, metadata: pd.DataFrame, column: str) -> bool:
    values = metadata[column]
    if role in {"label", "prediction"}:
        if normalised(column) == "y" and find_column(metadata.columns, ("x",)) is not None:
            return False  # a coordinate
        return _is_categorical(values)
    if role == "caption":
        return _is_text(values)
    if role == "mask":
        return _is_text(values) and _are_paths(values)
    return not pd.api.types.is_float_dtype(values.dtype)


def _attributes(metadata: pd.DataFrame, chosen: Mapping[str, str]) -> tuple[str, ...]:
    taken = {column for role, column in chosen.items() if role not in {"center", "background"}} | {IMAGE_COLUMN}
    label = chosen.get("label")
    classes = set(metadata[label].dropna().astype("str")) if label is not None else set()
    found = []
    for column in metadata.columns:
        values = metadata[column]
        if column in taken or not _is_categorical(values):
            continue
        named = column in {chosen.get("center"), chosen.get("background")}
        if not named and _NO_ATTRIBUTE.search(normalised(column)):
            continue
        distinct = values.dropna().unique()
        most = MOST_SUBGROUPS if named else min(MOST_SUBGROUPS, max(FEWEST_SUBGROUPS, len(values) // 2))
        if not FEWEST_SUBGROUPS <= len(distinct) <= most:
            continue
        if not named and _is_text(values) and (_are_paths(values) or _are_classes(distinct, classes)):
            continue
        found.append(str(column))
    return tuple(found)


def _are_classes(distinct: Iterable[Any], classes: set[str]) -> bool:
    """Return whether a column only repeats class names: further predictions, not an attribute."""
    return len(classes) > 2 and set(map(str, distinct)) <= classes


def _is_text(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_string_dtype(values.dtype) or isinstance(values.dtype, pd.CategoricalDtype)


def _is_categorical(values: pd.Series[Any]) -> bool:
    dtype = values.dtype
    return _is_text(values) or pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_integer_dtype(dtype)


def _are_paths(values: pd.Series[Any]) -> bool:
    sample = values.dropna().astype("str").head(100)
    return len(sample) > 0 and all(_LOOKS_LIKE_PATH.match(value) for value in sample)
