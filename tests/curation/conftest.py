"""A small dataset with images, labels, predictions and splits."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.curation.board import Curation
from audit.database import Database
from audit.dataset import Dataset, Roles


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    for number in range(6):
        # The first and the last are the same file.
        Image.new("RGB", (8, 8), (40 * (number % 5), 0, 0)).save(root / f"{number}.png")
    table = pd.DataFrame(
        {
            "filepath": [f"{n}.png" for n in range(6)],
            "label": ["cat", "dog", "cat", "dog", "cat", "cat"],
            "prediction": ["cat", "cat", "cat", "dog", "cat", "cat"],
            "light": ["day", "night", "day", "night", "day", "night"],
            "split": ["train", "train", "train", "test", "test", "test"],
        },
        index=pd.Index([f"s{n}" for n in range(6)], name="sample_id"),
        dtype="str",
    )
    roles = Roles(label="label", prediction="prediction", attributes=("light",), split="split")
    embeddings = np.eye(6, 4, dtype=np.float32)
    embeddings[4] = [0.001, 1, 0, 0]
    embeddings[5] = [0, 0, 0, 1]
    return Dataset(name="pets", metadata=table, root=root, roles=roles, arrays={"embeddings": embeddings})


@pytest.fixture
def curation(dataset, tmp_path):
    return Curation(Database(tmp_path / "home"), dataset, "pets")
