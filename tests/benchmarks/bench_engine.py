"""Images a second of the engine, against the same model on decoded batches and against a plain Pillow loop.

    python tests/benchmarks/bench_engine.py                       # ViT-B-32 and RN50, 2,000 images each
    python tests/benchmarks/bench_engine.py --images 400 --repeats 3
    python tests/benchmarks/bench_engine.py --models demo --images 2000

For each model, in one process, the images are cut into slices and on every slice three things are timed one after
the other, in an order that turns: *forward* (``encode_image`` on batches that are decoded already), *plain* (open and
convert one image after the other, the library's own transforms, stack, ``encode_image``) and *engine* (everything:
hashing, decoding, computing, shards, the entry in a new store). Printed are the seconds of each, summed over the
slices, and the ratios; a ratio's range is that of the slices. Slices bring the three as close in time as possible,
since a machine's speed drifts; ``--slices 1`` times each in one piece. ``--device cuda`` measures an accelerator.

On Linux the cores that other processes used meanwhile are measured too. Whoever shares two cores with them has one,
and nothing can overlap: slices with more than a tenth of a core taken are left out of the quiet ratios, and counted.
``--wait SECONDS`` waits so long in all for quiet moments.
"""

from __future__ import annotations

import argparse
import functools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from audit import engine
from audit.dataset import Dataset
from audit.forward import default_batch_size
from audit.models import load_model
from audit.models.base import Model
from audit.outputs import EncodedImages
from audit.store import Store

QUIET = 0.1
"""Cores used by others, at most, for a moment to count as quiet."""

MODELS = {
    "ViT-B-32": "open_clip:ViT-B-32/random",
    "RN50": "open_clip:RN50/random",
    "ViT-L-14": "open_clip:ViT-L-14/random",
    "demo": "demo",
}


def photographs(root: Path, count: int, seed: int = 0) -> list[str]:
    """Write JPEGs of 224-512 pixels a side with detail at every scale, as photographs have it; return their names."""
    rng = np.random.default_rng(seed)
    names = []
    for row in range(count):
        height, width = (int(side) for side in rng.integers(224, 513, 2))
        total = np.zeros((height, width, 3), dtype=np.float32)
        for cells in (4, 8, 16, 32, 64, 128):
            small = rng.normal(size=(cells, cells, 3)).astype(np.float32)
            for channel in range(3):
                layer = Image.fromarray(small[..., channel]).resize((width, height), Image.Resampling.BILINEAR)
                total[..., channel] += np.asarray(layer) / cells**0.9
        pixels = (total - total.min()) / (total.max() - total.min()) * 255
        names.append(f"{row:05d}.jpg")
        Image.fromarray(pixels.astype(np.uint8)).save(root / names[-1], quality=int(rng.integers(80, 96)))
    return names


def dataset_of(root: Path, names: list[str]) -> Dataset:
    index = pd.Index(names, name="sample_id", dtype="str")
    return Dataset(name="photographs", metadata=pd.DataFrame({"filepath": names}, index=index), root=root)


def decoded(model: Model, root: Path, names: list[str], size: int) -> list[torch.Tensor]:
    """Return the batches as the engine hands them to the model."""
    return [batch_of(model, root, names[start : start + size]) for start in range(0, len(names), size)]


def batch_of(model: Model, root: Path, names: list[str]) -> torch.Tensor:
    arrays = [model.preprocessing.prepare(Image.open(root / name).convert("RGB")) for name in names]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)


def forward(model: Model, batches: list[torch.Tensor]) -> np.ndarray:
    return np.concatenate([model.encode_image(batch.to(model.device)).cpu().numpy() for batch in batches])


def transforms(model: Model) -> Callable[[Image.Image], torch.Tensor]:
    """Return what the weights' library does with one image, as open_clip's and torchvision's own pages show it."""
    from torchvision import transforms as tv

    prepared = model.preprocessing
    return tv.Compose(
        [
            tv.Resize(prepared.resize_to[0], interpolation=tv.InterpolationMode(prepared.interpolation)),
            tv.CenterCrop(prepared.size),
            tv.ToTensor(),
            tv.Normalize(prepared.mean, prepared.std),
        ]
    )


def plain(model: Model, root: Path, names: list[str], size: int) -> np.ndarray:
    transform, rows = transforms(model), []
    for start in range(0, len(names), size):
        opened = (Image.open(root / name).convert("RGB") for name in names[start : start + size])
        batch = torch.stack([transform(image) for image in opened]).to(model.device)
        with torch.inference_mode(), model.autocast():
            rows.append(model.module.encode_image(batch).float().cpu().numpy())
    return np.concatenate(rows)


def engine_rows(model: Model, root: Path, names: list[str]) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MODEL_AUDIT_CACHE"] = folder
        outputs = engine.compute(dataset_of(root, names), model, [EncodedImages()], store=Store(Path(folder) / "store"))
        return np.array(outputs[EncodedImages()])


def keep(rows: dict[str, np.ndarray], kind: str, function: Callable[[], np.ndarray]) -> None:
    rows[kind] = function()


def others(function: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that a function took and the cores that other processes used meanwhile."""
    before, own, started = _busy(), time.process_time(), time.perf_counter()
    function()
    spent = time.perf_counter() - started
    return spent, max(_busy() - before - (time.process_time() - own), 0.0) / spent


def _busy() -> float:
    """Return the seconds that all cores of the machine were busy, or taken by the host."""
    if not Path("/proc/stat").exists():
        return 0.0
    user, nice, system, _, _, hard, soft, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + hard + soft + steal) / os.sysconf("SC_CLK_TCK")


class Patience:
    """Waits for quiet moments, so many seconds in all."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds

    def wait(self) -> None:
        while time.monotonic() < self.until and others(lambda: time.sleep(1.5))[1] > QUIET:
            pass


def measure(model: Model, root: Path, names: list[str], slices: int, repeats: int, patience: Patience) -> None:
    size = default_batch_size(model.device, model.preprocessing)
    seconds: dict[str, list[float]] = {"forward": [], "plain": [], "engine": []}
    taken: list[float] = []
    # Whole batches a slice, so that no kind of run has a smaller last batch.
    length = max(size, round(len(names) / slices / size) * size)
    parts = [names[start : start + length] for start in range(0, len(names), length)]
    warm = decoded(model, root, parts[0][:size], size)
    forward(model, warm)
    for turn in range(repeats * len(parts)):
        part = parts[turn % len(parts)]
        batches = decoded(model, root, part, size)
        kinds: list[tuple[str, Callable[[], np.ndarray]]] = [
            ("forward", functools.partial(forward, model, batches)),
            ("plain", functools.partial(plain, model, root, part, size)),
            ("engine", functools.partial(engine_rows, model, root, part)),
        ]
        rows: dict[str, np.ndarray] = {}
        patience.wait()
        shares = []
        for kind, function in kinds[turn % 3 :] + kinds[: turn % 3]:
            spent, share = others(functools.partial(keep, rows, kind, function))
            seconds[kind].append(spent)
            shares.append(share)
        taken.append(max(shares))
        assert np.array_equal(rows["forward"], rows["engine"])
        assert np.allclose(rows["plain"], rows["engine"], atol=1e-3 * np.abs(rows["engine"]).max())
    table = pd.DataFrame(seconds).assign(images=[len(parts[turn % len(parts)]) for turn in range(len(taken))])
    quiet = table[np.asarray(taken) <= QUIET]
    print(f"{model.name}: batches of {size}; others took {np.median(taken):.2f} cores (median of slices)")
    report(f"all {len(table)} slices", table)
    if 0 < len(quiet) < len(table):
        report(f"the {len(quiet)} quiet slices", quiet)


def report(title: str, table: pd.DataFrame) -> None:
    total = table.sum()
    print(f" {title}, {total['images']:.0f} images")
    for kind in ("forward", "plain", "engine"):
        print(f"  {kind:8s} {total[kind]:8.2f} s  {total['images'] / total[kind]:8.1f} images/s")
    for against, words in (("forward", "engine / forward-only"), ("plain", "engine / plain loop  ")):
        ratios = table[against] / table["engine"]
        print(
            f"  {words} {total[against] / total['engine']:.3f}  "
            f"(median of slices {ratios.median():.3f}, {ratios.min():.3f} to {ratios.max():.3f})",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--slices", type=int, default=10)
    parser.add_argument("--models", nargs="+", default=["ViT-B-32", "RN50"], help="short names or specifications")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for quiet moments, in all")
    arguments = parser.parse_args()
    print(f"{torch.get_num_threads()} torch threads, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = photographs(root, arguments.images)
        patience = Patience(arguments.wait)
        for name in arguments.models:
            model = load_model(MODELS.get(name, name), device=arguments.device)
            measure(model, root, names, arguments.slices, arguments.repeats, patience)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
