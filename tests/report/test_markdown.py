"""The same content as Markdown: nothing from data becomes markup."""

import re

from audit.report.content import review_report
from audit.report.markdown import report_markdown, safe, score_table, table


def test_a_review_reads_as_text(review):
    text = report_markdown(review_report(review.minutes(), review.events()))
    for words in (
        "## Thresholds: T",
        "✓ pass",
        "90.0 %",
        "85.0 to 94.0 %",
        "## Model card",
        "### Intended use",
        "+20.0 points",
    ):
        assert words in text
    assert re.findall(r"(?<!\\)[<\[\]]", text) == []


def test_what_means_something_to_markdown_is_escaped():
    assert safe("a | *b* <i>\nc") == "a \\| \\*b\\* \\<i\\> c"


def test_columns_without_content_are_left_out():
    assert table(("a", "b"), [("1", ""), ("2", "")]) == ["| a |", "| --- |", "| 1 |", "| 2 |"]


def test_scores_have_the_names_of_the_page():
    lines = score_table([{"score": "macro_variance_debiased", "value": 0.1}], "score")
    assert "variance less sampling noise" in lines[2]
