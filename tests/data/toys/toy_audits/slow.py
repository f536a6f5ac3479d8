"""An audit that takes its time: it waits for a file, or takes many steps between which it can be stopped."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import pandas as pd

from audit.base import Audit, Bounds, DerivedExtractor, Extractor
from audit.result import Result, Verdict, score_table

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.outputs import ModelOutputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step(DerivedExtractor):
    """One step of several."""

    uses_model: ClassVar[bool] = False
    number: int

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Take a little while."""
        time.sleep(0.05)
        return np.zeros(len(dataset))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slow(Audit):
    """Takes its time.

    Parameters
    ----------
    steps
        Steps of a twentieth of a second, between which it can be stopped.
    folder
        Where each start is noted down, and where the file ``go`` is waited for.
    """

    title: ClassVar[str] = "Slow"
    category: ClassVar[str] = "Groups"
    question: ClassVar[str] = "How long does it take?"
    reference: ClassVar[str] = "none"
    reading: ClassVar[str] = "Wait."

    steps: Annotated[int, Bounds(0, 1000)] = 0
    folder: str = ""

    def requires(self, dataset: Dataset, model: Model) -> Sequence[Extractor]:
        """Return every step."""
        return [Step(number=number) for number in range(self.steps)]

    def __call__(self, outputs: ModelOutputs) -> Result:
        """Note the start and wait for the file."""
        if self.folder == "fall over":
            raise ZeroDivisionError("fell over")
        if self.folder:
            folder = Path(self.folder)
            (folder / f"start-{time.time_ns()}").touch()
            while not (folder / "go").exists():
                time.sleep(0.02)
        index = outputs.dataset.index
        return Result(
            overall=score_table([{"score": "done", "value": 1.0}]),
            by_group=score_table([{"group": "all", "value": 1.0}], index="group"),
            by_sample=pd.DataFrame(index=index),
            verdict=Verdict(state="no_difference", sentence="Done.", score="done"),
        )
