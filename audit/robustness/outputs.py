"""What the robustness index needs beside embeddings: neighbours, found on the model's device and kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from audit.base import DerivedExtractor, Extractor
from audit.outputs import Embeddings
from audit.robustness.search import find_neighbors
from audit.robustness.setting import Setting, read_setting

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model


@dataclasses.dataclass(frozen=True, kw_only=True)
class CenterNeighbors(DerivedExtractor):
    """Neighbours of every occurrence of a design, as :class:`audit.robustness.search.Neighborhood` holds them.

    Parameters
    ----------
    setting
        Columns and design.
    k
        Neighbours of any type.
    m
        Neighbours of type SO and OS each.
    """

    aligned: ClassVar[bool] = False
    kept: ClassVar[bool] = True

    setting: Setting
    k: int
    m: int

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return the embeddings."""
        return (Embeddings(),)

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the hashes of the columns that say who may be whose neighbour."""
        from audit.store import array_hash

        columns = [column for column in self.setting.columns(dataset) if column]
        facts = {c: array_hash(dataset.metadata[c].astype("str").to_numpy(dtype=np.str_)) for c in columns}
        return {"columns": facts, "roles": list(self.setting.columns(dataset))}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Search; the mapping of arrays is kept as it is."""
        vectors = np.asarray(arrays[0])
        design = read_setting(dataset, vectors, self.setting).design
        device = model.device if model.device.startswith("cuda") else "cpu"
        found = find_neighbors(vectors, design, k=self.k, m=self.m, device=device)
        return cast("np.ndarray", found.arrays())
