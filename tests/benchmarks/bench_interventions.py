"""Ten changes of every image against the forward passes that they need, in one run.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_interventions.py --images 5000

Images are read once, changed on the device and forwarded; compared with forwarding as many batches of the same size
that are on the device already. Wall and processor time are printed: on a shared CPU the second is the steadier.
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


def forward_seconds(model, batches: int, size: int) -> np.ndarray:
    """Return wall and processor seconds of so many forward passes of a batch that is on the device."""
    height, width = model.preprocessing.size
    images = torch.randint(0, 256, (size, 3, height, width), dtype=torch.uint8).to(model.device)
    images = images.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        model.logits(images)
        wait(model)
        started = clocks()
        for _ in range(batches):
            found = model.logits(images)
        found.cpu()
        wait(model)
    return clocks() - started


def clocks() -> np.ndarray:
    return np.array([time.perf_counter(), time.process_time()])


def wait(model) -> None:
    if model.device.startswith("cuda"):
        torch.cuda.synchronize()


def battery_seconds(model, dataset: Dataset, folder: Path, size: int) -> np.ndarray:
    """Return wall and processor seconds that the engine takes for the whole battery, from files to kept arrays."""
    changes = battery(NAMES, CenterRegion(), cut="box", seed=0)
    wanted = [ClassLogits(variant=change) for change in changes.values()]
    started = clocks()
    engine.compute(dataset, model, wanted, store=Store(folder), batch_size=size)
    wait(model)
    return clocks() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--model", default="timm:resnet50.random")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    model = load_model(given.model, device=given.device)
    size = default_batch_size(model.device, model.preprocessing)
    batches = len(NAMES) * -(-given.images // size)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        dataset = draw(root, given.images)
        assert dataset.content_hashes
        for repeat in range(given.repeats):
            half = batches // 2
            before = forward_seconds(model, half, size)
            whole = battery_seconds(model, dataset, root / f"store{repeat}", size)
            after = forward_seconds(model, batches - half, size)
            needed = (before + after) * (len(NAMES) * given.images) / (batches * size)
            ratio = whole / needed
            print(
                f"{given.model}, {given.device}, {len(NAMES)} changes of {given.images:,} images: "
                f"wall {whole[0]:.1f} s for {needed[0]:.1f} s of forward passes, ratio {ratio[0]:.3f}; "
                f"processor {whole[1]:.1f} s for {needed[1]:.1f} s, ratio {ratio[1]:.3f}"
            )


if __name__ == "__main__":
    main()
