from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from audit.commands.lacking import told_once

Cli = Callable[..., Any]


@pytest.fixture
def nameless(tmp_path: Path) -> Path:
    """Return a table whose image paths stand in a column that nobody would look for."""
    table = tmp_path / "own.csv"
    table.write_text("picture,kind\na.png,dog\nb.PNG,cat\n", encoding="utf-8")
    return table


def test_the_same_column_is_missed_once() -> None:
    label = "'own' has no label column: choose the column of the true classes"
    again = "'own' has no label column to take class names from"
    other = "'own' has no prediction column and m cannot classify: choose the column of predictions"
    column = "'own' has no column 'light' to use as an attribute"
    assert told_once([label, again, other, column, "no GPU"]) == [label, other, column, "no GPU"]


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_a_table_without_a_path_column_is_told_which_names_are_looked_for(cli: Cli, nameless: Path) -> None:
    said = cli("run", "subgroup_discrepancy", nameless, "--model", "demo")
    assert said.status == 2
    for words in ("named filepath, file_path", "give --image-column picture, or --images DIR"):
        assert words in said.err
    assert said.err.count("no label column") == 1
    said = cli("embed", nameless, "--model", "demo")
    assert (said.status, "give --image-column picture" in said.err) == (2, True)


def test_what_is_told_to_be_done_helps(cli: Cli, nameless: Path) -> None:
    for name, colour in (("a.png", "red"), ("b.PNG", "blue")):
        Image.new("RGB", (32, 32), colour).save(nameless.parent / name, format="png")
    said = cli("embed", nameless, "--model", "demo", "--image-column", "picture", "--id-column", "kind")
    assert (said.status, "2" in said.out) == (0, True), said.err
