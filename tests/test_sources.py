import pytest

from audit.dataset import Roles
from audit.errors import InputError
from audit.sources import DatasetSource, ModelSource, roles_from


def test_roles_come_from_plain_data() -> None:
    assert roles_from({"label": "y", "attributes": ["a", "b"]}) == Roles(label="y", attributes=("a", "b"))


def test_no_chosen_role_is_no_roles() -> None:
    assert roles_from(None) is roles_from({}) is roles_from({"label": None, "attributes": []}) is None


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(InputError, match=r"`roles` must be among .*; got 'lable'"):
        roles_from({"lable": "y"})


def test_every_file_that_loading_reads_is_among_the_paths(tmp_path) -> None:
    for name in ("t.csv", "e.npz", "p.npy", "names.txt", "more.csv"):
        (tmp_path / name).touch()
    source = DatasetSource(
        path=str(tmp_path / "t.csv"),
        images=str(tmp_path),
        embeddings=f"{tmp_path}/e.npz#x",
        probabilities=str(tmp_path / "p.npy"),
        class_names=str(tmp_path / "names.txt"),
        join=(str(tmp_path / "more.csv"),),
    )
    expected = {str(tmp_path), *(str(tmp_path / name) for name in ("t.csv", "e.npz", "p.npy", "names.txt", "more.csv"))}
    assert set(source.paths()) == expected


def test_a_hubs_name_is_no_path() -> None:
    assert ModelSource(spec="transformers:facebook/dinov2-base?pooling=cls").paths() == ()
