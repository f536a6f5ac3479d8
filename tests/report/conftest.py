"""A finding and a review made by hand, with text that would be dangerous as markup."""

from __future__ import annotations

import dataclasses

import pytest

from audit.database import Database
from audit.review.board import Review, start_review
from tests.review.conftest import make_finding

EVIL = "<script>alert('x')</script> [a](javascript:b) | *c*"


@pytest.fixture
def finding():
    image = {
        "sample_id": "s1",
        "caption": EVIL,
        "prediction": "dog",
        "wrong": True,
        "tag": EVIL,
        "source": "data:image/webp;base64,AAAA",
    }
    return dataclasses.replace(
        make_finding(),
        title=EVIL,
        sentence=EVIL,
        notes=[EVIL],
        images=[image],
        limits=EVIL,
        question=EVIL,
        reading=EVIL,
    )


@pytest.fixture
def review(tmp_path, finding) -> Review:
    made = start_review(Database(tmp_path), EVIL, author=EVIL)
    made.set_policy(
        'title = "T"\n[[rule]]\naudit = "toy"\nscore = "accuracy"\ndirection = "at least"\nbound = 0.8\n', author="Ann"
    )
    name = made.add(finding, author="Ann")
    made.remark(name, EVIL, author="Ben")
    made.decide(name, "mitigate", reason=EVIL, author="Ann")
    made.assign(name, "Ben", "2027-01-31", author="Ann")
    made.write_card("intended_use", EVIL, author="Ann")
    row = {
        "audit": "Toy",
        "score": "accuracy",
        "unit": "share",
        "before": 0.6,
        "before_low": 0.5,
        "before_high": 0.7,
        "after": 0.8,
        "after_low": 0.7,
        "after_high": 0.9,
        "difference": 0.2,
        "difference_low": 0.1,
        "difference_high": 0.3,
        "how": "paired",
        "changed": True,
    }
    made.add_changes({"first": "old", "second": EVIL, "rows": [row], "notes": []}, author="Ann")
    made.sign(EVIL, author="Ann")
    return made
