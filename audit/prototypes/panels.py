"""The page's rows of pictures: a row a class, and the prototypes that mislead or say the same twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.panels import Panel, Picture, PictureGroup, PictureRow
from audit.wording import format_value

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.result import Result

TITLES = {
    "typical": "typical",
    "boundary": "borderline",
    "criticism": "badly represented",
    "part": "parts, alike because of",
}


def page_panels(result: Result, dataset: Dataset, where: str) -> tuple[Panel, ...]:
    """Return the classes' rows (the class of the selected row first), misleading and redundant prototypes."""
    rows = result.by_group
    truth = result.settings.get("class_is") == "label"
    said = "the true class" if truth else "what the model calls it"
    classes = _classes(result, where)
    told = "class" if truth else "model's answer"
    pictured = _pictured(rows)
    shown = tuple(_class_row(rows[rows["class"] == name], pictured, name, dataset, told) for name in classes)
    text = (
        f"A class is {said}. Under each typical picture: the share of the class that it stands for. Borderline "
        "pictures: how much nearer they lie to their own class than to the next; below 0 another class is nearer. "
        "Parts: where the model finds them (frame), what makes things look like them, and their share of the patches."
        + _heat_words(result)
    )
    panels = [Panel(title="What stands for each class", text=text, rows=shown)]
    found = _findings(rows, "misleading", dataset)
    if found:
        text = (
            "The places most like these parts look alike in colour and edges, so a person would think of hue and "
            "shape; the model's likeness is lost with neither, but with something less visible."
        )
        panels.append(Panel(title="Misleading prototypes", text=text, rows=found))
    found = _findings(rows, "redundant", dataset)
    if found:
        text = "Two parts of one class that look alike and rest on the same characteristics: one of them would do."
        panels.append(Panel(title="Redundant prototypes", text=text, rows=found))
    return tuple(panels)


def _heat_words(result: Result) -> str:
    """Return what "heat on subject" is, which way it points and what chance gives; empty where it was not measured."""
    if "relevance" not in result.overall.index:
        return ""
    null = float(result.score("relevance")["null"])
    here = f", here {format_value(null, 'share')} on average" if np.isfinite(null) else ""
    return (
        " Heat on subject: of what speaks for the class in an image, the share that lies on the subject; higher: the "
        "subject itself counts, lower: what is around it. Heat spread evenly, as by chance, would give the share of "
        f"the image that the subject covers{here}."
    )


def _classes(result: Result, where: str) -> list[str]:
    """Return the classes to show: those looked at closely, else all; the selected row's first."""
    rows = result.by_group
    names = list(dict.fromkeys(rows.loc[rows["kind"] == "typical", "class"]))
    close = [str(name) for name in result.settings.get("looked_at", [])]
    names = [name for name in names if name in set(close)] + [name for name in names if name not in set(close)]
    if where and "where" in rows.columns:
        chosen = rows.loc[rows["where"] == where, "class"].dropna().astype("str").tolist()
        names.sort(key=lambda name: name not in chosen)
    return names


def _pictured(rows: pd.DataFrame) -> dict[tuple[str, str], list[dict[Any, Any]]]:
    """Return the rows that have a picture by class and kind, read from the table once for all classes."""
    columns = ["kind", "class", "sample", "value", "because", "misleading", "box", "on_subject"]
    found: dict[tuple[str, str], list[dict[Any, Any]]] = {}
    for row in rows.loc[rows["kind"].isin(list(TITLES)), rows.columns.intersection(columns)].to_dict(orient="records"):
        found.setdefault((str(row["class"]), str(row["kind"])), []).append(row)
    return found


def _class_row(
    rows: pd.DataFrame, pictured: dict[tuple[str, str], list[dict[Any, Any]]], name: str, dataset: Dataset, told: str
) -> PictureRow:
    own = rows[rows["kind"] == "class"]
    groups = []
    for kind, title in TITLES.items():
        pictures = tuple(_picture(row, kind, dataset) for row in pictured.get((name, kind), []))
        if pictures:
            groups.append(PictureGroup(title=title, pictures=pictures))
    text, where = "", ""
    if len(own):
        first: dict[str, Any] = {str(key): value for key, value in own.iloc[0].items()}
        where = str(first.get("where") or "")
        text = f"{first['samples']:,.0f} samples to choose from."
        if np.isfinite(first["value"]):
            agreed = format_value(float(first["value"]), "share")
            text += f" The nearest typical picture tells the {told} for {agreed} of {first['n']:,.0f}."
    text += _told_apart(rows[rows["kind"] == "told_apart"])
    return PictureRow(title=name, text=text, groups=tuple(groups), where=where)


def _told_apart(rows: pd.DataFrame) -> str:
    """Return what tells a class from the others as a sentence, empty where nothing is shown to."""
    if rows.empty or not str(rows["because"].iloc[0]):
        return ""
    return f" Told from the others mostly by {rows['because'].iloc[0]}; closest to it is {rows['rival'].iloc[0]}."


def _picture(row: dict[Any, Any], kind: str, dataset: Dataset) -> Picture:
    sample = str(row["sample"])
    value = float(row["value"])
    tag = ""
    if kind == "typical":
        caption = f"stands for {format_value(value, 'share')}"
    elif kind == "boundary":
        caption = f"margin {format_value(value)}" if np.isfinite(value) else "borderline"
    elif kind == "criticism":
        caption = "badly represented"
    else:
        caption = str(row["because"]).removeprefix("mostly because of ")
        tag = format_value(value, "share")
        if row.get("misleading") == "yes":
            tag = f"misleading · {tag}"
    box = _box(row.get("box")) if kind == "part" else None
    on_subject = row.get("on_subject", np.nan)
    if kind in {"typical", "boundary"} and isinstance(on_subject, float) and np.isfinite(on_subject):
        tag = f"heat on subject {100 * on_subject:.0f} %"
    tag = " · ".join(filter(None, [_truth(sample, row, dataset), tag]))
    return Picture(sample_id=sample, caption=caption, tag=tag, box=box)


def _truth(sample: str, row: dict[Any, Any], dataset: Dataset) -> str:
    """Return what a picture of a predicted class really shows, where that is another class."""
    label = dataset.roles.label
    if label is None or sample not in dataset.index:
        return ""
    truth = dataset.metadata[label].loc[sample]
    return f"in truth {truth}" if bool(pd.notna(truth)) and str(truth) != str(row["class"]) else ""


def _box(text: Any) -> tuple[float, float, float, float] | None:
    if not isinstance(text, str) or not text:
        return None
    left, top, right, bottom = (float(edge) for edge in json.loads(text))
    return (left, top, right, bottom)


def _findings(rows: pd.DataFrame, kind: str, dataset: Dataset) -> tuple[PictureRow, ...]:
    parts = rows[rows["kind"] == "part"]
    found = []
    for name, row in rows[rows["kind"] == kind].iterrows():
        names = [row["part"], *([row["other_part"]] if isinstance(row.get("other_part"), str) else [])]
        pictures = tuple(
            _picture(each, "part", dataset) for each in parts[parts.index.isin(names)].to_dict(orient="records")
        )
        try:
            group = PictureGroup(title="", pictures=pictures)
        except InputError:
            continue
        found.append(
            PictureRow(title=str(name), text=f"Looks alike {row['because']}.", groups=(group,), where=str(row["where"]))
        )
    return tuple(found)
