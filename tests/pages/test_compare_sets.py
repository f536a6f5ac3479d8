import json

import pandas as pd
import pytest

from audit.dataset import Dataset
from audit.differences.selections import read_selection
from audit.errors import InputError
from audit.workspace import Workspace
from pages import compare_sets


@pytest.fixture
def dataset(monkeypatch, tmp_path) -> Dataset:
    monkeypatch.setattr(compare_sets, "workspace", lambda: Workspace(tmp_path))
    index = pd.Index([f"s{i}" for i in range(10)], name="sample_id")
    return Dataset(name="d", metadata=pd.DataFrame({"light": ["night", "day"] * 5}, index=index))


def test_a_where_that_the_data_answers_stays_a_where(dataset) -> None:
    where = json.dumps({"light": "night", "correct": False})
    assert json.loads(compare_sets.set_text(dataset, dataset.metadata, where, "x")) == json.loads(where)


def test_samples_drawn_around_or_named_by_a_result_become_a_kept_selection(dataset, tmp_path) -> None:
    rows = dataset.metadata.iloc[:3]
    for where in ("", json.dumps({"conflict_follows": "background"})):
        text = compare_sets.set_text(dataset, rows, where, "drawn around")
        ids, words = read_selection(text.removeprefix("selection:"), tmp_path)
        assert ids == list(rows.index)
        assert words == "drawn around"


def test_a_broken_link_is_refused_in_words(dataset) -> None:
    with pytest.raises(InputError, match="JSON object"):
        compare_sets.set_text(dataset, dataset.metadata, "{", "x")
