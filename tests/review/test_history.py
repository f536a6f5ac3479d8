"""What changed between two versions: every score of both, with the interval of the difference."""

import numpy as np
import pandas as pd
import pytest

from audit.comparison import NamedResult
from audit.errors import InputError
from audit.result import Result, Verdict, score_table
from audit.review.history import changes_between


def named(name, right):
    frame = pd.DataFrame({"correct": right}, index=pd.Index([f"s{n}" for n in range(len(right))], name="sample_id"))
    value = float(np.mean(right))
    row = {"score": "accuracy", "value": value, "low": value - 0.05, "high": value + 0.05, "n": len(right)}
    result = Result(
        overall=score_table([row | {"unit": "share"}]),
        by_group=score_table([{"row": "x", "value": 1.0}], index="row"),
        by_sample=frame,
        verdict=Verdict(state="no_difference", sentence="-", score="accuracy"),
    )
    return NamedResult(name=name, result=result, provenance={"audit": "toy", "model": name})


def test_scores_stand_side_by_side_and_the_difference_is_paired():
    old, new = named("old", [True] * 60 + [False] * 40), named("new", [True] * 80 + [False] * 20)
    change = changes_between("old", "new", [("Toy", old, new)])
    (row,) = change["rows"]
    assert (row["before"], row["after"]) == (0.6, 0.8)
    assert row["difference"] == pytest.approx(0.2)
    assert row["how"] == "paired"
    assert row["changed"] is True
    assert row["difference_low"] > 0


def test_the_same_answers_are_no_evidence_of_a_change():
    one, two = named("old", [True] * 60 + [False] * 40), named("new", [True] * 60 + [False] * 40)
    (row,) = changes_between("old", "new", [("Toy", one, two)])["rows"]
    assert row["changed"] is False


def test_without_a_common_audit_nothing_can_be_said():
    with pytest.raises(InputError, match="both old and new"):
        changes_between("old", "new", [])
