import dataclasses

import numpy as np
import pytest

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers import load_dataset, pathorob

TABLE = """subset,slide_id,patch_id,biological_class,medical_center
a,s1,10,tumor,RUMC
b,s1,10,tumor,RUMC
a,s1,11,normal,RUMC
a,s2,10,tumor,UMCU
b,s2,12,normal,UMCU
"""


@pytest.fixture
def cohort(tmp_path):
    (tmp_path / "cohort.csv").write_text(TABLE)
    np.savez(tmp_path / "RUMC.npz", **{"s1-10": np.array([1.0, 2.0]), "s1-11": np.array([3.0, 4.0])})
    np.savez(tmp_path / "UMCU.npz", **{"s2-10": np.array([5.0, 6.0]), "s2-12": np.array([7.0, 8.0])})
    return tmp_path


def test_patches_get_the_vectors_of_their_key(cohort):
    data = load_dataset(cohort / "cohort.csv")
    assert data.index.tolist() == ["s1-10", "s1-11", "s2-10", "s2-12"]
    assert data.arrays["embeddings"].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_roles_are_those_of_the_format(cohort):
    roles = load_dataset(cohort).roles
    assert (roles.label, roles.center, roles.group_id) == ("biological_class", "medical_center", "slide_id")


def test_a_role_set_by_the_user_stays(cohort):
    data = load_dataset(cohort / "cohort.csv", roles=Roles(center="subset"))
    assert data.roles.center == "subset"
    assert data.roles.label == "biological_class"


def test_the_subsets_of_a_patch_are_joined(cohort):
    assert load_dataset(cohort / "cohort.csv").metadata["subset"].tolist() == ["a|b", "a", "a", "b"]


def test_vectors_can_lie_in_another_folder(cohort, tmp_path):
    elsewhere = tmp_path / "vectors"
    elsewhere.mkdir()
    for name in ("RUMC.npz", "UMCU.npz"):
        (cohort / name).rename(elsewhere / name)
    assert "embeddings" not in load_dataset(cohort / "cohort.csv").arrays
    assert load_dataset(cohort / "cohort.csv", embeddings=elsewhere).arrays["embeddings"].shape == (4, 2)


def test_a_key_of_several_files_is_read_from_the_own_center(cohort):
    np.savez(cohort / "AAA.npz", **{"s1-10": np.array([9.0, 9.0])})
    assert load_dataset(cohort / "cohort.csv").arrays["embeddings"][0].tolist() == [1, 2]


def test_a_patch_without_vector_is_named(cohort):
    (cohort / "UMCU.npz").unlink()
    with pytest.raises(InputError, match=r"2 of 4 have none, 's2-10' first"):
        load_dataset(cohort / "cohort.csv")


def test_contradicting_rows_of_a_patch_are_refused(tmp_path):
    (tmp_path / "cohort.csv").write_text(TABLE.replace("b,s1,10,tumor", "b,s1,10,normal"))
    with pytest.raises(InputError, match="'s1-10' have different values of `biological_class`"):
        load_dataset(tmp_path / "cohort.csv")


def test_an_empty_id_is_refused(tmp_path):
    (tmp_path / "cohort.csv").write_text(TABLE.replace("a,s2,10", "a,,10"))
    with pytest.raises(InputError, match=r"`slide_id` of cohort\.csv must be filled; data row 4"):
        load_dataset(tmp_path / "cohort.csv")


def test_other_tables_are_left_to_other_readers(tmp_path):
    (tmp_path / "table.csv").write_text("slide_id,label\ns,a\n")
    assert not pathorob.detect(tmp_path / "table.csv")
    assert not pathorob.detect(tmp_path)


@pytest.mark.parametrize("name", ["camelyon", "tcga_4x4", "tolkach_esca"])
def test_real_cohorts_are_read_with_their_classes_and_centers(shared_data, name):
    file = shared_data / "pathorob" / f"{name}.csv"
    if not file.is_file():
        pytest.skip("no PathoROB tables here")
    data = load_dataset(file, reader="pathorob")
    assert dataclasses.asdict(data.roles)["center"] == "medical_center"
    assert data.metadata["medical_center"].nunique() >= 2
    assert data.metadata["slide_id"].nunique() > 10
