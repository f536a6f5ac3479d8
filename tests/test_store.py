import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import Timeout

from audit.entries import DamagedEntry
from audit.errors import InputError
from audit.result import Result, Verdict, score_table
from audit.store import Store, array_hash


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def result(value: float = 0.5) -> Result:
    return Result(
        overall=score_table([{"score": "accuracy", "value": value, "n": 2}]),
        by_group=score_table([{"subgroup": "all", "value": value}], index="subgroup"),
        by_sample=pd.DataFrame({"correct": [True, False]}, index=pd.Index(["a", "b"], name="sample_id")),
        verdict=Verdict(state="no_difference", sentence="Nothing differs.", score="accuracy"),
        notes=("one note",),
        settings={"seed": 0},
    )


def test_a_key_does_not_depend_on_the_order_of_names() -> None:
    assert Store.key({"a": 1, "b": [2, 3]}) == Store.key({"b": [2, 3], "a": 1})


def test_a_key_changes_with_any_value() -> None:
    assert len({Store.key(spec) for spec in ({"a": 1}, {"a": 2}, {"a": "1"}, {"b": 1}, {"a": None})}) == 5


def test_an_array_is_read_back_memory_mapped_and_read_only(store: Store) -> None:
    store.write("aa11", np.arange(6.0).reshape(3, 2), {})
    array = store.read("aa11")
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable
    assert array.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_several_arrays_are_read_back_under_any_names(store: Store) -> None:
    store.write("aa11", {"blocks.3/mlp": np.ones(2), "..": np.zeros((0, 4)), "text": np.array(["x", "yé"])}, {})
    arrays = store.read("aa11")
    assert isinstance(arrays, dict)
    assert list(arrays) == ["blocks.3/mlp", "..", "text"]
    assert arrays[".."].shape == (0, 4)
    assert arrays["text"].tolist() == ["x", "yé"]


def test_objects_are_never_written(store: Store) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        store.write("aa11", np.array([{}], dtype=object), {})
    assert not store.has("aa11")
    assert not list((store.root / "v1" / "temporary").iterdir())


def test_what_is_kept_is_never_overwritten(store: Store) -> None:
    store.write("aa11", np.array([1]), {"seed": 1})
    store.write("aa11", np.array([2]), {"seed": 2})
    assert np.asarray(store.read("aa11")).tolist() == [1]
    assert store.provenance("aa11")["seed"] == 1


def test_provenance_holds_versions_time_and_what_was_given(store: Store) -> None:
    store.write("aa11", np.array([1]), {"seed": 7, "device": "cpu", "share": float("nan")})
    facts = store.provenance("aa11")
    assert {"python", "torch", "numpy"} <= set(facts["versions"])
    assert facts["created"].endswith("+00:00")
    assert (facts["seed"], facts["device"], facts["share"], facts["key"]) == (7, "cpu", None, "aa11")


def test_a_missing_output_is_an_input_error(store: Store) -> None:
    with pytest.raises(InputError, match="Compute it first"):
        store.read("aa11")


@pytest.mark.parametrize("damage", ["truncate", "delete", "replace", "manifest", "no manifest"])
def test_a_damaged_entry_is_set_aside_and_can_be_written_again(store: Store, damage: str) -> None:
    store.write("aa11", np.arange(1000.0), {})
    file, manifest = store.folder("aa11") / "0.npy", store.folder("aa11") / "entry.json"
    if damage == "truncate":
        os.truncate(file, 500)
    elif damage == "delete":
        file.unlink()
    elif damage == "replace":
        np.save(file, np.arange(1000, dtype=np.int64))
    elif damage == "manifest":
        manifest.write_text("{", encoding="utf-8")
    else:
        manifest.unlink()
    with pytest.raises(DamagedEntry, match="run again"):
        store.read("aa11")
    assert not store.has("aa11")
    assert [entry.kind for entry in store.entries()] == ["damaged"]
    store.write("aa11", np.arange(3), {})
    assert np.asarray(store.read("aa11")).tolist() == [0, 1, 2]


def test_a_folder_that_never_became_an_entry_does_not_block_its_key(store: Store) -> None:
    store.folder("aa11").mkdir(parents=True)
    (store.folder("aa11") / "0.npy").write_bytes(b"half")
    store.write("aa11", np.arange(3), {})
    assert np.asarray(store.read("aa11")).tolist() == [0, 1, 2]


def test_a_result_is_read_back_with_its_provenance(store: Store) -> None:
    store.write_result("k1", result(0.25), {"audit": "toy", "seconds": 1.5})
    found, facts = store.read_result("k1")
    assert found.score("accuracy")["value"] == 0.25
    assert found.notes == ("one note",)
    assert (facts["audit"], facts["key"]) == ("toy", "k1")
    assert store.has_result("k1")


def test_a_missing_result_is_an_input_error(store: Store) -> None:
    with pytest.raises(InputError, match="Run the audit first"):
        store.read_result("k1")


def test_a_damaged_result_is_set_aside(store: Store) -> None:
    store.write_result("k1", result(), {})
    (store.root / "v1" / "results" / "k1" / "overall.parquet").write_bytes(b"PAR1")
    with pytest.raises(DamagedEntry):
        store.read_result("k1")
    assert not store.has_result("k1")


def test_results_are_listed_newest_first(store: Store) -> None:
    store.write_result("k1", result(), {"created": "2026-01-01T00:00:00+00:00"})
    store.write_result("k2", result(), {"created": "2026-02-01T00:00:00+00:00"})
    assert [facts["key"] for facts in store.list_results()] == ["k2", "k1"]


def test_the_quarantine_of_a_dataset_grows_and_keeps_names_that_look_like_missing_values(store: Store) -> None:
    def table(sample: str, reason: str) -> pd.DataFrame:
        return pd.DataFrame({"filepath": ["NA"], "reason": [reason]}, index=pd.Index([sample], name="sample_id"))

    store.write_quarantine("images", table("NaN", "truncated image"))
    store.write_quarantine("images", table("b", "empty file"))
    store.write_quarantine("images", table("b", "another reason"))
    found = store.read_quarantine("images")
    assert found["reason"].to_dict() == {"NaN": "truncated image", "b": "empty file"}
    assert found.loc["NaN", "filepath"] == "NA"
    assert store.read_quarantine("others").empty


def test_entries_name_what_they_hold_and_size_adds_them_up(store: Store) -> None:
    store.write("aa11", np.zeros(1000), {"extractor": "EncodedImages", "model": "m", "dataset": "d"})
    store.write_result("k1", result(), {"audit": "toy", "model": "m", "dataset": "d"})
    entries = {entry.key: entry for entry in store.entries()}
    assert entries["aa11"].what == "EncodedImages · m · d"
    assert entries["k1"].what == "toy · m · d"
    assert entries["aa11"].bytes > 8000
    assert store.size() == sum(entry.bytes for entry in entries.values())


def test_prune_removes_by_kind_age_and_keeps_what_it_is_told_to(store: Store) -> None:
    store.write("aa11", np.zeros(3), {"created": "2020-01-01T00:00:00+00:00"})
    store.write("bb22", np.zeros(3), {})
    store.write_result("k1", result(), {"created": "2020-01-01T00:00:00+00:00"})
    assert [entry.key for entry in store.prune(older_than_days=30, kind="output")] == ["aa11"]
    assert store.prune(keep=["bb22", "k1"]) == []
    assert {entry.key for entry in store.prune()} == {"bb22", "k1"}
    assert store.size() == 0


def test_prune_leaves_the_shards_of_a_running_computation_alone(store: Store) -> None:
    store.partial_folder("aa11").mkdir(parents=True)
    with store.lock("aa11"):
        assert store.prune() == []
        assert store.partial_folder("aa11").exists()
    assert [entry.kind for entry in store.prune()] == ["partial"]


def test_prune_needs_an_age_that_is_not_negative(store: Store) -> None:
    with pytest.raises(InputError, match="`older_than_days`"):
        store.prune(older_than_days=-1)


def test_one_key_is_locked_by_one_at_a_time_even_within_a_process(store: Store) -> None:
    with store.lock("aa11"), pytest.raises(Timeout):
        store.lock("aa11").acquire(timeout=0)


HOLD = """
import sys, time
from audit.store import Store
with Store(sys.argv[1]).lock("aa11"):
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_free(store: Store) -> None:
    command = [sys.executable, "-c", HOLD, str(store.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Timeout):
            store.lock("aa11").acquire(timeout=0)
        process.kill()
    with store.lock("aa11").acquire(timeout=1):
        pass


def test_equal_arrays_have_equal_hashes_whatever_their_memory_layout() -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert array_hash(array) == array_hash(np.asfortranarray(array))


def test_dtype_shape_and_content_change_an_arrays_hash() -> None:
    array = np.zeros((2, 3))
    texts = [np.array(["a"]), np.array(["b"])]
    others = [array.astype(np.float32), array.reshape(3, 2), array + 1, np.zeros((0, 3)), *texts]
    assert len({array_hash(each) for each in [array, *others]}) == 7


def test_an_array_of_objects_has_no_hash() -> None:
    with pytest.raises(InputError, match="plain values"):
        array_hash(np.array([None]))


def test_the_manifest_is_plain_json(store: Store) -> None:
    store.write("aa11", np.arange(3), {"specification": {"class": "x"}})
    manifest = json.loads((store.folder("aa11") / "entry.json").read_text(encoding="utf-8"))
    assert manifest["arrays"] == [{"name": "", "file": "0.npy", "dtype": "<i8", "shape": [3], "bytes": 152}]
