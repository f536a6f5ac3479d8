"""A small workspace of drawn images, with columns of predictions that serve as models and a stranger's audit."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from audit.sources import DatasetSource, ModelSource
from audit.workspace import Workspace

SAMPLES = 60
CLASSES = ("circle", "square", "cross")
COLOURS = {"day": (225, 232, 240), "night": (30, 34, 52)}
AUDIT = "group_accuracy_toy"


def install_plugin(folder: Path) -> Path:
    """Write the stranger's package, with its entry point, into a folder to put on the path."""
    facts = folder / "toy_audits-0.1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-audits\nVersion: 0.1\n", encoding="utf-8")
    (facts / "entry_points.txt").write_text(f"[audit.audits]\ntoy = {AUDIT}\n", encoding="utf-8")
    shutil.copy(Path(__file__).parent / "plugin" / f"{AUDIT}.py", folder)
    return folder


def draw_samples(folder: Path) -> Path:
    """Draw the images and write their table; two images are broken, the night is predicted worse."""
    (folder / "images").mkdir(parents=True)
    generator = np.random.default_rng(0)
    rows = []
    for number in range(SAMPLES):
        label, light = CLASSES[number % 3], list(COLOURS)[number // 3 % 2]
        name = f"images/{number:03d}.png"
        _draw(folder / name, label, light, generator)
        wrong = light == "night" and number % 4 == 0
        prediction = CLASSES[(number + 1) % 3] if wrong else label
        rows.append(
            {
                "sample_id": f"s{number:03d}",
                "filepath": name,
                "label": label,
                "light": light,
                "prediction": prediction,
                "second_model": CLASSES[(number + 1) % 3] if number % 5 == 0 else label,
                "note": "<b>bold</b>" if number == 4 else "plain",
            },
        )
    (folder / "images" / "058.png").write_bytes(b"")
    (folder / "images" / "059.png").unlink()
    pd.DataFrame(rows).to_csv(folder / "samples.csv", index=False)
    vectors = np.array([[CLASSES.index(r["label"]), r["light"] == "night", 0, 0] for r in rows], dtype=np.float32)
    np.save(folder / "vectors.npy", vectors + generator.normal(0, 0.08, vectors.shape).astype(np.float32))
    return folder


def _draw(path: Path, label: str, light: str, generator: np.random.Generator) -> None:
    image = Image.new("RGB", (96, 96), COLOURS[light])
    pen = ImageDraw.Draw(image)
    x, y = (int(value) for value in generator.integers(18, 34, 2))
    colour = tuple(int(value) for value in generator.integers(90, 220, 3))
    box = (x, y, x + 44, y + 44)
    if label == "circle":
        pen.ellipse(box, fill=colour)
    elif label == "square":
        pen.rectangle(box, fill=colour)
    else:
        pen.line(box, fill=colour, width=12)
        pen.line((box[0], box[3], box[2], box[1]), fill=colour, width=12)
    image.save(path)


def fill_workspace(home: Path, data: Path) -> Workspace:
    """Register the drawn samples, and two columns of predictions as models."""
    workspace = Workspace(home)
    workspace.declare_root(data.parent)
    roles = {"label": "label", "prediction": "prediction", "attributes": ("light",)}
    workspace.add_dataset(
        DatasetSource(path=str(data), embeddings=str(data / "vectors.npy"), roles=roles, name="drawn"),
    )
    for column in ("prediction", "second_model"):
        workspace.add_model(ModelSource(spec=f"precomputed?prediction={column}", name=column))
    return workspace


def run_audits(workspace: Workspace) -> None:
    """Compute the stranger's audit for both models."""
    from audit.run import run

    dataset = workspace.load_dataset("drawn")
    for name in workspace.models():
        run(AUDIT, dataset, workspace.load_model(name), store=workspace.store)


def draw_map(workspace: Workspace, model: str) -> None:
    """Put a model's map of the drawn samples into the store, as a finished job leaves it."""
    from audit.job_request import map_request
    from audit.maps import MapCoordinates, draw

    dataset, found = workspace.load_dataset("drawn"), workspace.load_model(model)
    request = map_request("pca", "drawn", model, fingerprint=dataset.fingerprint)
    job = workspace.jobs.submit(request, start_worker=False)
    workspace.jobs.claim(job)
    key = draw(dataset, found, MapCoordinates(method="pca"), store=workspace.store)
    workspace.jobs.close_job(job, "done", result_key=key)


def plugin_path(folder: Path) -> str:
    """Return the value of PYTHONPATH with a folder in front."""
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))
