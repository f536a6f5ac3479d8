import json
import threading
from pathlib import Path

import pandas as pd
import pytest

from audit.errors import InputError
from audit.result import Result, Verdict, score_table
from audit.workspace import DatasetSource, ModelSource, Workspace


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "pets.csv").write_text("sample_id,label,prediction\na,cat,cat\nb,dog,cat\n", encoding="utf-8")
    return folder


@pytest.fixture
def space(tmp_path: Path, data: Path) -> Workspace:
    space = Workspace(tmp_path / "home")
    space.declare_root(data)
    return space


def keep(space: Workspace, key: str, **facts: str) -> None:
    index = pd.Index(["a"], name="sample_id")
    result = Result(
        overall=score_table([{"score": "s", "value": 1.0}]),
        by_group=score_table([{"group": "g", "value": 1.0}], index="group"),
        by_sample=pd.DataFrame({"x": [1]}, index=index),
        verdict=Verdict(state="differs", sentence="So."),
    )
    known = {"audit": "toy", "dataset": "pets", "dataset_fingerprint": "d", "model": "m", "model_fingerprint": "f"}
    space.store.write_result(key, result, {**known, **facts})


def test_a_new_home_holds_nothing(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "new")
    assert (space.datasets(), space.models(), space.runs()) == ({}, {}, [])


def test_the_home_comes_from_the_environment_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_AUDIT_HOME", str(tmp_path / "elsewhere"))
    assert Workspace().home == tmp_path / "elsewhere"


def test_a_dataset_is_named_after_its_file(space: Workspace, data: Path) -> None:
    assert space.add_dataset(DatasetSource(path=str(data / "pets.csv"))) == "pets"


def test_a_registered_dataset_is_read_with_its_roles(space: Workspace, data: Path) -> None:
    name = space.add_dataset(DatasetSource(path=str(data / "pets.csv"), name="animals", roles={"label": "prediction"}))
    dataset = space.load_dataset(name)
    assert (dataset.name, len(dataset), dataset.roles.label) == ("animals", 2, "prediction")


def test_what_is_registered_is_there_for_another_process(space: Workspace, data: Path) -> None:
    source = DatasetSource(path=str(data / "pets.csv"), roles={"attributes": ["label"]}, class_names=("cat", "dog"))
    space.add_dataset(source)
    space.add_model(ModelSource(spec="precomputed", batch_size=4))
    other = Workspace(space.home)
    assert other.datasets() == space.datasets()
    assert other.datasets()["pets"].class_names == ("cat", "dog")
    assert other.models() == {"precomputed": ModelSource(spec="precomputed", batch_size=4, name="precomputed")}


def test_a_registered_path_holds_from_any_folder(space: Workspace, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    space.add_dataset(DatasetSource(path="pets.csv"))
    monkeypatch.chdir("/")
    assert len(space.load_dataset("pets")) == 2


def test_a_list_column_is_no_path(space: Workspace, data: Path) -> None:
    source = DatasetSource(path=str(data / "pets.csv"), embeddings="vector")
    space.add_dataset(source)
    assert space.datasets()["pets"].embeddings == "vector"


def test_one_of_several_arrays_keeps_its_key(space: Workspace, data: Path) -> None:
    (data / "arrays.npz").touch()
    space.add_dataset(DatasetSource(path=str(data / "pets.csv"), embeddings=f"{data}/../data/arrays.npz#second"))
    assert space.datasets()["pets"].embeddings == f"{data}/arrays.npz#second"


def test_removing_forgets_the_source_and_leaves_the_file(space: Workspace, data: Path) -> None:
    space.add_dataset(DatasetSource(path=str(data / "pets.csv")))
    space.remove_dataset("pets")
    assert space.datasets() == {}
    assert (data / "pets.csv").exists()


def test_an_unknown_name_is_refused_with_the_known_ones(space: Workspace, data: Path) -> None:
    space.add_dataset(DatasetSource(path=str(data / "pets.csv")))
    with pytest.raises(InputError, match=r"`dataset` must be one of those added \(pets\); got 'cats'"):
        space.load_dataset("cats")
    with pytest.raises(InputError, match=r"`model` must be one of those added \(none\); got 'm'"):
        space.load_model("m")


def test_an_unknown_role_is_refused(space: Workspace, data: Path) -> None:
    with pytest.raises(InputError, match=r"`roles` must be among label, .*; got 'lable'"):
        space.add_dataset(DatasetSource(path=str(data / "pets.csv"), roles={"lable": "label"}))


@pytest.mark.parametrize("field", ["path", "images", "embeddings", "probabilities", "class_names", "join"])
def test_no_path_outside_the_roots_is_registered(space: Workspace, data: Path, tmp_path: Path, field: str) -> None:
    outside = tmp_path / "secret.npy"
    outside.touch()
    given = {"path": str(data / "pets.csv"), field: (str(outside),) if field == "join" else str(outside)}
    with pytest.raises(InputError, match="`path` must lie below a folder that the dashboard was started with"):
        space.add_dataset(DatasetSource(**given))  # type: ignore[arg-type]


def test_dots_and_links_do_not_lead_out_of_a_root(space: Workspace, data: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").touch()
    (data / "link.csv").symlink_to(tmp_path / "secret.csv")
    for path in (data / "link.csv", data / ".." / "secret.csv"):
        with pytest.raises(InputError, match="must lie below"):
            space.add_dataset(DatasetSource(path=str(path)))


def test_a_root_is_no_prefix_of_its_neighbours_name(space: Workspace, data: Path) -> None:
    neighbour = data.with_name("data-private")
    neighbour.mkdir()
    with pytest.raises(InputError, match="must lie below"):
        space.check_path(neighbour)


def test_paths_are_checked_again_when_the_data_is_read(space: Workspace, data: Path, tmp_path: Path) -> None:
    space.add_dataset(DatasetSource(path=str(data / "pets.csv")))
    (tmp_path / "secret.csv").write_text("sample_id,label\na,b\n", encoding="utf-8")
    (data / "pets.csv").unlink()
    (data / "pets.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InputError, match="must lie below"):
        space.load_dataset("pets")


def test_data_of_a_forgotten_root_is_read_no_more(space: Workspace, data: Path) -> None:
    space.add_dataset(DatasetSource(path=str(data / "pets.csv")))
    space.forget_root(data)
    with pytest.raises(InputError, match="must lie below"):
        space.load_dataset("pets")


def test_a_path_that_is_not_there_is_refused(space: Workspace, data: Path) -> None:
    with pytest.raises(InputError, match="there is nothing at"):
        space.add_dataset(DatasetSource(path=str(data / "nothing.csv")))


def test_a_root_must_be_a_folder(space: Workspace, data: Path) -> None:
    with pytest.raises(InputError, match="`root` must be a folder"):
        space.declare_root(data / "pets.csv")


def test_roots_given_for_one_object_are_not_kept(tmp_path: Path, data: Path) -> None:
    assert data in Workspace(tmp_path / "home", roots=[data]).roots
    assert data not in Workspace(tmp_path / "home").roots


def test_the_demos_folder_is_always_a_root(space: Workspace) -> None:
    assert space.demo_folder in space.roots


@pytest.mark.parametrize(
    "spec",
    ["timm:resnet50?class_names={}", "transformers:{}", "timm:local-dir:{}", "timm:resnet50?class_names={quoted}"],
)
def test_no_file_that_a_specification_names_lies_outside_the_roots(space: Workspace, tmp_path: Path, spec: str) -> None:
    outside = tmp_path / "names.txt"
    outside.touch()
    quoted = str(outside).replace("/", "%2F")
    with pytest.raises(InputError, match="must lie below"):
        space.add_model(ModelSource(spec=spec.format(outside, quoted=quoted)))


def test_no_weights_lie_outside_the_roots(space: Workspace, tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").touch()
    with pytest.raises(InputError, match="must lie below"):
        space.add_model(ModelSource(spec="timm:resnet18", weights=str(tmp_path / "w.safetensors")))


def test_a_model_of_an_unknown_family_is_refused(space: Workspace) -> None:
    with pytest.raises(InputError, match=r"`model` must begin with a family \(.*precomputed.*\); got 'nobody:nothing'"):
        space.add_model(ModelSource(spec="nobody:nothing"))


def test_a_registered_model_is_loaded_by_its_name(space: Workspace) -> None:
    name = space.add_model(ModelSource(spec="precomputed?prediction=answer", name="answers"))
    assert space.load_model(name).name == "precomputed?prediction=answer"


def test_runs_are_found_by_dataset_model_and_audit(space: Workspace) -> None:
    keep(space, "1" * 32)
    keep(space, "2" * 32, dataset="wild", dataset_fingerprint="w")
    keep(space, "3" * 32, model="n", model_fingerprint="g")
    keep(space, "4" * 32, audit="other")
    found = [{facts["key"][0] for facts in space.runs(**by)} for by in ({}, {"dataset": "wild"}, {"model": "n"})]
    assert found == [{"1", "2", "3", "4"}, {"2"}, {"3"}]
    assert {facts["key"][0] for facts in space.runs(dataset="pets", model="m", audit="toy")} == {"1"}


def test_runs_of_renamed_data_and_models_are_found_by_content(space: Workspace, data: Path) -> None:
    space.add_dataset(DatasetSource(path=str(data / "pets.csv"), name="mine"))
    space.add_model(ModelSource(spec="precomputed", name="given"))
    dataset, model = space.load_dataset("mine"), space.load_model("given")
    keep(
        space, "1" * 32, dataset="before", dataset_fingerprint=dataset.fingerprint, model_fingerprint=model.fingerprint
    )
    keep(space, "2" * 32, dataset="mine", model="precomputed", model_fingerprint="other weights")
    assert [facts["key"][0] for facts in space.runs(dataset="mine", model="given")] == ["1"]


def test_a_result_of_one_model_is_not_taken_for_that_of_an_unloaded_one_with_the_same_specification(
    space: Workspace,
) -> None:
    for name in ("loaded", "not yet"):
        space.add_model(ModelSource(spec="precomputed", name=name))
    keep(space, "1" * 32, model="precomputed", model_fingerprint=space.load_model("loaded").fingerprint)
    assert len(space.runs(model="loaded")) == 1
    assert space.runs(model="not yet") == []


def test_a_model_that_was_replaced_is_known_by_its_new_content(space: Workspace) -> None:
    space.add_model(ModelSource(spec="precomputed", name="m"))
    space.load_model("m")
    space.add_model(ModelSource(spec="precomputed?prediction=other", name="m"))
    keep(space, "1" * 32, model="precomputed?prediction=other", model_fingerprint="x")
    assert len(space.runs(model="m")) == 1


def test_many_writers_lose_nothing(space: Workspace) -> None:
    def add(number: int) -> None:
        Workspace(space.home).add_model(ModelSource(spec="precomputed", name=f"m{number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(space.models()) == {f"m{number}" for number in range(12)}


def test_a_file_that_is_no_json_is_an_error_that_names_it(space: Workspace) -> None:
    (space.home / "workspace.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"workspace\.json` must be JSON"):
        space.datasets()


def test_the_file_is_plain_json(space: Workspace, data: Path) -> None:
    space.add_dataset(DatasetSource(path=str(data / "pets.csv")))
    kept = json.loads((space.home / "workspace.json").read_text(encoding="utf-8"))
    assert kept["datasets"]["pets"]["path"] == str(data / "pets.csv")
