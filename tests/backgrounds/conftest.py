"""Small pictures with a bright square in front of a dark ground, and their masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.dataset import Dataset, Roles

SIDE = 16
SUBJECT = slice(4, 10)


def picture(number: int) -> np.ndarray:
    image = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    image[:, :] = (10 + 5 * number, 20, 40)
    image[SUBJECT, SUBJECT] = (200, 60 + 5 * number, 50)
    return image


@pytest.fixture
def squares(tmp_path: Path) -> Dataset:
    """Eight pictures of the classes a and b, two backgrounds, masks."""
    rows = []
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mask[SUBJECT, SUBJECT] = 255
    for number in range(8):
        Image.fromarray(picture(number)).save(tmp_path / f"{number}.png")
        Image.fromarray(mask).save(tmp_path / f"mask{number}.png")
        rows.append(
            (f"s{number}", f"{number}.png", f"mask{number}.png", "ab"[number % 2], ("sea", "land")[number // 4])
        )
    table = pd.DataFrame(rows, columns=["sample_id", "filepath", "mask", "label", "background"], dtype="str")
    roles = Roles(label="label", background="background", attributes=("background",), mask="mask")
    return Dataset(name="squares", metadata=table.set_index("sample_id"), root=tmp_path, roles=roles)
