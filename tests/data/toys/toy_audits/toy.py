"""How often the prediction is right: the smallest audit that uses every kind of field."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
import pandas as pd

from audit.base import Audit, Bounds, Column, Extractor
from audit.outputs import Predictions
from audit.result import Result, Verdict, score_table

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Toy(Audit):
    """Counts right predictions.

    Parameters
    ----------
    by
        The column whose values are the groups,
        the label when left out.
    least
        Groups smaller than this are left out.
    level : float
        Confidence of the intervals.
    score
        What the score is called.
    strict
        Whether letter case counts.
    title_words, classes
        Words, and classes to keep.
    """

    title: ClassVar[str] = "Toy"
    category: ClassVar[str] = "Groups"
    question: ClassVar[str] = "How often is the prediction right?"
    reference: ClassVar[str] = "none"
    reading: ClassVar[str] = "The higher, the better."
    column_roles: ClassVar[tuple[str, ...]] = ("label", "prediction")

    by: Column | None = None
    least: Annotated[int, Bounds(1, 100)] = 1
    level: Annotated[float, Bounds(0.5, 0.99, 0.01)] = 0.95
    score: Literal["accuracy", "hits"] = "accuracy"
    strict: bool = True
    title_words: str = ""
    classes: tuple[str, ...] = ()

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return the predictions."""
        return (Predictions(),)

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return what the data lacks."""
        reasons = super().missing(dataset, model)
        return reasons if dataset.roles.label else [*reasons, f"'{dataset.name}' has no label column"]

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Count."""
        labels = outputs.dataset.column("label").astype("str")
        correct = pd.Series(outputs[Predictions()] == labels.to_numpy(), index=labels.index)
        n = len(correct)
        half = float(1.96 * np.sqrt(correct.mean() * (1 - correct.mean()) / n))
        value = float(correct.mean())
        row = {"score": self.score, "value": value, "low": value - half, "high": value + half, "n": n, "null": 0.5}
        groups = [{"class": name, "value": hits.mean(), "n": len(hits)} for name, hits in correct.groupby(labels)]
        return Result(
            overall=score_table([row, {"score": "never", "value": float("nan"), "n": 0}]),
            by_group=score_table(groups, index="class"),
            by_sample=pd.DataFrame({"correct": correct}),
            verdict=Verdict(state="differs", sentence=f"Right in {value:.2f} of {n} samples.", score=self.score),
            notes=("counted once",),
        )
