"""Subgroup discrepancy: whether the model serves every subgroup of every class equally well.

The arithmetic is in :mod:`audit.subgroups`, one question a module; here columns are fetched and results packed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from audit.base import Audit, Bounds, Column, Extractor, Figure
from audit.outputs import Embeddings, PhraseEmbeddings, Predictions, Probabilities, Source
from audit.result import Result, score_table
from audit.significance import Correction
from audit.statistics import IntervalMethod
from audit.subgroups.group_rows import attribute_rows, cell_rows, class_rows, intersection_rows, subgroup_rows
from audit.subgroups.inputs import Inputs, attribute_columns, read_inputs
from audit.subgroups.meanings import LABELS, MEANINGS
from audit.subgroups.overall import overall_scores
from audit.subgroups.probability_rows import add_columns, confidence_of, probability_scores, ranking_columns
from audit.subgroups.recall_rows import recall_rows, standardised_rows
from audit.subgroups.slice_rows import Searched, error_slice_rows, slice_rows
from audit.subgroups.verdict import verdict

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs

MOST_PHRASES = 200
"""Words taken from the metadata to name look-alike groups with, when none are given."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubgroupDiscrepancy(Audit):
    """Compares accuracy, calibration and ranking between the subgroups of an attribute, and searches for bad slices.

    Parameters
    ----------
    attribute
        The column whose subgroups the scores are about; the first attribute when left out.
    overlapping
        The attributes are yes/no columns of one family, and a sample may lie in several of them.
    source
        Where predictions come from: the model, a column, or whichever there is.
    interval
        Interval of proportions: Wilson is right on average, Clopper-Pearson never too narrow.
    correction
        Correction when many subgroups are tested at once.
    draws
        Bootstrap and permutation draws.
    search
        Search the crossings of label and attributes for slices with many errors.
    depth
        Largest number of columns crossed in that search.
    alpha
        Weight of a slice's error against its size; lower values find larger slices.
    n_min
        Fewest samples of a slice in the half that is searched; 0 takes a hundredth of it, at least 10.
    error_slices
        Groups of look-alike samples to search for errors in; 0 for none. Needs embeddings.
    phrases
        Words to name look-alike groups with, for models that read text; the metadata's values when left out.
    seed
        Seed of all draws and of the split into two halves.
    """

    title: ClassVar[str] = "Subgroup discrepancy"
    category: ClassVar[str] = "Groups"
    question: ClassVar[str] = "Does the model serve every subgroup equally well?"
    reference: ClassVar[str] = (
        "Chiu et al., Better May Not Be Fairer, ICCV 2023 (arXiv 2212.08649); Gustafson et al., FACET, ICCV 2023; "
        "Liang et al., Accuracy on the Curve, ICML 2023 (arXiv 2305.02995); McDermott et al., A Closer Look at AUROC "
        "and AUPRC, NeurIPS 2024; Sagadeeva & Boehm, SliceLine, SIGMOD 2021; Eyuboglu et al., Domino, ICLR 2022"
    )
    reading: ClassVar[str] = (
        "MacroStd says by how much the accuracy of a class typically differs from subgroup to subgroup. "
        "Small subgroups differ by chance alone, so compare it with the value that shuffled subgroups would give "
        "(the hollow diamond): only what lies clearly above it speaks of a difference. "
        "The table then names the subgroups and cells that differ; q-values allow for looking at many of them."
    )
    formula: ClassVar[str] = (
        r"\mathrm{MacroStd}=\frac{1}{|C|}\sum_c\sqrt{\sum_g \frac{n_{cg}}{n_c}\,(a_{cg}-\bar a_c)^2}"
    )
    limits: ClassVar[str] = (
        "A difference between subgroups need not be caused by the attribute: another one may be spread unevenly over "
        "them (see the standardised gaps). The largest gap and the worst subgroup are chosen by looking, which favours "
        "small subgroups; their intervals hold for all subgroups at once. The debiased variance, the permutation null, "
        "the excess gap for more than two groups and the test of slices are audit-defined, not the papers'."
    )
    meanings: ClassVar[Mapping[str, str]] = MEANINGS
    labels: ClassVar[Mapping[str, str]] = LABELS
    version: ClassVar[int] = 3
    column_roles: ClassVar[tuple[str, ...]] = ("label", "prediction", "attributes", "group_id")

    attribute: Column | None = None
    overlapping: bool = False
    source: Source = "auto"
    interval: IntervalMethod = "wilson"
    correction: Literal["benjamini_hochberg", "holm"] = "benjamini_hochberg"
    draws: Annotated[int, Bounds(200, 10_000, 100)] = 2000
    search: bool = True
    depth: Annotated[int, Bounds(1, 4)] = 3
    alpha: Annotated[float, Bounds(0.5, 1.0, 0.01)] = 0.95
    n_min: Annotated[int, Bounds(0, 10_000)] = 0
    error_slices: Annotated[int, Bounds(0, 100)] = 25
    phrases: tuple[str, ...] = ()
    seed: Annotated[int, Bounds(0, 2**31 - 1)] = 0

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return predictions, and whatever of probabilities, embeddings and phrases can be had."""
        wanted: list[Extractor] = [Predictions(source=self.source)]
        optional: list[Extractor] = [Probabilities(source=self.source)]
        if self.error_slices:
            optional.append(Embeddings())
            phrases = self.vocabulary(dataset)
            if phrases and "text_encoder" in model.abilities:
                optional.append(PhraseEmbeddings(phrases=phrases))
        return (*wanted, *(extractor for extractor in optional if not extractor.missing(dataset, model)))

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what is lacking: labels, predictions, and something to tell subgroups by."""
        reasons = super().missing(dataset, model)
        if dataset.roles.label is None:
            reasons.insert(0, f"'{dataset.name}' has no label column: choose the column of the true classes")
        columns = attribute_columns(dataset, self.attribute)
        unknown = [column for column in columns if column not in dataset.metadata.columns]
        reasons += [f"'{dataset.name}' has no column '{column}' to use as an attribute" for column in unknown]
        if columns and columns[0] == dataset.roles.label:
            reasons.append(f"'{columns[0]}' is the label of '{dataset.name}': choose another column as attribute")
        if not columns and (not self.error_slices or Embeddings().missing(dataset, model)):
            reasons.append(
                f"'{dataset.name}' has no attribute column: choose the columns that tell subgroups "
                "(or give embeddings, to search look-alike groups)"
            )
        return list(dict.fromkeys(reasons))

    def vocabulary(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the words that look-alike groups are named with."""
        if self.phrases:
            return self.phrases
        columns = [dataset.roles.label, *attribute_columns(dataset, self.attribute)]
        words = [
            str(value).replace("_", " ")
            for column in columns
            if column in dataset.metadata.columns and not pd.api.types.is_numeric_dtype(dataset.metadata[column])
            for value in dataset.metadata[column].dropna().unique()[:MOST_PHRASES]
        ]
        return tuple(dict.fromkeys(words))[:MOST_PHRASES]

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Compute the scores of the main attribute, a row for every subgroup, and the slices."""
        probabilities = Probabilities(source=self.source)
        inputs = read_inputs(
            outputs.dataset,
            np.asarray(outputs[Predictions(source=self.source)]),
            attribute=self.attribute,
            overlapping=self.overlapping,
            probabilities=np.asarray(outputs[probabilities]) if probabilities in outputs else None,
        )
        correction: Correction = self.correction
        overall = overall_scores(inputs, method=self.interval, correction=correction, draws=self.draws, seed=self.seed)
        notes = [*inputs.notes, *overall.notes]
        rows = subgroup_rows(inputs, self.interval, correction, self.seed)
        rows += class_rows(inputs, overall, self.interval, correction, self.seed)
        cells = cell_rows(inputs, self.interval, correction)
        scores = overall.rows
        if inputs.probabilities is not None:
            added, by_level, remarks = probability_scores(inputs, draws=min(self.draws, 1000), seed=self.seed)
            scores = [*scores, *added]
            add_columns(rows, inputs.main, by_level)
            ranks, warnings = ranking_columns(inputs)
            cells = [row | ranks.get((row["class"], row["group"]), {}) for row in cells]
            notes += [*remarks, *warnings]
        rows += cells + intersection_rows(inputs, self.interval, correction)
        rows += attribute_rows(inputs, overall, correction, draws=self.draws, seed=self.seed)
        for found, remarks in (
            recall_rows(inputs, correction, draws=self.draws, seed=self.seed),
            standardised_rows(inputs, draws=self.draws, seed=self.seed),
        ):
            rows += found
            notes += remarks
        slices, look_alikes = self._slices(inputs), self._look_alikes(inputs, outputs)
        rows += slices.rows + look_alikes.rows
        notes += [*slices.notes, *look_alikes.notes]
        return Result(
            overall=score_table(scores),
            by_group=score_table(rows, index="subgroup"),
            by_sample=self._by_sample(inputs, outputs.dataset, slices, look_alikes),
            verdict=verdict(scores, rows, inputs),
            notes=tuple(dict.fromkeys(notes)),
            settings={"seed": self.seed, "attribute": inputs.main.name if inputs.main else ""},
        )

    def _slices(self, inputs: Inputs) -> Searched:
        if not self.search or not inputs.attributes:
            return Searched([], None, [])
        n_min = self.n_min or max(10, len(inputs.correct) // 200)
        return slice_rows(
            inputs, self.interval, alpha=self.alpha, depth=self.depth, n_min=n_min, draws=self.draws, seed=self.seed
        )

    def _look_alikes(self, inputs: Inputs, outputs: ModelOutputs) -> Searched:
        if not self.error_slices or Embeddings() not in outputs:
            return Searched([], None, [])
        phrases = self.vocabulary(outputs.dataset)
        words = PhraseEmbeddings(phrases=phrases)
        return error_slice_rows(
            inputs,
            np.asarray(outputs[Embeddings()], dtype=np.float64)[inputs.rows],
            self.interval,
            self.correction,
            slices=self.error_slices,
            seed=self.seed,
            phrases=phrases,
            phrase_embeddings=np.asarray(outputs[words]) if words in outputs else None,
        )

    def _by_sample(self, inputs: Inputs, dataset: Dataset, slices: Searched, look_alikes: Searched) -> pd.DataFrame:
        """One row a sample of the dataset; samples without a label have no answer."""
        answered: dict[str, Any] = {
            "correct": pd.array(inputs.correct, dtype="boolean"),
            "predicted": np.array([*inputs.label.levels, ""])[inputs.prediction],
        }
        if inputs.main is not None:
            answered["subgroup"] = np.array([*inputs.main.coded.levels, ""])[inputs.main.coded.codes]
        if inputs.probabilities is not None:
            answered["confidence"] = confidence_of(inputs, inputs.probabilities)
        if slices.of_sample is not None:
            answered["slice"] = slices.of_sample
        if look_alikes.of_sample is not None:
            answered["error_slice"] = look_alikes.of_sample
        frame = pd.DataFrame({**answered, **inputs.columns}, index=dataset.index[inputs.rows])
        return frame.reindex(dataset.index).rename_axis("sample_id")

    def figures(self, result: Result, dataset: Dataset) -> Sequence[Figure]:  # noqa: ARG002
        """Return the heat map, the subgroups, the classes' spreads, the standardised gaps and the slices."""
        from audit.subgroups.figures import page_figures

        return page_figures(result)

    def compare(self, results: Mapping[str, Result], dataset: Dataset) -> Sequence[Figure]:
        """Return the paired change of two models by class and subgroup, and the moon plot of several."""
        from audit.subgroups.compare_figures import comparison_figures

        return comparison_figures(results, dataset)
