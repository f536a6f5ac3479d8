"""One source for every format: it keeps to the published schema and holds everything a review holds."""

import jsonschema
import pytest

from audit.report.content import act_words, finding_names, review_report, run_report, schema
from audit.report.markdown import report_markdown
from audit.report.page import report_html
from tests.review.conftest import make_finding


@pytest.fixture
def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def test_a_run_keeps_to_the_schema(finding, validator):
    report = run_report(finding, title="A run")
    validator.validate(report)
    assert report["kind"] == "run"
    assert report["findings"][0]["digest"] == finding.digest()


def test_a_review_keeps_to_the_schema_and_holds_what_was_said(review, validator):
    report = review_report(review.minutes(), review.events())
    validator.validate(report)
    (finding,) = report["findings"]
    assert (finding["decision"], finding["owner"], finding["due"]) == ("mitigate", "Ben", "2027-01-31")
    assert len(finding["discussion"]) == 1
    assert report["policy"]["checks"][0]["outcome"] == "pass"
    assert report["policy"]["before_findings"]
    assert report["signatures"][0]["current"]
    assert len(report["trail"]) == len(review.events()) == 9


def test_something_unforeseen_does_not_keep_to_the_schema(finding, validator):
    report = run_report(finding)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**report, "extra": 1})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**report, "created": "yesterday"})


def test_every_kind_of_act_is_told_in_words(review):
    kinds = {event.kind for event in review.events()}
    assert {"created", "policy", "finding", "remark", "decision", "owner", "card", "changes", "signature"} == kinds
    assert all(act_words(event, {}) != event.kind for event in review.events())


def test_the_trail_begins_at_one_and_names_findings_by_their_title(review):
    trail = review_report(review.minutes(), review.events())["trail"]
    assert [event["number"] for event in trail] == list(range(1, len(trail) + 1))
    title = review.minutes().items[0].finding.title
    assert any(event["act"].startswith(f"decided “{title}”: mitigate") for event in trail)
    assert not any(item.id[:6] in event["act"] for event in trail for item in review.minutes().items)


def test_findings_of_one_title_are_told_apart(review):
    for _ in range(2):
        review.add(make_finding("Same"), author="Ann")
    review.add(make_finding("Another"), author="Ann")
    assert list(finding_names(review.events()).values())[1:] == [
        "“Same, m1 on pets (1)”",
        "“Same, m1 on pets (2)”",
        "“Another”",
    ]


def test_a_signature_says_what_was_undecided(review, validator):
    review.add(make_finding("Same"), author="Ann")
    review.sign("Head", author="Cat")
    report = review_report(review.minutes(), review.events())
    validator.validate(report)
    assert "undecided" not in report["signatures"][0]
    assert report["signatures"][1]["undecided"] == "signed with 1 of 2 findings undecided"
    assert report["trail"][-1]["act"] == "signed with 1 of 2 findings undecided as Head"
    assert "signed with 1 of 2 findings undecided" in report_html(report).decode()
    assert "(with 1 of 2 findings undecided)" in report_html(report).decode().split("</header>")[0]
    assert "signed with 1 of 2 findings undecided" in report_markdown(report)
