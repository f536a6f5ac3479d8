"""The answer in one sentence."""

import pytest

from audit.differences.verdict import verdict


def test_each_number_says_what_it_is_and_the_known_cases_come_last():
    shared = {"kind": "hypothesis", "low": 0.6, "high": 0.8, "q_value": 0.001}
    rows = [
        {**shared, "hypothesis": "night", "truer_of": "A", "value": 0.72},
        {**shared, "hypothesis": "day", "truer_of": "B", "value": 0.666},
    ]
    overall = [
        {"score": "top_auroc", "value": 0.72, "support": 142, "null": 0.56},
        {"score": "significant_hypotheses", "value": 67.0},
        {"score": "control_significant_hypotheses", "value": float("nan")},
    ]
    said = verdict(overall, rows, words=("wrong", "right"), sizes=(100, 100), units=(50, 50))
    assert said.state == "differs"
    assert "; .560 is the best of 142 phrases between equal sets)" in said.sentence
    assert "“day” is truer of right (B): AUROC .666. 67 of 142 phrases pass. Top phrases" in said.sentence
    assert said.sentence.endswith("% of published pairs of sets.")


@pytest.mark.parametrize(("passed", "state"), [(0.0, "differs"), (1.0, "too_few")])
def test_what_passes_between_equal_sets_too_is_not_called_a_difference(passed, state):
    row = {"kind": "hypothesis", "q_value": 0.01, "low": 0.6, "high": 0.8}
    rows = [{**row, "hypothesis": "night", "truer_of": "A", "value": 0.72}]
    overall = [
        {"score": "top_auroc", "value": 0.72, "support": 140, "null": 0.57},
        {"score": "significant_hypotheses", "value": 1.0},
        {"score": "control_significant_hypotheses", "value": passed},
    ]
    said = verdict(overall, rows, words=("wrong", "right"), sizes=(100, 100), units=(50, 50))
    assert said.state == state
    assert ("of as many phrases 1 pass between a set and itself" in said.sentence) == (state == "too_few")
