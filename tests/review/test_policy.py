"""Thresholds: passed or failed only when the whole interval says so."""

import pytest

from audit.errors import InputError
from audit.review.policy import EXAMPLE, Policy, Rule, check, read_policy

TEXT = '[[rule]]\naudit = "toy"\nscore = "accuracy"\ndirection = "at least"\nbound = 0.8\n'


def outcome(direction, low, value, high, bound=0.8):
    rule = Rule(audit="toy", score="accuracy", direction=direction, bound=bound)
    row = {"score": "accuracy", "value": value, "low": low, "high": high, "unit": "share"}
    return check(Policy(title="p", rules=(rule,)), [("toy", [row])])[0]


@pytest.mark.parametrize(
    ("direction", "low", "value", "high", "expected"),
    [
        ("at least", 0.81, 0.85, 0.9, "pass"),
        ("at least", 0.80, 0.85, 0.9, "pass"),
        ("at least", 0.75, 0.85, 0.9, "undecided"),
        ("at least", 0.75, 0.78, 0.85, "undecided"),
        ("at least", 0.60, 0.70, 0.79, "fail"),
        ("at most", 0.60, 0.70, 0.79, "pass"),
        ("at most", 0.75, 0.78, 0.85, "undecided"),
        ("at most", 0.81, 0.85, 0.9, "fail"),
        ("at least", None, 0.99, None, "undecided"),
        ("at least", None, None, None, "missing"),
    ],
)
def test_the_whole_interval_decides(direction, low, value, high, expected):
    assert outcome(direction, low, value, high).outcome == expected


def test_the_sentence_holds_value_interval_and_bound():
    sentence = outcome("at least", 0.75, 0.85, 0.9).sentence
    assert sentence == "85.0 %, 95 % interval 75.0 to 90.0 %; accuracy at least 80.0 % was agreed."


def test_a_rule_is_held_against_every_finding_and_said_to_be_missing_without_one():
    policy = read_policy(TEXT)
    rows = [{"score": "accuracy", "value": v, "low": v - 0.01, "high": v + 0.01} for v in (0.9, 0.5)]
    found = check(policy, [("toy", rows[:1]), ("toy", rows[1:]), ("other", rows)])
    assert [c.outcome for c in found] == ["pass", "fail"]
    assert [c.outcome for c in check(policy, [])] == ["missing"]


def test_the_example_is_a_policy():
    assert read_policy(EXAMPLE).rules[0].direction == "at least"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "must be TOML"),
        ('title = "x"', "at least one"),
        (TEXT.replace("at least", "above"), "`direction` of rule 1"),
        (TEXT.replace("0.8", '"high"'), "`bound` of rule 1"),
        (TEXT.replace("0.8", "true"), "`bound` of rule 1"),
        (TEXT.replace('"accuracy"', '""'), "`score` of rule 1"),
        (TEXT + 'color = "red"\n', "only audit"),
        ("x" * 100_001, "at most"),
    ],
)
def test_what_is_no_policy_is_refused_by_name(text, message):
    with pytest.raises(InputError, match=message):
        read_policy(text)
