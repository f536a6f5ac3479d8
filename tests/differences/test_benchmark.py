import json

import numpy as np
import pandas as pd
import pytest

from audit.audits.set_difference import SetDifference
from audit.differences.benchmark import PHRASES, accuracy, grade, main, question, run_pairs
from audit.differences.endpoint import Failure
from audit.errors import InputError
from audit.fields import fields_of


class Judge:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def complete(self, prompt, *, schema=None):
        self.asked.append(prompt)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(prompt) if callable(self.answer) else self.answer


def lights(world):
    """Return the world as two pairs of known difference."""
    table = world.dataset.metadata
    rows = []
    for number, (a, b) in enumerate([("night", "day"), ("snow", "sand")], start=1):
        column = "light" if a == "night" else "background"
        for side, value in (("a", a), ("b", b)):
            here = table[table[column] == value]
            known = {"level": "easy", "pair": f"easy {number}", "side": side, "set_text": value, "difference": column}
            rows.append(here.assign(**known))
    found = pd.concat(rows)
    return world.dataset.with_metadata(
        table.join(found.loc[~found.index.duplicated(), ["level", "pair", "side", "set_text", "difference"]])
    )


def test_pairs_are_run_and_graded(world) -> None:
    judge = Judge(lambda prompt: json.dumps({"grade": 2 if "Phrase: " in prompt else 0}))
    quick = {"draws": "100", "control": "false", "proposers": "vocabulary", "families": "scenes,lighting"}
    table = run_pairs(lights(world), world.model, store=world.store, settings=quick, judge=judge)
    assert list(table.index) == ["easy 1", "easy 2"]
    assert table["problem"].eq("").all()
    assert any(word in table.loc["easy 1", "phrase_1"] for word in ("night", "dark", "moon", "dim"))
    scores = accuracy(table)
    assert scores.loc["easy"].to_dict() == {"acc_at_1": 1.0, "acc_at_5": 1.0, "n": 2.0}
    assert all("Known difference" in prompt for prompt in judge.asked)


def test_the_settings_it_takes_are_fields_of_the_audit() -> None:
    assert {"draws", "control", "proposers", "families"} <= {field.name for field in fields_of(SetDifference)}


def graded(*pairs):
    columns = {f"{name}_{i}": np.nan for i in range(1, PHRASES + 1) for name in ("auroc", "grade")}
    rows = []
    for grades in pairs:
        row = {**columns, "level": "easy", "problem": "", **{f"phrase_{i}": None for i in range(1, PHRASES + 1)}}
        for i, value in enumerate(grades, start=1):
            row |= {f"phrase_{i}": "x", f"grade_{i}": value}
        rows.append(row)
    return pd.DataFrame(rows)


def test_accuracy_is_half_the_grade_of_the_first_and_of_the_best() -> None:
    found = accuracy(graded([2, 0], [0, 1, 2, 0, 0], [1]))
    assert found.loc["easy", "acc_at_1"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert found.loc["easy", "acc_at_5"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert found.loc["easy", "n"] == 3


def test_without_grades_there_is_no_accuracy() -> None:
    found = accuracy(graded([np.nan, np.nan]))
    assert np.isnan(found.loc["easy", "acc_at_1"])
    assert found.loc["easy", "n"] == 0


@pytest.mark.parametrize("answer", ["no", '{"grade": 3}', '{"mark": 1}', '{"grade": true}', "[1]", Failure("down")])
def test_what_is_no_grade_is_missing_with_its_reason(answer) -> None:
    value, problem = grade(Judge(answer), "x", {"set1": "a", "set2": "b", "difference": "c"})
    assert np.isnan(value)
    assert problem


def test_a_judge_sees_the_known_difference() -> None:
    text = question("dogs", {"set1": "Dogs", "set2": "Cats", "difference": "species"})
    assert "Known difference: species" in text


def test_a_dataset_without_pairs_is_refused(world) -> None:
    with pytest.raises(InputError, match="columns"):
        run_pairs(world.dataset, world.model, store=world.store)


def test_the_command_says_in_words_what_is_wrong(tmp_path, capsys) -> None:
    assert main([str(tmp_path / "none"), "--model", "demo", "--out", str(tmp_path / "x.csv")]) == 2
    assert "not there" in capsys.readouterr().err
