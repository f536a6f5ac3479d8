import json

import numpy as np
import pytest

from audit.differences.endpoint import Failure
from audit.differences.halves import divide_sets
from audit.differences.language import LanguageProposer, prompts_of, read_answer
from tests.differences.speaking import GOOD, speaking

CAPTIONS = [f"{'night' if i < 60 else 'day'} picture number {i}" for i in range(120)]
DIVISION = divide_sets(np.repeat([0, 1], 60), np.arange(120), 0)


@pytest.fixture(scope="module")
def server():
    with speaking() as speaker:
        yield speaker


@pytest.fixture
def speaker(server, monkeypatch):
    server.behaviour, server.requests = ["good"], []
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    return server


def test_three_rounds_show_twenty_captions_of_each_set_and_only_of_the_proposing_half() -> None:
    prompts = prompts_of(DIVISION, CAPTIONS, 0)
    assert len(prompts) == 3
    testing = {CAPTIONS[row] for side in (0, 1) for row in DIVISION.rows(side, validate=True)}
    for prompt in prompts:
        lines = {line.removeprefix("- ") for line in prompt.splitlines() if line.startswith("- ")}
        assert len(lines) == 40
        assert not lines & testing


def test_nothing_is_sent_before_the_budget_is_given_and_what_would_be_is_shown(speaker) -> None:
    answers = LanguageProposer("m", 0).propose(DIVISION, CAPTIONS, 0)
    assert answers.hypotheses == ()
    assert speaker.requests == []
    assert any("tokens" in note for note in answers.notes)
    assert any("Nothing was sent" in note for note in answers.notes)
    assert any("Set A:" in note and "picture number" in note for note in answers.notes)


def test_a_budget_that_is_enough_is_spent_and_the_answers_are_tagged_by_direction(speaker) -> None:
    answers = LanguageProposer("m", 100_000).propose(DIVISION, CAPTIONS, 0)
    assert set(answers.hypotheses) == {(0, p) for p in GOOD["more_in_a"]} | {(1, p) for p in GOOD["more_in_b"]}
    assert len(speaker.requests) == 3
    again = LanguageProposer("m", 0).propose(DIVISION, CAPTIONS, 0)
    assert again.hypotheses == answers.hypotheses
    assert len(speaker.requests) == 3


@pytest.mark.parametrize("trouble", ["locked", "words", "partial", "nonsense", "list"])
def test_failures_become_a_note_and_never_a_hypothesis(speaker, trouble) -> None:
    speaker.behaviour = [trouble]
    answers = LanguageProposer("m", 100_000).propose(DIVISION, CAPTIONS, 0)
    assert answers.hypotheses == ()
    assert "3 of 3 requests failed" in answers.notes[-1]
    assert "secret" not in " ".join(answers.notes)


def test_what_came_before_a_failure_stands(speaker) -> None:
    speaker.behaviour = ["good", "locked"]
    answers = LanguageProposer("m", 100_000).propose(DIVISION, CAPTIONS, 0)
    assert len(answers.hypotheses) == 4
    assert "2 of 3 requests failed" in answers.notes[-1]


def test_only_phrases_are_taken_and_long_ones_are_cut(speaker) -> None:
    speaker.behaviour = ["mixed"]
    answers = LanguageProposer("m", 100_000).propose(DIVISION, CAPTIONS, 0)
    assert [phrase for direction, phrase in answers.hypotheses if direction == 0] == ["snow"]
    (long,) = [phrase for direction, phrase in answers.hypotheses if direction == 1]
    assert 0 < len(long.split()) <= 77


@pytest.mark.parametrize(
    "text", ["", "no json", "[1]", json.dumps({"more_in_a": []}), json.dumps({"more_in_a": "x", "more_in_b": []})]
)
def test_what_is_no_answer_is_a_failure(text) -> None:
    with pytest.raises(Failure):
        read_answer(text)


def test_without_captions_nobody_is_asked(speaker) -> None:
    answers = LanguageProposer("m", 100_000).propose(DIVISION, [""] * 120, 0)
    assert answers.hypotheses == ()
    assert speaker.requests == []
    assert "was not asked" in answers.notes[0]


def test_without_an_endpoint_it_says_what_to_set(monkeypatch) -> None:
    for name in ("MODEL_AUDIT_ENDPOINT", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert "MODEL_AUDIT_ENDPOINT" in LanguageProposer("m", 0).missing()[0]
    assert LanguageProposer("transformers:somewhere", 0).missing() == []
