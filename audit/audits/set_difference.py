"""Set difference: what one set of images shows more often than another, in words.

The arithmetic is in :mod:`audit.differences`, one question a module; here outputs are fetched and results packed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np

from audit.base import Audit, Bounds, Extractor, Figure
from audit.differences import vocabulary
from audit.differences.analysis import Analysis
from audit.differences.class_mix import class_rows
from audit.differences.confused_classes import attribute_rows
from audit.differences.extractors import (
    PROMPTS,
    GivenCaptions,
    HypothesisVectors,
    MadeCaptions,
    Proposals,
    Proposer,
    SetDivision,
)
from audit.differences.halves import Division, same_set
from audit.differences.language import LanguageProposer
from audit.differences.meanings import LABELS, MEANINGS
from audit.differences.notes import describe
from audit.differences.rows import overall_rows, sample_columns
from audit.differences.sets import TwoSets, cell_of, needs_predictions, resolve
from audit.differences.verdict import verdict
from audit.errors import InputError
from audit.outputs import Embeddings, PhraseEmbeddings, Predictions, lacking, unit_rows
from audit.result import Result, score_table

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs
    from audit.panels import Panel

Family = Literal[
    "objects",
    "scenes",
    "activities",
    "attributes",
    "style",
    "quality",
    "viewpoint",
    "lighting",
    "weather",
    "medical imaging",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetDifference(Audit):
    """Proposes phrases on one half of two sets of images and tests them on the other half.

    Parameters
    ----------
    a
        Set A: column=value, a JSON object of column to value (with predicted and correct), wrong, correct,
        cell:TRUE>PREDICTED, disagreement:COLUMN, selection:NAME or file:PATH.csv. Left empty, wrong predictions, or
        an attribute's value.
    b
        Set B, written in the same way; everything that is not in A when left empty.
    proposers
        Who proposes phrases: the vocabulary, captions, a language model.
    captioner
        Captioner of transformers, a hub name or local folder, for images without a caption column.
    families
        Families of the vocabulary; all when left empty.
    concepts
        Concepts of your own, added to the vocabulary.
    language_model
        Who is asked: transformers:FOLDER for a local instruct model, or the name of a model of the endpoint that
        the environment names (MODEL_AUDIT_ENDPOINT, with its key in OPENAI_API_KEY).
    token_budget
        Most tokens that may be sent to the endpoint and received; with 0 it is shown what would be sent.
    match_classes
        Leave samples out until every class is equally frequent in both sets.
    control
        Compare the larger set with itself in the same way, which must find nothing.
    prompts
        Sentences a phrase is put into before it is compared with images.
    k
        Phrases each proposer may propose for each set.
    correction
        Correction of the p-values.
    draws
        Permutations for the best of many hypotheses.
    seed
        Seed of halves and permutations.
    """

    title: ClassVar[str] = "Set difference"
    category: ClassVar[str] = "Features"
    question: ClassVar[str] = "What do these images show more often than those?"
    reference: ClassVar[str] = (
        "Dunlap, Zhang et al., Describing Differences in Image Sets with Natural Language, CVPR 2024 (VisDiff, "
        "arXiv 2312.02974); Bhalla et al., SpLiCE (arXiv 2402.10376); Esfandiarpoor & Bach, Follow-Up Differential "
        "Descriptions, ICLR 2024 (arXiv 2311.07593); DeLong et al. 1988; Westfall & Young 1993"
    )
    reading: ClassVar[str] = (
        "A phrase was proposed on one half of the images and tested on the other. Its AUROC says how often an image of "
        "its own set fits it better than one of the other set: .5 is a coin, 1 is always. "
        "The trust band says how often top phrases of that AUROC were right in pairs whose difference was known. "
        "A phrase with a small q is no accident of the sample, yet it may be a neighbour of the true difference: look "
        "at the images."
    )
    formula: ClassVar[str] = (
        r"\mathrm{AUROC}=\frac{1}{n_A n_B}\sum_{a\in A}\sum_{b\in B}"
        r"\left[s_a>s_b\right]+\tfrac12\left[s_a=s_b\right],\qquad s=\cos(\text{image},\text{phrase})"
    )
    limits: ClassVar[str] = (
        "Only what a proposer names can be found, and only as well as the model's text encoder knows the words. "
        "A difference is not a cause. Halves, the test on the other half, the best-of-many null, merging, prevalence "
        "thresholds, near-duplicates and the control are audit-defined; the original ranks and tests on all images, "
        "and finds something in most pairs of sets between which there is nothing."
    )
    meanings: ClassVar[Mapping[str, str]] = MEANINGS
    labels: ClassVar[Mapping[str, str]] = LABELS
    version: ClassVar[int] = 2
    column_roles: ClassVar[tuple[str, ...]] = ("label", "attributes", "group_id", "caption")

    a: str = ""
    b: str = ""
    proposers: tuple[Proposer, ...] = ("vocabulary", "captions")
    captioner: str = ""
    families: tuple[Family, ...] = ()
    concepts: tuple[str, ...] = ()
    language_model: str = ""
    token_budget: Annotated[int, Bounds(0, 1_000_000, 1000)] = 0
    match_classes: bool = False
    control: bool = True
    prompts: tuple[str, ...] = PROMPTS
    k: Annotated[int, Bounds(1, 200)] = 30
    correction: Literal["benjamini_hochberg", "holm"] = "benjamini_hochberg"
    draws: Annotated[int, Bounds(100, 10_000, 100)] = 1000
    seed: Annotated[int, Bounds(0, 2**31 - 1)] = 0

    def __post_init__(self) -> None:
        if not self.prompts or any(prompt.count("{}") != 1 for prompt in self.prompts):
            raise InputError(
                f"`prompts` must be sentences with one {{}} each; got {', '.join(self.prompts) or 'none'}."
            )
        if not self.proposers:
            raise InputError("`proposers` must name one at least: vocabulary, captions, language_model; got none.")

    @property
    def division(self) -> SetDivision:
        """The sets and their halves."""
        return SetDivision(a=self.a.strip(), b=self.b.strip(), match=self.match_classes, seed=self.seed)

    def families_of(self) -> dict[str, str]:
        """Return family by concept of the vocabulary."""
        return vocabulary.concepts(self.families, self.concepts)

    def phrases(self) -> PhraseEmbeddings:
        """Return the vocabulary in the ranker's prompts."""
        return PhraseEmbeddings(phrases=tuple(self.families_of()), templates=self.prompts)

    def captions(self, dataset: Dataset) -> GivenCaptions | MadeCaptions | None:
        """Return where captions come from; ``None`` without any."""
        if not {"captions", "language_model"} & set(self.proposers):
            return None
        if self.captioner:
            return MadeCaptions(captioner=self.captioner)
        return GivenCaptions() if dataset.roles.caption is not None else None

    def proposals(self, dataset: Dataset, model: Model) -> Proposals:
        """Return what proposes."""
        ranks = not self._no_ranker(dataset, model)
        asked = "language_model" in self.proposers
        return Proposals(
            division=self.division,
            proposers=self.proposers,
            phrases=self.phrases() if ranks else None,
            captions=self.captions(dataset),
            k=self.k,
            control=self.control,
            language_model=LanguageProposer(self.language_model, self.token_budget) if asked and ranks else None,
        )

    @staticmethod
    def _no_ranker(dataset: Dataset, model: Model) -> list[str]:
        return [*lacking(model, "text_encoder"), *Embeddings().missing(dataset, model)]

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return sets, proposals, and where the model reads text the images' and phrases' vectors."""
        proposals = self.proposals(dataset, model)
        wanted: list[Extractor] = [self.division, proposals]
        able = not Predictions().missing(dataset, model)
        if needs_predictions(self.a.strip(), self.b.strip(), dataset, able=able):
            wanted.append(Predictions())
        if proposals.captions is not None:
            wanted.append(proposals.captions)
        if proposals.phrases is not None:
            vectors = HypothesisVectors(proposals=proposals, prompts=self.prompts)
            wanted += [Embeddings(), proposals.phrases, vectors]
            cell = cell_of(self.a.strip(), dataset)
            if cell is not None:
                wanted.append(_names(cell, self.prompts))
        return tuple(wanted)

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what is lacking: sets, and something that can propose and be tested."""
        try:
            reasons = super().missing(dataset, model)
            if not reasons and Predictions() not in self.division.inputs(dataset, model):
                resolve(dataset, self.a.strip(), self.b.strip(), None)
        except InputError as error:
            return [str(error)]
        unable = self._no_ranker(dataset, model)
        if not reasons and unable and ("captions" not in self.proposers or self.captions(dataset) is None):
            reasons = [f"phrases cannot be ranked ({'; '.join(unable)}) and there are no captions to compare instead"]
        if not reasons and "language_model" in self.proposers:
            if self.captions(dataset) is None:
                reasons.append("a language model needs captions: choose the column of captions or name a captioner")
            reasons += LanguageProposer(self.language_model, self.token_budget).missing()
        return reasons

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Rank, correct, merge and describe."""
        dataset = outputs.dataset
        proposals = next(extractor for extractor in outputs if isinstance(extractor, Proposals))
        division = Division.of(outputs[self.division])
        predicted = outputs[Predictions()] if Predictions() in outputs else None  # noqa: SIM401 - it is no mapping
        sets = resolve(dataset, self.a.strip(), self.b.strip(), predicted)
        captions = outputs[proposals.captions].tolist() if proposals.captions is not None else None
        ranks = proposals.phrases is not None
        vectors = HypothesisVectors(proposals=proposals, prompts=self.prompts)
        analysis = Analysis(
            proposed=outputs[proposals],
            division=division,
            control=same_set(division, self.seed) if self.control else None,
            captions=captions,
            vectors=np.asarray(outputs[vectors]) if ranks else None,
            images=unit_rows(outputs[Embeddings()]) if ranks else None,
            draws=self.draws,
            seed=self.seed,
            correction=self.correction,
        )
        mix = class_rows(dataset.column("label"), dataset.roles.label, division) if dataset.roles.label else []
        terms = analysis.terms(control=False)
        tested = analysis.hypotheses(self.families_of())
        rows = [*tested.rows, *mix, *terms]
        if proposals.phrases is not None:
            rows += self._cell_rows(outputs, proposals.phrases, division)
        overall = overall_rows(tested.ranked, tested.rows, terms, analysis.control_count(), mix)
        sizes = (int((division.side == 0).sum()), int((division.side == 1).sum()))
        words = (sets.words_a, sets.words_b)
        told = describe(self, dataset, division, captions, ranks=ranks, controlled=analysis.control is not None)
        return Result(
            overall=score_table(overall),
            by_group=score_table(rows, index="hypothesis"),
            by_sample=sample_columns(dataset.index, division, tested.phrases, tested.scores, rows),
            verdict=verdict(overall, rows, words=words, sizes=sizes, units=division.units()),
            notes=tuple(dict.fromkeys([*sets.notes, *told, *outputs[proposals]["notes"].tolist()])),
            settings={**self._settings(sets, division), "captions_from": self.captioner or dataset.roles.caption or ""},
        )

    def _cell_rows(self, outputs: ModelOutputs, phrases: PhraseEmbeddings, division: Division) -> list[dict[str, Any]]:
        """Return what tells the two classes of a confusion cell apart, and whether its images show it."""
        cell = cell_of(self.a.strip(), outputs.dataset)
        if cell is None:
            return []
        return attribute_rows(
            list(phrases.phrases),
            self.families_of(),
            np.asarray(outputs[phrases]),
            cell,
            np.asarray(outputs[_names(cell, self.prompts)]),
            unit_rows(outputs[Embeddings()]),
            division,
        )

    def _settings(self, sets: TwoSets, division: Division) -> dict[str, Any]:
        counts = {
            f"{half}_{letter}": len(division.rows(side, validate=half == "validate"))
            for half in ("propose", "validate")
            for side, letter in enumerate("ab")
        }
        return {"seed": self.seed, "words_a": sets.words_a, "words_b": sets.words_b, **counts}

    def figures(self, result: Result, dataset: Dataset) -> Sequence[Figure]:  # noqa: ARG002
        """Return the hypotheses, the best one's scores, what captions say, and the class mix."""
        from audit.differences.figures import page_figures

        return page_figures(result)

    def panels(self, result: Result, dataset: Dataset, where: str) -> Sequence[Panel]:
        """Return images of A and B beside the top differences, or both ends of each set for the chosen phrase."""
        from audit.differences.pictures import page_panels

        return page_panels(result, dataset, where)


def _names(cell: tuple[str, str], prompts: tuple[str, ...]) -> PhraseEmbeddings:
    return PhraseEmbeddings(phrases=tuple(name.replace("_", " ") for name in cell), templates=prompts)
