"""Small folders in the layouts of background benchmarks, quirks included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from audit.audits.background_reliance import BackgroundReliance
from audit.dataset import Dataset
from audit.models.precomputed import Precomputed
from audit.outputs import ModelOutputs, Predictions
from audit.readers import readers
from audit.result import Result


def picture(path: Path, *, truncated: bool = False, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, "JPEG")
    if truncated:
        path.write_bytes(path.read_bytes()[:-200])


def counter_animal(folder: Path) -> Path:
    """Three classes: one with two counter folders and a truncated file, one plain, one without a counter side."""
    root = folder / "LAION-final"
    for number in range(4):
        picture(root / "9 ostrich" / "common-grass" / f"{number}.jpg")
        picture(root / "80 black grouse" / "common-snow" / f"{number}.jpg")
        picture(root / "80 black grouse" / "counter-grass" / f"{number}.jpg")
        picture(root / "296 polar bear" / "common-snow" / f"{number}.jpg")
    for number in range(2):
        picture(root / "9 ostrich" / "counter-water" / f"{number}.jpg")
        picture(root / "9 ostrich" / "counter-sky" / f"{number}.jpeg")
    picture(root / "9 ostrich" / "counter-water" / "broken.jpg", truncated=True)
    picture(root / "9 ostrich" / "stray.jpg")
    picture(root / "stray.jpg")
    (root / ".DS_Store").write_bytes(b"x")
    (root / "imagenet_names.txt").write_text("9\tostrich, Struthio camelus\n80\tblack grouse\n296\tice bear\n")
    return folder


def waterbirds(folder: Path) -> Path:
    """Four groups: one row in ten of the training birds on the other place."""
    lines = ["img_id,img_filename,y,split,place,place_filename"]
    number = 0
    for split, groups in (
        (0, ((0, 0, 9), (0, 1, 1), (1, 0, 1), (1, 1, 9))),
        (2, ((0, 0, 5), (0, 1, 5), (1, 0, 4), (1, 1, 4))),
    ):
        for y, place, count in groups:
            for _ in range(count):
                number += 1
                name = f"00{y}.Bird/Bird_{number:04d}.jpg"
                if number != 3:  # one file is missing
                    picture(folder / name)
                lines.append(f"{number},{name},{y},{split},{place},/o/ocean/{number:08d}.jpg")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    (folder / "RELEASE_v1.0.txt").write_text("")
    return folder


def imagenet9(folder: Path) -> Path:
    """Two of nine classes, three foregrounds, four variants, masks of the original."""
    for place, (name, wnid) in enumerate((("00_dog", "n02085936"), ("08_fish", "n01440764"))):
        for number in range(3):
            stem = f"{wnid}_{number}"
            other = ("n01440764_9", "n02085936_9")[place]
            picture(folder / "original" / "val" / name / f"{stem}.JPEG")
            picture(folder / "mixed_same" / "val" / name / f"fg_{stem}_bg_{wnid}_7.JPEG")
            picture(folder / "mixed_rand" / "val" / name / f"fg_{stem}_bg_{other}.JPEG")
            picture(folder / "only_bg_t" / "val" / name / f"{stem}.JPEG")
            mask = folder / "fg_mask" / "val" / name / f"{stem}.npy"
            mask.parent.mkdir(parents=True, exist_ok=True)
            np.save(mask, np.pad(np.ones((4, 4), dtype=bool), ((3, 3), (4, 4))))
    (folder / "original" / "val" / "readme").write_text("x")
    return folder


def nico(folder: Path) -> Path:
    """Three contexts, two labels; one label is missing in a context, and a stray file lies beside the labels."""
    for context in ("autumn", "grass", "water"):
        for label in ("bear", "racing car"):
            if (context, label) != ("water", "racing car"):
                for number in range(2):
                    picture(folder / "train" / context / label / f"{context}_{number}.jpg")
    picture(folder / "train" / "grass" / "stray.jpg")
    return folder


def spawrious(folder: Path) -> Path:
    """Two backgrounds, two breeds, both parts."""
    for part in ("0", "1"):
        for background in ("desert", "jungle"):
            for breed in ("bulldog", "labrador"):
                picture(folder / "spawrious224" / part / background / breed / f"{part}_{background}.png.jpg")
    return folder


def scores(dataset: Dataset, predicted: Any) -> Result:
    """Answer with a column of predictions."""
    given = dataset.with_metadata(dataset.metadata.assign(prediction=predicted))
    given = given.with_roles(given.roles.__class__(**{**given.roles.__dict__, "prediction": "prediction"}))
    question, model = BackgroundReliance(draws=200, n_min=5), Precomputed()
    assert question.missing(given, model) == []
    arrays = {each: each.compute(given, model) for each in question.requires(given, model)}
    assert set(map(type, arrays)) == {Predictions}
    return question(ModelOutputs(given, "by hand", arrays))


def reader_of(path: Path) -> str:
    """Return the reader that takes a path without a word from the user."""
    return next(name for name, module in readers().items() if module.detect(path))
