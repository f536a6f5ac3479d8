"""Prototype explanations: what stands for a class, and because of what an image looks like it.

The arithmetic is in :mod:`audit.prototypes`, one question a module; here outputs are fetched and results packed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np

from audit.base import Audit, Bounds, Extractor, Figure
from audit.errors import InputError
from audit.outputs import Embeddings, Predictions, Source
from audit.prototypes.case import By, Setting, read_case
from audit.prototypes.chosen import ClassPrototypes, Prototypes, nearest_prototypes
from audit.prototypes.evidence import Evidence, PartEvidence
from audit.prototypes.meanings import LABELS, MEANINGS
from audit.prototypes.notes import evidence_notes, selection_notes
from audit.prototypes.parts import Similarity
from audit.prototypes.reasons import find_reasons
from audit.prototypes.rows import (
    because_rows,
    class_rows,
    curve_rows,
    dose_rows,
    finding_rows,
    part_rows,
    prototype_rows,
    sample_table,
)
from audit.prototypes.scores import coverage_row, exact_rows, fidelity_rows, subject_rows
from audit.prototypes.scores import curve_rows as curve_scores
from audit.prototypes.scores import part_rows as part_scores
from audit.prototypes.selection import Method
from audit.prototypes.told_apart import tell_apart, told_apart_rows
from audit.prototypes.verdict import verdict
from audit.result import Result, score_table

if TYPE_CHECKING:
    from PIL import Image

    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs
    from audit.panels import Panel
    from audit.prototypes.case import Case


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrototypeExplanations(Audit):
    """Finds typical, borderline and part prototypes of every class, and says because of what images look like them.

    Parameters
    ----------
    by
        What a class is: the truth or the model's prediction; auto takes its prediction where there is one.
    source
        Where the model's answers come from.
    reference_split
        Value of the split column that prototypes come from; the training split, or everything, when left out.
    method
        How typical samples are chosen.
    k
        Typical and borderline samples a class.
    classes
        Classes to look at closely; the largest ones when left out.
    limit
        Most classes looked at closely: their parts, and because of what.
    parts
        Part prototypes a class.
    images
        Images of each class in which parts are sought.
    explained
        Images that are changed in five ways and compared with every part prototype.
    doses
        Further strengths of the changes, 1 being the reference's own; none for that alone.
    equalised
        Whether all five changes alter the pixels by as much, instead of the reference's own strengths.
    similarity
        How alike places are: cosine, or ProtoPNet's.
    curves
        Images in which places are removed to test the heat maps.
    checkpoint
        State dict of a trained ProtoPNet-like model (prototype_vectors, last_layer.weight, add_on_layers) on this
        backbone; its prototypes are explained instead of found ones.
    correction
        Correction over all prototypes and characteristics.
    draws
        Bootstrap draws.
    seed
        Seed of draws, starts and shuffles.
    """

    title: ClassVar[str] = "Prototype explanations"
    category: ClassVar[str] = "Explanations"
    question: ClassVar[str] = "What stands for a class, and because of what does an image look like it?"
    reference: ClassVar[str] = (
        "Nauta et al., This Looks Like That, Because ..., 2020 (arXiv 2011.02863); Chen et al., ProtoPNet, NeurIPS "
        "2019 (arXiv 1806.10574); Wang et al., ST-ProtoPNet, ICCV 2023 (arXiv 2301.04011); Tan, Zhou & Chen, post-hoc "
        "part prototypes, ICML 2024; Gautam et al., KMEx; Kim et al., MMD-critic, NeurIPS 2016; Gurumoorthy et al., "
        "ProtoDash (arXiv 1707.01212); Wang et al., TEEN, NeurIPS 2023; Huang et al., ICCV 2023 (arXiv 2212.05946)"
    )
    reading: ClassVar[str] = (
        "Each class is shown by its typical pictures, each with the share of the class that stands behind it, by its "
        "borderline ones, and by parts: real patches that the model uses. Open any image to see which part it looks "
        "like to the model, and what becomes of that likeness when contrast, saturation, hue, shape or texture of the "
        "image is changed. A long bar to the right says that the likeness is lost with that characteristic: the model "
        "relied on it. A bar at 0 says that the model does not care."
    )
    formula: ClassVar[str] = (
        r"\varphi_m(p)=\frac{\sum_x\,(g-\hat g_m)\,g}{\sum_x g}\qquad "
        r"v_c=\sum_i p_i,\quad \mathrm{logit}_c=\sum_i \bar F\cdot p_i + b_c"
    )
    limits: ClassVar[str] = (
        "Prototypes show what the model groups together, not why it was trained so. Where the logits are no linear "
        "layer on the mean of the features (class-token transformers, CLIP), heat maps are similarity, not "
        "decomposition. The five changes are of different strength; `equalised` makes them alter the pixels by as "
        "much. Coverage, typical and borderline samples without training, pseudo-parts, and what counts as misleading "
        "or redundant are audit-defined. Hue and saturation of grey images are 0 by construction."
    )
    meanings: ClassVar[Mapping[str, str]] = MEANINGS
    labels: ClassVar[Mapping[str, str]] = LABELS
    version: ClassVar[int] = 4
    column_roles: ClassVar[tuple[str, ...]] = ("label", "prediction", "group_id", "split", "mask")
    examines: ClassVar[str] = "This looks like that, because ..."

    by: By = "auto"
    source: Source = "auto"
    reference_split: str = ""
    method: Method = "kmedoids"
    k: Annotated[int, Bounds(1, 20)] = 3
    classes: tuple[str, ...] = ()
    limit: Annotated[int, Bounds(1, 100)] = 20
    parts: Annotated[int, Bounds(1, 10)] = 3
    images: Annotated[int, Bounds(2, 100)] = 10
    explained: Annotated[int, Bounds(5, 5_000)] = 100
    doses: tuple[Annotated[float, Bounds(0.1, 3, 0.1)], ...] = (0.5, 2.0)
    equalised: bool = False
    similarity: Similarity = "cosine"
    curves: Annotated[int, Bounds(0, 200)] = 12
    checkpoint: str = ""
    correction: Literal["benjamini_hochberg", "holm"] = "benjamini_hochberg"
    draws: Annotated[int, Bounds(200, 10_000, 100)] = 500
    seed: Annotated[int, Bounds(0, 2**31 - 1)] = 0

    @property
    def setting(self) -> Setting:
        """What a class is, and where prototypes come from."""
        return Setting(by=self.by, reference=self.reference_split)

    def chosen(self, dataset: Dataset, model: Model) -> ClassPrototypes:
        """Return the extractor of the class prototypes."""
        answers = not Predictions(source=self.source).missing(dataset, model)
        return ClassPrototypes(
            setting=self.setting,
            source=self.source if answers else None,
            method=self.method,
            k=self.k,
            boundary=self.k,
            seed=self.seed,
        )

    def evidence(self, dataset: Dataset, model: Model) -> PartEvidence:
        """Return the extractor of everything that needs the model."""
        return PartEvidence(
            prototypes=self.chosen(dataset, model),
            parts=self.parts,
            images=self.images,
            explained=self.explained,
            doses=self.doses,
            equalised=self.equalised,
            similarity="protopnet" if self.checkpoint else self.similarity,
            classes=self.classes,
            limit=self.limit,
            curves=self.curves,
            checkpoint=self.checkpoint,
            seed=self.seed,
        )

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return embeddings, answers and class prototypes, and parts where the model shows features by place."""
        chosen = self.chosen(dataset, model)
        wanted: list[Extractor] = [Embeddings(), chosen]
        if chosen.source is not None:
            wanted.append(Predictions(source=chosen.source))
        evidence = self.evidence(dataset, model)
        if self.checkpoint or not evidence.missing(dataset, model):
            wanted.append(evidence)
        return tuple(wanted)

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what is lacking: classes, embeddings, and what was asked for by name."""
        reasons = super().missing(dataset, model)
        answers = not Predictions(source=self.source).missing(dataset, model)
        if dataset.roles.label is None and not answers:
            lacking = f"'{dataset.name}' has no label column and {model.name} names no class"
            reasons.append(f"{lacking}: choose the column of the true classes")
        if self.by == "prediction" and not answers:
            reasons += Predictions(source=self.source).missing(dataset, model)
        if self.by == "label" and dataset.roles.label is None:
            reasons.append(f"'{dataset.name}' has no label column: choose the column of the true classes")
        return list(dict.fromkeys(reasons))

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Compute fidelity, coverage, reasons and what speaks for the heat maps."""
        case, prototypes, evidence = self._read(outputs)
        index = outputs.dataset.index
        nearest = nearest_prototypes(case, prototypes.row, prototypes.place)
        overall = fidelity_rows(case, prototypes, nearest)
        overall.append(coverage_row(case, prototypes, nearest, seed=self.seed))
        rows = class_rows(case, prototypes, nearest, seed=self.seed)
        rows += prototype_rows(case, prototypes, index, evidence)
        notes = [*case.notes, *selection_notes(case, prototypes, nearest, k=self.k)]
        reasons = None
        if evidence is not None:
            reasons = find_reasons(case, evidence, correction=self.correction, draws=self.draws, seed=self.seed)
            overall += part_scores(case, evidence, seed=self.seed)
            overall += [*curve_scores(evidence), *subject_rows(case, evidence, prototypes), *exact_rows(evidence)]
            rows += part_rows(case, evidence, reasons, index) + because_rows(case, evidence, reasons)
            rows += told_apart_rows(case, tell_apart(case, evidence.likeness, evidence.codes), self.correction)
            rows += finding_rows(case, evidence, reasons) + dose_rows(evidence, reasons) + curve_rows(evidence)
            notes += evidence_notes(case, evidence, reasons, limit=self.limit, equalised=self.equalised)
        else:
            notes.append(
                "Parts and reasons need images and a model that shows features by place of the image: left out here."
            )
        return Result(
            overall=score_table(overall),
            by_group=score_table(rows, index="prototype"),
            by_sample=sample_table(case, prototypes, nearest, index, evidence),
            verdict=verdict(case, prototypes, overall, reasons),
            notes=tuple(dict.fromkeys([*notes, *outputs.notes])),
            settings=self._settings(case, evidence),
        )

    def _read(self, outputs: ModelOutputs) -> tuple[Case, Prototypes, Evidence | None]:
        chosen = next((key for key in outputs if isinstance(key, ClassPrototypes)), None)
        if chosen is None:
            raise InputError(
                "`outputs` must hold the class prototypes; they do not. Ask `requires` for what is needed."
            )
        answers = outputs[Predictions(source=chosen.source)] if chosen.source is not None else None
        case = read_case(outputs.dataset, np.asarray(outputs[Embeddings()]), answers, self.setting)
        wanted = next((key for key in outputs if isinstance(key, PartEvidence)), None)
        return case, Prototypes(**outputs[chosen]), Evidence.of(outputs[wanted]) if wanted is not None else None

    def _settings(self, case: Case, evidence: Evidence | None) -> dict[str, Any]:
        linear = evidence is not None and bool(evidence.linear[0])
        return {
            "seed": self.seed,
            "class_is": case.by,
            "heat": "decomposition" if linear else "similarity, not decomposition",
            "strengths": [] if evidence is None else evidence.strengths[0].tolist(),
            "looked_at": [] if evidence is None else [case.classes[code] for code in evidence.codes.tolist()],
        }

    def figures(self, result: Result, dataset: Dataset) -> Sequence[Figure]:  # noqa: ARG002
        """Return the prototype by characteristic map, fidelity by class, the doses, the deletion curves."""
        from audit.prototypes.figures import page_figures

        return page_figures(result)

    def panels(self, result: Result, dataset: Dataset, where: str) -> Sequence[Panel]:
        """Return a row a class (typical, borderline, parts), and the misleading and redundant prototypes."""
        from audit.prototypes.panels import page_panels

        return page_panels(result, dataset, where)

    def examine(self, result: Result, dataset: Dataset, model: Model, sample: str | Image.Image) -> Sequence[Panel]:
        """Return what one image looks like to the model, because of what, with heat maps and signed bars."""
        from audit.prototypes.examine import examine_sample

        return examine_sample(self, result, dataset, model, sample)

    def compare(self, results: Mapping[str, Result], dataset: Dataset) -> Sequence[Figure]:  # noqa: ARG002
        """Return what each model's parts rest on, side by side."""
        from audit.prototypes.figures import comparison_figures

        return comparison_figures(results)
