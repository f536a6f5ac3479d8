from pathlib import Path

import numpy as np
import pytest

from audit.entries import ArrayFile, DamagedEntry, load_arrays, read_manifest, save_arrays, seal, write_json
from audit.errors import InputError


def test_blocks_appended_to_a_file_are_one_array(tmp_path: Path) -> None:
    with ArrayFile(tmp_path / "a.npy", np.dtype(np.float32), (5, 2)) as file:
        file.append(np.ones((2, 2), dtype=np.float32))
        file.append(np.zeros((3, 2), dtype=np.float32))
    found = np.load(tmp_path / "a.npy", mmap_mode="r", allow_pickle=False)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 1]] * 2 + [[0, 0]] * 3


@pytest.mark.parametrize("block", [np.ones((2, 2)), np.ones((2, 3), dtype=np.float32)])
def test_a_block_of_another_kind_is_refused(tmp_path: Path, block: np.ndarray) -> None:
    with (
        ArrayFile(tmp_path / "a.npy", np.dtype(np.float32), (0, 2)) as file,
        pytest.raises(InputError, match="`block` must be float32 of shape"),
    ):
        file.append(block)


def test_fewer_rows_than_were_announced_are_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="must have 2 rows; got 1"),
        ArrayFile(tmp_path / "a.npy", np.dtype(np.float32), (2, 2)) as file,
    ):
        file.append(np.ones((1, 2), dtype=np.float32))


def test_a_sealed_folder_gives_back_its_arrays(tmp_path: Path) -> None:
    files = save_arrays(tmp_path, {"a": np.arange(3), "b": np.array(["x"])})
    seal(tmp_path, files, {"seed": 1}, single=False)
    arrays = load_arrays(tmp_path)
    assert isinstance(arrays, dict)
    assert {name: array.tolist() for name, array in arrays.items()} == {"a": [0, 1, 2], "b": ["x"]}
    assert read_manifest(tmp_path)["provenance"] == {"seed": 1}


@pytest.mark.parametrize("text", ["", "[]", '{"arrays": []}'])
def test_a_manifest_without_its_parts_is_damage(tmp_path: Path, text: str) -> None:
    (tmp_path / "entry.json").write_text(text, encoding="utf-8")
    with pytest.raises(DamagedEntry, match=r"readable entry\.json"):
        read_manifest(tmp_path)


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n "a": 1\n}'
