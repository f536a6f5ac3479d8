"""A finding from a kept run: the result, its data if it can still be read, and the images behind the number."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.base import select
from audit.dataset import Roles
from audit.errors import InputError
from audit.judged import wrong_first
from audit.registry import audits
from audit.review.findings import Finding, audit_of, freeze, frozen_images

if TYPE_CHECKING:
    import pandas as pd

    from audit.dataset import Dataset
    from audit.result import Result
    from audit.sources import DatasetSource
    from audit.workspace import Workspace

OTHER_DATA = "The data has changed or is not registered here any more: figures and images of the page are left out."
OTHER_VERSION = "The audit has other parameters now than when this was computed: its own figures are left out."


def finding_of_run(
    result: Result, provenance: Mapping[str, Any], workspace: Workspace, *, elsewhere: DatasetSource | None = None
) -> Finding:
    """Return a kept run as a finding.

    Parameters
    ----------
    result, provenance
        As the store keeps them.
    workspace
        Where the data is looked for: by name, and taken only when its content is what the run was computed on.
    elsewhere
        Where the data may be read too when it is not registered; nothing that a browser says may come here.

    Raises
    ------
    InputError
        If no installed audit made the run.
    """
    name = str(provenance.get("audit", ""))
    known = audits()
    if name not in known:
        raise InputError(f"`run` must be of an audit that is installed ({', '.join(known)}); got '{name}'.")
    dataset = same_data(workspace, provenance) or _read_again(elsewhere, provenance)
    notes = [] if dataset is not None else [OTHER_DATA]
    audit: Any = known[name]
    try:
        audit = audit_of(provenance)
        drawable = dataset
    except InputError:
        notes.append(OTHER_VERSION)
        drawable = None
    images, words = ([], "") if dataset is None else telling_images(result, dataset, workspace.home / "thumbnails")
    finding = freeze(audit, result, provenance, drawable, images=images, selection=words)
    return dataclasses.replace(finding, notes=[*finding.notes, *notes])


def same_data(workspace: Workspace, provenance: Mapping[str, Any]) -> Dataset | None:
    """Return the registered dataset that a run was computed on, ``None`` when there is none with that content."""
    wanted = provenance.get("dataset_fingerprint")
    names = list(workspace.datasets())
    first = str(provenance.get("dataset", ""))
    for name in sorted(names, key=lambda known: known != first):
        try:
            dataset = workspace.load_dataset(name)
        except InputError:
            continue
        for read in (dataset, _with_its_roles(dataset, provenance)):
            if read.fingerprint == wanted:
                return read
        if name == first:
            break
    return None


def _with_its_roles(dataset: Dataset, provenance: Mapping[str, Any]) -> Dataset:
    """Return the data with the column roles that the run had; as it is where they do not fit."""
    given: Mapping[str, Any] = provenance.get("roles") or {}
    roles: dict[str, Any] = {role: tuple(value) if isinstance(value, list) else value for role, value in given.items()}
    try:
        return dataset.with_roles(Roles(**roles))
    except (InputError, TypeError):
        return dataset


def _read_again(source: DatasetSource | None, provenance: Mapping[str, Any]) -> Dataset | None:
    if source is None:
        return None
    try:
        dataset = source.load()
    except (InputError, OSError):
        return None
    return dataset if dataset.fingerprint == provenance.get("dataset_fingerprint") else None


def telling_images(result: Result, dataset: Dataset, folder: Path) -> tuple[list[dict[str, Any]], str]:
    """Return the images behind the number, wrong ones first, and what they are in words.

    They are those that the verdict names, else those of the first row of ``by_group`` that leads to samples.
    """
    table = _joined(dataset, result)
    prediction = next((c for c in ("predicted", dataset.roles.prediction) if c and c in table.columns), None)
    mask, words = np.ones(len(table), dtype=bool), ""
    for where in (result.verdict.where, *result.by_group.get("where", ())):
        text = str(where or "")
        if text not in ("", "{}", "nan", "None"):
            try:
                found = select(text, table)
            except (InputError, ValueError):
                continue
            if found.any():
                mask, words = found, where_words(text)
                break
    rows = wrong_first(table[mask], dataset.roles.label, prediction)
    return frozen_images(dataset, table, list(rows.index[:200]), prediction=prediction, folder=folder), words


def where_words(where: str) -> str:
    """Return a ``where`` in words."""
    return ", ".join(f"{column.replace('_', ' ')} {value}" for column, value in json.loads(where).items())


def _joined(dataset: Dataset, result: Result) -> pd.DataFrame:
    own = result.by_sample
    return dataset.metadata.drop(columns=dataset.metadata.columns.intersection(own.columns)).join(own)
