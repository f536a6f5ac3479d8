"""Images and phrases of the bundled world, embedded once for all tests of this folder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import audit
from audit import engine
from audit.dataset import Dataset
from audit.demo import write_world
from audit.differences import vocabulary
from audit.differences.extractors import PROMPTS
from audit.models.base import Model
from audit.outputs import Embeddings, PhraseEmbeddings, unit_rows
from audit.store import Store


class World(NamedTuple):
    """The menagerie with unit vectors of its images and of the vocabulary."""

    dataset: Dataset
    model: Model
    store: Store
    images: np.ndarray
    phrases: list[str]
    vectors: np.ndarray


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("world")
    dataset = audit.load_dataset(write_world("menagerie", folder / "menagerie", n=400).parent)
    model = audit.load_model("demo")
    store = Store(folder / "store")
    concepts = vocabulary.concepts((), ())
    words = PhraseEmbeddings(phrases=tuple(concepts), templates=PROMPTS)
    outputs = engine.compute(dataset, model, [Embeddings(), words], store=store)
    images = unit_rows(outputs[Embeddings()])
    return World(dataset, model, store, images, list(concepts), np.asarray(outputs[words]))
