"""Corrected values: versioned, exported, applied."""

import dataclasses
import io

import pandas as pd
import pytest
from PIL import Image

from audit.corrections import Corrections
from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.readers import load_dataset
from audit.sources import DatasetSource
from audit.workspace import Workspace


@pytest.fixture
def dataset(tmp_path):
    for number in range(3):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / f"{number}.png")
    table = pd.DataFrame(
        {"filepath": [f"{n}.png" for n in range(3)], "label": ["a", "b", "a"], "background": ["sea", "land", "sky"]},
        index=pd.Index(["s0", "s1", "s2"], name="sample_id"),
        dtype="str",
    )
    return Dataset(name="d", metadata=table, root=tmp_path, roles=Roles(label="label", background="background"))


@pytest.fixture
def kept(tmp_path):
    return Corrections(tmp_path / "home")


def test_the_newest_value_holds_and_every_one_is_kept(dataset, kept):
    assert kept.add(dataset, "d", "background_corrected", {"s0": "land", "s1": "sky"}) == 1
    assert kept.add(dataset, "d", "background_corrected", {"s0": "sand"}) == 2
    assert kept.current("d").set_index("sample_id")["value"].to_dict() == {"s0": "sand", "s1": "sky"}
    assert kept.current("d", version=1).set_index("sample_id")["value"].to_dict() == {"s0": "land", "s1": "sky"}
    assert kept.history("d")["value"].tolist() == ["land", "sky", "sand"]


def test_a_withdrawn_value_no_longer_holds(dataset, kept):
    kept.add(dataset, "d", "background_corrected", {"s0": "land"})
    kept.add(dataset, "d", "background_corrected", {"s0": None})
    assert kept.current("d").empty
    assert len(kept.history("d")) == 2


def test_corrections_become_a_column_and_change_the_fingerprint_not_the_images(dataset, kept):
    kept.add(dataset, "d", "background_corrected", {"s1": "sky"})
    found = kept.apply(dataset, "d")
    assert found.metadata["background_corrected"].dropna().to_dict() == {"s1": "sky"}
    assert found.fingerprint != dataset.fingerprint
    assert found.images_fingerprint == dataset.images_fingerprint
    assert kept.apply(dataset, "another") is dataset


def test_a_correction_of_another_image_is_passed_over(dataset, kept):
    kept.add(dataset, "d", "background_corrected", {"s0": "land", "s1": "sky"})
    Image.new("RGB", (4, 4), (200, 0, 0)).save(dataset.root / "0.png")
    found = kept.apply(dataclasses.replace(dataset), "d")
    assert found.metadata["background_corrected"].dropna().to_dict() == {"s1": "sky"}


def test_the_export_can_be_joined_to_the_data(dataset, kept, tmp_path):
    kept.add(dataset, "d", "background_corrected", {"s0": "=land", "s1": "sky"})
    exported = kept.export("d")
    assert pd.read_csv(io.BytesIO(exported))["background_corrected"].tolist() == ["'=land", "sky"]
    (tmp_path / "corrections.csv").write_bytes(exported)
    dataset.metadata.to_csv(tmp_path / "samples.csv")
    joined = load_dataset(tmp_path / "samples.csv", join=tmp_path / "corrections.csv")
    assert joined.metadata.loc["s1", "background_corrected"] == "sky"


def test_nothing_is_exported_as_a_header(kept):
    assert kept.export("d") == b"sample_id\n"


def test_strangers_and_nothing_are_refused(dataset, kept):
    with pytest.raises(InputError, match="'s9' is none"):
        kept.add(dataset, "d", "background_corrected", {"s9": "sea"})
    with pytest.raises(InputError, match="at least one"):
        kept.add(dataset, "d", "background_corrected", {})


def test_a_workspace_loads_its_datasets_corrected(dataset, tmp_path):
    dataset.metadata.to_csv(tmp_path / "samples.csv")
    workspace = Workspace(tmp_path / "home", roots=[tmp_path])
    name = workspace.add_dataset(DatasetSource(path=str(tmp_path / "samples.csv"), name="d"))
    Corrections(workspace.home).add(workspace.load_dataset(name), name, "background_corrected", {"s2": "moon"})
    assert workspace.load_dataset(name).metadata.loc["s2", "background_corrected"] == "moon"
