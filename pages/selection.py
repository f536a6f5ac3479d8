"""Which samples a table row, a lasso or a link means, as pure functions of tables and arrays."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.base import select
from audit.dataset import IMAGE_COLUMN
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.result import Result

_LONG_TEXT = 60


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """What the gallery says about one sample.

    Parameters
    ----------
    sample_id
        The sample.
    label
        The true class; empty where there is none.
    prediction
        The predicted class; empty where there is none.
    tag
        The subgroup, in a few words.
    corrected
        What people say that the label should be; empty where nobody says so, or it is that already.
    """

    sample_id: str
    label: str
    prediction: str
    tag: str
    corrected: str = ""

    @property
    def wrong(self) -> bool:
        """Whether there are both a label and a prediction, and they differ; a corrected label counts as the label."""
        label = self.corrected or self.label
        return bool(label and self.prediction and label != self.prediction)

    @property
    def alternative(self) -> str:
        """The picture in words, for those who cannot see it."""
        parts = [self.label or f"sample {self.sample_id}"]
        if self.corrected:
            parts.append(f"label corrected to {self.corrected}")
        if self.wrong:
            parts.append(f"wrongly predicted {self.prediction}")
        if self.tag:
            parts.append(self.tag)
        return ", ".join(parts)


def sample_table(dataset: Dataset, result: Result | None = None) -> pd.DataFrame:
    """Return the metadata with a result's ``by_sample`` columns beside it; the result's own win where names repeat.

    Parameters
    ----------
    dataset
        The samples.
    result
        What an audit found on them, or on those of them that had an image.
    """
    if result is None or result.by_sample.columns.empty:
        return dataset.metadata
    kept = dataset.metadata.drop(columns=[c for c in dataset.metadata.columns if c in result.by_sample.columns])
    return kept.join(result.by_sample)


def rows_of(where: str, table: pd.DataFrame) -> np.ndarray:
    """Return the mask of the samples that a ``where`` names; a link's broken text is a clear error.

    Raises
    ------
    InputError
        If the text is not a JSON object or names an unknown column.
    """
    try:
        conditions = json.loads(where or "{}")
    except json.JSONDecodeError as error:
        raise InputError(f"`where` must be a JSON object of column to value; got '{where}'.") from error
    if not isinstance(conditions, dict):
        raise InputError(f"`where` must be a JSON object of column to value; got '{where}'.")
    return select(conditions, table)


def where_text(where: str) -> str:
    """Return a ``where`` in words: ``label cat, background green``."""
    conditions: Mapping[str, Any] = json.loads(where or "{}")
    parts = []
    for column, value in conditions.items():
        values = value if isinstance(value, list) else [value]
        parts.append(f"{column.replace('_', ' ')} {' or '.join(map(str, values))}")
    return ", ".join(parts) or "all samples"


def prediction_column(dataset: Dataset, table: pd.DataFrame, given: str | None = None) -> str | None:
    """Return the column that holds the predictions shown in galleries: the audit's own ``predicted`` before all.

    Parameters
    ----------
    dataset
        The samples.
    table
        As :func:`sample_table` leaves it.
    given
        The column a precomputed model stands for.
    """
    for column in ("predicted", given, dataset.roles.prediction, "prediction"):
        if column and column in table.columns and column != dataset.roles.label:
            return column
    return None


def cards(
    dataset: Dataset,
    table: pd.DataFrame,
    ids: Sequence[str],
    *,
    prediction: str | None,
    tags: Sequence[str] = (),
    corrected: Mapping[str, str] | None = None,
) -> list[Card]:
    """Return what the gallery says about samples.

    Parameters
    ----------
    dataset
        The samples.
    table
        As :func:`sample_table` leaves it.
    ids
        The samples to show, in order.
    prediction
        Column of the predictions.
    tags
        Columns whose values make the tag; the dataset's first attribute when left out.
    corrected
        Labels that people corrected, by sample id.
    """
    rows = table.loc[list(ids)]
    label, corrected = dataset.roles.label, corrected or {}
    columns = [
        column for column in (tags or dataset.roles.attributes[:1]) if column in rows.columns and column != label
    ]
    found = []
    for sample, row in rows.iterrows():
        said, new = cell_text(row[label]) if label else "", corrected.get(str(sample), "")
        found.append(
            Card(
                sample_id=str(sample),
                label=said,
                prediction=cell_text(row[prediction]) if prediction else "",
                tag=" · ".join(text for text in (cell_text(row[column]) for column in columns) if text),
                corrected=new if new != said else "",
            )
        )
    return found


def opened_sample(sample: str, table: pd.DataFrame) -> str:
    """Return a link's sample where the table has it, empty otherwise; without one the table is not looked through."""
    return sample if sample and sample in table.index else ""


def cell_text(value: Any) -> str:
    """Return a cell as people read it; empty where it is missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else f"{value:.4g}"
    return str(value)


def sample_facts(
    dataset: Dataset, known: Mapping[str, str], prediction: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is known of one sample in the order of its weight, and apart from it paths and long texts.

    Parameters
    ----------
    dataset
        The samples.
    known
        Cells as text, by column; empty ones left out.
    prediction
        Column of the predictions.
    """
    first = [column for column in (dataset.roles.label, prediction) if column]
    first += [column for column in known if column.endswith("confidence")]
    first += [column for column in known if column.startswith("p_true")]
    first += [column for _, column in dataset.roles.columns()]
    first += [column for column in known if column not in dataset.metadata.columns]
    ordered = {column: known[column] for column in dict.fromkeys([*first, *known]) if column in known}
    last = [
        column
        for column, text in ordered.items()
        if column in (IMAGE_COLUMN, dataset.roles.mask) or column.endswith("path") or len(text) > _LONG_TEXT
    ]
    return {c: text for c, text in ordered.items() if c not in last}, {c: ordered[c] for c in last}


def with_image(dataset: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose image can be shown."""
    if not dataset.has_images:
        return rows.iloc[:0]
    paths = rows[IMAGE_COLUMN] if IMAGE_COLUMN in rows.columns else dataset.metadata[IMAGE_COLUMN].reindex(rows.index)
    shown = paths.notna().to_numpy()
    if len(dataset.quarantine):
        shown = shown & ~rows.index.isin(dataset.quarantine.index)
    return rows if shown.all() else rows[shown]


def inside_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Return which points lie inside a closed polygon (even-odd rule).

    Parameters
    ----------
    points
        Coordinates (n, 2).
    polygon
        Corners (k, 2) in order; the last is joined to the first.

    Returns
    -------
    ndarray
        Boolean (n,).
    """
    inside = np.zeros(len(points), dtype=bool)
    if len(polygon) < 3:
        return inside
    left, bottom = polygon.min(axis=0)
    right, top = polygon.max(axis=0)
    x, y = points[:, 0], points[:, 1]
    near = np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))
    # Sorted by height, an edge meets one stretch of the points instead of all.
    near = near[np.argsort(y[near], kind="stable")]
    x, y = x[near].astype(np.float64), y[near].astype(np.float64)
    within = np.zeros(len(near), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y1 != y2:
            met = slice(*np.searchsorted(y, (min(y1, y2), max(y1, y2))))
            within[met] ^= x[met] < (x2 - x1) * (y[met] - y1) / (y2 - y1) + x1
    inside[near] = within
    return inside


def outlines(selection: Mapping[str, Any]) -> list[np.ndarray]:
    """Return the polygons (k, 2) of a chart's selection, boxes as their four corners."""
    found = []
    for box in selection.get("box") or ():
        (x1, x2), (y1, y2) = sorted(map(float, box["x"])), sorted(map(float, box["y"]))
        found.append(np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)]))
    found += [np.column_stack([lasso["x"], lasso["y"]]).astype(float) for lasso in selection.get("lasso") or ()]
    return [polygon for polygon in found if len(polygon) >= 3]


def outlines_text(polygons: Sequence[np.ndarray], corners: int = 48) -> str:
    """Return polygons as the short text a link holds, thinned to a number of corners each."""
    written = []
    for polygon in polygons:
        step = max(1, math.ceil(len(polygon) / corners))
        written.append(";".join(f"{x:.6g},{y:.6g}" for x, y in polygon[::step]))
    return "|".join(written)


def outlines_from_text(text: str) -> list[np.ndarray]:
    """Return the polygons that a link holds; empty for text that is none."""
    found = []
    for part in filter(None, text.split("|")):
        try:
            polygon = np.array([[float(number) for number in corner.split(",")] for corner in part.split(";")])
        except ValueError:
            return []
        if polygon.ndim != 2 or polygon.shape[1] != 2 or not np.isfinite(polygon).all():
            return []
        found.append(polygon)
    return found


def inside_any(points: np.ndarray, polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return which points lie inside at least one polygon."""
    inside = np.zeros(len(points), dtype=bool)
    for polygon in polygons:
        inside |= inside_polygon(points, polygon)
    return inside


def page_of(length: int, page: int, size: int) -> tuple[int, slice, int]:
    """Return the page that exists, the rows on it, and how many pages there are.

    Parameters
    ----------
    length
        Rows in all.
    page
        The page asked for, from 1.
    size
        Rows a page.
    """
    pages = max(1, math.ceil(length / size))
    page = min(max(1, page), pages)
    return page, slice((page - 1) * size, page * size), pages


def subsample(n: int, most: int, seed: int = 0) -> np.ndarray:
    """Return the sorted positions of at most ``most`` of n rows, drawn once and for all by the seed."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size=most, replace=False))
