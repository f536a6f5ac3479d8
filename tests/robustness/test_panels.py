from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from audit.dataset import Dataset
from audit.result import Result, Verdict, score_table
from audit.robustness.panels import ROWS, neighbor_panel

SETTINGS = {"class_column": "label", "center_column": "center", "class_word": "class", "center_word": "hospital"}


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    index = pd.Index([f"s{i}" for i in range(40)], name="sample_id")
    table = {"filepath": "a.png", "label": ["cat", "dog"] * 20, "center": ["A"] * 20 + ["B"] * 20}
    return Dataset(name="tissue", metadata=pd.DataFrame(table, index=index), root=tmp_path)


@pytest.fixture
def result(data: Dataset) -> Result:
    margin = pd.Series([i / 10 - 1 for i in range(40)], index=data.index)
    margin.iloc[3] = float("nan")
    rows = pd.DataFrame({"margin": margin, "neighbour_so": "s0", "neighbour_os": None}, index=data.index)
    return Result(
        overall=score_table([]),
        by_group=score_table([], index="group"),
        by_sample=rows,
        verdict=Verdict(state="differs", sentence="x"),
        settings=SETTINGS,
    )


def test_the_lowest_margins_come_first_and_samples_without_one_never(data: Dataset, result: Result) -> None:
    panel = neighbor_panel(result, data, "")
    assert panel is not None
    assert panel.title == "Where the hospital wins"
    first = [row.groups[0].pictures[0].sample_id for row in panel.rows]
    assert first[:4] == ["s0", "s1", "s2", "s4"]
    assert len(first) == ROWS


def test_a_sample_stands_beside_its_neighbour_with_class_and_center(data: Dataset, result: Result) -> None:
    panel = neighbor_panel(result, data, "")
    assert panel is not None
    sample, so = panel.rows[1].groups
    assert (sample.pictures[0].caption, sample.pictures[0].tag) == ("dog", "A")
    assert so.title == "Nearest of its class, other hospital"
    assert so.pictures[0].sample_id == "s0"
    assert panel.rows[1].title == "Margin -.900"


def test_a_selected_row_narrows_the_samples(data: Dataset, result: Result) -> None:
    panel = neighbor_panel(result, data, '{"center": "B"}')
    assert panel is not None
    assert panel.rows[0].groups[0].pictures[0].sample_id == "s20"


def test_data_without_images_and_an_empty_selection_have_no_panel(data: Dataset, result: Result) -> None:
    assert neighbor_panel(result, data, '{"center": "C"}') is None
    assert (
        neighbor_panel(result, dataclasses.replace(data, metadata=data.metadata.drop(columns="filepath")), "") is None
    )
