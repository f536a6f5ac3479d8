"""The part prototypes of the classes that are shown: found in dense features, one class after the other."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import numpy as np

from audit.errors import InputError
from audit.progress import counted
from audit.prototypes.parts import decompose, find_parts, heat_box, similarity, unit
from audit.prototypes.passes import PatchEncoder, batches, on_grid, read_image, whole_image_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.device_variant import DrawnRegion
    from audit.models.base import Model
    from audit.prototypes.case import Case
    from audit.prototypes.chosen import Prototypes

    _Read = tuple[NDArray[np.int64], NDArray[np.float32], np.ndarray | None]


@dataclasses.dataclass(frozen=True, eq=False)
class PartSet:
    """Part prototypes of all shown classes: real patches of real images.

    Parameters
    ----------
    vectors
        Their features (P, d).
    place, row, cell
        Class code, sample and position on the grid of each: (P,).
    box
        Where it is, as shares of the whole image's sides: (P, 4).
    share
        Share of the class's patches that it stands for, of those that speak for the class: (P,).
    unexplained
        Share of the class's weights outside the parts' span; NaN without a linear head: (P,).
    contribution
        Mean of its exact contribution to the class's logit over the class's images; NaN without a linear head: (P,).
    gap
        Largest difference between the contributions' sum and the logit less its bias: (P,).
    seen_row, seen_object, seen_subject
        Samples whose dense features were looked at, the share of the class's heat on the subject, and the share of
        the image that the subject takes: (s,).
    """

    vectors: NDArray[np.float32]
    place: NDArray[np.int64]
    row: NDArray[np.int64]
    cell: NDArray[np.int64]
    box: NDArray[np.float64]
    share: NDArray[np.float64]
    unexplained: NDArray[np.float64]
    contribution: NDArray[np.float64]
    gap: NDArray[np.float64]
    seen_row: NDArray[np.int64]
    seen_object: NDArray[np.float64]
    seen_subject: NDArray[np.float64]


def shown_classes(case: Case, wanted: tuple[str, ...], limit: int) -> list[int]:
    """Return the codes of the classes that are looked at closely: those named, or the largest.

    Classes without a sample that prototypes may come from are left out.
    """
    counts = np.bincount(case.code[case.reference & (case.code >= 0)], minlength=len(case.classes))
    if wanted:
        return [
            case.classes.index(name) for name in wanted if name in case.classes and counts[case.classes.index(name)]
        ]
    order = np.argsort(-counts, kind="stable")[:limit]
    return sorted(int(code) for code in order if counts[code])


def class_rows(case: Case, prototypes: Prototypes, code: int, images: int, *, seed: int) -> NDArray[np.int64]:
    """Return the samples in which a class's parts are sought: its prototypes, borderline samples, and others drawn."""
    typical = prototypes.row[prototypes.place == code]
    edge = prototypes.edge_row[prototypes.edge_place == code]
    first = list(dict.fromkeys([*typical.tolist(), *edge.tolist()]))
    others = np.setdiff1d(case.members(code), first)
    more = max(images - len(first), 0)
    drawn = np.random.default_rng([seed, code]).permutation(others)[:more]
    return np.asarray([*first, *drawn.tolist()], dtype=np.int64)


def class_weights(model: Model, case: Case, codes: list[int]) -> dict[int, NDArray[np.float32]]:
    """Return the weights of the linear head on pooled features by class code; empty without such a head."""
    from audit.models.classes import match_classes

    _, head = cast("PatchEncoder", model).dense
    if head is None:
        return {}
    matched = match_classes(model, [case.classes[code] for code in codes])  # type: ignore[arg-type]
    if matched.problems:
        return {}
    weight = head.weight.cpu().numpy()
    return {code: weight[column] for code, column in zip(codes, matched.columns, strict=True)}


class PartSearch:
    """Looks for parts, class by class.

    Parameters
    ----------
    dataset, model, case
        Whose.
    weights
        Of the linear head by class code; empty without one.
    r
        Parts a class.
    region
        Where subjects are, if that is known.
    seed
        Seed of the search.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: Model,
        case: Case,
        weights: dict[int, NDArray[np.float32]],
        *,
        r: int,
        region: DrawnRegion | None,
        seed: int,
    ) -> None:
        self.dataset, self.model, self.case, self.weights = dataset, model, case, weights
        self.r, self.region, self.seed = r, region, seed
        self.grid = cast("PatchEncoder", model).dense[0].grid

    def find(self, rows: dict[int, NDArray[np.int64]]) -> PartSet:
        """Return the parts of the classes, given the samples to look at by class code."""
        classes = counted(rows.items(), "Looking for parts, class by class", len(rows))
        read = {code: found for code, chosen in classes if len((found := self._features(chosen))[0])}
        if not read:
            raise InputError(f"`images` of '{self.dataset.name}' must hold one that can be read; none can.")
        means = {code: _mean_patch(features) for code, (_, features, _) in read.items()}
        common = np.mean(list(means.values()), axis=0)
        parts = [self._class(code, read[code], means[code] - common, common) for code in read]
        names = [field.name for field in dataclasses.fields(PartSet)]
        return PartSet(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def _class(self, code: int, read: _Read, towards: NDArray[np.float32], common: NDArray[np.float32]) -> PartSet:
        kept, features, subject = read
        n, height, width, depth = features.shape
        patches = features.reshape(-1, depth)
        own = np.isin(kept, self.case.members(code))
        weight = self.weights.get(code)
        speaks = patches @ weight if weight is not None else (unit(patches) - common) @ towards
        inside = np.flatnonzero(np.repeat(own, height * width))
        # Parts are sought among the places that speak for the class: the others are what all classes share.
        inside = inside[speaks[inside] >= np.median(speaks[inside])]
        parts = find_parts(patches[inside], self.r, seed=self.seed)
        image, cell = inside[parts.patch] // (height * width), inside[parts.patch] % (height * width)
        vectors = patches[inside[parts.patch]]
        unexplained, contribution, gap = _exact(features[own], weight, vectors)
        maps = similarity(features, vectors)
        boxes = [self._box(int(kept[i]), maps[i, :, :, part]) for part, i in enumerate(image.tolist())]
        heat = speaks.reshape(n, height, width)
        return PartSet(
            vectors=vectors.astype(np.float32),
            place=np.full(len(vectors), code, dtype=np.int64),
            row=kept[image],
            cell=cell.astype(np.int64),
            box=np.asarray(boxes, dtype=np.float64).reshape(-1, 4),
            share=np.asarray(parts.share, dtype=np.float64),
            unexplained=np.full(len(vectors), unexplained),
            contribution=contribution,
            gap=np.full(len(vectors), gap),
            seen_row=kept,
            seen_object=heat_on_subject(heat, subject) if subject is not None else np.full(n, np.nan),
            seen_subject=subject.mean(axis=(1, 2)) if subject is not None else np.full(n, np.nan),
        )

    def _features(self, rows: NDArray[np.int64]) -> _Read:
        kept, features, subjects = [], [], []
        for batch in batches(self.dataset, self.model, rows, self.region):
            kept.append(batch.rows)
            features.append(cast("PatchEncoder", self.model).patch_features(batch.images).cpu().numpy())
            if batch.subject is not None:
                subjects.append(on_grid(batch.subject, self.grid))
        if not kept:
            return np.zeros(0, dtype=np.int64), np.zeros((0, 1, 1, 1), dtype=np.float32), None
        return np.concatenate(kept), np.concatenate(features), np.concatenate(subjects) if subjects else None

    def _box(self, row: int, heat: np.ndarray) -> tuple[float, float, float, float]:
        size = read_image(self.dataset, row).size
        return whole_image_box(heat_box(heat), size, self.model.preprocessing)


def _mean_patch(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the unit patches of a class's images, (d,)."""
    return np.asarray(unit(features).mean(axis=(0, 1, 2)), dtype=np.float32)


def _exact(
    features: NDArray[np.float32], weight: NDArray[np.float32] | None, vectors: NDArray[np.float32]
) -> tuple[float, NDArray[np.float64], float]:
    """Return the unexplained share, each part's mean contribution, and how far their sum is from the logit."""
    if weight is None:
        return float("nan"), np.full(len(vectors), np.nan), float("nan")
    split = decompose(weight, unit(vectors))
    mean = features.mean(axis=(1, 2), dtype=np.float64)
    contributions = mean @ split.parts.T
    gap = float(np.abs(contributions.sum(axis=1) - mean @ weight.astype(np.float64)).max())
    return split.unexplained, contributions.mean(axis=0), gap


def heat_on_subject(heat: np.ndarray, subject: np.ndarray) -> NDArray[np.float64]:
    """Return the share of each image's heat that lies on the subject: (n,), NaN for a map without heat.

    Parameters
    ----------
    heat
        (n, h, w); what is below the map's mean is no heat.
    subject
        Share of each cell that the subject takes (n, h, w).
    """
    above = np.maximum(heat - heat.mean(axis=(1, 2), keepdims=True), 0).astype(np.float64)
    total = above.sum(axis=(1, 2))
    inside = (above * subject).sum(axis=(1, 2))
    return np.asarray(np.divide(inside, total, out=np.full(len(heat), np.nan), where=total > 0))
