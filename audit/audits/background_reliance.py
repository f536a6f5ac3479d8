"""Spurious-background reliance: whether the model recognises the subject or what usually stands behind it.

The arithmetic is in :mod:`audit.backgrounds`, one question a module; here outputs are fetched and results packed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from audit.backgrounds.answers import PROMPT, Answering, Protocol, resolve
from audit.backgrounds.battery_rows import Battery, flip_rows, intervention_rows, usable_samples
from audit.backgrounds.effective_robustness import Axes, fit_line
from audit.backgrounds.group_rows import attribute_rows, class_rows, conflict_rows, mistake_rows
from audit.backgrounds.inputs import Inputs, predicted_words, read_background, read_inputs
from audit.backgrounds.interventions import NAMES, Intervention, RegionShares, battery, render_variant, words
from audit.backgrounds.meanings import LABELS, MEANINGS
from audit.backgrounds.overall_rows import FOLLOWS, Overall, conflict_codes, overall_scores
from audit.backgrounds.published import published_drops, published_gaps
from audit.backgrounds.regions import REGION_WORDS, RegionSource, box_columns, choose_region
from audit.backgrounds.sides import PairSource, side_column
from audit.backgrounds.verdicts import verdict
from audit.backgrounds.zero_shot import CORRECTED, TEMPLATE, VOCABULARY, BackgroundProbabilities
from audit.base import Audit, Bounds, Column, Extractor, Figure
from audit.errors import InputError
from audit.outputs import Embeddings, Predictions, Source, lacking, missing_images, predicts
from audit.result import Result, score_table

if TYPE_CHECKING:
    from PIL import Image

    from audit.backgrounds.answers import Answers
    from audit.dataset import Dataset
    from audit.device_variant import Region
    from audit.models.base import Model
    from audit.outputs import ModelOutputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class BackgroundReliance(Audit):
    """Compares usual with unusual backgrounds, and images with changed background or subject.

    Parameters
    ----------
    background
        Column of backgrounds; the one that plays this part when left out. Without any, a model that reads text
        names them itself.
    side
        Column that says common or counter; one called "side" when left out.
    pairs
        How common and counter are told: by a column, by the training split, or by discovery on one half.
    protocol
        What the model chooses among: the data's classes, ImageNet's 1000 names, the 20 most confusing ones, or
        ImageNet-9's superclasses.
    source
        Where answers among the data's classes come from.
    prompt
        Sentence for ImageNet's names.
    interventions
        Changes of the images: a place (background, foreground, image) and what is done to it (blur, grey, shuffle,
        swap_same, swap_random, noise, hue); none to leave them out.
    region
        Where the subject is: masks, boxes, the model's own saliency, or the middle of the image.
    cut
        Whether changes of the subject cover its bounding box or follow its outline, which leaks its shape.
    name_backgrounds
        Let the model name each image's background where no column does; a person should correct its guesses.
    backgrounds
        Words to name backgrounds with.
    axes
        Axes on which the published models' line is straight.
    n_min
        Fewest samples a side for a discovered pair, in the half that is searched.
    correction
        Correction when many classes or changes are tested at once.
    draws
        Bootstrap draws.
    seed
        Seed of halves, noise, orders of patches, donors of backgrounds and draws.
    """

    title: ClassVar[str] = "Spurious-background reliance"
    category: ClassVar[str] = "Shortcuts"
    question: ClassVar[str] = "Does the model recognise the subject, or what usually stands behind it?"
    reference: ClassVar[str] = (
        "Wang et al., CounterAnimal, NeurIPS 2024 (arXiv 2403.11497); Xiao et al., Noise or Signal, ICLR 2021 (arXiv "
        "2006.09994); Moayeri et al., RIVAL10, CVPR 2022 (arXiv 2201.10766); Taori et al., NeurIPS 2020 (arXiv "
        "2007.00644); Scimeca et al., Which Shortcut Cues Will DNNs Choose?, ICLR 2022 (arXiv 2110.03095); Hermann "
        "et al., On the Foundations of Shortcut Learning, ICLR 2024 (arXiv 2310.16228)"
    )
    reading: ClassVar[str] = (
        "The drop says how many points of accuracy are lost when a class stands on an unusual background, on average "
        "over the classes; 0 means that backgrounds do not matter. The changed images then ask the same of every "
        "single picture: a model that looks at the subject keeps its answer when only the background is changed, and "
        "loses it when the subject is gone. A part of any drop is explained by lower accuracy altogether: effective "
        "robustness compares with published models, drawn in grey; they were measured on CounterAnimal and "
        "ImageNet-9, not on your data."
    )
    formula: ClassVar[str] = (
        r"\mathrm{drop}=\frac{1}{|C|}\sum_c\,(a_c^{\mathrm{common}}-a_c^{\mathrm{counter}})\qquad"
        r"\mathrm{RFS}=\frac{a_{bg}-a_{fg}}{2\min(\bar a,1-\bar a)}"
    )
    limits: ClassVar[str] = (
        "Unusual backgrounds may differ in more than the background: pose, size, light. Changed images look unnatural, "
        "and a model may stumble over the change rather than over the missing background; compare the changes of "
        "subject and background with each other. Pair discovery, reliance, availability and the names of 1-vs-20 are "
        "audit-defined, not the papers'. The interval of the drop is over classes: what to expect of classes like "
        "these; the table has the narrower one over images."
    )
    meanings: ClassVar[Mapping[str, str]] = MEANINGS
    labels: ClassVar[Mapping[str, str]] = LABELS
    version: ClassVar[int] = 3
    column_roles: ClassVar[tuple[str, ...]] = ("label", "background", "attributes", "group_id", "split", "mask")
    published: ClassVar[Mapping[str, Mapping[str, float]]] = {"drop": published_drops(), "bg_gap": published_gaps()}

    corrects: ClassVar[Mapping[str, str]] = {"background_used": CORRECTED}

    background: Column | None = None
    side: Column | None = None
    pairs: PairSource = "auto"
    protocol: Protocol = "auto"
    source: Source = "auto"
    prompt: str = PROMPT
    interventions: tuple[str, ...] = NAMES
    region: RegionSource = "auto"
    cut: Literal["box", "mask"] = "box"
    name_backgrounds: bool = False
    backgrounds: tuple[str, ...] = VOCABULARY
    axes: Axes = "logit"
    n_min: Annotated[int, Bounds(5, 500)] = 20
    correction: Literal["benjamini_hochberg", "holm"] = "benjamini_hochberg"
    draws: Annotated[int, Bounds(200, 10_000, 100)] = 2000
    seed: Annotated[int, Bounds(0, 2**31 - 1)] = 0

    def answering(self, dataset: Dataset, model: Model) -> Answering:
        """Return how answers are read."""
        return Answering(resolve(self.protocol, dataset, model), self.source, self.prompt)

    def background_column(self, dataset: Dataset) -> str | None:
        """Return the column of backgrounds, ``None`` without one."""
        return self.background or dataset.roles.background

    def naming(self, dataset: Dataset) -> BackgroundProbabilities | None:
        """Return the model's own naming of backgrounds, ``None`` unless asked for where the data does not say them."""
        if not self.name_backgrounds:
            return None
        if self.background_column(dataset) is not None or side_column(dataset, self.side) is not None:
            return None
        return BackgroundProbabilities(backgrounds=self.backgrounds, template=TEMPLATE)

    def changes(self, dataset: Dataset, model: Model) -> dict[str, Intervention]:
        """Return the changes that can be made, by name; none for data or models without images."""
        if not self.interventions or missing_images(dataset) or not _sees(model, self.source):
            return {}
        region = choose_region(dataset, model, self.region)
        found = battery(self.interventions, region, cut=self.cut, seed=self.seed)
        if dataset.roles.label is not None and dataset.column("label").value_counts().max() < 2:
            found = {name: change for name, change in found.items() if change.kind != "swap_same"}
        return found

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return answers to unchanged and changed images, and what names backgrounds and probes attributes."""
        answering = self.answering(dataset, model)
        first = answering.choose(dataset, model)
        wanted: list[Extractor] = [first]
        naming = self.naming(dataset)
        optional: list[Extractor] = [Embeddings(), *([naming] if naming else [])]
        wanted += [extractor for extractor in optional if not extractor.missing(dataset, model)]
        if not isinstance(first, Predictions):
            changed = self.changes(dataset, model)
            region = next((change.region for change in changed.values() if change.where != "image"), None)
            wanted += [answering.extractor(change) for change in changed.values()]
            wanted += [RegionShares(region=region)] if region is not None else []
        return tuple(dict.fromkeys(wanted))

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what is lacking: labels, answers, and something to tell backgrounds by."""
        if dataset.roles.label is None:
            return [f"'{dataset.name}' has no label column: choose the column of the true classes"]
        chosen = [column for column in (self.background, self.side) if column is not None]
        unknown = [column for column in chosen if column not in dataset.metadata.columns]
        if unknown:
            return [f"'{dataset.name}' has no column '{column}'" for column in unknown]
        try:
            reasons = super().missing(dataset, model)
            changed = self.changes(dataset, model)
        except InputError as error:
            return [str(error)]
        if not reasons and not self._told(dataset, changed):
            reasons.append(
                f"'{dataset.name}' has no background column and no masks: choose one "
                "(or let a model that reads text name backgrounds with name_backgrounds=true, or say with "
                "region=center that subjects stand in the middle)"
            )
        if not reasons and self.name_backgrounds and self.naming(dataset) is not None:
            reasons += lacking(model, "text_encoder")
        return reasons

    def _told(self, dataset: Dataset, changed: Mapping[str, Intervention]) -> bool:
        """Whether anything tells subject from background; the middle of an image does only when a person says so."""
        if self.background_column(dataset) or side_column(dataset, self.side) or self.naming(dataset):
            return True
        if "variant" in dataset.metadata.columns:
            return True
        located = dataset.roles.mask is not None or box_columns(dataset) is not None or self.region != "auto"
        return bool(changed) and located

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Compute drop, reliance, the changes' effects and what they rest on."""
        dataset = outputs.dataset
        first, answering = self._first(outputs)
        naming = self.naming(dataset)
        background = read_background(
            dataset,
            outputs,
            self.background_column(dataset),
            naming if naming in outputs else None,
        )
        inputs = read_inputs(
            outputs,
            answering,
            first,
            background=background,
            pairs=self.pairs,
            side=self.side,
            n_min=self.n_min,
            seed=self.seed,
        )
        changed, region = self._battery(outputs, inputs, answering)
        overall = overall_scores(inputs, changed, fit_line(axes=self.axes), draws=self.draws, seed=self.seed)
        embeddings = np.asarray(outputs[Embeddings()]) if Embeddings() in outputs else None
        attributes, remarks = attribute_rows(inputs, embeddings, seed=self.seed)
        rows = class_rows(inputs, overall, self.correction) + mistake_rows(inputs)
        if changed is not None:
            rows += intervention_rows(inputs, changed, self.correction)
        rows += conflict_rows(inputs, overall) + attributes
        if changed is not None:
            rows += flip_rows(inputs, changed)
        notes = [*inputs.notes, *overall.notes, *remarks, *(changed.notes if changed is not None else ())]
        return Result(
            overall=score_table(overall.rows),
            by_group=score_table(rows, index="row"),
            by_sample=self._by_sample(inputs, overall, changed),
            verdict=verdict(overall.rows, rows, inputs),
            notes=tuple(dict.fromkeys(notes)),
            settings={
                "seed": self.seed,
                "pairs": inputs.sides.how or "none",
                "protocol": answering.protocol,
                "region": region,
            },
        )

    def _first(self, outputs: ModelOutputs) -> tuple[Extractor, Answering]:
        """Return the output that holds the answers to unchanged images, and how it is read."""
        layout: Protocol = "nine" if "variant" in outputs.dataset.metadata.columns else "1-vs-1000"
        protocols: tuple[Protocol, ...] = ("data", layout) if self.protocol == "auto" else (self.protocol,)
        for protocol in protocols:
            answering = Answering(protocol, self.source, self.prompt)
            for extractor in (answering.extractor(), answering.extractor(probabilities=False)):
                if extractor in outputs:
                    return extractor, answering
        raise InputError("`outputs` must hold the model's answers; it does not. Ask `requires` for what is needed.")

    def _battery(self, outputs: ModelOutputs, inputs: Inputs, answering: Answering) -> tuple[Battery | None, str]:
        variants: dict[str, Extractor] = {}
        for extractor in outputs:
            change = getattr(extractor, "variant", None)
            if isinstance(change, Intervention):
                variants[change.name] = extractor
        if not variants:
            return None, ""
        shares = next((extractor for extractor in outputs if isinstance(extractor, RegionShares)), None)
        names = [name for name in self.interventions if name in variants]
        usable, notes = usable_samples(names, inputs, outputs[shares] if shares is not None else None)
        answers: dict[str, Answers] = {name: answering.read(outputs, variants[name], inputs.answers) for name in names}
        region: Region | None = shares.region if shares is not None else None
        said = REGION_WORDS[type(region).__name__] if region is not None else ""
        left_out = [words(name) for name in self.interventions if name not in variants]
        if left_out:
            notes.append(f"Not done, because every class has one sample only: {', '.join(left_out)}")
        if region is not None:
            notes.insert(0, f"Where the subject is was told by {said}")
        predicted = {name: self._in_words(found, inputs) for name, found in answers.items()}
        return Battery(answers, usable, predicted, tuple(notes)), said

    @staticmethod
    def _in_words(answers: Answers, inputs: Inputs) -> np.ndarray:
        own = dict(zip(inputs.answers.predicted.tolist(), inputs.predicted.tolist(), strict=True))
        return np.asarray([own.get(word, word) for word in predicted_words(answers, inputs.label).tolist()])

    @staticmethod
    def _by_sample(inputs: Inputs, overall: Overall, changed: Battery | None) -> pd.DataFrame:
        side = np.asarray(["common", "counter", ""], dtype=object)
        tested = np.where(inputs.sides.tested, inputs.sides.codes, -1)
        columns: dict[str, Any] = {
            "correct": pd.array(inputs.answers.correct, dtype="boolean"),
            "predicted": inputs.predicted,
            "p_true": inputs.answers.p_true,
            "answers": inputs.answers.top,
            "tested_side": side[tested],
        }
        if inputs.background is not None:
            columns["background_used"] = inputs.background.text
            if inputs.background.confidence is not None:
                columns["background_confidence"] = inputs.background.confidence
            follows = conflict_codes(inputs, overall.implied)
            columns["conflict_follows"] = [
                FOLLOWS.get(what, "neither") if what >= 0 else "" for what in follows.tolist()
            ]
        if changed is not None:
            for name, answers in changed.answers.items():
                columns[f"p_true, {words(name)}"] = answers.p_true
                columns[f"predicted, {words(name)}"] = changed.predicted[name]
        frame = pd.DataFrame(columns, index=inputs.dataset.index)
        frame.loc[~inputs.known, "correct"] = pd.NA
        return frame.rename_axis("sample_id")

    def figures(self, result: Result, dataset: Dataset) -> Sequence[Figure]:  # noqa: ARG002
        """Return the scatter, dumbbells, mistakes, changes, cue conflict and attributes."""
        from audit.backgrounds.figures import page_figures

        return page_figures(result, self.axes)

    def changed_images(
        self, result: Result, dataset: Dataset, model: Model, sample_id: str
    ) -> Mapping[str, Image.Image]:
        """Return the sample as it is and under every change that the result has answers for."""
        shown = {"original": render_variant(dataset, sample_id, None, model)}
        for name, change in self.changes(dataset, model).items():
            if f"p_true, {words(name)}" in result.by_sample.columns:
                shown[words(name)] = render_variant(dataset, sample_id, change, model)
        return shown

    def compare(self, results: Mapping[str, Result], dataset: Dataset) -> Sequence[Figure]:
        """Return the models' places among the published ones, and two models' paired differences."""
        from audit.backgrounds.two_models import comparison_figures

        return comparison_figures(results, dataset, self.axes)


def _sees(model: Model, source: Source) -> bool:
    """Return whether the model itself answers, so that it can be asked about changed images."""
    return source != "given" and predicts(model)
