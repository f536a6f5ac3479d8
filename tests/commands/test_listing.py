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


def test_one_audit_is_told_with_the_meaning_default_and_values_of_each_parameter(cli: Cli) -> None:
    said = cli("list", "toy")
    assert said.status == 0
    text = " ".join(said.out.split())
    for words in (
        "Looks at: --label, --prediction",
        "least Groups smaller than this are left out. (a whole number from 1 to 100; default: 1)",
        "score What the score is called. (one of accuracy, hits; default: accuracy)",
        "by The column whose values are the groups, the label when left out. (a column's name; default: none)",
        "strict Whether letter case counts. (true or false; default: true)",
    ):
        assert words in text
    assert max(map(len, said.out.splitlines())) <= 120


def test_the_changes_of_images_can_be_found(cli: Cli) -> None:
    said = cli("list", "background_reliance")
    assert "background_blur, background_grey, " in " ".join(said.out.split())
    assert "background_reliance\n      " in said.out.partition("Scores and columns")[2]


def test_one_audit_is_told_as_json(cli: Cli) -> None:
    answer = cli("list", "subgroup_discrepancy", "--json").json
    assert answer["name"] == "subgroup_discrepancy"
    assert answer["meanings"]["gap"].endswith(".")


def test_an_unknown_audit_is_refused_with_the_near_one(cli: Cli) -> None:
    said = cli("list", "prototype")
    assert (said.status, "Did you mean prototypes?" in said.err) == (2, True)
