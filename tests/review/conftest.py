"""Findings made by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audit.database import Database
from audit.review.findings import Finding


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path / "home")


def make_finding(title: str = "Toy audit", audit: str = "toy", **score: Any) -> Finding:
    """Return a finding with one score."""
    row = {"score": "accuracy", "value": 0.9, "low": 0.85, "high": 0.94, "n": 200, "unit": "share", **score}
    return Finding(
        title=title,
        question="Is it right?",
        sentence="Right for 90.0 %.",
        state="no_difference",
        score=row,
        scores=[row],
        groups=[{"group": "night", "value": 0.7, "low": 0.6, "high": 0.8, "n": 50, "unit": "share"}],
        groups_name="group",
        groups_left_out=0,
        plots=[{"title": "The number", "text": "a dot", "svg": "<svg viewBox='0 0 1 1'></svg>"}],
        images=[],
        selection="",
        reading="Read it so.",
        formula="",
        reference="A paper",
        limits="Not for everything.",
        notes=["Two left out."],
        provenance={
            "key": "k1",
            "audit": audit,
            "dataset": "pets",
            "model": "m1",
            "samples": 200,
            "created": "2026-01-02T03:04:05+00:00",
        },
    )


@pytest.fixture
def finding() -> Finding:
    return make_finding()


@pytest.fixture
def other() -> Finding:
    return dataclasses.replace(make_finding("Other audit", "other"), sentence="Something else.")
