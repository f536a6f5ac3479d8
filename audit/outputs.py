"""Model outputs: aligned arrays, and the extractors that every audit shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np

from audit.base import DerivedExtractor, Extractor, Variant
from audit.errors import InputError
from audit.models.base import Classifier, TextEncoder
from audit.primary_outputs import ClassLogits, EncodedImages, GivenEmbeddings, lacking, missing_images

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model

__all__ = [
    "PROMPTS",
    "ClassLogits",
    "Embeddings",
    "EncodedImages",
    "GivenEmbeddings",
    "ModelOutputs",
    "PhraseEmbeddings",
    "Predictions",
    "Probabilities",
    "Source",
    "lacking",
    "missing_images",
    "predicts",
    "softmax",
    "unit_rows",
]

Source = Literal["auto", "given", "classifier", "zero-shot"]

PROMPTS: tuple[str, ...] = ("a photo of a {}",)
"""Default prompt template of zero-shot class names."""


class ModelOutputs:
    """Arrays of one model on one dataset, by the extractor that made them.

    Parameters
    ----------
    dataset
        The samples that every aligned array has a row for.
    model
        The model's name.
    arrays
        Array (or mapping of names to arrays, for extractors with several) by extractor.
    notes
        What was left out on the way, in plain words.

    Raises
    ------
    InputError
        If an aligned array's length differs from the dataset's.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: str,
        arrays: Mapping[Extractor, Any],
        notes: tuple[str, ...] = (),
    ) -> None:
        for extractor, value in arrays.items():
            if not extractor.aligned:
                continue
            for array in value.values() if isinstance(value, Mapping) else (value,):
                if len(array) != len(dataset):
                    raise InputError(
                        f"`{type(extractor).__name__}` must have one row a sample ({len(dataset)}); got {len(array)}.",
                    )
        self.dataset = dataset
        self.model = model
        self.notes = notes
        self._arrays = dict(arrays)

    def __getitem__(self, extractor: Extractor) -> Any:
        if extractor not in self._arrays:
            known = ", ".join(type(key).__name__ for key in self._arrays) or "none"
            raise InputError(
                f"`{extractor}` must be among the outputs that the audit requires; got only: {known}.",
            )
        return self._arrays[extractor]

    def __contains__(self, extractor: object) -> bool:
        return extractor in self._arrays

    def __iter__(self) -> Iterator[Extractor]:
        return iter(self._arrays)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Embeddings(DerivedExtractor):
    """One vector a sample, (n, d) float32: the model's image embeddings, or those that came with the data.

    Parameters
    ----------
    variant
        A change made to every image before; only a model can embed changed images.
    """

    variant: Variant | None = None

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return the encoder's rows for a model that encodes images, the given array otherwise."""
        if "image_encoder" in model.abilities or self.variant is not None:
            return (EncodedImages(variant=self.variant),)
        return (GivenEmbeddings(),)

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Pass the array on."""
        return cast("np.ndarray", arrays[0])


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhraseEmbeddings(DerivedExtractor):
    """Unit vectors of phrases, (phrases, d) float32: the mean of the unit vectors over the templates, normalised again.

    Parameters
    ----------
    phrases
        What to encode.
    templates
        Sentences with one ``{}``.
    """

    aligned: ClassVar[bool] = False
    kept: ClassVar[bool] = True
    phrases: tuple[str, ...]
    templates: tuple[str, ...] = ("{}",)

    def missing(self, dataset: Dataset, model: Model) -> list[str]:  # noqa: ARG002
        """Return the reason when the model has no text encoder."""
        return lacking(model, "text_encoder")

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Encode every phrase in every template."""
        encoder = cast("TextEncoder", model)
        total: np.ndarray | None = None
        for template in self.templates:
            vectors = unit_rows(encoder.encode_text([template.format(phrase) for phrase in self.phrases]))
            total = vectors if total is None else total + vectors
        if total is None:
            raise InputError("`templates` must hold at least one sentence with '{}'; got none.")
        return unit_rows(total)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probabilities(DerivedExtractor):
    """Class probabilities, float32 (n, classes), in the order of ``dataset.classes``.

    Parameters
    ----------
    source
        ``given``: the array that came with the data; ``classifier``: softmax of the model's logits, its classes
        matched to the dataset's; ``zero-shot``: softmax of scaled cosines to the class names; ``auto``: the
        model's own (``classifier``, else ``zero-shot``) when it can, the given array otherwise.
    templates
        Prompt templates of the zero-shot class names.
    variant
        A change made to every image before; only a model can see changed images.
    """

    source: Source = "auto"
    templates: tuple[str, ...] = PROMPTS
    variant: Variant | None = None

    def resolve(self, dataset: Dataset, model: Model) -> Source:
        """Return the source that ``auto`` stands for."""
        if self.source != "auto":
            return self.source
        if "classifier" in model.abilities:
            return "classifier"
        given = "probabilities" in dataset.arrays and self.variant is None
        return "given" if given and not predicts(model) else "zero-shot"

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:
        """Return logits, or image and class-name embeddings, or nothing, by source."""
        source = self.resolve(dataset, model)
        if source == "classifier":
            return (ClassLogits(variant=self.variant),)
        if source == "zero-shot":
            phrases = tuple(name.replace("_", " ") for name in dataset.classes)
            images = Embeddings(variant=self.variant)
            return (images, PhraseEmbeddings(phrases=phrases, templates=self.templates))
        return ()

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:
        """Return the class names, and the given array's hash."""
        from audit.store import array_hash

        facts: dict[str, Any] = {"classes": list(dataset.classes)}
        if self.resolve(dataset, model) == "given":
            facts["probabilities"] = array_hash(dataset.arrays["probabilities"])
        return facts

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what the source lacks."""
        source = self.resolve(dataset, model)
        if source == "given":
            if self.variant is not None:
                return ["probabilities that came with the data are not of changed images: choose a model"]
            have = "probabilities" in dataset.arrays
            return [] if have else [f"no probabilities came with '{dataset.name}'"]
        reasons = super().missing(dataset, model)
        if not dataset.classes:
            reasons.append(f"'{dataset.name}' has no label column to take class names from")
        if source == "classifier" and not reasons:
            from audit.models.classes import match_classes

            reasons += match_classes(cast("Classifier", model), dataset.classes).problems
        return reasons

    def assumed(self, dataset: Dataset, model: Model) -> tuple[str, ...]:
        """Return how labels were matched to logits, and among how many classes the model chooses."""
        if self.resolve(dataset, model) != "classifier":
            return super().assumed(dataset, model)
        from audit.models.classes import match_classes

        classifier = cast("Classifier", model)
        known, asked = len(classifier.class_names), len(dataset.classes)
        among = f"{model.name} chooses among the dataset's {asked:,} classes, not among all {known:,} it knows."
        matched = match_classes(classifier, dataset.classes).notes
        return (*super().assumed(dataset, model), *matched, *((among,) if asked < known else ()))

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Return the probabilities by the resolved source."""
        source = self.resolve(dataset, model)
        if source == "given":
            return np.asarray(dataset.arrays["probabilities"], dtype=np.float32)
        if source == "classifier":
            from audit.models.classes import match_classes

            logits = match_classes(cast("Classifier", model), dataset.classes).select(arrays[0])
        else:
            images, phrases = arrays
            logits = unit_rows(images) @ phrases.T * cast("TextEncoder", model).logit_scale
        return softmax(logits)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Predictions(DerivedExtractor):
    """The predicted class of every sample, as text (n,).

    Parameters
    ----------
    source
        ``given``: a column; otherwise the arg max of :class:`Probabilities` of that source (ties: the lowest
        index); ``auto``: the model's own when it can predict, the column otherwise.
    templates
        Prompt templates of the zero-shot class names.
    variant
        A change made to every image before; only a model can see changed images.
    """

    source: Source = "auto"
    templates: tuple[str, ...] = PROMPTS
    variant: Variant | None = None

    def given(self, dataset: Dataset, model: Model) -> str | None:
        """Return the column the predictions are read from, "" when there is none, ``None`` when the model predicts."""
        if self.variant is not None or self.source not in {"auto", "given"}:
            return None
        if self.source == "auto" and predicts(model):
            return None
        column = getattr(model, "prediction", None) or dataset.roles.prediction
        if column is None and self.source == "auto" and "probabilities" in dataset.arrays:
            return None
        return column or ""

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what the source lacks."""
        column = self.given(dataset, model)
        if column is None:
            return super().missing(dataset, model)
        if column == "":
            remedy = "choose the column of predictions, or a model that predicts"
            return [f"'{dataset.name}' has no prediction column and {model.name} cannot classify: {remedy}"]
        if column in dataset.metadata.columns:
            return []
        from audit.models.options import near

        # Predictions of many models often come as a table of their own.
        meant = near(column, map(str, dataset.metadata.columns)) or " A table that has it can be joined to the data."
        return [f"'{dataset.name}' has no column '{column}' to read predictions from.{meant.rstrip('.?')}"]

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:
        """Return the probabilities unless the predictions are given."""
        if self.given(dataset, model) is not None:
            return ()
        return (Probabilities(source=self.source, templates=self.templates, variant=self.variant),)

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:
        """Return the column's hash, or the class names."""
        from audit.store import array_hash

        column = self.given(dataset, model)
        if column:
            return {"prediction": array_hash(dataset.metadata[column].astype("str").to_numpy(dtype=np.str_))}
        return {"classes": list(dataset.classes)}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Return the column, or the arg max class."""
        column = self.given(dataset, model)
        if column:
            return dataset.metadata[column].astype("str").to_numpy(dtype=np.str_)
        names = np.asarray(dataset.classes, dtype=np.str_)
        return cast("np.ndarray", names[np.argmax(arrays[0], axis=1)])


def predicts(model: Model) -> bool:
    """Return whether a model names a class by itself: by logits, or by comparing images with class names."""
    return "classifier" in model.abilities or {"image_encoder", "text_encoder"} <= model.abilities


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return rows of length 1, float32; rows of zeros stay zero."""
    values = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return cast("np.ndarray", np.divide(values, length, out=np.zeros_like(values), where=length > 0))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the row-wise softmax of (n, classes), float32."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return cast("np.ndarray", (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32))
