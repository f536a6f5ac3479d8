"""What prototypes need of the model: part prototypes, likeness under changes, and what removing places does.

One output holds all of it: it is made from images of chosen samples alone, class by class and batch by batch, and is
kept in the store.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from audit.backgrounds.regions import MaskRegion
from audit.base import DerivedExtractor, Extractor
from audit.errors import InputError
from audit.outputs import missing_images
from audit.prototypes.case import read_case
from audit.prototypes.checkpoint import read_trained
from audit.prototypes.chosen import ClassPrototypes, Prototypes
from audit.prototypes.curves import Curves, Heater, class_scores, follow
from audit.prototypes.likeness import Likener, Likeness, explained_rows, measure
from audit.prototypes.modifications import CHARACTERISTICS, modified, pixel_rms
from audit.prototypes.part_search import PartSearch, PartSet, class_rows, class_weights, shown_classes
from audit.prototypes.parts import Similarity
from audit.prototypes.passes import PatchEncoder, batches, lacking_patches
from audit.prototypes.trained import trained_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Model

DOSED = 24
"""Images that are changed at every strength and shaken by noise; the others at the first strength alone."""

CALIBRATED_ON = 8
"""Images on which strengths of equal pixel change are found."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PartEvidence(DerivedExtractor):
    """Part prototypes and what speaks for them: the arrays of :class:`Evidence`.

    Parameters
    ----------
    prototypes
        The class prototypes.
    parts, images, explained, doses, equalised, similarity, classes, limit, curves, checkpoint, seed
        As in the audit.
    """

    aligned: ClassVar[bool] = False
    kept: ClassVar[bool] = True
    version: ClassVar[int] = 2

    prototypes: ClassPrototypes
    parts: int = 3
    images: int = 10
    explained: int = 100
    doses: tuple[float, ...] = ()
    equalised: bool = False
    similarity: Similarity = "cosine"
    classes: tuple[str, ...] = ()
    limit: int = 20
    curves: int = 16
    checkpoint: str = ""
    seed: int = 0

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:
        """Return the class prototypes and what they are made of."""
        return (self.prototypes, *self.prototypes.inputs(dataset, model))

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:
        """Return what the class prototypes depend on, the checkpoint's content and the masks'."""
        from audit.models.weights import file_hash

        facts = dict(self.prototypes.depends_on(dataset, model))
        if self.checkpoint:
            facts["checkpoint"] = file_hash(Path(self.checkpoint).expanduser())
        if dataset.roles.mask is not None and dataset.root is not None:
            facts["masks"] = dict(MaskRegion(column=dataset.roles.mask).depends_on(dataset))
        return facts

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what is lacking: images, features by place, a checkpoint that fits."""
        reasons = [*super().missing(dataset, model), *missing_images(dataset), *lacking_patches(model)]
        if self.checkpoint and not reasons:
            try:
                read_trained(self.checkpoint)
            except (InputError, OSError) as error:
                reasons.append(str(error))
        return reasons

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Find parts, compare, remove; the mapping of arrays is kept as it is."""
        prototypes = Prototypes(**arrays[0])
        predicted = arrays[2] if len(arrays) > 2 else None
        case = read_case(dataset, np.asarray(arrays[1]), predicted, self.prototypes.setting)
        mask = dataset.roles.mask
        region = MaskRegion(column=mask) if mask is not None else None
        codes = shown_classes(case, self.classes, self.limit)
        if not codes:
            raise InputError(f"`classes` must name classes that samples have; got {', '.join(self.classes) or 'none'}.")
        trained = read_trained(self.checkpoint) if self.checkpoint else None
        weights = {} if trained is not None else class_weights(model, case, codes)
        rows = {code: class_rows(case, prototypes, code, self.images, seed=self.seed) for code in codes}
        if trained is not None:
            found = trained_parts(dataset, model, case, trained, rows)
        else:
            search = PartSearch(dataset, model, case, weights, r=self.parts, region=region, seed=self.seed)
            found = search.find(rows)
        # A trained model answers by its own prototypes: the backbone's classes are not what it tells apart.
        scorer = class_scores(dataset, model, case) if trained is None else None
        likener = Likener(model, found.vectors, self.similarity, trained, scorer)
        drawn = explained_rows(case.tested, case.code, codes, self.explained, seed=self.seed)
        strengths = [each * (self._equal(dataset, model, drawn)) for each in (1.0, *self.doses)]
        likeness = measure(dataset, likener, drawn, strengths=strengths, dosed=DOSED, seed=self.seed, code=case.code)
        heater = Heater(case, likener, found, weights)
        curves = follow(dataset, model, heater, likeness.rows[: self.curves], seed=self.seed)
        evidence = Evidence(
            parts=found,
            likeness=likeness,
            curves=curves,
            strengths=np.stack(strengths),
            codes=np.asarray(codes, dtype=np.int64),
            grid=np.asarray(cast("PatchEncoder", model).dense[0].grid, dtype=np.int64),
            linear=np.asarray([bool(weights)]),
        )
        return cast("np.ndarray", evidence.arrays())

    def _equal(self, dataset: Dataset, model: Model, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return each characteristic's strength: 1, or that at which all change the pixels by as much."""
        if not self.equalised:
            return np.ones(len(CHARACTERISTICS))
        images = next(batches(dataset, model, rows[:CALIBRATED_ON])).images
        return equal_strengths(images)


def equal_strengths(images: Any, *, rounds: int = 6) -> NDArray[np.float64]:
    """Return the strengths at which every characteristic changes pixels by the median of their own: (characteristics,).

    Parameters
    ----------
    images
        uint8 (b, 3, H, W) to find them on.
    rounds
        Steps of the secant search; strengths stay within 0.1 and 10.
    """
    usual = [float(pixel_rms(images, modified(images, kind)).mean()) for kind in CHARACTERISTICS]
    target = float(np.median(usual))
    found = []
    for kind, at_one in zip(CHARACTERISTICS, usual, strict=True):
        strength, change = 1.0, at_one
        for _ in range(rounds):
            if change <= 0 or abs(change - target) < 0.02 * target:
                break
            strength = float(np.clip(strength * target / change, 0.1, 10.0))
            change = float(pixel_rms(images, modified(images, kind, strength)).mean())
        found.append(strength)
    return np.asarray(found)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Everything the model said.

    Parameters
    ----------
    parts, likeness, curves
        As their classes say.
    strengths
        Strength of each dose and characteristic (doses, characteristics).
    codes
        Class codes that were looked at closely.
    grid
        Rows and columns of places.
    linear
        Whether the logits are a linear layer on the mean of the features: (1,).
    """

    parts: PartSet
    likeness: Likeness
    curves: Curves
    strengths: NDArray[np.float64]
    codes: NDArray[np.int64]
    grid: NDArray[np.int64]
    linear: NDArray[np.bool_]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays by a name that says whose they are."""
        found: dict[str, np.ndarray] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                found[field.name] = value
            else:
                found |= {
                    f"{field.name}_{inner.name}": getattr(value, inner.name) for inner in dataclasses.fields(value)
                }
        return found

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Evidence:
        """Return the evidence that :meth:`arrays` wrote."""

        def part(kind: type[Any], prefix: str) -> Any:
            return kind(**{each.name: np.asarray(arrays[f"{prefix}_{each.name}"]) for each in dataclasses.fields(kind)})

        return cls(
            parts=part(PartSet, "parts"),
            likeness=part(Likeness, "likeness"),
            curves=part(Curves, "curves"),
            strengths=np.asarray(arrays["strengths"]),
            codes=np.asarray(arrays["codes"]),
            grid=np.asarray(arrays["grid"]),
            linear=np.asarray(arrays["linear"]),
        )
