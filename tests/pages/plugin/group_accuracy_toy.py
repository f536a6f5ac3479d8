"""An audit from a stranger's package: accuracy by group. One file, found by its entry point."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from audit.base import Audit, Bounds, Column, Extractor, select
from audit.outputs import ModelOutputs, Predictions
from audit.panels import Panel, Picture, PictureGroup, PictureRow
from audit.result import Result, Verdict, score_table
from audit.statistics import wilson_interval

if TYPE_CHECKING:
    from PIL import Image

    from audit.dataset import Dataset
    from audit.models.base import Model


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupAccuracy(Audit):
    """Accuracy by group.

    Parameters
    ----------
    attributes
        Columns whose values are subgroups; those of the dataset when left out.
    level
        Coverage of the intervals.
    order
        Which group comes first.
    draws
        How many draws.
    strict
        Whether small groups are left out.
    """

    title: ClassVar[str] = "Toy group accuracy"
    category: ClassVar[str] = "Groups"
    question: ClassVar[str] = "Is the model worse for some groups than for others?"
    reference: ClassVar[str] = "Nobody et al. (arXiv 0000.00000)"
    reading: ClassVar[str] = "Each dot is the share of right answers in a group. The line is its interval."
    formula: ClassVar[str] = r"a_g = \frac{1}{n_g}\sum_{i \in g} 1[\hat y_i = y_i]"
    limits: ClassVar[str] = "Groups that are not in the data are not seen."
    column_roles: ClassVar[tuple[str, ...]] = ("label", "attributes")
    meanings: ClassVar[Mapping[str, str]] = {"worst_group_accuracy": "Share of right answers in the *lowest* group."}
    examines: ClassVar[str] = "Look at one sample"
    corrects: ClassVar[Mapping[str, str]] = {"note": "note_corrected"}
    published: ClassVar[Mapping[str, Mapping[str, float]]] = {"worst_group_accuracy": {"a model": 0.7}}

    attributes: tuple[Column, ...] = ()
    level: Annotated[float, Bounds(0.5, 0.99, 0.01)] = 0.95
    order: Literal["worst", "best"] = "worst"
    draws: Annotated[int, Bounds(10, 10_000, 10)] = 1000
    strict: bool = False

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        return (Predictions(),)

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        reasons = super().missing(dataset, model)
        if not (self.attributes or dataset.roles.attributes):
            reasons.append("no attribute column is set")
        return reasons

    def __call__(self, outputs: ModelOutputs) -> Result:
        dataset = outputs.dataset
        prediction = np.asarray(outputs[Predictions()]).astype(str)
        right = prediction == dataset.column("label").astype("str").to_numpy()
        label = str(dataset.roles.label)
        columns = [("subgroup", column) for column in self.attributes or dataset.roles.attributes] + [("class", label)]
        rows = [row for kind, column in columns for row in self._rows(dataset, right, kind, column)]
        table = score_table(rows, index="group")
        groups = table[table["kind"] == "subgroup"]
        worst = str(groups["value"].idxmin())
        score = groups.loc[worst, ["value", "low", "high", "n", "null"]].to_dict()
        mean = {"score": "accuracy", "value": right.mean(), "n": len(right), "unit": "share"}
        return Result(
            overall=score_table([{"score": "worst_group_accuracy", **score, "unit": "share"}, mean]),
            by_group=table,
            by_sample=pd.DataFrame({"prediction": prediction, "correct": right}, index=dataset.index),
            verdict=Verdict(
                state="differs",
                sentence=f"Worst for {worst}: {100 * score['value']:.1f} % right.",
                score="worst_group_accuracy",
            ),
            notes=outputs.notes,
        )

    def panels(self, result: Result, dataset: Dataset, where: str) -> Sequence[Panel]:
        rows = []
        for group, row in result.by_group[result.by_group["kind"] == "subgroup"].iterrows():
            first = result.by_sample[select(str(row["where"]), dataset.metadata)].head(3)
            pictures = tuple(
                Picture(sample_id=str(sample), caption=str(said["prediction"]), wrong=not said["correct"])
                for sample, said in first.iterrows()
            )
            chosen = " (selected)" if row["where"] == where else ""
            groups = (PictureGroup(title="First three", pictures=pictures),)
            rows.append(PictureRow(title=f"Group {group}{chosen}", groups=groups, where=str(row["where"])))
        return (Panel(title="Groups in pictures", text="The first samples of every group.", rows=tuple(rows)),)

    def examine(self, result: Result, dataset: Dataset, model: Model, sample: str | Image.Image) -> Sequence[Panel]:
        if isinstance(sample, str):
            said = str(result.by_sample.loc[sample, "prediction"])
            pictures = (Picture(sample_id=sample, caption=said, box=(0.25, 0.25, 0.75, 0.75)),)
        else:
            said, pictures = f"{sample.width} x {sample.height} pixels", (Picture(caption="yours", image=sample),)
        row = PictureRow(title=f"Looked at: {said}", groups=(PictureGroup(title="", pictures=pictures),))
        return (Panel(title="What it is", rows=(row,)),)

    def _rows(self, dataset: Dataset, right: np.ndarray, kind: str, column: str) -> list[dict[str, Any]]:
        rows = []
        for value, members in dataset.metadata.groupby(dataset.metadata[column].astype("str")).indices.items():
            interval = wilson_interval(right[members].sum(), len(members), self.level)
            rows.append(
                {
                    "group": str(value),
                    "value": right[members].mean(),
                    "low": float(interval.low),
                    "high": float(interval.high),
                    "n": len(members),
                    "null": right.mean(),
                    "kind": kind,
                    "unit": "share",
                    "where": json.dumps({column: str(value)}),
                },
            )
        return rows
