import dataclasses
import json
from pathlib import Path

from audit.commands.given_data import FILE, MOST, recall, remember
from audit.sources import DatasetSource


@dataclasses.dataclass(frozen=True)
class Data:
    fingerprint: str


def test_a_source_is_found_again_by_the_content_it_had(tmp_path: Path) -> None:
    source = DatasetSource(path=str(tmp_path), join=("a", "b"), roles={"label": "species"})
    remember(tmp_path / "home", Data("one"), source)  # type: ignore[arg-type]
    remember(tmp_path / "home", Data("two"), DatasetSource(path=str(tmp_path / "two")))  # type: ignore[arg-type]
    assert recall(tmp_path / "home", "one") == source.resolved()
    assert recall(tmp_path / "home", "three") is None


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({f"{n}": {"path": f"{n}"} for n in range(MOST)}), encoding="utf-8")
    remember(tmp_path, Data("new"), DatasetSource(path="new"))  # type: ignore[arg-type]
    assert recall(tmp_path, "0") is None
    assert recall(tmp_path, "1") is not None
    assert len(json.loads((tmp_path / FILE).read_text(encoding="utf-8"))) == MOST


def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path) -> None:
    for content in ("{", "[]", '{"one": 1}', '{"one": {"speed": 1}}'):
        (tmp_path / FILE).write_text(content, encoding="utf-8")
        assert recall(tmp_path, "one") is None
