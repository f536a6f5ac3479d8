from __future__ import annotations

import pandas as pd

from pages.gallery import Selection

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
