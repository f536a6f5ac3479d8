import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from audit.comparison import (
    INDEPENDENT,
    PAIRED,
    SHARED,
    NamedResult,
    compare_runs,
    independent_interval,
    paired_interval,
)
from audit.errors import InputError
from audit.result import Result, Verdict, score_table


def named(
    name: str,
    correct: list[float],
    *,
    ids: list[str] | None = None,
    audit: str = "toy",
    group_id: str | None = None,
    settings: dict[str, object] | None = None,
    groups: list[dict[str, object]] | None = None,
    notes: tuple[str, ...] = (),
) -> NamedResult:
    index = pd.Index(ids or [f"s{row}" for row in range(len(correct))], name="sample_id")
    value = float(np.mean(correct))
    rows = [
        {"score": "accuracy", "value": value, "low": value - 0.1, "high": value + 0.1, "n": len(correct), "null": 0.5},
        {"score": "gap", "value": 0.25 + value / 10, "low": 0.2, "high": 0.4},
        {"score": "bare", "value": value * 2},
    ]
    result = Result(
        overall=score_table(rows),
        by_group=score_table(groups or [{"class": "cat", "value": value, "kind": "class"}], index="class"),
        by_sample=pd.DataFrame({"right": correct, "name": "x"}, index=index),
        verdict=Verdict(state="differs", sentence="So."),
        settings=settings or {},
        notes=notes,
    )
    return NamedResult(name=name, result=result, provenance={"audit": audit, "roles": {"group_id": group_id}})


GOOD, BETTER = [1.0, 1, 1, 0, 0, 0, 0, 0], [1.0, 1, 1, 1, 1, 1, 0, 0]


def rows(comparison: object, score: str) -> pd.DataFrame:
    table: pd.DataFrame = comparison.overall  # type: ignore[attr-defined]
    return table[table["score"] == score].set_index("run")


def test_equal_scores_stand_together_in_the_order_of_the_runs() -> None:
    found = compare_runs([named("a", GOOD), named("b", BETTER)]).overall
    assert list(zip(found["score"], found["run"], strict=True))[:4] == [
        ("accuracy", "a"),
        ("accuracy", "b"),
        ("gap", "a"),
        ("gap", "b"),
    ]


def test_a_difference_is_this_run_minus_the_first() -> None:
    found = rows(compare_runs([named("a", GOOD), named("b", BETTER), named("c", GOOD)]), "accuracy")
    assert math.isnan(found.loc["a", "difference"])
    assert found.loc["b", "difference"] == pytest.approx(3 / 8)
    assert found.loc["c", "difference"] == 0


def test_a_mean_over_the_same_samples_gets_a_paired_interval() -> None:
    found = rows(compare_runs([named("a", GOOD), named("b", BETTER)]), "accuracy")
    assert found.loc["b", "how"] == PAIRED
    # Bonett and Price by hand: gained (3+1)/10, lost (0+1)/10.
    half = 1.959964 * math.sqrt((0.5 - 0.09) / 10)
    assert found.loc["b", "difference_low"] == pytest.approx(0.3 - half, abs=1e-6)
    assert found.loc["b", "difference_high"] == pytest.approx(0.3 + half, abs=1e-6)


def test_a_score_that_is_no_mean_gets_its_interval_from_both_intervals() -> None:
    found = rows(compare_runs([named("a", GOOD), named("b", BETTER)]), "gap")
    assert found.loc["b", "how"] == SHARED
    low, high = independent_interval((0.325, 0.2, 0.4), (0.2875, 0.2, 0.4))
    assert found.loc["b", "difference_low"] == pytest.approx(low)
    assert found.loc["b", "difference_high"] == pytest.approx(high)


def test_a_score_without_intervals_gets_a_difference_alone() -> None:
    found = rows(compare_runs([named("a", GOOD), named("b", BETTER)]), "bare")
    assert found.loc["b", "difference"] == pytest.approx(0.75)
    assert math.isnan(found.loc["b", "difference_low"])
    assert found.loc["b", "how"] == ""


def test_samples_that_belong_together_are_not_taken_for_independent_pairs() -> None:
    found = rows(
        compare_runs([named("a", GOOD, group_id="patient"), named("b", BETTER, group_id="patient")]), "accuracy"
    )
    assert found.loc["b", "how"] == SHARED


def test_runs_on_other_samples_are_not_paired_and_it_is_said() -> None:
    other = [f"s{row}" for row in range(4, 12)]
    comparison = compare_runs([named("a", GOOD), named("b", BETTER, ids=other)])
    assert not comparison.paired
    assert rows(comparison, "accuracy").loc["b", "how"] == INDEPENDENT
    assert comparison.notes[0] == (
        "a rests on 8 samples and b on 8, 4 of them the same: their differences are not paired."
    )


def test_runs_on_the_same_samples_are_paired_and_nothing_is_noted() -> None:
    comparison = compare_runs([named("a", GOOD), named("b", BETTER)])
    assert comparison.paired
    assert comparison.notes == ()


def test_different_settings_are_noted() -> None:
    comparison = compare_runs(
        [named("a", GOOD, settings={"k": 5, "seed": 0}), named("b", GOOD, settings={"k": 9, "seed": 0})]
    )
    assert comparison.notes == ("a and b were run with different settings: k (5 against 9).",)


def test_notes_of_a_run_go_with_its_name() -> None:
    assert compare_runs([named("a", GOOD, notes=("sampled",)), named("b", GOOD)]).notes == ("a: sampled",)


def test_groups_are_matched_by_name_and_kind() -> None:
    first = [{"class": "cat", "kind": "class", "value": 0.5}, {"class": "cat", "kind": "cell", "value": 0.1}]
    second = [{"class": "cat", "kind": "cell", "value": 0.4}, {"class": "dog", "kind": "class", "value": 1.0}]
    found = compare_runs([named("a", GOOD, groups=first), named("b", BETTER, groups=second)]).by_group
    new = found[found["run"] == "b"].set_index(["class", "kind"])
    assert new.loc[("cat", "cell"), "difference"] == pytest.approx(0.3)
    assert new.loc[("dog", "class"), "how"] == "not in a"
    assert list(found["class"]) == ["cat", "cat", "cat", "dog"]


def test_rows_of_the_same_name_are_matched_by_their_order() -> None:
    first = [{"class": "cat", "value": 0.1}, {"class": "cat", "value": 0.2}]
    second = [{"class": "cat", "value": 0.5}, {"class": "cat", "value": 0.9}]
    found = compare_runs([named("a", GOOD, groups=first), named("b", GOOD, groups=second)]).by_group
    assert found[found["run"] == "b"]["difference"].tolist() == pytest.approx([0.4, 0.7])


def test_one_run_alone_is_refused() -> None:
    with pytest.raises(InputError, match="`runs` must be at least two to be compared; got 1"):
        compare_runs([named("a", GOOD)])


def test_runs_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="`runs` must have different names; got a, a"):
        compare_runs([named("a", GOOD), named("a", GOOD)])


def test_runs_of_two_audits_are_refused() -> None:
    with pytest.raises(InputError, match="`runs` must be of one audit; got toy and other"):
        compare_runs([named("a", GOOD), named("b", GOOD, audit="other")])


def test_plain_data_has_null_where_nothing_is_defined() -> None:
    answer = compare_runs([named("a", GOOD), named("b", BETTER)]).to_json()
    assert answer["runs"] == ["a", "b"]
    assert answer["overall"][0]["difference"] is None


def test_the_paired_interval_of_numbers_is_students() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=20), random.normal(size=20)
    expected = stats.ttest_rel(second, first).confidence_interval(0.95)
    assert paired_interval(first, second) == pytest.approx((expected.low, expected.high))


def test_the_paired_interval_of_one_sample_is_not_defined() -> None:
    assert all(math.isnan(limit) for limit in paired_interval(np.ones(1), np.zeros(1)))


def test_the_paired_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(600):
        hard = random.random(60)
        first, second = (hard < 0.6).astype(float), (hard + random.normal(0, 0.2, 60) < 0.7).astype(float)
        low, high = paired_interval(first, second)
        covered += low <= TRUE_CHANGE <= high
    assert 0.93 < covered / 600 < 0.985


# P(u + e < .7) - .6 for u uniform and e normal with sd .2, integrated numerically.
TRUE_CHANGE = float(stats.norm.cdf((0.7 - (np.arange(20_000) + 0.5) / 20_000) / 0.2).mean()) - 0.6


def test_the_independent_interval_of_equal_proportions_is_newcombes() -> None:
    from audit.statistics import newcombe_interval, wilson_interval

    first, second = wilson_interval(40, 50), wilson_interval(30, 60)
    expected = newcombe_interval(40, 50, 30, 60)
    found = independent_interval(
        (0.8, float(first.low), float(first.high)), (0.5, float(second.low), float(second.high))
    )
    assert found == pytest.approx((float(expected.low), float(expected.high)))
