from __future__ import annotations

import pandas as pd

from pages.gallery import Selection
from pages.result_view import gallery_words

TABLE = pd.DataFrame(index=pd.Index(["s0", "s1", "s2"], name="sample_id"))


def test_what_the_browser_sends_is_kept_in_its_order() -> None:
    selection = Selection()
    selection.take({"ids": ["s2", "s0", "elsewhere"], "count": 1})
    assert selection.among(TABLE) == ["s2", "s0"]


def test_an_older_message_does_not_undo_a_newer_one() -> None:
    selection = Selection()
    selection.take({"ids": ["s0", "s1"], "count": 5})
    selection.take({"ids": ["s0"], "count": 4})
    assert selection.ids == ["s0", "s1"]


def test_what_was_cleared_stays_cleared_until_the_browser_selects_again() -> None:
    selection = Selection()
    selection.take({"ids": ["s0"], "count": 1})
    selection.clear()
    selection.take({"ids": ["s0"], "count": 1})
    selection.take(None)
    assert selection.ids == []
    selection.take({"ids": ["s1"], "count": 2})
    assert selection.ids == ["s1"]


def test_samples_without_a_prediction_are_counted_as_such_and_not_as_wrong() -> None:
    rows = pd.DataFrame({"label": ["a", "a", "b", "b", None], "predicted": ["a", "b", None, "b", "b"]})
    words = gallery_words(rows, "label", "predicted", sorted_already=True)
    assert words == "5 samples, 1 without a prediction, 1 without a label, 1 of the other 3 predicted wrongly (33.3 %)"
    assert gallery_words(rows.iloc[:2], "label", "predicted", sorted_already=True) == (
        "2 samples, 1 of them predicted wrongly (50.0 %)"
    )
    assert gallery_words(rows.iloc[2:3], "label", "predicted") == "1 sample, 1 without a prediction"
