"""The two plug-in kinds: an extractor makes an array from images or arrays, an audit makes a result from arrays."""

# What a subclass may want is handed to methods that do nothing with it here.
# ruff: noqa: ARG002

from __future__ import annotations

import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from audit.errors import InputError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import torch
    from PIL import Image

    from audit.dataset import Dataset
    from audit.models.base import Model, Preprocessing
    from audit.outputs import ModelOutputs
    from audit.panels import Panel
    from audit.result import Result


class Column(str):
    """The type of an audit's field that names a metadata column; a form shows a column picker for it."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Limits of a numeric field, given as ``Annotated[int, Bounds(1, 100)]``; a form shows a slider.

    Parameters
    ----------
    low, high
        Smallest and largest value allowed, both included.
    step
        Step of the slider.
    """

    low: float
    high: float
    step: float = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Extractor(ABC):  # noqa: B024 - its two kinds have the abstract methods
    """Something computed once per (dataset, model) and kept in the store.

    Fields are the cache key, together with ``version`` and the extractor's inputs.
    """

    version: ClassVar[int] = 1
    """Raised whenever the same fields would give other numbers."""

    uses_model: ClassVar[bool] = True
    """Whether the model's fingerprint belongs to the key."""

    aligned: ClassVar[bool] = True
    """Whether the array has one row a sample."""

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return in plain words what the dataset or model lacks for this output; empty when nothing."""
        return []

    def assumed(self, dataset: Dataset, model: Model) -> tuple[str, ...]:
        """Return what was taken for granted on the way to this output; shown in the notes of every result."""
        return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant(ABC):  # noqa: B024 - its two kinds have the abstract methods
    """A changed image (foreground only, hue-shifted, patch-shuffled): a field of an extractor, so part of its key.

    Its two kinds are :class:`ImageVariant`, made image by image while decoding, and
    :class:`audit.device_variant.DeviceVariant`, made for a whole batch on the model's device.
    """

    version: ClassVar[int] = 1
    """Raised whenever the same fields would give other pixels."""

    def depends_on(self, dataset: Dataset) -> Mapping[str, Any]:
        """Return what else of the dataset the pixels depend on (hashes of masks, boxes): part of the key."""
        return {}


class ImageVariant(Variant):
    """A change of one decoded image, before resizing and cropping."""

    @abstractmethod
    def __call__(self, image: Image.Image, dataset: Dataset, sample_id: str) -> Image.Image:
        """Return the changed RGB image; called from several threads at once.

        Raises
        ------
        audit.images.ImageProblem
            If the sample lacks what the change needs; the reason is shown and the sample left out.
        """


class ImageExtractor(Extractor):
    """One row an image, computed batch by batch: streamed, sharded, resumable."""

    def image_variant(self) -> Variant | None:
        """Return the change made to every image; ``None`` leaves it as it is."""
        return None

    def preprocessing(self, model: Model) -> Preprocessing:
        """How an image becomes the array that :meth:`compute` receives; the model's own by default."""
        return model.preprocessing

    @abstractmethod
    def compute(self, model: Model, images: torch.Tensor) -> Mapping[str, torch.Tensor] | torch.Tensor:
        """Return the rows of a batch.

        Parameters
        ----------
        model
            A loaded model.
        images
            uint8 (b, 3, height, width) on the model's device, as the preprocessing leaves them.

        Returns
        -------
        Tensor or mapping of names to tensors
            First dimension b.
        """


class DerivedExtractor(Extractor):
    """An array made from other extractors' arrays and the metadata; recomputed whenever those change."""

    kept: ClassVar[bool] = False
    """Whether the array is worth keeping in the store: set it where computing takes longer than reading."""

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:
        """Return the extractors whose arrays :meth:`compute` receives, in order."""
        return ()

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:
        """Return what else of the dataset the array depends on (a column's values, class names): part of the key."""
        return {}

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what the inputs lack."""
        return [reason for source in self.inputs(dataset, model) for reason in source.missing(dataset, model)]

    def assumed(self, dataset: Dataset, model: Model) -> tuple[str, ...]:
        """Return what the inputs took for granted."""
        return tuple(note for source in self.inputs(dataset, model) for note in source.assumed(dataset, model))

    @abstractmethod
    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Return the array; ``arrays`` are those of :meth:`inputs`, aligned to the dataset."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Audit(ABC):
    """A question asked of a model and a dataset.

    Parameters are dataclass fields and become the page's form and the command line's ``--set``; facts are
    class variables. A subclass is found by import: one module in :mod:`audit.audits` holds one audit,
    and the module's name is the audit's name.
    """

    title: ClassVar[str]
    """Heading of the page."""

    category: ClassVar[str]
    """Group in the navigation: "Groups", "Shortcuts", "Features", "Explanations"."""

    question: ClassVar[str]
    """What it answers, as one short question."""

    reference: ClassVar[str]
    """Papers, with arXiv ids."""

    reading: ClassVar[str]
    """How to read the result: about three sentences that a reviewer without statistics can repeat."""

    formula: ClassVar[str] = ""
    """The main score's formula in LaTeX."""
    limits: ClassVar[str] = ""
    """What the audit cannot say."""
    meanings: ClassVar[Mapping[str, str]] = {}
    """What each score of ``overall`` and each own column of the tables says, in a sentence."""
    labels: ClassVar[Mapping[str, str]] = {}
    """What fields are called in the form, where the name alone does not say it."""
    version: ClassVar[int] = 1
    """Raised whenever the same fields would give other numbers."""
    column_roles: ClassVar[tuple[str, ...]] = ()
    """Dataset roles (label, attributes, center ...) the page asks for beside the fields."""

    published: ClassVar[Mapping[str, Mapping[str, float]]] = {}
    """Published values of known models: {score: {model: value}}, drawn as grey ticks."""

    examines: ClassVar[str] = ""
    """Words of the switch that asks :meth:`examine` about one sample; empty for audits that cannot."""

    corrects: ClassVar[Mapping[str, str]] = {}
    """Columns of ``by_sample`` that a person may correct on the page, and the column that corrections make."""

    def name(self) -> str:
        """Return the audit's name: that of its module."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return the outputs that must be there before the audit can run."""

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return in plain words what keeps the audit from running on this dataset and model; empty when nothing."""
        reasons = [r for extractor in self.requires(dataset, model) for r in extractor.missing(dataset, model)]
        return list(dict.fromkeys(reasons))

    @abstractmethod
    def __call__(self, outputs: ModelOutputs) -> Result:
        """Compute the result from arrays alone: pure, on the CPU, seeded by its fields."""

    def figures(self, result: Result, dataset: Dataset) -> Sequence[Figure]:
        """Return the page's figures, the main one first; by default every row of ``by_group`` with its interval."""
        from audit.plots import interval_figure

        figure = interval_figure(result.by_group, null=None)
        return (Figure(title=f"Every {result.by_group.index.name}", figure=figure, text=result.verdict.sentence),)

    def changed_images(
        self, result: Result, dataset: Dataset, model: Model, sample_id: str
    ) -> Mapping[str, Image.Image]:
        """Return what the model saw of a sample, by what was done to the image; the unchanged image first.

        The page shows them side by side, with the columns ``p_true, NAME`` and ``predicted, NAME`` of ``by_sample``.
        """
        return {}

    def panels(self, result: Result, dataset: Dataset, where: str) -> Sequence[Panel]:
        """Return rows of pictures and plots for the page, from the result alone; shown between figures and tables.

        Parameters
        ----------
        result
            What the audit found.
        dataset
            The data.
        where
            The ``where`` JSON of the selected row of ``by_group``, or of a clicked point; empty for none.
        """
        return ()

    def examine(self, result: Result, dataset: Dataset, model: Model, sample: str | Image.Image) -> Sequence[Panel]:
        """Return what the model makes of one sample or of an image from elsewhere, computed when asked for.

        The page offers it where :attr:`examines` is not empty.
        """
        return ()

    def compare(self, results: Mapping[str, Result], dataset: Dataset) -> Sequence[Figure]:
        """Return further figures for several models on the same dataset, in the order of their names."""
        return ()


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Figure:
    """A plot with its heading and its text alternative.

    Parameters
    ----------
    title
        Heading above the plot.
    figure
        The Plotly figure. Points that can be clicked carry in ``customdata`` the ``where`` JSON of their row.
    text
        What the plot shows, in a sentence, for those who cannot see it.
    """

    title: str
    figure: go.Figure
    text: str


def specification(plugin: Extractor | Audit) -> dict[str, Any]:
    """Return class, version and fields of a plug-in, nested extractors included: the readable cache key.

    ``dataclasses.asdict`` would drop the class and version of a nested extractor.
    """
    return {
        "class": f"{type(plugin).__module__}.{type(plugin).__qualname__}",
        "version": plugin.version,
        "fields": {field.name: _plain(getattr(plugin, field.name), field.name) for field in dataclasses.fields(plugin)},
    }


def _plain(value: Any, field: str) -> Any:
    if isinstance(value, Extractor | Audit):
        return specification(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = {f.name: _plain(getattr(value, f.name), f.name) for f in dataclasses.fields(value)}
        version = getattr(value, "version", None)
        home = {"module": type(value).__module__, "version": version} if version is not None else {}
        return {"class": type(value).__qualname__, **home, "fields": inner}
    if isinstance(value, tuple | list):
        return [_plain(inner, field) for inner in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, field) for key, inner in value.items()}
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise InputError(f"`{field}` must be plain data to be part of a key; got {type(value).__name__}.")


def canonical(spec: Mapping[str, Any]) -> str:
    """Return the one JSON text of a specification."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False)


def select(where: str | Mapping[str, Any], table: pd.DataFrame) -> np.ndarray:
    """Return a boolean mask of the rows that a ``where`` names.

    Parameters
    ----------
    where
        JSON object (or mapping) of column to value or list of values; empty selects every row. The index counts as
        a column by its name. Values are compared as text, so that it survives a link.
    table
        Metadata joined with ``by_sample``.

    Raises
    ------
    InputError
        If a column is unknown.
    """
    conditions = json.loads(where or "{}") if isinstance(where, str) else where
    mask = np.ones(len(table), dtype=bool)
    for column, wanted in conditions.items():
        if column not in table.columns and column != table.index.name:
            raise InputError(f"`where` must name columns of the table; got '{column}'.")
        values = [str(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
        held = table[column] if column in table.columns else table.index.to_series()
        mask &= held.astype("str").isin(values).to_numpy()
    return mask
