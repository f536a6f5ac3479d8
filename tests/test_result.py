import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.errors import InputError
from audit.result import STATES, Result, Verdict, plain, records, score_table

SAMPLES = pd.DataFrame({"correct": [True, False]}, index=pd.Index(["a", "b"], name="sample_id"))


def result(**changes: Any) -> Result:
    parts: dict[str, Any] = {
        "overall": score_table([{"score": "accuracy", "value": 0.5, "low": np.nan, "n": 2, "unit": "share"}]),
        "by_group": score_table([{"subgroup": "x", "value": 1, "where": '{"kind": "x"}'}], index="subgroup"),
        "by_sample": SAMPLES,
        "verdict": Verdict(state="too_few", sentence="Two samples are too few."),
        "notes": ("a note",),
        "settings": {"seed": 1, "names": ("a", "b")},
    }
    return Result(**{**parts, **changes})


def test_shared_columns_come_first_as_floats_and_the_audits_own_follow() -> None:
    table = score_table([{"own": "x", "n": 3, "score": "a"}, {"score": "b", "value": 1, "low": 0}])
    assert list(table.columns) == ["value", "low", "n", "own"]
    assert [str(table[column].dtype) for column in ("value", "low", "n")] == ["float64"] * 3
    assert math.isnan(table.loc["a", "value"])


def test_a_table_without_rows_is_still_a_table() -> None:
    table = score_table([], index="class")
    assert (table.index.name, list(table.columns), len(table)) == ("class", ["value"], 0)


def test_names_of_rows_are_text() -> None:
    assert list(score_table([{"class": 3, "value": 1}], index="class").index) == ["3"]


@pytest.mark.parametrize(
    ("part", "table", "words"),
    [
        ("overall", score_table([{"other": "a", "value": 1}], index="other"), "called `score`"),
        ("overall", score_table([{"score": "a", "value": 1}] * 2), "unique names"),
        ("by_group", pd.DataFrame({"value": [1.0]}), "named index"),
        ("by_sample", pd.DataFrame({"x": [1]}), "`sample_id`"),
        ("by_sample", SAMPLES.iloc[[0, 0]], "unique `sample_id`"),
    ],
)
def test_a_table_with_the_wrong_index_is_refused(part: str, table: pd.DataFrame, words: str) -> None:
    with pytest.raises(InputError, match=words):
        result(**{part: table})


def test_a_score_is_found_by_its_name() -> None:
    assert result().score("accuracy")["value"] == 0.5
    with pytest.raises(InputError, match="must be one of accuracy; got 'speed'"):
        result().score("speed")


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    before = result()
    before.save(tmp_path)
    after = Result.load(tmp_path)
    for name in ("overall", "by_group", "by_sample"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name))
    assert (after.verdict, after.notes) == (before.verdict, before.notes)
    assert after.settings == {"seed": 1, "names": ["a", "b"]}


def test_json_has_null_for_what_is_undefined_and_nothing_that_is_not_json() -> None:
    text = json.dumps(result().to_json(), allow_nan=False)
    assert json.loads(text)["overall"] == [
        {"score": "accuracy", "value": 0.5, "low": None, "n": 2.0, "unit": "share"},
    ]


def test_every_state_has_an_icon_and_words() -> None:
    labels = {Verdict(state=state, sentence="").label for state in STATES}
    assert len(labels) == len(STATES)
    assert all(len(label.split(maxsplit=1)) == 2 for label in labels)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (float("inf"), None),
        (np.float32("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (np.int64(3), 3),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        ({1: (np.arange(2)[0] == 0, None)}, {"1": [True, None]}),
        (Path("a"), "a"),
    ],
)
def test_plain_data_is_what_json_knows(value: Any, wanted: Any) -> None:
    assert plain(value) == wanted


def test_records_keep_the_index() -> None:
    assert records(SAMPLES) == [{"sample_id": "a", "correct": True}, {"sample_id": "b", "correct": False}]
