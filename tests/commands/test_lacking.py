from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
    for words in ("named filepath, file_path", "rename 'picture', which holds them", "or give --images DIR"):
        assert words in said.err
    assert said.err.count("no label column") == 1
    said = cli("embed", nameless, "--model", "demo")
    assert (said.status, "rename 'picture'" in said.err) == (2, True)
