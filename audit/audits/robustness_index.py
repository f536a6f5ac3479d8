"""Medical-center robustness index: whether an embedding sees the class or the center.

The arithmetic is in :mod:`audit.robustness`, one question a module; here columns are fetched and results packed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np

from audit.base import Audit, Bounds, Column, Extractor, Figure
from audit.layer_outputs import PooledLayers
from audit.outputs import Embeddings
from audit.result import Result, score_table
from audit.robustness.case import Case, curve_of, make_case
from audit.robustness.index import OS, SO
from audit.robustness.meanings import LABELS, MEANINGS
from audit.robustness.mixing import EXTRA, available
from audit.robustness.outputs import CenterNeighbors
from audit.robustness.overall import overall_rows
from audit.robustness.published import COHORTS, ROBUSTNESS_INDEX, published_scores
from audit.robustness.rows import confusion_rows, curve_rows, error_rows, pair_rows, part_rows
from audit.robustness.samples import sample_table
from audit.robustness.search import Neighborhood
from audit.robustness.setting import DesignName, Setting, read_setting
from audit.robustness.stain import StainNormalised
from audit.robustness.training import (
    Found,
    Sample,
    clustering_rows,
    drop_rows,
    knn_probe_rows,
    layer_rows,
    mitigation_rows,
    mixing_rows,
    probe_rows,
)
from audit.robustness.verdict import verdict

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs
    from audit.panels import Panel


@dataclasses.dataclass(frozen=True, kw_only=True)
class RobustnessIndex(Audit):
    """Asks of every sample whether its neighbours share its class or its center, and what that costs.

    Parameters
    ----------
    center
        Column of the center: hospital, scanner, camera, country; the dataset's own center column when left out.
    design
        Compare every sample with every other, or only inside subsets of two classes and two centers.
    subset
        Column that names those subsets (several parted by |); every crossing when left out.
    k
        Neighbours counted; chosen by the accuracy of their class vote when left out. Set it to compare models.
    k_max
        Largest number of neighbours looked at.
    m
        Neighbours of each type that a margin is made of.
    draws
        Bootstrap draws of groups.
    permutations
        Permutations of centers among groups.
    probes
        Train probes, measure the performance drop under biased training sets and cluster.
    repeats
        Divisions into training and test groups for the performance drop.
    mitigation
        Try center-mean removal and ComBat on held-out groups.
    stain
        For stained tissue: embed the images once more in one common colour, as a further mitigation; takes as long
        as embedding them.
    layers
        Share of class and center in the variance of every layer; takes a further pass over the images.
    mixing
        iLISI, cLISI and kBET; needs the extra "mixing".
    sample_limit
        Most samples for everything that trains; drawn in whole groups.
    seed
        Seed of all draws.
    """

    title: ClassVar[str] = "Center robustness index"
    category: ClassVar[str] = "Shortcuts"
    question: ClassVar[str] = "Does the embedding see the class or the center it comes from?"
    reference: ClassVar[str] = (
        "de Jong, Marcus & Teuwen, Current Pathology Foundation Models are unrobust to Medical Center Differences "
        "(arXiv 2501.18055); Kömen et al., PathoROB (arXiv 2507.17845); CRoMa (arXiv 2607.25497); Lampinen et al., "
        "Learned feature representations are biased by complexity, learning order, position, and more (2024)"
    )
    reading: ClassVar[str] = (
        "Among the nearest neighbours that share just one thing with a sample, the index is the share that has its "
        "class rather than its center: 1 means that only the class counts, 0 only the center. "
        "Random neighbours would give the chance level (the hollow diamond), which is one half only when there are as "
        "many classes as centers; published models are measured on other data. "
        "The p-value asks another question: whether neighbours share a center more often than their classes explain."
    )
    formula: ClassVar[str] = (
        r"\mathrm{RI}_k=\frac{\mathrm{SO}_k}{\mathrm{SO}_k+\mathrm{OS}_k}\qquad"
        r"\text{S/O: same or other class, then same or other center}"
    )
    limits: ClassVar[str] = (
        "A center can be any confounder of that shape (hospital, scanner, camera, country); what lies behind it "
        "(stain, patients, selection) the index cannot say. A low index shows that the center is in the embedding, "
        "not that a classifier uses it: the performance drop asks that. Chance level, lift, reweighting, intervals "
        "that draw groups as queries and as neighbours, the share of errors due to the center, the plan of biased "
        "training sets and the mitigation table are audit-defined."
    )
    meanings: ClassVar[Mapping[str, str]] = MEANINGS
    labels: ClassVar[Mapping[str, str]] = LABELS
    version: ClassVar[int] = 3
    column_roles: ClassVar[tuple[str, ...]] = ("label", "center", "group_id")
    published: ClassVar[Mapping[str, Mapping[str, float]]] = published_scores()

    center: Column | None = None
    design: DesignName = "all"
    subset: Column | None = None
    k: Annotated[int, Bounds(1, 1001)] | None = None
    k_max: Annotated[int, Bounds(1, 501, 10)] = 101
    m: Annotated[int, Bounds(1, 50)] = 5
    draws: Annotated[int, Bounds(200, 10_000, 100)] = 1000
    permutations: Annotated[int, Bounds(99, 9_999, 100)] = 999
    probes: bool = True
    repeats: Annotated[int, Bounds(2, 50)] = 5
    mitigation: bool = True
    stain: Literal["none", "reinhard", "macenko"] = "none"
    layers: bool = False
    mixing: bool = False
    sample_limit: Annotated[int, Bounds(200, 100_000, 100)] = 5000
    seed: Annotated[int, Bounds(0, 2**31 - 1)] = 0

    @property
    def setting(self) -> Setting:
        """The columns and the design."""
        return Setting(center=self.center or "", design=self.design, subset=self.subset or "")

    @property
    def neighbors(self) -> CenterNeighbors:
        """The neighbours that every score rests on."""
        widest = curve_of(self.k, self.k_max)[-1]
        return CenterNeighbors(setting=self.setting, k=max(widest, (self.k or 1) * 3 // 2), m=self.m)

    @property
    def normalised(self) -> Embeddings | None:
        """Embeddings of the images in one common colour, unless that is switched off."""
        if self.stain == "none" or not self.mitigation:
            return None
        return Embeddings(variant=StainNormalised(method="macenko" if self.stain == "macenko" else "reinhard"))

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:  # noqa: ARG002
        """Return embeddings and neighbours, and what the further tables need."""
        wanted: list[Extractor] = [Embeddings(), self.neighbors]
        if self.normalised is not None:
            wanted.append(self.normalised)
        if self.layers:
            wanted.append(PooledLayers())
        return wanted

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what is lacking: classes, centers, embeddings, and what the chosen tables need."""
        reasons = [*self.setting.missing(dataset), *super().missing(dataset, model)]
        if self.mixing and not available():
            reasons.append(f"iLISI, cLISI and kBET need scib-metrics: {EXTRA}, or switch `mixing` off")
        return list(dict.fromkeys(reasons))

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Compute the index with its interval and null, and every further table."""
        dataset = outputs.dataset
        vectors = np.asarray(outputs[Embeddings()])
        case = make_case(
            read_setting(dataset, vectors, self.setting),
            vectors,
            Neighborhood.of(outputs[self.neighbors]),
            k=self.k,
            k_max=self.k_max,
            draws=self.draws,
            permutations=self.permutations,
            seed=self.seed,
        )
        scores = overall_rows(case)
        rows = [*curve_rows(case), *part_rows(case)]
        sample = Sample.of(case, self.sample_limit)
        further = self._further(case, sample, scores, outputs)
        rows += [*pair_rows(case, sample.rows), *confusion_rows(case), *error_rows(case), *further.by_group]
        rows += published_rows()
        scores += further.overall
        settings: dict[str, Any] = {
            "seed": self.seed,
            "k_used": case.k,
            "class_column": case.prepared.names[0],
            "center_column": case.prepared.names[1],
            "class_word": case.class_word,
            "center_word": case.center_word,
        }
        return Result(
            overall=score_table(scores),
            by_group=score_table(rows, index="group"),
            by_sample=sample_table(case, dataset.index),
            verdict=verdict(case, scores[0]),
            notes=tuple(dict.fromkeys([*self._notes(case), *further.notes])),
            settings=settings,
        )

    def _further(self, case: Case, sample: Sample, scores: list[dict[str, Any]], outputs: ModelOutputs) -> Found:
        """Return the rows that take training or further searches."""
        found = Found([], [], [sample.note] if sample.note else [])
        found.by_group.extend(knn_probe_rows(case, scores))
        parts: list[Found] = []
        if self.probes:
            found.by_group.extend(probe_rows(case, sample))
            parts += [drop_rows(case, sample, self.repeats), clustering_rows(case, sample)]
        if self.mitigation:
            normalised = self.normalised
            anew = {}
            if normalised is not None:
                method = "Macenko" if self.stain == "macenko" else "Reinhard"
                anew[f"{method} colours"] = np.asarray(outputs[normalised])
            parts.append(mitigation_rows(case, sample, anew))
        layers = outputs[PooledLayers()] if self.layers else {}
        parts.append(Found([], layer_rows(case, sample, layers), []))
        if self.mixing:
            parts.append(Found(mixing_rows(case), [], []))
        for part in parts:
            found.overall.extend(part.overall)
            found.by_group.extend(part.by_group)
            found.notes.extend(part.notes)
        return found

    def _notes(self, case: Case) -> list[str]:
        chosen = "given" if self.k is not None else f"chosen by the accuracy of the vote on the {case.class_word}"
        notes = [f"k = {case.k}, {chosen}; the curve shows every other k.", *case.notes()]
        if self.k is None and case.k == case.ks[-1] and len(case.ks) > 1:
            notes.append(
                f"The best k is the largest one looked at ({case.k}): raise `k_max` to see whether more helps."
            )
        notes.append(
            "Intervals of the index draw whole groups, as queries and as neighbours; those of margins, accuracies and "
            "errors hold the neighbours fixed."
        )
        if not case.prepared.own_groups and case.evidence.totals[[SO, OS]].any():
            notes.append(patch_note(case))
        notes.append(f"Permutation null: {case.permutations:,} permutations of centers among {case.permuted.within}.")
        return notes

    def figures(self, result: Result, dataset: Dataset) -> Sequence[Figure]:  # noqa: ARG002
        """Return the curve over k, the neighbour types, classes, centers, errors, probes, mitigation and others."""
        from audit.robustness.figures import page_figures

        return page_figures(result)

    def panels(self, result: Result, dataset: Dataset, where: str) -> Sequence[Panel]:
        """Return the samples of the lowest margin beside their nearest neighbours of either type, as images."""
        from audit.robustness.panels import neighbor_panel

        panel = neighbor_panel(result, dataset, where)
        return () if panel is None else (panel,)

    def compare(self, results: Mapping[str, Result], dataset: Dataset) -> Sequence[Figure]:
        """Return the models' indices on the same draws of groups, and how probable each rank is."""
        from audit.robustness.compare_figures import comparison_figures

        return comparison_figures(results, dataset)


def published_rows() -> list[dict[str, Any]]:
    """Return one row a published model and cohort."""
    return [
        {
            "group": f"{model}, {cohort}",
            "kind": "published",
            "value": value,
            "k": float(k),
            "model": model,
            "cohort": cohort,
        }
        for model, values in ROBUSTNESS_INDEX.items()
        for (cohort, k), value in zip(COHORTS.items(), values, strict=True)
    ]


def patch_note(case: Case) -> str:
    """Say how wide the interval would be if samples were drawn rather than groups, and what that would cover."""
    from scipy import stats

    from audit.robustness.uncertainty import index_draws, patch_draws

    by_group = index_draws([case.evidence], case.design.group, case.stratum, draws=case.draws, seed=case.seed)
    by_sample = patch_draws(case.evidence, draws=case.draws, seed=case.seed)
    wide, narrow = float(np.nanstd(by_group)), float(np.nanstd(by_sample))
    if not (wide > 0 and narrow > 0):
        return "Samples of one group are drawn together; single samples would vary no less here."
    covered = 2 * float(stats.norm.cdf(1.96 * narrow / wide)) - 1
    return (
        f"Drawing single samples instead of groups would make the interval {wide / narrow:.1f} times narrower; "
        f"it would then cover the truth in about {100 * min(covered, 0.95):.0f} % of data sets instead of 95 %."
    )
