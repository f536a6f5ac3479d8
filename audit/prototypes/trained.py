"""The prototypes of a trained ProtoPNet-like model, each shown by the patch of the reference images most like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from audit.errors import InputError
from audit.prototypes.likeness import Likener
from audit.prototypes.part_search import PartSet
from audit.prototypes.parts import heat_box
from audit.prototypes.passes import PatchEncoder, batches, read_image, whole_image_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.prototypes.case import Case
    from audit.prototypes.checkpoint import TrainedPrototypes


def trained_parts(
    dataset: Dataset,
    model: Model,
    case: Case,
    trained: TrainedPrototypes,
    rows: dict[int, NDArray[np.int64]],
) -> PartSet:
    """Return the trained prototypes of the classes that are looked at.

    Parameters
    ----------
    dataset, model, case
        The backbone is the model.
    trained
        What the checkpoint holds; class c of its head is class c of the dataset.
    rows
        Samples that prototypes may be shown by, by class code.

    Raises
    ------
    InputError
        If classes or channels do not fit.
    """
    if len(trained.weight) != len(case.classes):
        raise InputError(
            f"`checkpoint` must have a head of the dataset's {len(case.classes)} classes; it has {len(trained.weight)}."
        )
    likener = Likener(model, trained.vectors, "protopnet", trained)
    place = trained.classes()
    kept = np.flatnonzero(np.isin(place, list(rows)))
    best = np.full(len(place), -np.inf)
    row, cell = np.full(len(place), -1), np.zeros(len(place), dtype=np.int64)
    maps: dict[int, np.ndarray] = {}
    for code, chosen in rows.items():
        own = np.flatnonzero(place == code)
        for batch in batches(dataset, model, chosen):
            _fits(trained, likener, batch.images)
            found = likener.maps(batch.images).cpu().numpy()[:, :, own]
            peak, value = found.argmax(axis=1), found.max(axis=1)
            for at, prototype in enumerate(own.tolist()):
                image = int(value[:, at].argmax())
                if value[image, at] > best[prototype]:
                    best[prototype] = value[image, at]
                    row[prototype], cell[prototype] = int(batch.rows[image]), int(peak[image, at])
                    maps[prototype] = found[image, :, at]
    kept = kept[row[kept] >= 0]
    if len(kept) == 0:
        raise InputError("`checkpoint` must have prototypes of the classes looked at; it has none.")
    grid = cast("PatchEncoder", model).dense[0].grid
    boxes = [
        whole_image_box(
            heat_box(maps[prototype].reshape(grid)), read_image(dataset, int(row[prototype])).size, model.preprocessing
        )
        for prototype in kept.tolist()
    ]
    nothing = np.full(len(kept), np.nan)
    strength = np.maximum(trained.weight[place[kept], kept].astype(np.float64), 0)
    total = np.bincount(place[kept], weights=strength, minlength=len(case.classes))[place[kept]]
    return PartSet(
        vectors=trained.vectors[kept],
        place=place[kept],
        row=row[kept].astype(np.int64),
        cell=cell[kept],
        box=np.asarray(boxes),
        share=np.divide(strength, total, out=np.zeros_like(strength), where=total > 0),
        unexplained=nothing,
        contribution=nothing,
        gap=nothing,
        seen_row=np.zeros(0, dtype=np.int64),
        seen_object=np.zeros(0),
        seen_subject=np.zeros(0),
    )


def _fits(trained: TrainedPrototypes, likener: Likener, images: object) -> None:
    depth = int(cast("Any", likener.model).patch_features(cast("Any", images)[:1]).shape[-1])
    if depth != trained.channels:
        raise InputError(
            f"`checkpoint` must fit features of {depth} channels, which {likener.model.name} has; its prototypes "
            f"expect {trained.channels}."
        )
