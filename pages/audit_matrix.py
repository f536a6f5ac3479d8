"""All audits over all models of one dataset: a matrix of verdicts with their number and interval, to click through."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from audit.base import specification
from audit.errors import InputError
from audit.fields import build_audit
from audit.locations import assets_folder
from audit.registry import audits
from audit.result import STATES
from audit.run import explain_missing
from audit.wording import format_interval, format_value, in_words, plural, sentence
from pages.job_panel import active_jobs
from pages.navigation import audit_path, page_at
from pages.session import attempt, model_of, result_of, workspace
from pages.state import link_parameters

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.jobs import Job

_WAITING = ("○", "not computed yet")
_RUNNING = ("◔", "computing")
_WIDTH, _HEIGHT, _ROOM = 150, 18, 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One audit's answer about one model.

    Parameters
    ----------
    state, icon, words
        The verdict's state, as a name, a mark and words.
    measure
        Name of the main score, as people read it; empty where there is none.
    value, interval
        That score in the words of its unit; empty where there is none.
    numbers
        Value, low, high and null for the drawing; NaN where they do not exist.
    sentence
        The verdict.
    settings
        The settings that it was asked with, as the audit's page holds them in its link.
    """

    state: str
    icon: str
    words: str
    measure: str = ""
    value: str = ""
    interval: str = ""
    numbers: tuple[float, float, float, float] = (np.nan,) * 4
    sentence: str = ""
    settings: Mapping[str, str] = dataclasses.field(default_factory=dict)


def show_overview(dataset_name: str, dataset: Dataset, chosen: str | None) -> None:
    """Show the matrix: a row an audit, a column a model.

    Parameters
    ----------
    dataset_name
        The dataset's name in the workspace.
    dataset
        The samples.
    chosen
        The model whose answers are told below; its column is marked.
    """
    models = list(workspace().models())
    known = audits()
    if not models or not known:
        return
    cells = overview_cells(dataset_name, dataset, models, chosen=chosen)
    answered = sum(cell.state != "waiting" for cell in cells.values())
    asked = plural(len(known), "audit")
    st.caption(
        f"{answered} of {len(cells)} answers are there: {asked} of {plural(len(models), 'model')} on "
        f"“{dataset_name}”. Click one to open it. Dot: value; line: 95 % interval; diamond: with no effect.".replace(
            "~", "\\~"
        )
    )
    titles = {name: audit.title for name, audit in known.items()}
    html = matrix_html(titles, models, cells, chosen, dataset_name)
    picked = _component()(key="overview matrix", data={"html": html}, on_opened_change=lambda: None)
    if picked.opened:
        audit, _, model = str(picked.opened).partition(" ")
        if (audit, model) in cells:
            _open(audit, dataset_name, model, cells[audit, model])


def _open(audit: str, dataset_name: str, model: str, cell: Cell) -> None:
    page = page_at(audit_path(audit))
    if page is not None:
        st.switch_page(page, query_params=link_parameters(dataset_name, model, cell.settings))


def _component() -> Any:
    # Outside a frame of its own, so that the page's style sheet and theme reach it.
    return st.components.v2.component(
        "model-audit.overview", html='<div class="overview-frame"></div>', js=_script(), isolate_styles=False
    )


@functools.cache
def _script() -> str:
    return (assets_folder() / "overview.js").read_text(encoding="utf-8")


def overview_cells(
    dataset_name: str, dataset: Dataset, models: Sequence[str], *, chosen: str | None = None
) -> dict[tuple[str, str], Cell]:
    """Return every audit's answer about every model: to its default question, else the newest, by audit and model.

    Parameters
    ----------
    dataset_name, dataset
        The samples.
    models
        Names in the workspace.
    chosen
        The model that is loaded anyway: where it has no answer, what it lacks is said.
    """
    running = {(job.request.audit, job.request.model) for job in active_jobs() if _about(job, dataset_name)}
    asked = {audit: _default_settings(audit) for audit in audits()}
    found = {}
    for model in models:
        answers = [
            facts
            for facts in workspace().runs(dataset=dataset_name, model=model)
            if facts["dataset_fingerprint"] == dataset.fingerprint
        ]
        for audit, default in asked.items():
            own = [facts for facts in answers if facts["audit"] == audit]
            # Models are comparable where they were asked the same: the default question before the newest one.
            same = [facts for facts in own if facts["settings"] == default]
            if own:
                found[audit, model] = answered_cell(audit, (same or own)[0])
            elif (audit, model) in running:
                found[audit, model] = Cell(state="waiting", icon=_RUNNING[0], words=_RUNNING[1])
            else:
                found[audit, model] = _unanswered_cell(audit, dataset, model if model == chosen else None)
    return found


def _unanswered_cell(audit: str, dataset: Dataset, model_name: str | None) -> Cell:
    icon, words = _WAITING
    if model_name is not None:
        model, problem = attempt(lambda: model_of(model_name))
        reasons = [problem] if problem else explain_missing(audit, dataset, model)
        if reasons:
            return Cell(state="waiting", icon=icon, words="something is missing", sentence=sentence(reasons))
    return Cell(state="waiting", icon=icon, words=words)


def _default_settings(audit: str) -> Any:
    try:
        return specification(build_audit(audit))["fields"]
    except InputError:
        # It must be told something before it can be asked at all.
        return None


def _about(job: Job, dataset_name: str) -> bool:
    return job.request.kind == "audit" and job.request.dataset == dataset_name


def answered_cell(audit: str, facts: Mapping[str, Any]) -> Cell:
    """Return the cell of a finished result."""
    from pages.audit_page import link_settings

    result = result_of(str(facts["key"]))
    verdict = result.verdict
    icon, words = STATES[verdict.state]
    settings = {f"set.{field}": text for field, text in link_settings(audit, facts["settings"]).items()}
    cell = Cell(state=verdict.state, icon=icon, words=words, sentence=verdict.sentence, settings=settings)
    if verdict.score not in result.overall.index:
        return cell
    row = result.score(verdict.score)
    unit = str(row.get("unit") or "") if not pd.isna(row.get("unit", "")) else ""
    value, low, high, null = (float(row[column]) if column in row.index else float("nan") for column in _COLUMNS)
    return dataclasses.replace(
        cell,
        measure=in_words(verdict.score),
        value=format_value(value, unit) if np.isfinite(value) else "",
        interval=format_interval(low, high, unit),
        numbers=(value, low, high, null),
    )


_COLUMNS = ("value", "low", "high", "null")


def matrix_html(
    titles: Mapping[str, str],
    models: Sequence[str],
    cells: Mapping[tuple[str, str], Cell],
    chosen: str | None,
    dataset_name: str,
) -> str:
    """Return the matrix as a table; everything that comes from data is escaped.

    Parameters
    ----------
    titles
        Audit titles by name, in order.
    models
        Names of the columns.
    cells
        By audit and model.
    chosen
        The column to mark.
    dataset_name
        For the links.
    """
    head = "".join(
        f'<th scope="col"{_marked(model, chosen)}>{escape(model)}{_chosen_words(model, chosen)}</th>'
        for model in models
    )
    rows = []
    for audit, title in titles.items():
        domain = _domain([cells[audit, model] for model in models])
        inside = "".join(
            f"<td{_marked(model, chosen)}>"
            f"{_cell_html(cells[audit, model], f'{title}, {model}', (audit, dataset_name, model), domain)}</td>"
            for model in models
        )
        rows.append(f'<tr><th scope="row">{escape(title)}</th>{inside}</tr>')
    caption = "<caption>Every audit's main number by model</caption>"
    return (
        f'<table class="overview">{caption}<thead><tr><th scope="col">Audit</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _marked(model: str, chosen: str | None) -> str:
    return ' class="chosen"' if model == chosen else ""


def _chosen_words(model: str, chosen: str | None) -> str:
    return ' <span class="told">details below</span>' if model == chosen else ""


def _cell_html(cell: Cell, title: str, place: tuple[str, str, str], domain: tuple[float, float]) -> str:
    audit, dataset_name, model = place
    link = f"{audit_path(audit)}?{urlencode(link_parameters(dataset_name, model, cell.settings))}"
    said = f"{title}: {cell.words}. {cell.sentence}".strip()
    number = ""
    if cell.value:
        interval = f' <span class="interval">{escape(cell.interval)}</span>' if cell.interval else ""
        measure = f'<span class="measure">{escape(cell.measure)}</span>'
        number = f'{measure}<span class="number">{escape(cell.value)}{interval}</span>{_drawing(cell, domain)}'
    return (
        f'<a href="{escape(link)}" data-cell="{escape(audit)} {escape(model)}" '
        f'title="{escape(cell.sentence or cell.words)}" aria-label="{escape(said)}">'
        f'<span class="state {escape(cell.state)}">'
        f'<span aria-hidden="true">{escape(cell.icon)}</span> {escape(cell.words)}</span>{number}</a>'
    )


def _domain(cells: Sequence[Cell]) -> tuple[float, float]:
    """Return the axis that a row's drawings share."""
    numbers = np.array([cell.numbers for cell in cells], dtype=float).ravel()
    numbers = numbers[np.isfinite(numbers)]
    return (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)


def _drawing(cell: Cell, domain: tuple[float, float]) -> str:
    """Return value, interval and null on the row's axis, in colours of the theme."""
    value, low, high, null = cell.numbers
    room = (domain[1] - domain[0]) or 1.0

    def across(number: float) -> float:
        return _ROOM + (_WIDTH - 2 * _ROOM) * (number - domain[0]) / room

    middle = _HEIGHT / 2
    parts = []
    if np.isfinite(low) and np.isfinite(high):
        parts.append(f'<line class="line" x1="{across(low):.1f}" x2="{across(high):.1f}" y1="{middle}" y2="{middle}"/>')
    if np.isfinite(null):
        x = across(null)
        parts.append(
            f'<path class="null" d="M{x - 6:.1f} {middle} L{x:.1f} {middle - 6} '
            f'L{x + 6:.1f} {middle} L{x:.1f} {middle + 6} Z"/>'
        )
    parts.append(f'<circle class="dot" cx="{across(value):.1f}" cy="{middle}" r="5"/>')
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )
