"""Two models or more on one dataset: an audit's scores side by side, with intervals of the differences."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from audit.comparison import Comparison, NamedResult, compare_runs
from audit.fields import build_audit
from audit.plots import interval_figure
from audit.registry import audits
from audit.result import Verdict
from audit.run import explain_missing
from audit.wording import format_interval, format_value, in_words, plural
from pages.audit_page import audit_request, link_settings
from pages.charts import projected, show_figure
from pages.compare_groups import show_compared_groups
from pages.job_panel import escape_markdown, job_of, show_job, show_problem, submit
from pages.markup import empty_html, heading_html, notes_html, verdict_html
from pages.navigation import COMPARE, DATA, audit_path, link
from pages.result_view import show_views
from pages.sample_rows import download_table
from pages.session import (
    attempt,
    chosen_dataset,
    chosen_model,
    dataset_of,
    finished,
    latest,
    model_of,
    result_of,
    workspace,
)
from pages.state import PageState, say_again
from pages.tables import show_table

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.dataset import Dataset

_FIRST_CHOICE = 8


def show() -> None:
    """Show the comparison of models on the chosen dataset."""
    st.html(
        heading_html(
            "", "Compare models", "The same samples, the same question, several models: what changes, and by how much."
        )
    )
    name = chosen_dataset()
    models = list(workspace().models())
    if name is None or len(models) < 2:
        lacking = "Add a dataset first." if name is None else f"Only {plural(len(models), 'model')} so far."
        st.html(empty_html("Two models are needed", f"{lacking} Columns of predictions count as models too."))
        link(DATA, "Add data and models", icon=":material/add:")
        return
    dataset, problem = attempt(lambda: dataset_of(name))
    if problem:
        show_problem(problem)
        link(DATA, "Mend it on the data page", icon=":material/database:")
        return
    state = PageState(COMPARE)
    audit_name, chosen = _pick(state, name, dataset, models)
    if len(chosen) < 2:
        st.html(empty_html("Choose at least two models", "The first one is what the others are compared with."))
        return
    audit = _question(audit_name, name, dataset, chosen)
    if audit is None:
        st.html(
            empty_html(
                "This audit needs a setting", "Run it once on its own page; the comparison then uses the same settings."
            )
        )
        link(audit_path(audit_name), "Open the audit", icon=":material/arrow_forward:")
        return
    found = {model: finished(audit, name, dataset, model) for model in chosen}
    _show_missing(audit, name, dataset, [model for model, facts in found.items() if facts is None])
    runs = [
        NamedResult(name=model, result=result_of(str(facts["key"])), provenance=facts)
        for model, facts in found.items()
        if facts
    ]
    if len(runs) >= 2:
        _show_comparison(audit, runs, dataset, state)


def _pick(state: PageState, name: str, dataset: Dataset, models: list[str]) -> tuple[str, list[str]]:
    known = audits()
    options = list(known)
    linked = f"{state['audit']} {state['models']}"
    if st.session_state.get("compare linked") != linked or "compare models" not in st.session_state:
        st.session_state["compare audit"] = state["audit"] if state["audit"] in known else options[0]
        st.session_state["compare models"] = linked_models(state["models"], models) or _with_answers(
            name, dataset, models
        )
    st.session_state["compare models"] = [model for model in st.session_state["compare models"] if model in models]
    say_again("compare audit")
    audit = st.selectbox("Audit", options, key="compare audit", format_func=lambda option: known[option].title)
    chosen = st.multiselect(
        "Models", models, key="compare models", help="The first one is what the others are compared with."
    )
    state.update({"audit": audit, "models": json.dumps(chosen, ensure_ascii=False)})
    st.session_state["compare linked"] = f"{state['audit']} {state['models']}"
    return str(audit), [str(model) for model in chosen]


def linked_models(text: str, models: Sequence[str]) -> list[str]:
    """Return the models that a link names and the workspace has; empty for text that is no list."""
    try:
        wanted = json.loads(text or "[]")
    except json.JSONDecodeError:
        return []
    return [model for model in wanted if model in models] if isinstance(wanted, list) else []


def _with_answers(name: str, dataset: Dataset, models: list[str]) -> list[str]:
    """Return the chosen model and others, those that have answers first."""
    answered = [model for model in models if any(latest(audit, name, dataset, model) for audit in audits())]
    first = [model for model in (chosen_model(),) if model in models]
    return list(dict.fromkeys([*first, *answered, *models]))[:_FIRST_CHOICE]


def _question(audit_name: str, name: str, dataset: Dataset, chosen: Sequence[str]) -> Audit | None:
    """Return the audit with the settings that most of the models were asked with; the default ones win a tie."""
    asked = [latest(audit_name, name, dataset, model) for model in chosen]
    settings = [link_settings(audit_name, facts["settings"]) for facts in asked if facts is not None]
    candidates = []
    for held in ({}, *settings):
        audit, problem = attempt(partial(build_audit, audit_name, held))
        if not problem and audit not in candidates:
            candidates.append(audit)
    answers = [sum(finished(audit, name, dataset, model) is not None for model in chosen) for audit in candidates]
    return candidates[int(np.argmax(answers))] if candidates else None


def _show_missing(audit: Audit, name: str, dataset: Dataset, models: Sequence[str]) -> None:
    """Offer to compute what is not there yet, and say what cannot be."""
    requests, reasons = [], []
    for model_name in models:
        request = audit_request(audit, name, dataset, model_name)
        job = job_of(request)
        if job is not None and job.active:
            show_job(job)
            continue
        model, problem = attempt(partial(model_of, model_name))
        missing = [problem] if problem else explain_missing(audit, dataset, model)
        if missing:
            reasons.append(f"{model_name}: {'; '.join(missing)}")
        else:
            requests.append(request)
    if reasons:
        st.html(empty_html("Some models cannot answer this", "What is missing:", reasons))
    if requests:
        words = f"{plural(len(requests), 'model')} not asked yet: " + ", ".join(request.model for request in requests)
        st.caption(escape_markdown(words))
        if st.button(
            f"Run the audit for {plural(len(requests), 'model')}",
            type="primary",
            icon=":material/play_arrow:",
            key="compare run",
        ):
            for request in requests:
                submit(request)
            st.rerun()


def _show_comparison(audit: Audit, runs: Sequence[NamedResult], dataset: Dataset, state: PageState) -> None:
    comparison = compare_runs(runs)
    scores = [score for score in runs[0].result.overall.index if score in set(comparison.overall["score"])]
    headline = runs[0].result.verdict.score
    key = f"compare {audit.name()} {len(runs)}"
    st.session_state.setdefault("compare score", headline if headline in scores else scores[0])
    if st.session_state["compare score"] not in scores:
        st.session_state["compare score"] = scores[0]
    say_again("compare score")
    score = st.selectbox("Score", scores, key="compare score", format_func=in_words)
    table = score_rows(comparison, str(score))
    st.html(verdict_html(comparison_verdict(table, str(score))))
    nulls = set(table["null"].dropna()) if "null" in table.columns else set()
    null = float(nulls.pop()) if len(nulls) == 1 else None
    figure = interval_figure(
        table if null is None else table.drop(columns=["null"]), null=null, order="given" if len(runs) <= 3 else "value"
    )
    show_figure(
        projected(figure), key=f"{key} {score} figure", text=f"{score} of {plural(len(runs), 'model')} with intervals"
    )
    _show_differences(table, key=f"{key} {score}")
    results = {run.name: run.result for run in runs}
    drawn = audit.compare(results, dataset)
    figures = [dataclasses.replace(figure, figure=projected(figure.figure)) for figure in drawn]
    if figures:
        st.subheader("What changes", anchor=False)
        show_views(figures, key=key)
    show_compared_groups(comparison, key, state)
    noted = f" ({plural(len(comparison.notes), 'note')})" if comparison.notes else ""
    with st.expander(f"Limits{noted}", icon=":material/rule:"):
        paired = "All runs rest on the same samples." if comparison.paired else "The runs rest on different samples."
        st.html(notes_html([paired, *comparison.notes]))
    download_table(comparison.overall, f"{audit.name()}-comparison", key=f"{key} scores", label="Scores")


def score_rows(comparison: Comparison, score: str) -> pd.DataFrame:
    """Return one score's rows, indexed by model."""
    rows = comparison.overall[comparison.overall["score"] == score].drop(columns=["score", "kind"], errors="ignore")
    return rows.set_index(pd.Index(rows["run"], name="model")).drop(columns=["run"])


def comparison_verdict(table: pd.DataFrame, score: str) -> Verdict:
    """Return the answer of a comparison: the largest difference from the first model that is apart from 0.

    Parameters
    ----------
    table
        As :func:`score_rows` leaves it.
    score
        The score's name.
    """
    words, first = in_words(score), str(table.index[0])
    unit = str(table["unit"].iloc[0] or "") if "unit" in table.columns else ""
    others = table.iloc[1:].dropna(subset=["difference"])
    if others.empty:
        return Verdict(state="not_computed", sentence=f"No two models have a value of {words}.")
    known = others.dropna(subset=["difference_low", "difference_high"])
    apart = known[(known["difference_low"] > 0) | (known["difference_high"] < 0)]
    pool = apart if len(apart) else known if len(known) else others
    place = int(np.argmax(pool["difference"].abs().to_numpy()))
    name = str(pool.index[place])
    numbers = {column: float(pool[column].iloc[place]) for column in pool.select_dtypes("number").columns}
    shown = "points" if unit == "share" else unit
    interval = format_interval(numbers["difference_low"], numbers["difference_high"], shown)
    sentence = (
        f"{words[:1].upper()}{words[1:]}: {name} {format_value(numbers['value'], unit)}, "
        f"{first} {format_value(float(table['value'].iloc[0]), unit)}; "
        f"difference {signed(numbers['difference'], shown)}" + (f", 95 % interval {interval}." if interval else ".")
    )
    if len(others) > 1:
        sentence += f" {len(apart)} of {len(others)} models differ from {first}."
    if not len(known):
        return Verdict(state="too_few", sentence=sentence)
    return Verdict(state="differs" if len(apart) else "no_difference", sentence=sentence)


def signed(value: float, unit: str) -> str:
    """Return a difference with its sign."""
    text = format_value(value, unit)
    return text if text.startswith(("+", "-", "−", "not")) else f"+{text}"


def _show_differences(table: pd.DataFrame, *, key: str) -> None:
    first = ["value", "low", "high", "difference", "difference_low", "difference_high", "n", "null"]
    columns = [column for column in first if column in table.columns]
    rest = [column for column in table.columns if column not in columns and column != "where"]
    show_table(table[[*columns, *rest]], key=f"{key} table")
