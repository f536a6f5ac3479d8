"""Small pieces of the page's own HTML; everything that comes from data is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from audit.nulls import nulls_of
from audit.result import STATES, Verdict
from audit.wording import format_interval, format_p, format_value, in_words, unbroken


def heading_html(group: str, title: str, question: str) -> str:
    """Return a page's heading: its group, its title, and what it answers."""
    above = f'<p class="group">{escape(group)}</p>' if group else ""
    below = f'<p class="question">{escape(question)}</p>' if question else ""
    return f'<header class="audit-title">{above}<h1>{escape(title)}</h1>{below}</header>'


def verdict_html(verdict: Verdict, *, small: bool = False) -> str:
    """Return the answer: its state in icon and words, then the sentence."""
    icon, words = STATES[verdict.state]
    return _verdict(verdict.state, icon, words, verdict.sentence, small=small)


def waiting_html(words: str, sentence: str, *, small: bool = True) -> str:
    """Return the place of an answer that is not there yet."""
    return _verdict("waiting", "○", words, sentence, small=small)


def _verdict(state: str, icon: str, words: str, sentence: str, *, small: bool) -> str:
    size = " small" if small else ""
    return (
        f'<section class="verdict {escape(state)}{size}">'
        f'<p class="state"><span aria-hidden="true">{escape(icon)}</span>{escape(words)}</p>'
        f'<p class="sentence">{escape(unbroken(sentence))}</p></section>'
    )


def facts_html(facts: Mapping[str, str], *, column: bool = False) -> str:
    """Return names and values side by side, or below one another."""
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts{" column" if column else ""}">{pairs}</dl>'


def empty_html(title: str, text: str, reasons: Sequence[str] = ()) -> str:
    """Return an empty state: what is not there, and what to do next."""
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    below = f"<ul>{listed}</ul>" if listed else ""
    return f'<section class="empty-state"><h3>{escape(title)}</h3><p>{escape(text)}</p>{below}</section>'


def notes_html(notes: Sequence[str]) -> str:
    """Return notes as a list."""
    return f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>'


def score_words(name: str, row: pd.Series[Any]) -> str:
    """Return a score with everything it travels with, each part with the mark that the drawing gives it."""
    unit = str(row.get("unit") or "") if not pd.isna(row.get("unit", "")) else ""
    parts = [f"● {in_words(name)} {format_value(_number(row, 'value'), unit)}"]
    interval = format_interval(_number(row, "low"), _number(row, "high"), unit)
    if interval:
        parts.append(f"━ 95 % interval {interval}")
    marks = {"diamond-open": "◇", "square-open": "□"}
    parts += [f"{marks[symbol]} {words} {format_value(null, unit)}" for null, symbol, words in nulls_of(row)]
    p = format_p(_number(row, "p_value"))
    if p:
        parts.append(p)
    if np.isfinite(_number(row, "n")):
        parts.append(f"n = {_number(row, 'n'):,.0f}")
    return " · ".join(parts)


def _number(row: pd.Series[Any], column: str) -> float:
    value = row.get(column, np.nan)
    return float("nan") if value is None or value is pd.NA else float(value)


def elapsed(seconds: float) -> str:
    """Return a duration in words: ``45 s``, ``3 min``, ``2 h 5 min``."""
    if not np.isfinite(seconds):
        return ""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
