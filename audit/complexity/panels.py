"""The panels of the complexity page: a feature with its images and curve, and the pairs that come closest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.complexity.curves import feature_figure
from audit.complexity.ties import CLEAR, is_clear, tie_words
from audit.panels import Panel, Picture, PictureGroup, PictureRow
from audit.wording import format_value

if TYPE_CHECKING:
    import pandas as pd

    from audit.dataset import Dataset
    from audit.result import Result

FEATURES = ("atom", "channel", "direction")
IMAGES = 12
"""Images of the chosen feature, two lines of them."""

IMAGES_OF_EACH = 6
"""Images of each feature while none is chosen: one line."""

ROWS = 8
PAIRS = 12


def page_panels(result: Result, dataset: Dataset, where: str) -> tuple[Panel, ...]:
    """Return the chosen feature (or the shortcut candidates) and the sharpest pairs."""
    rows = result.by_group
    features = rows[rows["kind"].isin(FEATURES)]
    panels: list[Panel] = []
    chosen = features[features["where"] == where] if where else features.iloc[:0]
    if len(chosen):
        panels.append(_feature_panel(str(chosen.index[0]), result, dataset))
    else:
        overview = _overview(features, result, dataset)
        panels += [overview] if overview is not None else []
    pairs = _pairs_panel(rows[rows["kind"] == "sharp_pair"], dataset)
    return (*panels, *([pairs] if pairs is not None else []))


def _feature_panel(name: str, result: Result, dataset: Dataset) -> Panel:
    row = result.by_group.loc[[name]].iloc[0]
    curve = feature_figure(result.by_group[result.by_group["kind"] == "decoding"], name)
    return Panel(
        title=f"What {name} looks for",
        text=feature_sentence(name, row),
        rows=(_feature_row(name, row, result, dataset, title="Images that excite it most"),),
        figures=(curve,) if curve is not None else (),
    )


def feature_sentence(name: str, row: pd.Series[Any]) -> str:
    """Return what is known of a feature in plain words, after its name where one is given."""
    parts = []
    start = f"{name.capitalize()}: complexity" if name else "Complexity"
    if np.isfinite(row["value"]):
        when = f", first read at {row['first_layer']}" if row["first_layer"] else ""
        parts.append(f"{start} {format_value(float(row['value']))}{when}")
    else:
        parts.append(f"{start} not defined")
    if np.isfinite(row["importance"]):
        said = f"it carries {100 * row['importance']:.1f} % of the answers"
        parts.append(said + (f" and speaks for {row['promotes']}" if row.get("promotes") else ""))
    if row["tied_to"]:
        tie = f"it goes with {row['tied_to']}" if is_clear(row) else f"no clear tie, most with {row['tied_to']}"
        strength = f"strength {format_value(float(row['association']))} of 1, q {_small(float(row['association_q']))}"
        parts.append(f"{tie} ({strength})")
    if row["shortcut_candidate"] and name:
        tied = "tied" if is_clear(row) else "weakly tied"
        parts.append(f"simple, important and {tied} to an attribute: a candidate for a shortcut")
    return "; ".join(filter(None, parts)) + "."


def _called(row: pd.Series[Any]) -> str:
    """Return the attribute that a feature is called after, with its strength; none for a weak tie."""
    return "no clear tie" if row["tied_to"] and not is_clear(row) else tie_words(row)


def _small(q: float) -> str:
    return "< .001" if q < 0.001 else f"= {format_value(q)}"


def _overview(features: pd.DataFrame, result: Result, dataset: Dataset) -> Panel | None:
    """Return the candidates, or the most important features where there is none, each with its images."""
    candidates = features[features["shortcut_candidate"].astype(bool)]
    chosen = candidates.sort_values("association", ascending=False)
    title = "Shortcut candidates"
    text = (
        "Features that are read early, matter to the answer and go with an attribute, each with the images that "
        "excite it most and how much. An atom is one of the features that the activations were split into. Strength: "
        "share of the feature's variance that goes with the attribute's value, 0 to 1; a feature is called after it "
        f"from {format_value(CLEAR)} on."
    )
    if chosen.empty:
        order = features["importance"] if features["importance"].notna().any() else -features["value"]
        chosen = features.assign(_order=order).sort_values("_order", ascending=False)
        title = "The most important features" if features["importance"].notna().any() else "The simplest features"
        text = "What excites each of them most, among samples that the atoms were not fitted on."
    if chosen.empty or not dataset.has_images:
        return None
    rows = tuple(_feature_row(str(name), row, result, dataset) for name, row in chosen.head(ROWS).iterrows())
    return Panel(title=title, text=text, rows=rows)


def _feature_row(name: str, row: pd.Series[Any], result: Result, dataset: Dataset, *, title: str = "") -> PictureRow:
    most = IMAGES if title else IMAGES_OF_EACH
    return PictureRow(
        title=title or ": ".join(filter(None, [name.capitalize(), _called(row)])),
        text="" if title else feature_sentence("", row),
        groups=(PictureGroup(title="", pictures=top_pictures(name, result, dataset, most)),),
        where=str(row["where"]),
    )


def top_pictures(name: str, result: Result, dataset: Dataset, most: int = IMAGES) -> tuple[Picture, ...]:
    """Return the measured samples that excite a feature most, the strongest first."""
    table = result.by_sample
    values = table.loc[table["measured"].astype(bool), name]
    values = values[values > 0].sort_values(ascending=False)
    place = dataset.index.get_indexer(values.index)
    values = values[(place >= 0) & np.asarray(dataset.usable)[place]].head(most)
    label = dataset.roles.label
    return tuple(
        Picture(
            sample_id=str(sample),
            caption=str(dataset.metadata[label][str(sample)]) if label else str(sample),
            tag=f"{value:.2f}",
        )
        for sample, value in values.items()
    )


def _pairs_panel(rows: pd.DataFrame, dataset: Dataset) -> Panel | None:
    if rows.empty or not dataset.has_images:
        return None
    usable = set(dataset.index[dataset.usable])
    found = []
    for space, part in rows.groupby("space", sort=False):
        for _, row in part.head(PAIRS).iterrows():
            ids = [str(row["first"]), str(row["second"])]
            if not usable.issuperset(ids):
                continue
            pictures = tuple(
                Picture(sample_id=sample, caption=str(row[key]))
                for sample, key in zip(ids, ("first_class", "second_class"), strict=True)
            )
            words = "equal" if row["distance"] == 0 else f"distance {format_value(float(row['distance']))}"
            found.append(
                PictureRow(
                    title=f"{row['first_class']} or {row['second_class']}?",
                    text=f"{words.capitalize()} in {space}",
                    groups=(PictureGroup(title="", pictures=pictures),),
                    where=str(row["where"]),
                ),
            )
    if not found:
        return None
    return Panel(
        title="Sharp pairs",
        text="The most alike images of different classes. Where one of the two looks mislabelled, it may well be.",
        rows=tuple(found),
    )
