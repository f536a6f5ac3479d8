"""Ten changes of every image against the forward passes that they need, in one run.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_interventions.py --images 5000 --model timm:resnet18.random

Images are read once, changed on the device and forwarded by the engine, from files to kept arrays. After every batch
it is held up for some bare forward passes of a batch of the same size that is on the device already: ``--bare`` for
each ten that it made. Both are so spread over the same minutes, and a machine that others share slows both alike. Wall
and processor time are given, of all batches so far, scaled to the passes that the changes need.
``--model`` takes any specification, ``--device cuda`` a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from audit import engine
from audit.backgrounds.interventions import NAMES, battery
from audit.backgrounds.regions import CenterRegion
from audit.dataset import Dataset, Roles
from audit.forward import default_batch_size
from audit.models import load_model
from audit.outputs import ClassLogits
from audit.progress import Progress
from audit.store import Store


def draw(folder: Path, count: int) -> Dataset:
    """Write 64 different photos-like JPEGs of 256 pixels and name each as often as it takes."""
    generator = np.random.default_rng(0)
    for number in range(64):
        small = generator.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(small).resize((256, 256), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg", quality=90)
    index = pd.Index([f"s{i}" for i in range(count)], name="sample_id")
    table = pd.DataFrame(
        {"filepath": [f"{i % 64}.jpg" for i in range(count)], "label": [str(i % 8) for i in range(count)]}
    )
    return Dataset(name="bench", metadata=table.set_index(index).astype("str"), root=folder, roles=Roles(label="label"))


class Bare:
    """Bare forward passes between the engine's batches.

    Parameters
    ----------
    model
        Whose.
    size
        Images at once.
    each
        Passes after every batch of the engine.
    """

    def __init__(self, model, size: int, each: int) -> None:
        self.model, self.size, self.each = model, size, each
        height, width = model.preprocessing.size
        images = torch.randint(0, 256, (size, 3, height, width), dtype=torch.uint8).to(model.device)
        self.images = images.contiguous(memory_format=torch.channels_last)
        self.passes, self.spent = 0, np.zeros(2)
        self.run()
        self.passes, self.spent = 0, np.zeros(2)

    def run(self) -> None:
        """Make and time the passes."""
        wait(self.model)
        started = clocks()
        with torch.inference_mode():
            for _ in range(self.each):
                found = self.model.logits(self.images)
            found.cpu()
        wait(self.model)
        self.spent += clocks() - started
        self.passes += self.each


def clocks() -> np.ndarray:
    return np.array([time.perf_counter(), time.process_time()])


def wait(model) -> None:
    if model.device.startswith("cuda"):
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--model", default="timm:resnet50.random")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bare", type=int, default=2)
    given = parser.parse_args()
    model = load_model(given.model, device=given.device)
    size = default_batch_size(model.device, model.preprocessing)
    bare = Bare(model, size, given.bare)
    with tempfile.TemporaryDirectory() as folder:
        dataset = draw(Path(folder), given.images)
        assert dataset.content_hashes
        changes = battery(NAMES, CenterRegion(), cut="box", seed=0)
        wanted = [ClassLogits(variant=change) for change in changes.values()]
        started = clocks()

        def told(images: int) -> None:
            whole = clocks() - started - bare.spent
            needed = bare.spent / (bare.passes * size) * len(NAMES) * images
            ratio = whole / needed
            print(
                f"{given.model}, {given.device}, {len(NAMES)} changes of {images:,} images: "
                f"wall {whole[0]:.1f} s for {needed[0]:.1f} s of forward passes, ratio {ratio[0]:.3f}; "
                f"processor {whole[1]:.1f} s for {needed[1]:.1f} s, ratio {ratio[1]:.3f}",
                flush=True,
            )

        def between(progress: Progress) -> None:
            bare.run()
            if progress.done // size % 10 == 0:
                told(progress.done)

        engine.compute(dataset, model, wanted, store=Store(Path(folder) / "store"), batch_size=size, progress=between)
        print("from files to kept arrays:")
        told(given.images)


if __name__ == "__main__":
    main()
