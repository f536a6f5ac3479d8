from collections.abc import Callable
from typing import Any

from audit.registry import audits

Cli = Callable[..., Any]


def test_every_audit_is_listed_with_question_needs_version_and_fields(cli: Cli) -> None:
    listed = {entry["name"]: entry for entry in cli("list", "--json").json["audits"]}
    assert set(listed) == set(audits())
    toy = listed["toy"]
    assert (toy["question"], toy["version"]) == ("How often is the prediction right?", 1)
    assert toy["needs"] == ["--label", "--prediction"]
    assert toy["fields"][0]["name"] == "by"
    assert toy["fields"][3]["choices"] == ["accuracy", "hits"]


def test_model_families_and_readers_are_listed(cli: Cli) -> None:
    answer = cli("list", "--json").json
    assert {"timm", "open_clip", "precomputed"} <= {entry["name"] for entry in answer["models"]}
    assert {"table", "class_folders"} <= {entry["name"] for entry in answer["readers"]}


def test_the_text_names_each_of_them(cli: Cli) -> None:
    said = cli("list")
    assert said.status == 0
    for word in (
        "toy  version 1",
        "How often is the prediction right?",
        "looks at: --label, --prediction",
        "precomputed",
    ):
        assert word in said.out
