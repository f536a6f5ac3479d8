import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Cli = Callable[..., Any]


def test_the_answer_is_the_verdict_a_table_and_where_it_is_kept(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets)
    lines = said.out.splitlines()
    assert said.status == 0
    assert lines[:2] == ["Toy: pets, precomputed", "▲ differs: Right in 0.67 of 12 samples."]
    assert lines[3].split() == ["score", "value", "95", "%", "interval", "n", "null"]
    assert lines[4].split() == ["accuracy", ".667", ".400", "to", ".933", "12", ".500"]
    assert lines[5].split() == ["never", "not", "defined", "0"]
    assert "Note: counted once" in lines
    assert lines[-2].startswith("Kept as run ")


def test_json_is_one_object_with_everything_and_nothing_else(cli: Cli, pets: Path) -> None:
    answer = cli("run", "toy", pets, "--json").json
    assert list(answer) == ["audit", "dataset", "model", "verdict", "overall", "by_group", "notes", "settings"]
    assert (answer["audit"], answer["dataset"], answer["model"]) == ("toy", "pets", "precomputed")
    assert answer["overall"][0]["score"] == "accuracy"
    assert answer["overall"][1]["value"] is None
    assert answer["settings"]["least"] == 1


def test_set_changes_a_parameter(cli: Cli, pets: Path) -> None:
    answer = cli("run", "toy", pets, "--json", "--set", "score=hits", "--set", "least=3").json
    assert (answer["overall"][0]["score"], answer["settings"]["least"]) == ("hits", 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("least=0", "`least` must be between 1 and 100; got 0."),
        ("lest=1", "`lest` must be a field of toy; its fields are: by, least"),
        ("least", "`--set` must be written field=value; got 'least'."),
    ],
)
def test_a_wrong_parameter_is_refused_before_the_data_is_read(cli: Cli, text: str, message: str) -> None:
    said = cli("run", "toy", "/nothing.csv", "--set", text)
    assert said.status == 2
    assert message in said.err


def test_a_parameter_given_twice_is_refused(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets, "--set", "least=1", "--set", "least=2")
    assert (said.status, "must be given once" in said.err) == (2, True)


def test_a_role_is_set_by_its_option(cli: Cli, pets: Path) -> None:
    answer = cli("run", "toy", pets, "--label", "seen_as", "--json").json
    assert answer["overall"][0]["value"] == 1.0


def test_a_column_that_is_not_there_is_named_with_those_that_are(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets, "--label", "species")
    assert said.status == 2
    assert "species" in said.err
    assert "prediction" in said.err


def test_attribute_repeats(cli: Cli, pets: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    table = pd.read_csv(pets).assign(light="day", place="inside")
    table.to_csv(pets, index=False)
    assert cli("run", "toy", pets, "--attribute", "place", "--attribute", "light", "--out", out).status == 0
    facts = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
    assert facts["roles"]["attributes"] == ["place", "light"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--attribute", "label"), "`--attribute` must be another column than the label; 'label' is that."),
        (
            ("--label", "seen_as", "--attribute", "prediction"),
            "`--attribute` must be another column than the prediction; 'prediction' is that.",
        ),
        (
            ("--label", "seen_as", "--prediction", "seen_as"),
            "`--prediction` must be another column than --label; both are 'seen_as'.",
        ),
    ],
)
def test_one_column_plays_no_two_parts_that_contradict(
    cli: Cli, pets: Path, options: tuple[str, ...], message: str
) -> None:
    said = cli("run", "toy", pets, *options)
    assert said.status == 2
    assert message in said.err


def test_the_model_may_be_left_out_only_when_the_data_brings_outputs(cli: Cli, pets: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.csv"
    bare.write_text("sample_id,label,seen_as\na,cat,cat\n", encoding="utf-8")
    said = cli("run", "toy", bare)
    assert said.status == 2
    assert "`--model` must be given: 'bare' has no prediction column" in said.err
    vectors = tmp_path / "vectors.npy"
    assert cli("run", "slow", pets, "--embeddings", vectors).status == 0
    assert cli("run", "toy", bare, "--prediction", "seen_as", "--json").json["overall"][0]["value"] == 1.0


def test_weights_without_a_model_are_refused(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets, "--weights", "w.safetensors")
    assert (said.status, "`--weights` must come with --model" in said.err) == (2, True)


def test_what_the_audit_lacks_is_said_in_plain_words(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bare.csv").write_text("sample_id,prediction\na,cat\n", encoding="utf-8")
    said = cli("run", "toy", tmp_path / "bare.csv")
    assert said.status == 2
    assert said.err == (
        "audit: error: `toy` cannot run on 'bare' with precomputed: 'bare' has no label column. "
        "Columns are chosen with --label, --prediction, --attribute, --group-id, --center and --background.\n"
    )


def test_out_holds_every_table_twice_the_rest_as_json_and_the_quarantine(cli: Cli, pets: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    said = cli("run", "toy", pets, "--out", out)
    assert f"written to {out}" in said.out
    assert {file.name for file in out.iterdir()} == {
        *(f"{table}.{kind}" for table in ("overall", "by_group", "by_sample") for kind in ("csv", "parquet")),
        "result.json",
        "provenance.json",
        "quarantine.csv",
    }
    assert pd.read_csv(out / "overall.csv")["score"].tolist() == ["accuracy", "never"]
    assert pd.read_csv(out / "by_sample.csv").columns.tolist() == ["sample_id", "correct"]
    assert (out / "quarantine.csv").read_text(encoding="utf-8") == "sample_id,filepath,reason\n"


def test_cells_that_a_spreadsheet_would_run_are_guarded(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "evil.csv").write_text("sample_id,label,prediction\n=1+1,@cat,@cat\n", encoding="utf-8")
    cli("run", "toy", tmp_path / "evil.csv", "--out", tmp_path / "out")
    assert pd.read_csv(tmp_path / "out" / "by_sample.csv")["sample_id"].tolist() == ["'=1+1"]
    assert pd.read_csv(tmp_path / "out" / "by_group.csv")["class"].tolist() == ["'@cat"]


def test_out_that_cannot_be_a_folder_is_refused(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets, "--out", pets)
    assert (said.status, "`--out` must be a folder that can be written" in said.err) == (2, True)


def test_a_gate_that_holds_is_exit_status_1_and_says_why(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets, "--json", "--fail-if", "accuracy<0.9")
    assert said.status == 1
    assert said.err == "audit: failed: accuracy is .667, < 0.9.\n"
    assert said.json["overall"][0]["score"] == "accuracy"


def test_a_gate_that_does_not_hold_is_exit_status_0(cli: Cli, pets: Path) -> None:
    assert cli("run", "toy", pets, "--fail-if", "accuracy<0.5", "--fail-if", "accuracy>0.9").status == 0


def test_a_gate_on_a_score_that_is_not_defined_fails(cli: Cli, pets: Path) -> None:
    assert cli("run", "toy", pets, "--fail-if", "never>5").status == 1


def test_a_gate_on_an_unknown_score_is_bad_input(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets, "--fail-if", "speed<1")
    assert said.status == 2
    assert "`--fail-if` must name a score (accuracy, never); got 'speed'." in said.err
    assert "Did you mean accuracy?" in cli("run", "toy", pets, "--fail-if", "acuracy<1").err


def test_a_misspelt_score_or_audit_is_refused_before_the_data_is_read(cli: Cli) -> None:
    said = cli("run", "subgroup_discrepancy", "/nothing.csv", "--fail-if", "worst_group_acuracy<0.5")
    assert (said.status, "Did you mean worst_group_accuracy" in said.err) == (2, True)
    said = cli("run", "subgroup_discrepency", "/nothing.csv")
    assert (said.status, "Did you mean subgroup_discrepancy?" in said.err) == (2, True)
    said = cli("run", "--all", "/nothing.csv", "--set", "drows=300")
    assert (said.status, "Did you mean draws" in said.err) == (2, True)


def test_all_runs_what_can_be_run_and_says_what_the_others_lack(cli: Cli, pets: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = cli("run", "--all", pets, "--json", "--set", "least=2", "--out", out).json
    assert {"slow", "toy"} <= {run["audit"] for run in answer["runs"]}
    assert all(entry["reasons"] for entry in answer["left_out"])
    assert next(run for run in answer["runs"] if run["audit"] == "toy")["settings"]["least"] == 2
    assert (out / "toy" / "overall.csv").is_file()


def test_all_takes_no_name(cli: Cli, pets: Path) -> None:
    said = cli("run", "toy", pets, "--all")
    assert (said.status, said.err) == (2, "audit: error: `NAME` must be left out with --all; got 'toy'.\n")


def test_all_refuses_a_parameter_that_no_audit_has(cli: Cli, pets: Path) -> None:
    said = cli("run", "--all", pets, "--set", "speed=1")
    assert (said.status, "`--set speed` must be a field of some audit" in said.err) == (2, True)


def test_stock_labels_and_predictions_give_the_published_values(cli: Cli, shared_data: Path) -> None:
    answer = cli("run", "subgroup_discrepancy", shared_data / "cifar10_b", "--attribute", "background", "--json").json
    scores = {row["score"]: row["value"] for row in answer["overall"]}
    assert scores["accuracy"] == 0.9294
    assert scores["macro_std"] == pytest.approx(0.025672, abs=5e-7)
