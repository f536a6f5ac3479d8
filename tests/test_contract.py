"""What every audit owes, asked of each that the registry finds."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit import registry
from audit.base import Audit, Extractor, canonical, specification
from audit.dataset import Dataset, Roles
from audit.fields import fields_of
from tests.fakes import FakeModel

AUDITS = registry.audits()
CATEGORIES = {"Groups", "Shortcuts", "Features", "Explanations"}
FILLERS = {"column": "group", "text": "x", "integer": 1, "number": 1.0, "flag": False}


@pytest.fixture(params=AUDITS, ids=str)
def audit(request: pytest.FixtureRequest) -> type[Audit]:
    return AUDITS[request.param]


def made(audit: type[Audit]) -> Audit:
    """Return the audit with its defaults, required fields filled by kind."""
    required = {field.name: FILLERS[field.kind] for field in fields_of(audit) if field.required}
    return audit(**required)


def bare() -> Dataset:
    return Dataset(name="bare", metadata=pd.DataFrame(index=pd.Index(["a"], name="sample_id", dtype="str")))


def labelled() -> Dataset:
    metadata = pd.DataFrame(
        {"label": ["x", "y"] * 3, "group": ["u", "v", "w"] * 2, "filepath": [f"{row}.png" for row in range(6)]},
        index=pd.Index([f"s{row}" for row in range(6)], name="sample_id"),
    )
    roles = Roles(label="label", attributes=("group",), center="group", background="group")
    return Dataset(name="labelled", metadata=metadata, roles=roles, arrays={"embeddings": np.ones((6, 3))})


def test_there_is_an_audit() -> None:
    assert AUDITS


def test_its_facts_are_said(audit: type[Audit]) -> None:
    for fact in ("title", "category", "question", "reference", "reading"):
        assert str(getattr(audit, fact)).strip(), fact
    assert audit.category in CATEGORIES
    assert audit.question.endswith("?")
    assert isinstance(audit.version, int)
    assert audit.version >= 1


def test_its_reading_is_about_three_sentences(audit: type[Audit]) -> None:
    assert 2 <= audit.reading.count(". ") + 1 <= 6


def test_it_is_frozen_and_every_field_has_its_text_in_the_docstring(audit: type[Audit]) -> None:
    assert dataclasses.is_dataclass(audit)
    assert audit.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert [field.name for field in fields_of(audit) if not field.help] == []


def test_its_name_is_that_of_its_module_and_the_registrys(audit: type[Audit]) -> None:
    assert registry.audit_class(made(audit).name()) is audit


def test_its_specification_is_plain_and_changes_with_its_fields(audit: type[Audit]) -> None:
    question = made(audit)
    text = canonical(specification(question))
    assert text == canonical(specification(made(audit)))
    for field in fields_of(audit):
        if field.kind == "flag":
            other = dataclasses.replace(question, **{field.name: not getattr(question, field.name)})
            assert canonical(specification(other)) != text


@pytest.mark.parametrize("dataset", [bare(), labelled()], ids=lambda dataset: dataset.name)
def test_it_says_what_it_lacks_in_words_and_never_raises(audit: type[Audit], dataset: Dataset) -> None:
    reasons = made(audit).missing(dataset, FakeModel("plain"))
    assert all(isinstance(reason, str) and reason for reason in reasons)
    assert len(set(reasons)) == len(reasons)
    if dataset.name == "bare":
        assert reasons


@pytest.mark.parametrize("dataset", [bare(), labelled()], ids=lambda dataset: dataset.name)
def test_what_it_requires_are_extractors_that_can_be_part_of_a_key(audit: type[Audit], dataset: Dataset) -> None:
    required: Any = made(audit).requires(dataset, FakeModel("plain"))
    assert all(isinstance(extractor, Extractor) for extractor in required)
    assert all(canonical(specification(extractor)) for extractor in required)
    assert len({hash(extractor) for extractor in required}) == len(required)
