"""Rows of ``by_sample``: every sample's vote, margin, nearest SO and OS neighbour, and what it adds to the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.robustness.rows import OTHER_ERROR, OWN_CENTER, RIGHT
from audit.statistics import divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.robustness.case import Case


def sample_table(case: Case, index: pd.Index[str]) -> pd.DataFrame:
    """Return one row a sample of the dataset; samples that take no part have no values.

    A sample of several subsets (paired design) has the mean of its margins and the vote, error and neighbours of
    its first subset.

    Parameters
    ----------
    case
        The neighbours and what is made of them.
    index
        Ids of the dataset's samples.
    """
    design = case.design
    rows, first = np.unique(design.rows, return_index=True)
    ids = index.to_numpy(dtype=object)
    totals = case.evidence.query
    table: dict[str, Any] = {
        "prediction": _named(design.labels, case.class_vote[first]),
        "nearest_center": _named(design.centers, case.center_vote[first]),
        "error": _errors(case)[first],
        "robustness_index": divide(totals[rows, 1], totals[rows, 1] + totals[rows, 2]),
        "margin": _mean_margin(case)[rows],
        "neighbour_so": _neighbor(ids, case.near.so_index[first]),
        "neighbour_os": _neighbor(ids, case.near.os_index[first]),
        "near_duplicate": case.near_duplicates[first],
        "so_count": totals[rows, 1],
        "os_count": totals[rows, 2],
        # What drawing the sample once more adds to SO and OS, as a query and as a neighbour: for paired comparisons.
        "so_evidence": case.evidence.both[rows, 1],
        "os_evidence": case.evidence.both[rows, 2],
    }
    frame = pd.DataFrame(table, index=index[rows])
    frame["near_duplicate"] = frame["near_duplicate"].astype("boolean")
    return frame.reindex(index).rename_axis("sample_id")


def _named(names: tuple[str, ...], codes: NDArray[np.int64]) -> NDArray[Any]:
    return np.array([*names, None], dtype=object)[codes]


def _neighbor(ids: NDArray[Any], found: NDArray[np.int64]) -> NDArray[Any]:
    """Return the id of the nearest neighbour of a type; ``None`` where there is none."""
    if found.shape[1] == 0:
        return np.full(len(found), None, dtype=object)
    return np.array([*ids, None], dtype=object)[found[:, 0]]


def _mean_margin(case: Case) -> NDArray[np.float64]:
    n = len(case.design.label)
    defined = np.isfinite(case.margins)
    owner = case.design.rows[defined]
    total = np.bincount(owner, weights=case.margins[defined], minlength=n)
    return divide(total, np.bincount(owner, minlength=n))


def _errors(case: Case) -> NDArray[Any]:
    errors = case.errors
    own = errors.wrong & (2 * errors.own > errors.all)
    return np.where(errors.wrong, np.where(own, OWN_CENTER, OTHER_ERROR), RIGHT)
