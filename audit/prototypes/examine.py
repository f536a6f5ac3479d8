"""One image explained: which parts it looks like to the model, where, and because of what."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.images import ImageProblem
from audit.panels import Panel, Picture, PictureGroup, PictureRow
from audit.prototypes.because import leading, words
from audit.prototypes.checkpoint import read_trained
from audit.prototypes.curves import named_scores, probability
from audit.prototypes.figures import bars
from audit.prototypes.heat import overlay
from audit.prototypes.likeness import Likener
from audit.prototypes.modifications import CHARACTERISTICS, modified
from audit.prototypes.parts import decompose, heat_box, unit
from audit.prototypes.passes import lacking_patches, prepared, read_image
from audit.wording import format_value

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from PIL import Image

    from audit.audits.prototypes import PrototypeExplanations
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.result import Result

SHOWN = 3
"""Parts that an image is compared with on the page."""

SHIFT = 0.02
"""By which share of a side the copies are moved whose spread is the interval of the bars."""

COPY = 0.5
"""Mean difference of the pixels, in grey levels, below which an image is a copy of a prototype's own."""

WEAK = 0.8
"""Part of the usual likeness below which a likeness is called weak."""

NOTHING = 1e-4
"""A drop in likeness that counts as none."""

_KEPT = 4
_sources: OrderedDict[tuple[Any, ...], _Sources] = OrderedDict()
_lock = threading.Lock()


@dataclasses.dataclass(frozen=True, eq=False)
class _Sources:
    """The part prototypes of a result, read anew from their images.

    Parameters
    ----------
    names, classes, rows
        Name, class and sample of each: (P,).
    pixels
        What the network saw of each source, uint8 (sources, 3, H, W), and which is whose: (P,).
    likener
        Compares with them.
    """

    names: list[str]
    classes: list[str]
    rows: NDArray[np.int64]
    pixels: torch.Tensor
    which: NDArray[np.int64]
    likener: Likener


def examine_sample(
    audit: PrototypeExplanations, result: Result, dataset: Dataset, model: Model, sample: str | Image.Image
) -> tuple[Panel, ...]:
    """Return panels that explain a sample, or an image from elsewhere.

    Raises
    ------
    InputError
        If the result has no parts, or the model shows no features by place.
    ImageProblem
        If the image cannot be read.
    """
    parts = result.by_group[result.by_group["kind"] == "part"]
    lacking = lacking_patches(model)
    if parts.empty or lacking:
        said = "; ".join(lacking) or "the result has no parts; run it with images and such a model"
        raise InputError(f"`model` must show features by place of the image: {said}.")
    sources = _read_sources(audit, parts, dataset, model)
    row = _row(dataset, sample)
    image = read_image(dataset, row) if row is not None else cast("Image.Image", sample).convert("RGB")
    batch = _copies(prepared(model, [image]))
    strengths = _strengths(result)
    maps = sources.likener.maps(batch)
    g, peak = maps.max(dim=1)
    after = {
        kind: sources.likener.maps(modified(batch, kind, strength))
        for kind, strength in zip(CHARACTERISTICS, strengths, strict=True)
    }
    phi = {kind: (g - found.gather(1, peak[:, None])[:, 0]).cpu().numpy() for kind, found in after.items()}
    likeness = g[0].cpu().numpy().astype(np.float64)
    allowed = _allowed(dataset, row, sources, batch)
    order = [int(place) for place in np.argsort(-likeness, kind="stable") if allowed[place]]
    grid = cast("Any", model).dense[0].grid
    query = _Query(_pixels(batch[0]), maps[0].cpu().numpy(), likeness, phi, grid)
    answer = _answer(dataset, model, batch[:1])
    panels = [_summary(result, dataset, row, answer, _exact_sum(audit, model, sources, batch))]
    own = _class_of(result, dataset, row)
    shown = enumerate(order[:SHOWN], start=1)
    panels += [_part_panel(result, sources, query, place, rank=rank, own_class=own) for rank, place in shown]
    return tuple(panel for panel in panels if panel is not None)


@dataclasses.dataclass(frozen=True, eq=False)
class _Query:
    pixels: NDArray[np.uint8]
    maps: NDArray[np.float32]
    likeness: NDArray[np.float64]
    phi: dict[Any, NDArray[np.float32]]
    grid: tuple[int, int]


def _row(dataset: Dataset, sample: str | Image.Image) -> int | None:
    if not isinstance(sample, str):
        return None
    row = int(dataset.index.get_indexer(pd.Index([sample]))[0])
    if row < 0:
        raise InputError(f"`sample` must be a sample of '{dataset.name}'; got '{sample}'.")
    return row


def _read_sources(audit: PrototypeExplanations, parts: pd.DataFrame, dataset: Dataset, model: Model) -> _Sources:
    """Return the prototypes' features, read from their own images; the last few are kept."""
    samples = parts["sample"].astype("str").tolist()
    cells = parts["cell"].astype("int64").to_numpy()
    kind = "protopnet" if audit.checkpoint else audit.similarity
    key = (model.fingerprint, dataset.images_fingerprint, kind, audit.checkpoint, tuple(samples), cells.tobytes())
    with _lock:
        if key in _sources:
            _sources.move_to_end(key)
            return _sources[key]
    rows = dataset.index.get_indexer(pd.Index(samples)).astype(np.int64)
    if (rows < 0).any():
        raise ImageProblem("a prototype's own sample is no longer among the data")
    unique, which = np.unique(rows, return_inverse=True)
    pixels = prepared(model, [read_image(dataset, int(row)) for row in unique])
    trained = read_trained(audit.checkpoint) if audit.checkpoint else None
    features = cast("Any", model).patch_features(pixels)
    if trained is not None:
        features = trained.transform(features)
    vectors = features.flatten(1, 2).cpu().numpy()[which, cells]
    found = _Sources(
        names=[str(name) for name in parts.index],
        classes=parts["class"].astype("str").tolist(),
        rows=rows,
        pixels=pixels,
        which=which,
        likener=Likener(model, vectors, kind, trained),
    )
    with _lock:
        _sources[key] = found
        while len(_sources) > _KEPT:
            _sources.popitem(last=False)
    return found


def _copies(image: torch.Tensor) -> torch.Tensor:
    """Return the image and four copies moved by a little, their edges repeated: (5, 3, H, W)."""
    import torch
    from torch.nn.functional import pad

    height, width = image.shape[-2:]
    down, across = max(1, round(SHIFT * height)), max(1, round(SHIFT * width))
    wide = pad(image.float(), (across, across, down, down), mode="replicate")
    moves = ((0, 0), (-down, 0), (down, 0), (0, -across), (0, across))
    cut = [wide[..., down + y : down + y + height, across + x : across + x + width] for y, x in moves]
    return torch.cat(cut).round().to(torch.uint8)


def _strengths(result: Result) -> list[float]:
    """Return the strengths that the result's own bars stand for: those of the first dose."""
    given = result.settings.get("strengths")
    return [float(strength) for strength in given] if given else [1.0] * len(CHARACTERISTICS)


def _allowed(dataset: Dataset, row: int | None, sources: _Sources, batch: torch.Tensor) -> NDArray[np.bool_]:
    """Return which prototypes the image may be said to look like: none of its own group, and no copy of it."""
    import torch

    same = (sources.pixels.float() - batch[:1].float()).abs().flatten(1).mean(dim=1) < COPY
    allowed = ~torch.as_tensor(same).cpu().numpy()[sources.which]
    if row is not None:
        content = np.asarray(dataset.content_hashes)
        allowed &= (sources.rows != row) & ((content[sources.rows] != content[row]) | (content[row] == ""))
        if dataset.roles.group_id is not None:
            group = dataset.metadata[dataset.roles.group_id].astype("str").to_numpy()
            allowed &= group[sources.rows] != group[row]
    return np.asarray(allowed, dtype=bool)


def _pixels(image: torch.Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy())


def _class_of(result: Result, dataset: Dataset, row: int | None) -> str:
    """Return the class that a sample counts as; empty for an image from elsewhere and a sample without a class."""
    if row is None:
        return ""
    found = result.by_sample["prototype_class"].reindex([dataset.index[row]]).iloc[0]
    return "" if pd.isna(found) else str(found)


def _of_another_class(own: str, other: str, known: Sequence[str]) -> str:
    """Return in words that an image looks like a part of another class than its own; empty where it does not."""
    if not own or own == other:
        return ""
    why = "" if own in known else ", of which no part was looked for"
    return f"A part of another class: the image counts as {own}{why}, the part as {other}. "


def _part_panel(result: Result, sources: _Sources, query: _Query, place: int, *, rank: int, own_class: str) -> Panel:
    """Return "this looks like that, because ..." for one part: two heat maps and five bars."""
    rows = []
    for kind in CHARACTERISTICS:
        drops = query.phi[kind][:, place]
        low, high = float(drops.min()), float(drops.max())
        rows.append({"characteristic": kind, "value": float(drops[0]), "low": low, "high": high})
    heads = leading(
        {str(row["characteristic"]): cast("float", row["value"]) for row in rows},
        {str(row["characteristic"]): cast("float", row["low"]) > NOTHING for row in rows},
    )
    name, likeness = sources.names[place], float(query.likeness[place])
    source = int(sources.which[place])
    own = sources.likener.maps(sources.pixels[source : source + 1])[0, :, place].cpu().numpy().reshape(query.grid)
    here = query.maps[:, place].reshape(query.grid)
    pictures = (
        PictureGroup(title="this ...", pictures=(_heated(query.pixels, here, f"likeness {format_value(likeness)}"),)),
        PictureGroup(
            title="... looks like that",
            pictures=(_heated(_pixels(sources.pixels[source]), own, name, tag=sources.classes[place]),),
        ),
    )
    overall = result.by_group
    known = overall[(overall["kind"] == "part") & (overall.index == name)]
    usual = str(known["because"].iloc[0]) if len(known) else ""
    text = f"Over all images, what looks like this part does so {usual}."
    reached = float(known["usual_likeness"].iloc[0]) if len(known) else float("nan")
    if likeness < WEAK * reached:
        compared = f"{format_value(likeness)}, where the images most like this part reach {format_value(reached)}"
        text = f"A weak likeness: {compared} on average. {text}"
    if len(known) and known["misleading"].iloc[0] == "yes":
        text += " It misleads: people see colour and shape here, the model uses neither."
    text = _of_another_class(own_class, sources.classes[place], sources.classes) + text
    figure = bars(rows, f"Likeness lost, {name}", "likeness lost when this is changed")
    return Panel(
        title=f"{rank}. Looks like {name} {words(heads)}",
        text=f"{text} Bars: this image; their lines span five copies of it, each moved by a little.",
        rows=(PictureRow(title="", groups=pictures),),
        figures=(figure,),
    )


def _heated(pixels: NDArray[np.uint8], heat: NDArray[np.floating], caption: str, tag: str = "") -> Picture:
    return Picture(image=overlay(pixels, heat), caption=caption, tag=tag, box=heat_box(heat))


def _answer(dataset: Dataset, model: Model, image: torch.Tensor) -> str:
    """Return what the model answers among the data's classes, and how surely; empty for a model that knows no names."""
    classes = dataset.classes
    scorer = named_scores(dataset, model, classes) if len(classes) > 1 else None
    if scorer is None:
        return ""
    logits = scorer(image)
    best = int(np.argmax(logits[0]))
    share = format_value(float(probability(logits, best)[0]), "share")
    return f"The model's answer among the {len(classes)} classes of the data: {classes[best]}, with {share}."


def _summary(result: Result, dataset: Dataset, row: int | None, answer: str, split: str) -> Panel | None:
    """Return the answer, the nearest typical picture, and the exact sum of the parts' contributions where there is."""
    text, groups = answer, []
    if row is not None:
        told = result.by_sample.iloc[int(result.by_sample.index.get_indexer(pd.Index([dataset.index[row]]))[0])]
        nearest = str(told["nearest_prototype"])
        if nearest:
            said = f"{told['nearest_class']}, likeness {format_value(float(told['likeness']))}"
            label = dataset.roles.label
            truth = "" if label is None else f"truth: {dataset.metadata[label].iloc[row]}"
            groups = [
                PictureGroup(
                    title="this image",
                    pictures=(
                        Picture(
                            sample_id=str(dataset.index[row]), caption=f"here {told['prototype_class']}", tag=truth
                        ),
                    ),
                ),
                PictureGroup(title="nearest typical picture", pictures=(Picture(sample_id=nearest, caption=said),)),
            ]
            own = _class_of(result, dataset, row)
            if own and str(told["nearest_class"]) != own:
                answer += (
                    f" Its nearest typical picture is of another class: typical pictures mislead about this {own}."
                )
        text = f"{answer} Of pictures of its own group, and of copies of it, none is called similar.".strip()
    if not groups and not split and not text:
        return None
    rows = (PictureRow(title="", text=split, groups=tuple(groups)),)
    return Panel(title="This image as a whole", text=text, rows=rows)


def _exact_sum(audit: PrototypeExplanations, model: Model, sources: _Sources, batch: torch.Tensor) -> str:
    """Return in words how the parts' contributions add up to the logit of the class they speak for most."""
    from audit.models.classes import match_classes

    _, head = cast("Any", model).dense
    if head is None or audit.checkpoint:
        return ""
    names = list(dict.fromkeys(sources.classes))
    matched = match_classes(cast("Any", model), names)
    if matched.problems:
        return ""
    mean = sources.likener.features(batch[:1]).mean(dim=(1, 2))[0].double().cpu().numpy()
    weight, bias = head.weight.double().cpu().numpy(), head.bias.double().cpu().numpy()
    logits = [float(mean @ weight[column] + bias[column]) for column in matched.columns]
    best = int(np.argmax(logits))
    column = matched.columns[best]
    own = [place for place, name in enumerate(sources.classes) if name == names[best]]
    vectors = unit(sources.likener.vectors.cpu().numpy()[own])
    split = decompose(weight[column], vectors)
    shares = split.parts @ mean
    listed = ", ".join(
        f"{sources.names[place].rpartition(': ')[2]} {share:+.2f}" for place, share in zip(own, shares, strict=True)
    )
    outside = 100 * split.unexplained
    return (
        f"Exact split of the logit of {names[best]}, the class looked at closely that it speaks for most: {listed}, "
        f"bias {bias[column]:+.2f}; together {logits[best]:.2f}. {outside:.0f} % of the class's weights lie outside "
        "the parts and are divided equally over them."
    )
