import copy
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.dataset import Dataset, Roles
from audit.errors import Cancelled, InputError
from audit.run import build_audit, explain_missing, result_key, run
from audit.store import Store

TOYS = Path(__file__).parent / "data" / "toys"


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOYS))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def table(wrong: int = 2, *, color: str = "red") -> Dataset:
    labels = ["cat", "dog"] * 5
    predictions = ["bird"] * wrong + labels[wrong:]
    index = pd.Index([f"s{row}" for row in range(10)], name="sample_id")
    metadata = pd.DataFrame({"label": labels, "prediction": predictions, "color": color}, index=index)
    return Dataset(name="pets", metadata=metadata, roles=Roles(label="label", prediction="prediction"))


def test_an_audit_is_run_by_its_name(store: Store) -> None:
    done = run("toy", table(), store=store)
    assert done.result.score("accuracy")["value"] == pytest.approx(0.8)
    assert not done.cached


def test_the_function_is_the_packages_own_name_even_after_its_module_was_imported(store: Store) -> None:
    assert audit.run("toy", table(), store=store).result.score("accuracy")["n"] == 10


def test_settings_are_read_from_text(store: Store) -> None:
    assert list(run("toy", table(), store=store, settings={"score": "hits"}).result.overall.index) == ["hits", "never"]


def test_an_audit_with_parameters_takes_no_settings(store: Store) -> None:
    with pytest.raises(InputError, match="`settings` must be left out"):
        run(build_audit("toy"), table(), store=store, settings={"score": "hits"})


def test_what_is_missing_is_said_before_anything_runs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.engine.compute", lambda *_, **__: pytest.fail("something ran"))
    bare = table().with_roles(Roles())
    with pytest.raises(InputError) as caught:
        run("toy", bare, store=store)
    assert str(caught.value) == (
        "`toy` cannot run on 'pets' with precomputed: 'pets' has no prediction column and precomputed cannot classify: "
        "choose the column of predictions, or a model that predicts; 'pets' has no label column."
    )


def test_explain_missing_is_empty_when_the_audit_can_run() -> None:
    assert explain_missing("toy", table()) == []
    assert explain_missing("toy", table().with_roles(Roles(prediction="prediction"))) == ["'pets' has no label column"]


def test_explain_missing_names_a_model_without_its_options() -> None:
    model = copy.copy(audit.load_model("precomputed"))
    model.name = "precomputed?weights=w&size=2"
    reason = explain_missing("toy", table().with_roles(Roles()), model)[0]
    assert reason.startswith("'pets' has no prediction column and precomputed cannot classify: ")


def test_explain_missing_says_so_when_a_field_without_default_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.run.build_audit", _refuse)
    assert explain_missing("toy", table()) == ["`target` must be given"]


def _refuse(name: str) -> Any:
    raise InputError("`target` must be given")


def test_the_result_of_a_repeat_is_read_from_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run("toy", table(), store=store)
    monkeypatch.setattr("audit.engine.compute", lambda *_, **__: pytest.fail("computed again"))
    second = run("toy", table(), store=store)
    assert second.cached
    assert second.key == first.key
    pd.testing.assert_frame_equal(second.result.overall, first.result.overall)
    pd.testing.assert_frame_equal(second.result.by_sample, first.result.by_sample)
    assert second.result.notes == first.result.notes
    assert second.provenance["created"] == first.provenance["created"]


def test_force_computes_again(store: Store) -> None:
    run("toy", table(), store=store)
    assert not run("toy", table(), store=store, force=True).cached


def test_a_damaged_result_is_computed_again(store: Store) -> None:
    first = run("toy", table(), store=store)
    (store.root / "v1" / "results" / first.key / "overall.parquet").write_bytes(b"nothing")
    assert not run("toy", table(), store=store).cached


@pytest.mark.parametrize(
    "change",
    [
        lambda data: (data, {"least": 2}),
        lambda data: (table(wrong=3), {}),
        lambda data: (table(color="blue"), {}),
        lambda data: (data.with_roles(Roles(label="label", prediction="prediction", attributes=("color",))), {}),
        lambda data: (data.subset(data.index[:5]), {}),
    ],
    ids=["settings", "predictions", "metadata", "roles", "subset"],
)
def test_the_key_changes_with_whatever_the_result_could_depend_on(
    store: Store, change: Callable[[Dataset], tuple[Dataset, dict[str, Any]]]
) -> None:
    data, settings = change(table())
    model = audit.load_model("precomputed")
    assert result_key(build_audit("toy"), table(), model, store) != result_key(
        build_audit("toy", settings), data, model, store
    )


def test_the_key_changes_with_the_version_of_an_output(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    model = audit.load_model("precomputed")
    before = result_key(build_audit("toy"), table(), model, store)
    monkeypatch.setattr("audit.outputs.Predictions.version", 2)
    assert result_key(build_audit("toy"), table(), model, store) != before


def test_the_key_does_not_change_with_the_datasets_name(store: Store) -> None:
    model = audit.load_model("precomputed")
    other = table().subset(np.ones(10, dtype=bool), name="animals")
    assert result_key(build_audit("toy"), table(), model, store) == result_key(build_audit("toy"), other, model, store)


def test_notes_of_model_outputs_and_audit_stand_together(store: Store) -> None:
    model: Any = audit.load_model("precomputed")
    model.notes = ("a note of the model",)
    assert run("toy", table(), model, store=store).result.notes == ("a note of the model", "counted once")


def test_every_parameter_is_among_the_results_settings(store: Store) -> None:
    settings = run("toy", table(), store=store, settings={"least": "3"}).result.settings
    assert settings["least"] == 3
    assert settings["level"] == 0.95


def test_provenance_names_audit_data_model_settings_versions_and_time(store: Store) -> None:
    facts = run("toy", table(), store=store).provenance
    assert (facts["audit"], facts["dataset"], facts["model"], facts["samples"]) == ("toy", "pets", "precomputed", 10)
    assert facts["dataset_fingerprint"] == table().fingerprint
    assert facts["settings"]["least"] == 1
    assert facts["roles"]["label"] == "label"
    assert facts["versions"]["numpy"] == np.__version__
    assert facts["seconds"] >= 0
    json.dumps(facts)


def test_a_stopped_run_keeps_no_result(store: Store) -> None:
    with pytest.raises(Cancelled):
        run("toy", table(), store=store, cancelled=lambda: True)
    assert store.list_results() == []


def test_without_a_store_results_go_to_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_AUDIT_HOME", str(tmp_path / "home"))
    key = run("toy", table()).key
    assert Store(tmp_path / "home" / "store").has_result(key)


def test_two_who_ask_at_the_same_time_compute_once(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "starts"
    folder.mkdir()
    done = []

    def ask() -> None:
        done.append(run("slow", table(), store=store, settings={"folder": str(folder)}))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    while not list(folder.glob("start-*")):
        threads[0].join(0.02)
    threads[0].join(0.3)
    (folder / "go").touch()
    for thread in threads:
        thread.join(20)
    assert len(list(folder.glob("start-*"))) == 1
    assert sorted(one.cached for one in done) == [False, True]


def test_one_who_waits_for_anothers_result_can_stop_waiting(store: Store) -> None:
    model = audit.load_model("precomputed")
    key = result_key(build_audit("toy"), table(), model, store)
    with store.lock(key), pytest.raises(Cancelled):
        run("toy", table(), model, store=store, cancelled=lambda: True)


def test_another_process_reads_what_this_one_computed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "pets.csv"
    path.write_text("sample_id,label,prediction\na,cat,cat\nb,dog,cat\n", encoding="utf-8")
    first = run("toy", audit.load_dataset(path), store=store)
    code = (
        "import sys, audit\n"
        "from audit.store import Store\n"
        "done = audit.run('toy', audit.load_dataset(sys.argv[1]), store=Store(sys.argv[2]))\n"
        "sys.stdout.write(f'{done.key} {done.cached}')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(path), str(store.root)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(TOYS), "PATH": ""},
    )
    assert said.stdout == f"{first.key} True"
