"""The pictures of the set difference page: images of A and B beside a hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.differences.figures import score_figure, set_words
from audit.differences.rows import cosine, phrase_of
from audit.panels import Panel, Picture, PictureGroup, PictureRow
from audit.wording import format_interval, format_value

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.result import Result

IMAGES = 5
"""Images at each end."""


def page_panels(result: Result, dataset: Dataset, where: str) -> tuple[Panel, ...]:
    """Return the images with the highest and lowest scores of the chosen hypothesis, or of the best of each direction.

    Parameters
    ----------
    result
        What was found.
    dataset
        The data.
    where
        The selected row's ``where``.
    """
    rows = result.by_group[result.by_group["kind"] == "hypothesis"]
    if rows.empty or not dataset.has_images:
        return ()
    chosen = phrase_of(where)
    if chosen and cosine(chosen) in result.by_sample.columns:
        row = rows.loc[[chosen]].iloc[0]
        figure = score_figure(result, chosen)
        panel = Panel(
            title=f"“{chosen}”",
            text=f"{_words(row, result)} Highest and lowest scores of each set, on the half that tests.",
            rows=_ends(result, dataset, chosen),
            figures=(figure,) if figure is not None else (),
        )
        return (panel,)
    best = [part.iloc[[0]] for part in (rows[rows["truer_of"] == letter] for letter in "AB") if len(part)]
    shown = [table for table in best if phrase_of(str(table["where"].iloc[0]))]
    listed = tuple(_row(result, dataset, str(table.index[0]), table.iloc[0]) for table in shown)
    if not listed:
        return ()
    text = "The images that score highest on the half that tests. Choose a phrase to see both ends of each set."
    return (Panel(title="The top difference in pictures", text=text, rows=listed),)


def _words(row: pd.Series[Any], result: Result) -> str:
    words = set_words(result)
    own = f"{row['truer_of']} ({words[0 if row['truer_of'] == 'A' else 1]})"
    value = format_value(float(row["value"]))
    interval = format_interval(float(row["low"]), float(row["high"]))
    return f"Truer of {own}: AUROC {value}, 95 % interval {interval}; {row['trust_band']} of known cases."


def _row(result: Result, dataset: Dataset, phrase: str, row: pd.Series[Any]) -> PictureRow:
    words = set_words(result)
    groups = [_group(result, dataset, phrase, letter, words[place], highest=True) for place, letter in enumerate("AB")]
    return PictureRow(title=f"“{phrase}”", text=_words(row, result), groups=tuple(groups), where=str(row["where"]))


def _ends(result: Result, dataset: Dataset, phrase: str) -> tuple[PictureRow, ...]:
    words = set_words(result)
    return tuple(
        PictureRow(
            title=f"{letter}: {words[place]}",
            groups=tuple(_group(result, dataset, phrase, letter, "", highest=highest) for highest in (True, False)),
        )
        for place, letter in enumerate("AB")
    )


def _group(result: Result, dataset: Dataset, phrase: str, letter: str, words: str, *, highest: bool) -> PictureGroup:
    samples = result.by_sample
    tested = samples[((samples["set"] == letter) & (samples["half"] == "validate")).to_numpy(dtype=bool)]
    values = tested[cosine(phrase)].to_numpy(dtype=float)
    order = np.argsort(-values if highest else values, kind="stable")[:IMAGES]
    pictures = tuple(
        Picture(sample_id=sample, caption=_label(dataset, sample), tag=format_value(score))
        for sample, score in zip(tested.index[order].astype("str"), values[order].tolist(), strict=True)
    )
    side = f"{letter}: {words}, " if words else ""
    return PictureGroup(title=f"{side}{'highest' if highest else 'lowest'}", pictures=pictures)


def _label(dataset: Dataset, sample: str) -> str:
    """Return the sample's class, empty where there is none."""
    label = dataset.roles.label
    if label is None or sample not in dataset.index:
        return ""
    found = dataset.metadata[label].loc[sample]
    return str(found) if bool(pd.notna(found)) else ""
