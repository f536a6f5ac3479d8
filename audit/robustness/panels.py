"""Samples sorted by their margin, each beside its nearest neighbour of its class and of its center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.base import select
from audit.panels import Panel, Picture, PictureGroup, PictureRow
from audit.wording import format_value

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.result import Result

ROWS = 24
"""Samples shown, those of the lowest margin first."""


def neighbor_panel(result: Result, dataset: Dataset, where: str) -> Panel | None:
    """Return the samples that are nearest to another class of their own center; ``None`` where there is no image.

    Parameters
    ----------
    result
        With the columns ``margin``, ``neighbour_so`` and ``neighbour_os`` of ``by_sample``.
    dataset
        The samples.
    where
        JSON of the selected row: only its samples are shown.
    """
    if not dataset.has_images or "margin" not in result.by_sample.columns:
        return None
    settings = result.settings
    words = (str(settings.get("class_word", "class")), str(settings.get("center_word", "center")))
    columns = (str(settings["class_column"]), str(settings["center_column"]))
    table = dataset.metadata.drop(columns=[c for c in result.by_sample.columns if c in dataset.metadata.columns])
    table = table.join(result.by_sample)
    # The columns asked for are the data's own, even where the result has one of the same name.
    for column in columns:
        table[column] = dataset.metadata[column]
    shown = table[select(where, table)].dropna(subset=["margin"]).sort_values("margin", kind="stable").head(ROWS)
    if shown.empty:
        return None
    text = (
        f"Margin: how much nearer a sample is to its own {words[0]} in another {words[1]} than to another {words[0]} "
        f"in its own {words[1]}. Below 0 the {words[1]} wins. Lowest first."
    )
    rows = tuple(_row(str(sample), row, dataset, columns, words) for sample, row in shown.iterrows())
    return Panel(title=f"Where the {words[1]} wins", text=text, rows=rows)


def _row(
    sample: str, row: pd.Series[Any], dataset: Dataset, columns: tuple[str, str], words: tuple[str, str]
) -> PictureRow:
    groups = [PictureGroup(title="The sample", pictures=(_picture(sample, dataset, columns),))]
    for column, title in (
        ("neighbour_so", f"Nearest of its {words[0]}, other {words[1]}"),
        ("neighbour_os", f"Nearest of its {words[1]}, other {words[0]}"),
    ):
        found = row[column]
        if isinstance(found, str) and found in dataset.index:
            groups.append(PictureGroup(title=title, pictures=(_picture(found, dataset, columns),)))
    return PictureRow(title=f"Margin {format_value(float(row['margin']))}", groups=tuple(groups))


def _picture(sample: str, dataset: Dataset, columns: tuple[str, str]) -> Picture:
    facts = dataset.metadata.loc[sample]
    return Picture(sample_id=sample, caption=str(facts[columns[0]]), tag=str(facts[columns[1]]))
