"""Parts of a dataset become one table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.errors import InputError
from audit.readers.base import StoredImages, Table
from audit.readers.stacking import stacked


def part(name: str, arrays: dict[str, np.ndarray] | None = None, **columns: list[object]) -> Table:
    frame = pd.DataFrame(columns)
    return Table(frame=frame, source=Path(name), arrays=arrays or {})


def test_rows_and_arrays_follow_each_other() -> None:
    one = part("a.csv", {"embedding": np.zeros((2, 3))}, n=[1, 2])
    two = part("b.csv", {"embedding": np.ones((1, 3))}, n=[3])
    table = stacked([one, two], Path("folder"))
    assert table.frame["n"].tolist() == [1, 2, 3]
    assert table.arrays["embedding"][:, 0].tolist() == [0, 0, 1]


def test_a_column_that_a_part_lacks_is_missing_there() -> None:
    frame = stacked([part("a.csv", a=["x"], n=[1]), part("b.csv", a=["y"])], Path("folder")).frame
    assert frame["n"].isna().tolist() == [False, True]
    assert frame["a"].tolist() == ["x", "y"]


def test_columns_of_different_types_become_text() -> None:
    assert stacked([part("a.csv", i=[12]), part("b.csv", i=["007"])], Path("f")).frame["i"].tolist() == ["12", "007"]


def test_arrays_of_different_width_are_refused() -> None:
    one, two = part("a.csv", {"e": np.zeros((1, 3))}, n=[1]), part("b.csv", {"e": np.zeros((1, 2))}, n=[1])
    with pytest.raises(InputError, match=r"a.csv has 3, b.csv has 2"):
        stacked([one, two], Path("folder"))
    with pytest.raises(InputError, match=r"a.csv has 3, c.csv has None"):
        stacked([one, part("c.csv", n=[1])], Path("folder"))


def test_images_in_some_parts_only_are_refused() -> None:
    images = (StoredImages(file=Path("a.parquet"), column="image", rows=lambda: iter(())),)
    one = Table(frame=pd.DataFrame({"n": [1]}), source=Path("a.parquet"), images={"image": images})
    with pytest.raises(InputError, match=r"b.csv has none"):
        stacked([one, part("b.csv", n=[1])], Path("folder"))
    assert stacked([one, one], Path("folder")).images["image"] == images * 2
