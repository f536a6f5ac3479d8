from __future__ import annotations

import base64

import numpy as np
import pandas as pd

from pages.interval_pictures import interval_pictures
from pages.tables import (
    COLUMN_HELP,
    DRAWING,
    INTERVAL,
    _configuration,
    _styled,
    cell,
    is_count,
    readable,
    row_units,
)


def scores() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "value": [0.9, 0.2],
            "low": [0.8, np.nan],
            "high": [0.95, np.nan],
            "null": [0.5, np.nan],
            "unit": ["share", "index"],
            "kind": ["a", "a"],
            "where": ["{}", "{}"],
            "empty": [None, None],
        },
        index=pd.Index(["worst_group", "macro_std"], name="score"),
    )


def drawing(picture: str) -> str:
    kind, _, data = picture.partition(";base64,")
    assert kind == "data:image/svg+xml"
    return base64.b64decode(data).decode()


def test_what_serves_only_the_page_is_not_shown() -> None:
    shown = readable(scores())
    assert list(shown.columns) == ["value", INTERVAL, DRAWING, "null"]
    assert list(shown.index) == ["worst group", "spread within classes (MacroStd)"]
    assert list(shown[INTERVAL]) == ["80.0 to 95.0 %", "–"]


def test_what_is_ticked_reads_as_yes() -> None:
    shown = readable(scores().assign(chosen=[True, False], leak=[None, True]))
    assert [list(shown["chosen"]), list(shown["leak"])] == [["yes", ""], ["", "yes"]]


def test_repeated_row_names_become_a_column() -> None:
    table = scores().set_axis(pd.Index(["x", "x"], name="group"))
    assert list(readable(table)["group"]) == ["x", "x"]
    assert row_units(table, readable(table).index) == {"share": [0], "index": [1]}


def test_each_unit_has_its_own_rows() -> None:
    assert row_units(scores(), readable(scores()).index) == {
        "share": ["worst group"],
        "index": ["spread within classes (MacroStd)"],
    }


def test_a_row_is_drawn_as_dot_line_and_hollow_diamond() -> None:
    full, bare = (drawing(picture) for picture in interval_pictures(scores()))
    assert all(shape in full for shape in ("<circle", "<line", "<path"))
    assert "<circle" in bare
    assert "<line" not in bare
    assert "<path" not in bare


def test_rows_of_one_unit_share_an_axis_unless_each_has_its_own() -> None:
    table = pd.DataFrame({"value": [0.1, 0.9], "low": [0.0, 0.8], "high": [0.2, 1.0]}, index=["a", "b"])
    shared, own = interval_pictures(table), interval_pictures(table, own_axis=True)
    assert shared[0] != shared[1]
    assert own[0] == own[1]


def test_a_value_alone_is_not_drawn_on_a_scale_of_its_own() -> None:
    alone = scores().assign(null=np.nan)
    bounded, without = interval_pictures(alone, own_axis=True)
    assert "circle" in drawing(bounded)
    assert "circle" not in drawing(without)
    # Beside others on one axis its place says something.
    assert "circle" in drawing(interval_pictures(alone.assign(unit="share"))[1])


def test_a_table_without_numbers_draws_nothing() -> None:
    table = pd.DataFrame({"value": [np.nan], "low": [np.nan], "high": [np.nan]}, index=["a"])
    assert "<circle" not in drawing(interval_pictures(table)[0])


def test_cells_read_in_the_words_of_their_unit() -> None:
    assert cell(0.929, "share") == "92.9 %"
    assert cell(0.032, "points") == "+3.2 points"
    assert cell(0.000171, "index") == ".00017"
    assert cell(0.0, "index") == ".000"
    assert cell(np.True_, "") == "yes"
    assert cell("text", "share") == "text"


def test_whole_numbers_of_an_audits_own_column_are_counted() -> None:
    assert is_count("k", pd.Series([5.0, 11.0, np.nan]))
    assert not is_count("k", pd.Series([5.5, 11.0]))
    assert not is_count("chosen", pd.Series([True, False]))
    assert not is_count("share", pd.Series([0.0, 1.0]))
    assert not is_count("value", pd.Series([5.0, 11.0]))


def test_columns_that_repeat_the_name_or_n_are_left_out() -> None:
    table = scores().set_axis(pd.Index(["cow", "camel"], name="prototype"))
    table = table.assign(n=[5.0, 7.0], samples=[5.0, 7.0], others=[5.0, 8.0], species=["cow", "camel"], coat="brown")
    assert list(readable(table).columns) == ["value", INTERVAL, DRAWING, "n", "others", "coat", "null"]


def test_a_share_reads_as_one_whatever_the_unit_of_its_row() -> None:
    table = scores().assign(coverage=[0.964, 0.5], explained=[0.02, -0.1], chosen=["x", "y"])
    styled = _styled(table, readable(table)).to_html()
    assert all(words in styled for words in ("96.4 %", "50.0 %", "+2.0 points", "-10.0 points"))


def test_headings_say_what_the_audit_says_of_its_columns() -> None:
    configured = _configuration("coverage", pd.Series([0.5]), {"coverage": "How much.", **COLUMN_HELP})
    assert configured["help"] == "How much."
    assert _configuration("n", pd.Series([0.5]), COLUMN_HELP)["help"] == COLUMN_HELP["n"]


def test_what_decides_stands_first_and_what_is_drawn_already_last() -> None:
    table = scores().assign(truer_of="A", p_value=0.01, n=5, support=2)
    assert list(readable(table).columns) == ["value", INTERVAL, DRAWING, "p_value", "n", "truer_of", "null", "support"]


def test_a_row_without_a_value_is_drawn_empty() -> None:
    table = pd.DataFrame({"value": [np.nan], "low": [np.nan], "high": [np.nan], "null": [0.0]}, index=["a"])
    assert "<path" not in drawing(interval_pictures(table.assign(low=0.0))[0])
