import pandas as pd
import pytest

from audit.audits.subgroup_discrepancy import SubgroupDiscrepancy
from audit.base import Audit
from audit.commands.gate import Gate, check_names, gate
from audit.errors import InputError
from audit.result import Result, Verdict, score_table


def result(value: float) -> Result:
    return Result(
        overall=score_table([{"score": "accuracy", "value": value}]),
        by_group=score_table([{"group": "g", "value": 1.0}], index="group"),
        by_sample=pd.DataFrame(index=pd.Index(["a"], name="sample_id")),
        verdict=Verdict(state="differs", sentence="So."),
    )


@pytest.mark.parametrize(
    ("text", "score", "sign", "value"),
    [
        ("accuracy<0.9", "accuracy", "<", 0.9),
        (" accuracy <= .9 ", "accuracy", "<=", 0.9),
        ("gap>1e-2", "gap", ">", 0.01),
        ("gap of groups>=-1", "gap of groups", ">=", -1.0),
    ],
)
def test_a_condition_is_a_score_a_sign_and_a_number(text: str, score: str, sign: str, value: float) -> None:
    assert gate(text) == Gate(score=score, sign=sign, value=value)


@pytest.mark.parametrize("text", ["", "accuracy", "accuracy=0.9", "<0.9", "accuracy<", "accuracy<high", "accuracy<nan"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="`--fail-if` must be written score<number"):
        gate(text)


@pytest.mark.parametrize(
    ("sign", "fails_at"),
    [("<", [0.4]), ("<=", [0.4, 0.5]), (">", [0.6]), (">=", [0.5, 0.6])],
)
def test_each_sign_fails_on_its_side(sign: str, fails_at: list[float]) -> None:
    condition = Gate(score="accuracy", sign=sign, value=0.5)
    assert [value for value in (0.4, 0.5, 0.6) if condition.reason(result(value))] == fails_at


def test_the_reason_names_score_value_and_limit() -> None:
    assert Gate(score="accuracy", sign="<", value=0.5).reason(result(0.25)) == "accuracy is .250, < 0.5"


def test_a_score_that_is_not_defined_fails() -> None:
    reason = Gate(score="accuracy", sign="<", value=0.5).reason(result(float("nan")))
    assert reason == "accuracy is not defined, so it cannot be held against < 0.5"


def test_a_condition_knows_its_score() -> None:
    assert Gate(score="accuracy", sign="<", value=0.5).knows(result(1.0))
    assert not Gate(score="gap", sign="<", value=0.5).knows(result(1.0))


def test_a_misspelt_score_is_refused_with_the_near_ones() -> None:
    check_names([gate("worst_group_accuracy<0.5")], [SubgroupDiscrepancy])
    with pytest.raises(InputError, match=r"got 'worst_group_acuracy'\. Did you mean worst_group_accuracy"):
        check_names([gate("worst_group_acuracy<0.5")], [SubgroupDiscrepancy])
    with pytest.raises(InputError, match=r"got 'xyz'\. `audit list AUDIT` tells"):
        check_names([gate("xyz<0.5")], [SubgroupDiscrepancy])


def test_scores_without_meanings_are_left_to_the_run() -> None:
    class Silent(Audit):
        pass

    check_names([gate("anything<1")], [SubgroupDiscrepancy, Silent])
