"""The table of samples, and the map of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from audit.outputs import unit_rows

if TYPE_CHECKING:
    from audit.complexity.features import Features
    from audit.complexity.measures import Measures

TOP = 0.99
"""Quantile of a feature over the samples that counts as its full strength."""


def sample_table(measures: Measures) -> pd.DataFrame:
    """Return one row a sample: its strongest feature, whether it was measured on, diversity, answer, every code."""
    case, features = measures.case, measures.features
    codes = features.codes
    # Each in units of its own top, so that the most used feature is not everybody's strongest.
    top = np.quantile(codes[case.rows], TOP, axis=0)
    scaled = np.where(top > 0, codes / np.where(top > 0, top, 1), 0)
    scaled[:, ~features.alive] = -np.inf
    measured = np.zeros(len(codes), dtype=bool)
    measured[case.measured] = True
    columns: dict[str, Any] = {
        "strongest_feature": np.asarray(features.names, dtype=np.str_)[scaled.argmax(axis=1)],
        "measured": measured,
        "feature_diversity": measures.diversity,
    }
    if measures.predicted is not None:
        columns["predicted"] = measures.predicted
    columns |= {name: codes[:, i].astype(np.float32) for i, name in enumerate(features.names)}
    return pd.DataFrame(columns, index=case.dataset.index).rename_axis("sample_id")


def feature_map(features: Features, layout: Literal["pca", "umap"], seed: int) -> list[list[float]]:
    """Return two coordinates a feature: directions that point alike lie together."""
    from audit.maps import principal_components, umap_layout

    directions = unit_rows(features.directions)
    if layout == "umap":
        places = umap_layout(directions, neighbors=10, min_dist=0.1, seed=seed)
    else:
        places = principal_components(directions, components=2, seed=seed)
    return [[float(x), float(y)] for x, y in places]
