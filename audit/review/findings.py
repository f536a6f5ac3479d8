"""A finding: a score with its interval, its plot, its images and a sentence, frozen so that it never changes later.

Everything shown of a finding is copied into it, with the key and the provenance of the result that it came from.
Whatever happens to the store, the data or the program afterwards, the finding says what was seen at the time.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.errors import InputError
from audit.image_files import ImageProblem
from audit.report.figures import figure_svg
from audit.report.intervals import interval_svg, published_words
from audit.result import plain, records
from audit.thumbnails import thumbnail
from audit.wording import in_words

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.dataset import Dataset
    from audit.result import Result

MOST_ROWS = 40
"""Rows of ``by_group`` that a finding keeps."""

MOST_IMAGES = 16
"""Images that a finding keeps."""

MOST_PLOTS = 4
"""Figures of the audit that a finding keeps, besides its rows with intervals."""

MARKS = "The dot is the value, the line its 95 % interval, the hollow diamond the value with no effect."
"""What the drawing of a number shows."""

_PIXELS = 160
_PROVENANCE = (
    "key",
    "created",
    "seconds",
    "audit",
    "audit_version",
    "dataset",
    "dataset_fingerprint",
    "samples",
    "roles",
    "model",
    "model_fingerprint",
    "model_facts",
    "settings",
    "versions",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """A result as it was when somebody put it on the table.

    Parameters
    ----------
    title
        The audit's title.
    question
        What it asks.
    sentence
        The answer, in plain words.
    state
        One of the states of a verdict.
    score
        The row of ``overall`` that the sentence is about, with its name under ``score``; empty where there is none.
    scores
        Every row of ``overall``.
    groups
        Rows of ``by_group`` of the kind that was shown, in their order; those that :func:`ranked` puts first.
    groups_name
        What one of those rows is.
    groups_left_out
        How many rows were not kept.
    plots
        ``title``, ``text`` and ``svg`` of each picture.
    images
        ``sample_id``, ``caption``, ``tag``, ``wrong`` and ``source`` (a ``data:`` address) of each thumbnail.
    selection
        Which samples the images show, in words.
    reading, formula, reference, limits, notes
        What the audit's page says besides.
    provenance
        Where the result came from.
    """

    title: str
    question: str
    sentence: str
    state: str
    score: Mapping[str, Any]
    scores: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    groups_name: str
    groups_left_out: int
    plots: Sequence[Mapping[str, str]]
    images: Sequence[Mapping[str, Any]]
    selection: str
    reading: str
    formula: str
    reference: str
    limits: str
    notes: Sequence[str]
    provenance: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        frozen: dict[str, Any] = plain({f.name: getattr(self, f.name) for f in dataclasses.fields(self)})
        return frozen

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Finding:
        """Return what :meth:`to_json` wrote."""
        return cls(**value)

    def digest(self) -> str:
        """Return a hash of everything in it."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def freeze(
    audit: Audit,
    result: Result,
    provenance: Mapping[str, Any],
    dataset: Dataset | None,
    *,
    kind: str = "",
    selection: str = "",
    images: Sequence[Mapping[str, Any]] = (),
    plots: bool = True,
) -> Finding:
    """Copy everything that is shown of a result.

    Parameters
    ----------
    audit
        The audit with its parameters.
    result
        What it found.
    provenance
        Of the result.
    dataset
        The data, for the audit's own figures; ``None`` leaves them out.
    kind
        Kind of the rows of ``by_group`` to keep; the first one by default.
    selection
        Which samples the images show, in words.
    images
        As :func:`frozen_images` makes them.
    plots
        Whether the audit's own figures are kept too.
    """
    name = result.verdict.score
    rows = result.by_group
    if "kind" in rows.columns and len(rows):
        kinds = [str(value) for value in rows["kind"].dropna().unique()]
        rows = rows[rows["kind"].astype("str") == (kind if kind in kinds else kinds[0])] if kinds else rows
    groups = _kept(records(rows.drop(columns=[c for c in ("where", "kind") if c in rows.columns])))
    score = records(result.overall.loc[[name]])[0] if name in result.overall.index else {}
    groups_name = str(rows.index.name)
    own, undrawn = own_plots(audit, result, dataset) if plots and dataset is not None else ([], [])
    drawn = [*_number_plot(audit, result, score), *(own or _rows_plot(groups, groups_name))]
    left_out = [f"Figures of the page that are not kept here: {', '.join(undrawn)}."] if undrawn else []
    return Finding(
        title=audit.title,
        question=audit.question,
        sentence=result.verdict.sentence,
        state=result.verdict.state,
        score=score,
        scores=records(result.overall),
        groups=groups,
        groups_name=groups_name,
        groups_left_out=max(0, len(rows) - MOST_ROWS),
        plots=drawn,
        images=list(images)[:MOST_IMAGES],
        selection=selection,
        reading=audit.reading,
        formula=audit.formula,
        reference=audit.reference,
        limits=audit.limits,
        notes=[*result.notes, *left_out],
        provenance=plain({key: provenance[key] for key in _PROVENANCE if key in provenance}),
    )


def ranked(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return rows with those that hold after correction first: by the smallest q, then by the lowest value.

    Without any q the rows keep their order: it is the audit's own.
    """

    def weight(row: Mapping[str, Any]) -> tuple[float, float]:
        q, value = row.get("q_value"), row.get("value")
        return math.inf if q is None else float(q), math.inf if value is None else float(value)

    return sorted(rows, key=weight) if any(row.get("q_value") is not None for row in rows) else list(rows)


def _kept(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return as many rows as a finding keeps, in their order: none that holds gives way to one that does not."""
    first = {id(row) for row in ranked(rows)[:MOST_ROWS]}
    return [row for row in rows if id(row) in first]


def _number_plot(audit: Audit, result: Result, score: Mapping[str, Any]) -> list[dict[str, str]]:
    """Draw the main score beside published ones; the words tell what it means and what is drawn."""
    name = result.verdict.score
    published = audit.published.get(name)
    svg = interval_svg([score], name="score", published=published, text=result.verdict.sentence) if score else ""
    known = published_words(published, str(score.get("unit") or ""))
    words = " ".join(filter(None, (audit.meanings.get(name, ""), MARKS, known)))
    return [{"title": "The number", "text": words, "svg": svg}] if svg else []


def _rows_plot(groups: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, str]]:
    if not groups or "value" not in groups[0]:
        return []
    # One axis means one unit: rows of another one are in the table.
    rows = [row for row in groups if row.get("unit") == groups[0].get("unit")]
    words = in_words(name)
    text = f"Every {words} with its interval; the table below holds the same numbers."
    svg = interval_svg(rows, name=name, text=text)
    return [{"title": f"By {words}", "text": text, "svg": svg}] if svg else []


def own_plots(audit: Audit, result: Result, dataset: Dataset) -> tuple[list[dict[str, str]], list[str]]:
    """Return the audit's own figures as pictures, the first ones, and the titles of the others."""
    plots: list[dict[str, str]] = []
    others: list[str] = []
    for figure in audit.figures(result, dataset):
        svg = figure_svg(figure.figure, text=figure.text) if len(plots) < MOST_PLOTS else ""
        if svg:
            plots.append({"title": figure.title, "text": figure.text, "svg": svg})
        else:
            others.append(figure.title)
    return plots, others


def frozen_images(
    dataset: Dataset, table: pd.DataFrame, samples: Sequence[str], *, prediction: str | None, folder: Path
) -> list[dict[str, Any]]:
    """Return thumbnails of samples with what is known of them; samples without a usable image are left out.

    Parameters
    ----------
    dataset
        The samples.
    table
        Metadata with the result's columns beside it.
    samples
        Ids, in order; as many are taken as a finding keeps.
    prediction
        Column of the predictions.
    folder
        The cache of thumbnails.
    """
    if not dataset.has_images:
        return []
    label = dataset.roles.label
    tags = dataset.roles.attributes[:1]
    images: list[dict[str, Any]] = []
    for sample in samples:
        if len(images) == MOST_IMAGES:
            break
        try:
            encoded = thumbnail(dataset, sample, size=_PIXELS, folder=folder).read_bytes()
        except ImageProblem:
            continue
        row = table.loc[sample]
        truth = str(row[label]) if label else ""
        said = str(row[prediction]) if prediction and pd.notna(row[prediction]) else ""
        images.append(
            {
                "sample_id": str(sample),
                "caption": truth or str(sample),
                "prediction": said,
                "wrong": bool(truth and said and truth != said),
                "tag": " · ".join(str(row[column]) for column in tags if column != label),
                "source": f"data:image/webp;base64,{base64.b64encode(encoded).decode('ascii')}",
            }
        )
    return images


def audit_of(provenance: Mapping[str, Any]) -> Audit:
    """Return the audit with the parameters of a kept result.

    Raises
    ------
    InputError
        If no installed audit has that name, or its parameters have changed since.
    """
    from audit.fields import build_audit
    from audit.registry import audits

    name = str(provenance.get("audit", ""))
    if name not in audits():
        raise InputError(f"`audit` must be one of those installed ({', '.join(audits())}); the run's is '{name}'.")
    settings = {field: _text(value) for field, value in dict(provenance.get("settings", {})).items()}
    return build_audit(name, settings)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return json.dumps(list(value), ensure_ascii=False)
    return str(value)
