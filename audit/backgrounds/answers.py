"""What the model answers, by protocol: among the data's classes, or among ImageNet's thousand names.

*data*: arg max over the dataset's classes. *1-vs-1000* (CounterAnimal, arXiv 2403.11497): arg max over all names of
ImageNet-1k; zero-shot with the prompt ``A photo of {full synset string}``, no ensembling. *1-vs-20*: over the names
that the model finds likeliest for a class on average, 20 of them with the true name among them; the paper takes its
list from another model, so the list is audit-defined. *nine*: 1000-way answers mapped to the superclasses of
ImageNet-9; a name that belongs to none of them is wrong. The names and their order are timm's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd

from audit.base import DerivedExtractor, Extractor, Variant
from audit.models.classes import imagenet_classes, match_classes, synonyms
from audit.outputs import (
    ClassLogits,
    Embeddings,
    PhraseEmbeddings,
    Predictions,
    Probabilities,
    Source,
    predicts,
    softmax,
    unit_rows,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Classifier, Model, TextEncoder
    from audit.outputs import ModelOutputs

Protocol = Literal["auto", "data", "1-vs-1000", "1-vs-20", "nine"]

PROMPT = "A photo of {}"
CONFUSING = 20
INDEX_COLUMN = "imagenet_index"
SHOWN = 5
"""Classes of a sample's answer that are kept in words."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NameScores(DerivedExtractor):
    """Logits of ImageNet-1k's names, float32 (n, 1000), in ImageNet's order.

    Parameters
    ----------
    prompt
        Sentence with one ``{}`` for models that compare images with text.
    variant
        A change made to every image before.
    """

    prompt: str = PROMPT
    variant: Variant | None = None

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return logits, or embeddings of images and names."""
        if "classifier" in model.abilities:
            return (ClassLogits(variant=self.variant),)
        names = PhraseEmbeddings(phrases=imagenet_classes("imagenet1k").names, templates=(self.prompt,))
        return (Embeddings(variant=self.variant), names)

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what the inputs lack, and whether a classifier knows ImageNet."""
        if not predicts(model):
            return [f"{model.name} cannot choose among ImageNet's names"]
        reasons = super().missing(dataset, model)
        if "classifier" in model.abilities and not reasons and _columns(model) is None:
            reasons.append(f"{model.name} is no classifier of ImageNet's 1000 classes")
        return reasons

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Return the logits in ImageNet's order."""
        if "classifier" in model.abilities:
            columns = _columns(model)
            assert columns is not None
            return np.asarray(arrays[0], dtype=np.float32)[:, columns]
        images, names = arrays
        return np.asarray(unit_rows(images) @ names.T * cast("TextEncoder", model).logit_scale, dtype=np.float32)


def _columns(model: Model) -> list[int] | None:
    """Return the logit of each ImageNet class, ``None`` where the model does not know them all."""
    classifier = cast("Classifier", model)
    known = imagenet_classes("imagenet1k")
    for names in ([aliases[0] for aliases in known.aliases], list(known.names)):
        if len(classifier.class_names) >= len(names):
            found = match_classes(classifier, names)
            if not found.problems:
                return list(found.columns)
    return None


def imagenet_labels(dataset: Dataset) -> NDArray[np.int64]:
    """Return the ImageNet index of every sample's class, -1 where it is none."""
    if INDEX_COLUMN in dataset.metadata.columns:
        return np.asarray(dataset.metadata[INDEX_COLUMN].astype("Int64").fillna(-1), dtype=np.int64)
    known = imagenet_classes("imagenet1k")
    listed = SimpleNamespace(class_names=known.names, class_aliases=known.aliases, class_offset=0, name="ImageNet")
    found = match_classes(cast("Any", listed), dataset.classes)
    index = dict(zip(dataset.classes, found.columns, strict=True))
    labels = dataset.column("label")
    return np.asarray([index.get(str(value), -1) if pd.notna(value) else -1 for value in labels], dtype=np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """The model's answer to every sample.

    Parameters
    ----------
    predicted
        Class names, (n,).
    correct
        Bool (n,).
    p_true
        Probability of the true class, (n,); NaN where only predictions are known.
    top
        The likeliest classes in words, (n,); empty where only predictions are known.
    ties
        Samples whose largest score is shared: the class of lowest index was taken.
    """

    predicted: NDArray[np.str_]
    correct: NDArray[np.bool_]
    p_true: NDArray[np.float64]
    top: NDArray[np.str_]
    ties: int


@dataclasses.dataclass(frozen=True)
class Answering:
    """A protocol with what it needs.

    Parameters
    ----------
    protocol
        Never ``auto``; see :func:`resolve`.
    source
        Where answers among the data's classes come from.
    prompt
        Of ImageNet's names.
    """

    protocol: Protocol
    source: Source = "auto"
    prompt: str = PROMPT

    def extractor(self, variant: Variant | None = None, *, probabilities: bool = True) -> Extractor:
        """Return the output that answers are read from."""
        if self.protocol != "data":
            return NameScores(prompt=self.prompt, variant=variant)
        if probabilities or variant is not None:
            return Probabilities(source=self.source, variant=variant)
        return Predictions(source=self.source)

    def choose(self, dataset: Dataset, model: Model) -> Extractor:
        """Return the output for unchanged images: probabilities where there are any."""
        best = self.extractor()
        return best if not best.missing(dataset, model) else self.extractor(probabilities=False)

    def read(self, outputs: ModelOutputs, extractor: Extractor, first: Answers | None = None) -> Answers:
        """Return the answers that an output holds.

        Parameters
        ----------
        outputs
            With the extractor.
        extractor
            Of :meth:`extractor`.
        first
            Answers to the unchanged images, of which 1-vs-20 takes its names; ``None`` for those themselves.
        """
        dataset = outputs.dataset
        values = np.asarray(outputs[extractor])
        labels = dataset.column("label").astype("str").to_numpy(dtype=np.str_)
        if isinstance(extractor, Predictions):
            nothing = np.full(len(values), np.nan)
            return Answers(values, values == labels, nothing, np.full(len(values), "", dtype=np.str_), 0)
        if self.protocol == "data":
            return _read_scores(values, np.asarray(dataset.classes, dtype=np.str_), labels)
        if self.protocol == "nine":
            return _read_nine(softmax(values), dataset, labels)
        truth = imagenet_labels(dataset)
        if self.protocol == "1-vs-20":
            allowed = first.allowed if isinstance(first, Narrowed) else confusing_names(softmax(values), truth)
            found = _read_scores(softmax(np.where(allowed[truth], values, -np.inf)), _short_names(), None, truth)
            return Narrowed(found.predicted, found.correct, found.p_true, found.top, found.ties, allowed)
        return _read_scores(softmax(values), _short_names(), None, truth)


@dataclasses.dataclass(frozen=True, eq=False)
class Narrowed(Answers):
    """Answers of 1-vs-20.

    Parameters
    ----------
    allowed
        Bool (1000, 1000): names that a sample of each class may be called.
    """

    allowed: NDArray[np.bool_]


def resolve(protocol: Protocol, dataset: Dataset, model: Model) -> Protocol:
    """Return the protocol that ``auto`` stands for: the one of the layout that the data came in."""
    if protocol != "auto":
        return protocol
    columns = set(dataset.metadata.columns)
    if NameScores().missing(dataset, model):
        return "data"
    if INDEX_COLUMN in columns:
        return "1-vs-1000"
    return "nine" if {"variant", "wnid"} <= columns and "classifier" in model.abilities else "data"


def confusing_names(probabilities: NDArray[np.floating], truth: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the names that each class may be called: the 20 likeliest on its samples, its own among them.

    Parameters
    ----------
    probabilities
        (n, names).
    truth
        (n,), -1 for samples of no class.
    """
    names = probabilities.shape[1]
    allowed = np.ones((names, names), dtype=bool)
    for label in np.unique(truth[truth >= 0]).tolist():
        mean = probabilities[truth == label].mean(axis=0)
        mean[label] = np.inf
        allowed[label] = False
        allowed[label, np.argsort(-mean, kind="stable")[:CONFUSING]] = True
    return allowed


def _short_names() -> NDArray[np.str_]:
    return np.asarray([synonyms(name)[0] for name in imagenet_classes("imagenet1k").names], dtype=np.str_)


def _read_scores(
    probabilities: NDArray[np.floating],
    names: NDArray[np.str_],
    labels: NDArray[np.str_] | None,
    truth: NDArray[np.int64] | None = None,
) -> Answers:
    if truth is None:
        assert labels is not None
        truth = pd.Index(names).get_indexer(pd.Index(labels)).astype(np.int64)
    best = probabilities.argmax(axis=1)
    ties = int(((probabilities == probabilities.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
    known = truth >= 0
    p_true = np.full(len(best), np.nan)
    p_true[known] = probabilities[known, truth[known]]
    return Answers(names[best], known & (best == truth), p_true, top_words(probabilities, names), ties)


def top_words(probabilities: NDArray[np.floating], names: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the likeliest classes of each sample as ``cow .83; camel .10``."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :SHOWN]
    taken = np.take_along_axis(probabilities, order, axis=1)
    rows = [
        "; ".join(f"{names[place]} {p:.3f}" for place, p in zip(places, row, strict=True))
        for places, row in zip(order.tolist(), taken.tolist(), strict=True)
    ]
    return np.asarray(rows, dtype=np.str_)


def superclasses(dataset: Dataset) -> dict[str, str]:
    """Return the class of every WordNet id that the data's file names tell."""
    table = dataset.metadata[["wnid", str(dataset.roles.label)]].dropna().astype("str").drop_duplicates()
    return dict(table.itertuples(index=False, name=None))


def _read_nine(probabilities: NDArray[np.floating], dataset: Dataset, labels: NDArray[np.str_]) -> Answers:
    of_wnid: Mapping[str, str] = superclasses(dataset)
    names = np.asarray([*dict.fromkeys(of_wnid.values()), "none of these"], dtype=np.str_)
    place = {name: position for position, name in enumerate(names.tolist())}
    wnids = [aliases[0] for aliases in imagenet_classes("imagenet1k").aliases]
    column = np.asarray([place[of_wnid.get(wnid, "none of these")] for wnid in wnids])
    summed = np.zeros((len(probabilities), len(names)))
    for position in range(len(names)):
        summed[:, position] = probabilities[:, column == position].sum(axis=1)
    best = column[probabilities.argmax(axis=1)]
    read = _read_scores(summed, names, labels)
    # As in the challenge: the class of the one likeliest name, not the likeliest sum.
    return dataclasses.replace(read, predicted=names[best], correct=names[best] == labels, ties=0)
