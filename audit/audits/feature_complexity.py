"""Feature complexity: from which layer on a network's features can be read, and which simple ones it rests on.

The arithmetic is in :mod:`audit.complexity`, one question a module; here outputs are fetched and results packed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np

from audit.base import Audit, Bounds, Extractor, Figure
from audit.complexity import data_rows, factor_rows, overall
from audit.complexity.case import Case, projected_layers, read_case
from audit.complexity.dictionary import Method
from audit.complexity.diversity import diversity
from audit.complexity.feature_rows import feature_rows
from audit.complexity.features import Features, make_features
from audit.complexity.meanings import LABELS, MEANINGS
from audit.complexity.measures import Measures, associations, feature_redundancy, head_importance, noise_change
from audit.complexity.merging_outputs import MergedAnswers, MergingCurves, merged_agreement
from audit.complexity.outputs import AnswerGradients, InputNoise, LinearHead, SmallPixels
from audit.complexity.projection import Projection
from audit.complexity.reading import Reading, nearest_classes, pair_complexity, read_layers, unreadable
from audit.complexity.samples import feature_map, sample_table
from audit.layer_outputs import PooledLayers
from audit.outputs import Embeddings, PhraseEmbeddings, Predictions, Probabilities, unit_rows
from audit.result import Result, score_table

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs
    from audit.panels import Panel

NOISY_SAMPLES = 1000
"""Samples up to which noisy images are embedded unasked."""

EMBEDDING = "embedding"
"""Name of the penultimate activations among the layers."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureComplexity(Audit):
    """Asks of every feature how early it can be read, how much the answers rest on it, and what it goes with.

    Parameters
    ----------
    layers
        Layers read, early to late: names of the model's default set or paths of modules; the default set when empty.
    atoms
        Features found: atoms of the dictionary; as many as it takes to hold most of the activations, 8 to 48, when
        left out.
    method
        How the dictionary is found; auto: NMF where no activation is negative, semi-NMF otherwise; sae: a
        sparse autoencoder.
    channels
        Raw channels looked at as features too, the most varying first.
    phrases
        Phrases looked at as features too, for a model that reads text.
    dimension
        Probe dimension that every layer is brought to.
    small_dimension
        Second probe dimension, to see whether complexity depends on it.
    projection
        How layers are brought to it.
    folds
        Folds of the cross-validation.
    repeats
        Divisions into folds.
    dictionary_seeds
        Dictionaries fitted; those after the first tell how stable atoms are.
    pairs
        Pairs of close classes whose telling apart is measured.
    noise
        Measure how features move under input noise, which takes another pass over the images; auto: for at most
        1,000 samples.
    merged_accuracy
        Thresholds at which the merged model answers all images; each takes another pass.
    layout
        Map of the atoms.
    fewest
        Samples that a value of an attribute needs.
    correction
        Correction for many tests.
    sample_limit
        Most samples; drawn in whole groups.
    seed
        Seed of halves, folds, dictionaries, shuffles and draws.
    """

    title: ClassVar[str] = "Feature complexity"
    category: ClassVar[str] = "Features"
    question: ClassVar[str] = "Which features does the model rest on, and are they the simple ones that make shortcuts?"
    reference: ClassVar[str] = (
        "Fel et al., Understanding Visual Feature Reliance through the Lens of Complexity, NeurIPS 2024 (arXiv "
        "2407.06076); Chen et al., Going Beyond Neural Network Feature Similarity, ICLR 2024 (arXiv 2310.06756); "
        "Lampinen et al., Learned feature representations are biased by complexity, learning order, position, and "
        "more, TMLR 2024 (arXiv 2405.05847); Hermann et al., On the Foundations of Shortcut Learning, ICLR 2024 "
        "(arXiv 2310.16228); Konz & Mazurowski, The Effect of Intrinsic Dataset Properties on Generalization, ICLR "
        "2024 (arXiv 2401.08865); Abramov et al., Bias Loss for Mobile Neural Networks, ICCV 2021 (arXiv 2107.11170)"
    )
    reading: ClassVar[str] = (
        "A feature is simple (complexity near 0) when already the first layers give it away, and complex (near 1) "
        "when only the last ones do. Simple features that the answers rest on, and that go with an attribute such as "
        "the background, are candidates for a shortcut: click one to see its images. An attribute that is simpler "
        "than the class is at hand before the class is; whether the model uses it, the background audit asks."
    )
    formula: ClassVar[str] = (
        r"K(z)=1-\frac{1}{L}\sum_{l}\max(0,R^2_l)\qquad"
        r"\Gamma(z_i)=\mathbb{E}\left|\frac{\partial y}{\partial z_i}\,z_i\right|"
    )
    limits: ClassVar[str] = (
        "Complexity is that of a linear decoder on pooled activations with as many samples as there are here: fewer "
        "samples make everything look more complex, alike for features and attributes. Layers, pooling, probe "
        "dimension and penalties of the papers are not public; those used are recorded. Quadrants are split at the "
        "medians, so some features always are simple and important: only those tied to an attribute are named. "
        "Intervals of complexity, shortcut candidates, class pairs, and the rule for merging channels behind other "
        "activations than ReLU are audit-defined. A large share of a representation is not a large use."
    )
    meanings: ClassVar[Mapping[str, str]] = MEANINGS
    labels: ClassVar[Mapping[str, str]] = LABELS
    version: ClassVar[int] = 1
    column_roles: ClassVar[tuple[str, ...]] = ("label", "attributes", "background", "center", "group_id")

    layers: tuple[str, ...] = ()
    atoms: Annotated[int, Bounds(2, 1000)] | None = None
    method: Method = "auto"
    channels: Annotated[int, Bounds(0, 1000)] = 0
    phrases: tuple[str, ...] = ()
    dimension: Annotated[int, Bounds(8, 1024, 8)] = 64
    small_dimension: Annotated[int, Bounds(2, 512, 2)] = 16
    projection: Projection = "pca"
    folds: Annotated[int, Bounds(2, 20)] = 5
    repeats: Annotated[int, Bounds(1, 20)] = 2
    dictionary_seeds: Annotated[int, Bounds(1, 10)] = 3
    pairs: Annotated[int, Bounds(0, 100)] = 8
    noise: Literal["auto", "on", "off"] = "auto"
    merged_accuracy: tuple[float, ...] = ()
    layout: Literal["pca", "umap"] = "pca"
    fewest: Annotated[int, Bounds(2, 500)] = 10
    correction: Literal["benjamini_hochberg", "holm"] = "benjamini_hochberg"
    sample_limit: Annotated[int, Bounds(50, 100_000, 50)] = 10_000
    seed: Annotated[int, Bounds(0, 2**31 - 1)] = 0

    def noisy(self, dataset: Dataset) -> Embeddings | None:
        """Return embeddings of noisy images, unless they would take too long or are switched off."""
        if self.noise == "off" or (self.noise == "auto" and len(dataset) > NOISY_SAMPLES):
            return None
        return Embeddings(variant=InputNoise(seed=self.seed))

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return embeddings, and of layers, answers, head, noise, pixels and weights those that are to be had."""
        noisy = self.noisy(dataset)
        optional: list[Extractor] = [
            PooledLayers(layers=self.layers),
            Predictions(),
            Probabilities(),
            SmallPixels(),
            MergingCurves(),
            *([noisy] if noisy is not None else []),
        ]
        head = LinearHead()
        optional.append(AnswerGradients() if head.missing(dataset, model) else head)
        wanted: list[Extractor] = [Embeddings()]
        wanted += [extractor for extractor in optional if not extractor.missing(dataset, model)]
        wanted += [MergedAnswers(beta=beta) for beta in self.merged_accuracy]
        if self.phrases:
            wanted.append(PhraseEmbeddings(phrases=self.phrases))
        return wanted

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what is lacking: embeddings, and what the parameters ask for."""
        reasons = super().missing(dataset, model)
        if self.small_dimension >= self.dimension:
            reasons.append(
                f"`small_dimension` must be below `dimension` ({self.dimension}); got {self.small_dimension}"
            )
        if not reasons and len(dataset) < 4 * self.folds:
            reasons.append(f"'{dataset.name}' has {len(dataset)} samples: at least {4 * self.folds} are needed")
        return reasons

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Compute complexity, importance and associations of the features, and what is known of data and weights."""
        dataset = outputs.dataset
        head = _optional(outputs, LinearHead())
        case = read_case(
            dataset,
            np.asarray(outputs[Embeddings()]),
            unit=head is not None and bool(head["unit"][0]),
            fewest=self.fewest,
            sample_limit=self.sample_limit,
            seed=self.seed,
        )
        features = self._features(case, outputs)
        layers = self._layers(case, outputs)
        measures = self._measure(case, features, layers, head, outputs)
        rows, scores, notes = self._tables(measures, layers, outputs)
        return Result(
            overall=score_table(scores),
            by_group=score_table(rows, index="row"),
            by_sample=sample_table(measures),
            verdict=overall.verdict(measures, scores, rows[: len(features.names)]),
            notes=tuple(dict.fromkeys([*case.notes, *self._notes(measures, layers), *notes])),
            settings={
                "seed": self.seed,
                "layers_used": list(layers),
                "dictionary": features.dictionary.method,
                "unit_length": case.unit,
                "map": feature_map(features, self.layout, self.seed),
            },
        )

    def _features(self, case: Case, outputs: ModelOutputs) -> Features:
        vectors = outputs[PhraseEmbeddings(phrases=self.phrases)] if self.phrases else None
        return make_features(
            case,
            atoms=self.atoms,
            method=self.method,
            seeds=self.dictionary_seeds,
            channels=self.channels,
            phrases=self.phrases,
            phrase_vectors=vectors,
            seed=self.seed,
        )

    def _layers(self, case: Case, outputs: ModelOutputs) -> dict[str, Any]:
        """Return the measured samples' layers at the probe dimension, the embedding last."""
        wanted = PooledLayers(layers=self.layers)
        if wanted not in outputs:
            return {}
        raw: dict[str, Any] = {**outputs[wanted], EMBEDDING: np.asarray(outputs[Embeddings()])}
        return projected_layers(raw, case.measured, self.dimension, self.projection, self.seed)

    def _read(self, case: Case, features: Features, layers: Mapping[str, Any]) -> tuple[Reading | None, str]:
        why_not = unreadable(len(layers), int(case.measured_owner.max()) + 1, self.folds)
        if why_not:
            return None, why_not
        narrow = self.small_dimension
        small = (
            {name: layer[:, :narrow] for name, layer in layers.items()}
            if self.projection == "pca"
            else projected_layers(layers, np.arange(len(case.measured)), narrow, self.projection, self.seed)
        )
        reading = read_layers(
            layers,
            features.codes[case.measured],
            case.factors,
            case.measured_owner,
            folds=self.folds,
            repeats=self.repeats,
            small=small,
            dimension=(self.dimension, narrow),
            seed=self.seed,
        )
        return reading, ""

    def _measure(
        self, case: Case, features: Features, layers: Mapping[str, Any], head: Any, outputs: ModelOutputs
    ) -> Measures:
        reading, why_not = self._read(case, features, layers)
        predicted = np.asarray(outputs[Predictions()]) if Predictions() in outputs else None
        gradients = _optional(outputs, AnswerGradients())
        importance, importance_why_not = head_importance(case, features, head, gradients, predicted)
        redundant, spread = feature_redundancy(case, features, seed=self.seed)
        noisy = self.noisy(case.dataset)
        noise = None
        if noisy is not None and noisy in outputs:
            vectors = np.asarray(outputs[noisy])
            noise = noise_change(case, features, unit_rows(vectors) if case.unit else vectors)
        confidence = np.asarray(outputs[Probabilities()]).max(axis=1) if Probabilities() in outputs else None
        return Measures(
            case=case,
            features=features,
            reading=reading,
            why_not=why_not,
            importance=importance,
            importance_why_not=importance_why_not,
            associations=associations(case, features),
            redundancy=redundant,
            redundancy_spread=spread,
            noise=noise,
            diversity=diversity(np.asarray(outputs[Embeddings()])),
            predicted=predicted,
            confidence=confidence,
        )

    def _tables(
        self, measures: Measures, layers: Mapping[str, Any], outputs: ModelOutputs
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        """Return the rows of both tables, the features' first, and notes."""
        case = measures.case
        rows = feature_rows(measures, self.correction)
        own = list(rows)
        shortcuts: list[dict[str, Any]] = []
        if measures.reading is not None:
            shortcuts = factor_rows.shortcut_rows(case, measures.reading, self.correction)
            rows += shortcuts + factor_rows.complexity_rows(case, measures.reading)
            rows += self._pair_rows(case, layers)
            rows += factor_rows.curve_rows(case, measures.reading, measures.features.names)
            rows += factor_rows.representation_rows(case, layers, folds=self.folds, seed=self.seed)
        scores = overall.complexity_scores(measures, shortcuts)
        points = np.asarray(outputs[Embeddings()])[case.rows]
        dimensions, found = data_rows.dimension_rows(points, "embeddings", seed=self.seed)
        pixels = np.asarray(outputs[SmallPixels()])[case.rows] if SmallPixels() in outputs else None
        sharp = data_rows.sharp_spaces(case, points, pixels, seed=self.seed)
        scores += overall.dimension_scores(found) + overall.sharpness_scores(sharp)
        rows += data_rows.pair_rows(case, case.rows, sharp) + dimensions
        if MergingCurves() in outputs:
            rows += data_rows.merging_rows(outputs[MergingCurves()], merged_agreement(outputs, self.merged_accuracy))
        scores += overall.feature_scores(measures, own)
        scores += overall.diversity_scores(measures)
        notes = [
            f"{one.equal} pairs of samples with different labels are equal in {space}."
            for space, one in sharp.items()
            if one.equal
        ]
        return rows, scores, notes

    def _pair_rows(self, case: Case, layers: Mapping[str, Any]) -> list[dict[str, Any]]:
        if case.label is None or not self.pairs:
            return []
        pairs = nearest_classes(case.penultimate[case.measured], case.label, self.pairs)
        found = pair_complexity(
            layers, case.label, pairs, case.measured_owner, folds=self.folds, repeats=self.repeats, seed=self.seed
        )
        return factor_rows.pair_rows(case, found)

    def _notes(self, measures: Measures, layers: Mapping[str, Any]) -> list[str]:
        from audit.complexity.notes import measure_notes

        return measure_notes(measures, layers, projection=self.projection, folds=self.folds, repeats=self.repeats)

    def figures(self, result: Result, dataset: Dataset) -> Sequence[Figure]:  # noqa: ARG002
        """Return the quadrants, the decoding curves, shortcuts, the map of features, and data and weights."""
        from audit.complexity.figures import page_figures

        return page_figures(result)

    def panels(self, result: Result, dataset: Dataset, where: str) -> Sequence[Panel]:
        """Return the chosen feature with its images and curve, and the sharpest pairs."""
        from audit.complexity.panels import page_panels

        return page_panels(result, dataset, where)


def _optional(outputs: ModelOutputs, extractor: Extractor) -> Any:
    return outputs[extractor] if extractor in outputs else None  # noqa: SIM401 - outputs have no `get`
