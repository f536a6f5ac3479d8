"""One source for every format: it keeps to the published schema and holds everything a review holds."""

import jsonschema
import pytest

from audit.report.content import act_words, review_report, run_report, schema


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
    assert all(act_words(event) != event.kind for event in review.events())
