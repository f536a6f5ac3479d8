import numpy as np
import pytest

from audit.dataset import Roles
from audit.errors import InputError
from audit.readers import croma_manifest, load_dataset

MANIFEST = """sample_id,image_path,label,group_id,scanner,subset
1,a.png,x,p1,north,one
1,a.png,x,p1,north,two
2,b.png,y,p2,south,one
"""
VECTORS = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]], dtype=np.float32)


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "bench.csv").write_text(MANIFEST)
    np.save(tmp_path / "bench.npy", VECTORS)
    return tmp_path / "bench.csv"


def test_rows_of_a_sample_become_one_with_its_subsets_joined(manifest):
    data = load_dataset(manifest)
    assert data.index.tolist() == ["1", "2"]
    assert data.metadata["subset"].tolist() == ["one|two", "one"]
    assert data.arrays["embeddings"].tolist() == [[1, 2], [3, 4]]


def test_the_only_further_column_is_the_confounder(manifest):
    roles = load_dataset(manifest).roles
    assert (roles.label, roles.group_id, roles.center) == ("label", "group_id", "scanner")


def test_another_confounder_can_be_chosen(tmp_path):
    table = MANIFEST.replace("scanner", "scanner,site").replace("north", "north,q").replace("south", "south,r")
    (tmp_path / "bench.csv").write_text(table)
    assert load_dataset(tmp_path / "bench.csv", roles=Roles(center="site")).roles.center == "site"


def test_an_array_of_one_row_a_sample_is_taken_too(manifest):
    np.save(manifest.with_suffix(".npy"), VECTORS[1:])
    assert load_dataset(manifest).arrays["embeddings"].tolist() == [[1, 2], [3, 4]]


def test_the_array_can_be_named(manifest, tmp_path):
    np.savez(tmp_path / "other.npz", features=VECTORS * 2)
    data = load_dataset(manifest, embeddings=f"{tmp_path / 'other.npz'}#features")
    assert data.arrays["embeddings"].tolist() == [[2, 4], [6, 8]]


def test_an_array_of_another_length_is_refused(manifest):
    np.save(manifest.with_suffix(".npy"), np.ones((5, 2)))
    with pytest.raises(InputError, match=r"one vector a row \(3\) or a sample \(2\); it has 5"):
        load_dataset(manifest)


def test_differing_vectors_of_a_sample_are_refused(manifest):
    np.save(manifest.with_suffix(".npy"), VECTORS * [[1], [2], [1]])
    with pytest.raises(InputError, match="'1' have different values of `embedding`"):
        load_dataset(manifest)


def test_an_empty_group_is_refused(tmp_path):
    (tmp_path / "bench.csv").write_text(MANIFEST.replace("p2", ""))
    with pytest.raises(InputError, match=r"`group_id` of bench\.csv must be filled; data row 3"):
        load_dataset(tmp_path / "bench.csv")


def test_a_table_without_confounder_is_left_to_other_readers(tmp_path):
    (tmp_path / "bench.csv").write_text("sample_id,image_path,label,group_id\n1,a.png,x,p\n")
    assert not croma_manifest.detect(tmp_path / "bench.csv")
