"""A small world with known differences between subgroups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.dataset import Dataset, Roles
from audit.subgroups.inputs import Inputs, read_inputs


def world(n: int = 1200, *, night: float = 0.3, seed: int = 0) -> pd.DataFrame:
    """Three classes; the model errs at `night` of the samples of class cat, and at a tenth of all others."""
    generator = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "label": generator.choice(["cat", "dog", "owl"], n),
            "light": generator.choice(["day", "night"], n, p=[0.7, 0.3]),
            "size": generator.choice(["small", "large"], n),
            "patient": generator.integers(0, n // 4, n),
        },
        index=pd.Index([f"s{i}" for i in range(n)], name="sample_id"),
    )
    chance = np.where((table["label"] == "cat") & (table["light"] == "night"), night, 0.1)
    wrong = generator.random(n) < chance
    table["prediction"] = table["label"].where(~wrong, table["label"].map({"cat": "dog", "dog": "owl", "owl": "cat"}))
    return table


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    """Return a builder of datasets from the world or a given table."""

    def build(table: pd.DataFrame | None = None, **roles: Any) -> Dataset:
        given = {"label": "label", "prediction": "prediction", "attributes": ("light", "size")} | roles
        return Dataset(name="world", metadata=world() if table is None else table, roles=Roles(**given))

    return build


@pytest.fixture
def make_inputs(make_dataset: Callable[..., Dataset]) -> Callable[..., Inputs]:
    """Return a builder of inputs."""

    def build(table: pd.DataFrame | None = None, *, settings: dict[str, Any] | None = None, **roles: Any) -> Inputs:
        dataset = make_dataset(table, **roles)
        prediction = dataset.metadata["prediction"].astype("str").to_numpy(dtype=np.str_)
        return read_inputs(dataset, prediction, **(settings or {}))

    return build


@pytest.fixture
def make_world() -> Callable[..., pd.DataFrame]:
    """Return the world's table builder."""
    return world
