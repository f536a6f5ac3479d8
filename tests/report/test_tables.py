"""Tables that print: numbers in the words of their unit, empty columns left out."""

from audit.report.tables import changes_table, groups_table, scores_table


def test_numbers_are_in_the_words_of_their_unit_and_empty_columns_are_left_out():
    html = scores_table(
        [{"score": "a_b", "value": 0.5, "low": 0.4, "high": 0.6, "n": 1200, "unit": "share", "p_value": None}]
    )
    assert "<td>a b</td>" in html
    assert "40.0 to 60.0 %" in html
    assert "1,200" in html
    assert ">p<" not in html


def test_scores_have_the_names_of_the_page_and_groups_their_own():
    assert "spread within classes (MacroStd)" in scores_table([{"score": "macro_std", "value": 0.1}])
    assert "<td>k</td>" in groups_table([{"cell": "k", "value": 0.1}], "cell")
    assert "<th>class and subgroup</th>" in groups_table([{"cell": "k", "value": 0.1}], "cell")


def test_an_undefined_value_is_said_and_not_drawn():
    html = groups_table([{"group": "x", "value": None}, {"group": "y", "value": 1.0}], "group")
    assert "not defined" in html
    assert html.count("<circle") == 1


def test_names_are_escaped():
    assert "<i>" not in groups_table([{"group": "<i>", "value": 1.0}], "group")


def test_a_change_says_whether_it_is_one():
    row = {"audit": "A", "score": "s", "unit": "", "before": 1.0, "after": 2.0, "difference": 1.0, "how": "paired"}
    html = changes_table(
        {"first": "old", "second": "new", "rows": [{**row, "changed": c} for c in (True, False, None)]}
    )
    for words in ("▲ changed", "no evidence of a change", "cannot be told"):
        assert words in html
