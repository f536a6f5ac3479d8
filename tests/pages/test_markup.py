from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.result import STATES, State, Verdict
from audit.wording import plural, unbroken
from pages.markup import (
    elapsed,
    empty_html,
    facts_html,
    heading_html,
    notes_html,
    score_words,
    verdict_html,
    waiting_html,
)

EVIL = '<img src=x onerror="alert(1)">'


@pytest.mark.parametrize(
    "markup",
    [
        heading_html(EVIL, EVIL, EVIL),
        verdict_html(Verdict(state="differs", sentence=EVIL)),
        waiting_html(EVIL, EVIL),
        facts_html({EVIL: EVIL}),
        empty_html(EVIL, EVIL, [EVIL]),
        notes_html([EVIL]),
    ],
)
def test_nothing_from_data_becomes_markup(markup: str) -> None:
    assert "<img" not in markup
    assert "&lt;img" in markup


@pytest.mark.parametrize("state", list(STATES))
def test_a_state_is_told_by_icon_and_words(state: State) -> None:
    icon, words = STATES[state]
    markup = verdict_html(Verdict(state=state, sentence="A sentence."))
    assert icon in markup
    assert words in markup


def test_a_number_stays_on_the_line_of_its_unit() -> None:
    assert unbroken("from 83.1 % to 4.2 points") == "from 83.1\u00a0% to 4.2\u00a0points"
    assert unbroken("holds (p < .001, q = .02), p = 1") == (
        "holds (p\u00a0<\u00a0.001, q\u00a0=\u00a0.02), p\u00a0=\u00a01"
    )
    assert unbroken("group = 1, p < q") == "group = 1, p < q"


def test_a_score_is_said_with_everything_it_travels_with() -> None:
    row = pd.Series(
        {"value": 0.868, "low": 0.831, "high": 0.898, "n": 401.0, "null": 0.929, "p_value": 0.004, "unit": "share"}
    )
    assert score_words("worst_group_accuracy", row) == (
        "● worst group accuracy 86.8 % · ━ 95 % interval 83.1 to 89.8 % · ◇ with no effect 92.9 % · p = .0040 · n = 401"
    )


def test_a_score_with_two_nulls_says_which_is_which() -> None:
    row = pd.Series({"value": 0.5, "low": 0.4, "high": 0.7, "null": 0.55, "without_center": 0.9, "p_value": 0.01})
    assert "◇ random neighbours .550 · □ centers dealt at random .900 · p = .010" in score_words("index", row)


def test_a_score_without_interval_says_only_what_there_is() -> None:
    row = pd.Series({"value": np.nan, "low": np.nan, "high": np.nan, "unit": None})
    assert score_words("gap", row) == "● gap not defined"


@pytest.mark.parametrize(
    ("count", "word", "text"),
    [
        (1, "sample", "1 sample"),
        (2000, "sample", "2,000 samples"),
        (3, "class", "3 classes"),
        (0, "match", "0 matches"),
    ],
)
def test_counts_read_as_words(count: int, word: str, text: str) -> None:
    assert plural(count, word) == text


@pytest.mark.parametrize(("seconds", "text"), [(12.4, "12 s"), (200, "3 min"), (7500, "2 h 5 min"), (np.inf, "")])
def test_a_duration_is_rounded_to_what_one_says(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text
